use cnn_runtime::{Model, cnn_model};

#[cnn_model("nets/missing.toml")]
pub struct Net;

fn main() {
    println!("{}", Net::NAME);
}
