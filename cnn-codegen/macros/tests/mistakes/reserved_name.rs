use cnn_runtime::cnn_model;

#[cnn_model("net.toml")]
pub struct Parameters;

fn main() {
    let _ = Parameters;
}
