//! What a small convolutional network *is*: a TOML file, checked into final shapes, parameters and costs.

pub mod layer;
pub mod network;
pub mod reference;
pub mod shape;
pub mod training;

pub use network::Network;
pub use shape::Shape;
