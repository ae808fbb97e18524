use cnn_runtime::cnn_model;

#[cnn_model("net.toml")]
pub struct Conv1;

fn main() {
    let _ = Conv1;
}
