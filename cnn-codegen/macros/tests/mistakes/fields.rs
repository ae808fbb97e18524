use cnn_runtime::{Model, cnn_model};

#[cnn_model("net.toml")]
pub struct Net {
    weight: f32,
}

fn main() {
    println!("{}", Net::NAME);
}
