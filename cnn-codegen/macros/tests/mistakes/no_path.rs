use cnn_runtime::{Model, cnn_model};

#[cnn_model]
pub struct Net;

fn main() {
    println!("{}", Net::NAME);
}
