use cnn_runtime::cnn_model;

#[cnn_model("net.toml")]
fn net() {}

fn main() {
    net();
}
