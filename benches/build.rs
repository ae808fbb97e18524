//! Generates the workloads, each with both kinds of kernels.

use cnn_codegen::{Kernels, Options};
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for workload in bench_protocol::WORKLOADS {
        let file = format!("networks/{workload}.toml");
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(&file)?;
        for (kind, kernels) in [("plain", Kernels::Plain), ("simd", Kernels::Simd)] {
            let options = Options {
                kernels,
                ..Options::default()
            };
            let code = cnn_codegen::compile(&text, &file, &options)
                .map_err(|report| report.to_string())?;
            fs::write(out.join(format!("{workload}_{kind}.rs")), code.text())?;
        }
    }
    Ok(())
}
