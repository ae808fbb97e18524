//! `#[cnn_model("net.toml")]`: a convolutional network compiled where it is used.
