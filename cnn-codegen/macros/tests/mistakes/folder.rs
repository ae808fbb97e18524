use cnn_runtime::{Model, cnn_model};

#[cnn_model("../mistakes")]
pub struct Net;

fn main() {
    println!("{}", Net::NAME);
}
