//! What a small convolutional network *is*: a TOML file, checked into final shapes, parameters and costs.

mod check;
mod fields;
mod file;
pub mod grammar;
mod initialization;
mod judge;
pub mod layer;
mod names;
pub mod network;
pub mod reference;
mod refusal;
pub mod report;
pub mod shape;
mod source;
pub mod summary;
mod syntax;
pub mod training;
mod words;

pub use check::parse;
pub use network::Network;
pub use report::Report;
pub use shape::Shape;
pub use summary::Summary;
