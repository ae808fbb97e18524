//! Compiles `net.toml` into `OUT_DIR/net.rs`.

fn main() -> Result<(), cnn_codegen::Error> {
    cnn_codegen::Builder::new("net.toml")
        .kernels(cnn_codegen::Kernels::Plain)
        .generate()?;
    Ok(())
}
