//! Generates every network of `networks` and `examples/networks` twice, with plain kernels and with kernels on lanes.

use cnn_codegen::{Kernels, Options};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Multiply-adds of training that a test takes at most, but for those of two samples.
const WORK: u64 = 30_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for (folder, index) in [
        ("networks", "networks.rs"),
        ("../../examples/networks", "examples.rs"),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, std::io::Error>>()?;
        files.sort();
        let mut modules = String::new();
        for file in files {
            add(&file, &out, &mut modules)?;
        }
        fs::write(out.join(index), modules)?;
    }
    Ok(())
}

/// Adds modules with both kinds of kernels, with and without training, and one in double precision, and tests that compare
/// them; nothing for a network that has one kind only.
fn add(file: &Path, out: &Path, modules: &mut String) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let options = Options::default();
    let code = cnn_codegen::compile(&text, "", &options).map_err(|report| report.to_string())?;
    if code.kernels() == Kernels::Plain {
        return Ok(());
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let module = stem.replace('-', "_");
    writeln!(
        modules,
        "mod {module} {{
    use cnn_runtime::Model;
    use cnn_runtime::lanes::{{self, Level}};"
    )?;
    let doubled = text.replacen("[network]", "[network]\ndtype = \"f64\"", 1);
    let exact = generate(&doubled, &module, "exact", Kernels::Plain, out, modules)?;
    let plain = generate(&text, &module, "plain", Kernels::Plain, out, modules)?;
    let simd = generate(&text, &module, "simd", Kernels::Simd, out, modules)?;
    // Where several outputs are judged, there would be layers that nothing reads without their losses.
    let layers = text.split("[training]").next().unwrap_or_default();
    let untrained = cnn_spec::parse(layers, "").map_or(text.as_str(), |_| layers);
    let inference = generate(untrained, &module, "inference", Kernels::Simd, out, modules)?;
    let network = cnn_spec::parse(&text, "").map_err(|report| report.to_string())?;
    let multiply_adds = cnn_spec::Summary::new(&network).totals.training;
    // Two blocks, of which the second is not full; in a large network a few samples, because the tests are not optimized.
    let samples = (WORK / multiply_adds).clamp(2, 21);
    writeln!(
        modules,
        "    #[test]
    fn kernels_agree() {{
        cnn_kernel_tests::agree::<{exact}, {plain}, {simd}>({samples});
    }}
    #[test]
    fn one_sample_agrees() {{
        cnn_kernel_tests::one_sample_agrees::<{plain}, {simd}>(<{simd} as Model>::forward);
        cnn_kernel_tests::one_sample_agrees::<{plain}, {inference}>(<{inference} as Model>::forward);
    }}
    #[test]
    fn one_sample_agrees_on_the_baseline() {{
        cnn_kernel_tests::one_sample_agrees::<{plain}, {inference}>(|parameters, input, activations| {{
            lanes::dispatch!(Level::baseline(), simd => inference::net::forward_rows(
                simd, parameters, input, activations
            ))
        }});
    }}
    #[test]
    fn a_batch_is_its_samples() {{
        cnn_kernel_tests::inferred::<{plain}, {simd}>({samples});
    }}
    #[test]
    fn the_profile_counts_a_whole_step() {{
        cnn_kernel_tests::profiled::<{plain}>({samples}, {multiply_adds});
        cnn_kernel_tests::profiled::<{simd}>({samples}, {multiply_adds});
    }}
    #[test]
    fn the_summary_tells_the_memory() {{
        cnn_kernel_tests::memory::<{plain}>();
        cnn_kernel_tests::memory::<{simd}>();
    }}
}}"
    )?;
    Ok(())
}

/// Adds a module with a network and, where it is trained in `f32`, what takes its time; returns its type.
fn generate(
    text: &str,
    module: &str,
    kind: &str,
    kernels: Kernels,
    out: &Path,
    modules: &mut String,
) -> Result<String, Box<dyn Error>> {
    let options = Options {
        kernels,
        ..Options::default()
    };
    let code = cnn_codegen::compile(text, module, &options).map_err(|report| report.to_string())?;
    let mut files = vec![("net", code.text().to_owned())];
    if ["plain", "simd"].contains(&kind) {
        let profile = cnn_codegen::compile_profile(text, module, &options);
        files.push(("profile", profile.map_err(|report| report.to_string())?));
    }
    writeln!(modules, "    pub mod {kind} {{")?;
    for (file, text) in files {
        let path = out.join(format!("{module}_{kind}_{file}.rs"));
        fs::write(&path, text)?;
        let path = path.display();
        writeln!(
            modules,
            "        #[path = \"{path}\"]\n        pub mod {file};"
        )?;
    }
    writeln!(modules, "    }}")?;
    Ok(format!("{kind}::net::{}", code.name()))
}
