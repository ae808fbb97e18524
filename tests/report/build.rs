//! Generates every network of `networks` as a trainer has it: `net.toml`, `src/net.rs`, `src/insight.rs` and
//! `src/profile.rs`.

use cnn_codegen::Options;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=networks");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut modules = String::new();
    for entry in fs::read_dir("networks")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path)?;
        let options = Options::default();
        let code = cnn_codegen::compile(&text, "net.toml", &options);
        let code = code.map_err(|report| report.to_string())?;
        let insight = cnn_codegen::compile_insight(&text, "net.toml", &options);
        let insight = insight.map_err(|report| report.to_string())?;
        let profile = cnn_codegen::compile_profile(&text, "net.toml", &options);
        let profile = profile.map_err(|report| report.to_string())?;
        let sources = out.join(&*name).join("src");
        fs::create_dir_all(&sources)?;
        fs::write(out.join(&*name).join("net.toml"), &text)?;
        fs::write(sources.join("net.rs"), code.text())?;
        fs::write(sources.join("insight.rs"), insight)?;
        fs::write(sources.join("profile.rs"), profile)?;
        writeln!(
            modules,
            "pub mod {name} {{
    #[path = \"{}\"]
    pub mod net;
    #[path = \"{}\"]
    pub mod insight;
    #[path = \"{}\"]
    pub mod profile;
}}",
            sources.join("net.rs").display(),
            sources.join("insight.rs").display(),
            sources.join("profile.rs").display()
        )?;
    }
    fs::write(out.join("networks.rs"), modules)?;
    Ok(())
}
