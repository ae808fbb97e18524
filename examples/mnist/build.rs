//! Compiles the network into `OUT_DIR/digits.rs`.

fn main() -> Result<(), cnn_codegen::Error> {
    cnn_codegen::Builder::new("../networks/digits.toml").generate()?;
    Ok(())
}
