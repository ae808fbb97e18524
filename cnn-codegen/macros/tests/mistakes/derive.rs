use cnn_runtime::{Model, cnn_model};

#[cnn_model("net.toml")]
#[derive(Debug)]
pub struct Net;

fn main() {
    println!("{}", Net::NAME);
}
