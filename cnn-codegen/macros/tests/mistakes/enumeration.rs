use cnn_runtime::cnn_model;

#[cnn_model("net.toml")]
enum Net {
    One,
}

fn main() {
    let _ = Net::One;
}
