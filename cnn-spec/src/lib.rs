//! What a small convolutional network *is*: a TOML file, checked into final shapes, parameters and costs.
//!
//! ```
//! let text = r#"
//!     [network]
//!     name = "Digits"
//!     input = [1, 28, 28]        # channels, height, width
//!
//!     [[layer]]
//!     type = "conv2d"
//!     out_channels = 3
//!     kernel_size = 5
//!     activation = "relu"
//!
//!     [[layer]]
//!     type = "max_pool2d"
//!     kernel_size = 2
//!
//!     [[layer]]
//!     type = "dense"
//!     out_features = 10
//! "#;
//! let network = cnn_spec::parse(text, "digits.toml")?;
//! assert_eq!(network.layers[2].name, "pool1");
//! assert_eq!(network.layers[2].output_shape.dims(), [3, 12, 12]);
//! assert_eq!(network.parameter_count(), 3 * 25 + 3 + 432 * 10 + 10);
//! # Ok::<(), cnn_spec::Report>(())
//! ```
//!
//! What does not fit is reported, all mistakes of a pass at once:
//!
//! ```
//! let report = cnn_spec::parse("[network]\nname = 5\ninptu = [784]", "net.toml").unwrap_err();
//! assert_eq!(report.problems().len(), 3);
//! let first = &report.problems()[0];
//! assert_eq!(first.message, "`name` must be a string");
//! assert_eq!(report.position(first).map(|place| (place.line, place.column)), Some((2, 8)));
//! ```

pub mod augmentation;
mod block;
mod check;
pub mod data;
mod expand;
mod fields;
mod file;
pub mod grammar;
mod graph;
mod initialization;
mod judge;
pub mod layer;
mod names;
pub mod network;
mod objectives;
mod receptive_field;
pub mod reference;
mod refusal;
pub mod report;
pub mod shape;
mod source;
pub mod summary;
mod syntax;
pub mod training;
pub mod validation;
mod words;

pub use check::parse;
pub use file::LANGUAGE;
pub use names::type_name;
pub use network::Network;
pub use report::Report;
pub use shape::Shape;
pub use summary::Summary;
