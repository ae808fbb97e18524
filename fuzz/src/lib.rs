//! What the fuzz targets do with their bytes: everything that comes from outside is read, and must be taken or refused
//! without a panic.

mod files;
#[path = "../../cnn-runtime/tests/linear/mod.rs"]
#[allow(dead_code, missing_docs)]
mod linear;

use cnn_codegen::{Kernels, Options};
use cnn_runtime::data::Preparation;
use cnn_runtime::settings::Task;
use cnn_runtime::{Checkpoint, Zeroed, data, weights};
use files::Files;
use linear::{Linear, Weights};

type Small = Linear<2, 3>;

/// A file in the language.
///
/// # Panics
/// If there is anything wrong with the report of what is wrong.
pub fn spec(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(report) = cnn_spec::parse(&text, "net.toml") {
        assert!(!report.problems().is_empty());
        assert!(report.render(true).contains("error"));
    }
}

/// A file in the language, and the code that is made of it: whatever the file says, that code is Rust, and has no more
/// items than those that belong there.
///
/// # Panics
/// If the code cannot be parsed, or if a word of the file's author stands in it as code.
pub fn generate(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for kernels in [Kernels::Plain, Kernels::Simd] {
        let options = Options {
            kernels,
            ..Options::default()
        };
        let Ok(code) = cnn_codegen::compile(&text, "net.toml", &options) else {
            return;
        };
        let file = syn::parse_file(code.text()).expect("generated code is Rust");
        for item in &file.items {
            let is_known = matches!(
                item,
                syn::Item::Const(_)
                    | syn::Item::Fn(_)
                    | syn::Item::Impl(_)
                    | syn::Item::Macro(_)
                    | syn::Item::Mod(_)
                    | syn::Item::Static(_)
                    | syn::Item::Struct(_)
                    | syn::Item::Type(_)
                    | syn::Item::Use(_)
            );
            assert!(is_known, "an item of another kind");
        }
    }
}

/// MNIST's four files, plain or gzipped, one of which holds the bytes.
pub fn idx(bytes: &[u8]) {
    let image = |count: u8| [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2], &vec![7; 4 * usize::from(count)][..]].concat();
    let label = |count: u8| [&[0, 0, 8, 1, 0, 0, 0, count], &vec![1; count.into()][..]].concat();
    let names = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let mut files = Files::new();
    for (name, own) in names.iter().zip([image(3), label(3), image(2), label(2)]) {
        files.write(name, &own);
    }
    let name = names[usize::from(choice % 4)];
    if choice & 4 > 0 {
        files.remove(name);
        files.write(&format!("{name}.gz"), bytes);
    } else {
        files.write(name, bytes);
    }
    let _ = data::idx::load(files.folder());
}

/// The files of CIFAR-10 and CIFAR-100.
pub fn cifar(bytes: &[u8]) {
    let mut files = Files::new();
    for name in ["train.bin", "test.bin", "test_batch.bin"] {
        files.write(name, bytes);
    }
    for batch in 1..=5 {
        files.write(&format!("data_batch_{batch}.bin"), bytes);
    }
    let _ = data::cifar::load_10(files.folder());
    let _ = data::cifar::load_100(files.folder());
}

/// A picture in a folder for its class.
pub fn images(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let name = if choice % 2 == 0 { "0.png" } else { "0.jpg" };
    let mut files = Files::new();
    for part in ["train", "test"] {
        files.write(&format!("{part}/a/{name}"), bytes);
    }
    for input in [&[1, 4, 4][..], &[3, 4, 4], &[48]] {
        let _ = data::images::load(files.folder(), input);
        let picture = files.folder().join("test/a").join(name);
        for preparation in [Preparation::Mnist, Preparation::Resize, Preparation::None] {
            let _ = data::images::read(&picture, input, preparation);
        }
    }
}

/// Lines of numbers.
pub fn csv(bytes: &[u8]) {
    let mut files = Files::new();
    files.write("train.csv", bytes);
    files.write("test.csv", bytes);
    for task in [Task::Classification, Task::Regression, Task::Reconstruction] {
        for targets in [&[][..], &["1".to_owned(), "b".to_owned()]] {
            let _ = data::csv::load(files.folder(), task, targets);
        }
    }
}

/// NumPy's arrays: samples and targets, of which one holds the bytes.
pub fn npy(bytes: &[u8]) {
    let array = |shape: &str, values: &[u8]| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
        let header = format!("{header:117}\n");
        [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), values].concat()
    };
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let mut files = Files::new();
    for part in ["train", "test"] {
        files.write(&format!("x_{part}.npy"), &array("(2, 2)", &[1, 2, 3, 4]));
        files.write(&format!("y_{part}.npy"), &array("(2,)", &[0, 1]));
    }
    let names = ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"];
    files.write(names[usize::from(choice % 4)], bytes);
    for task in [Task::Classification, Task::Regression, Task::Reconstruction] {
        let _ = data::npy::load(files.folder(), task);
    }
}

/// A weights file.
///
/// # Panics
/// If a file that is refused has changed anything.
pub fn safetensors(bytes: &[u8]) {
    let mut files = Files::new();
    let path = files.write("weights.safetensors", bytes);
    let mut weights = Weights::boxed();
    if weights::load::<Small>(&mut weights, &path).is_err() {
        assert_eq!(*weights, Weights::ZERO, "all or nothing");
    }
}

/// A checkpoint, whose checksum is set right: else nothing would come past it.
pub fn checkpoint(bytes: &[u8]) {
    let Some((rest, _)) = bytes.split_last_chunk::<4>() else {
        return;
    };
    let mut crc = flate2::Crc::new();
    crc.update(rest);
    let bytes = [rest, &crc.sum().to_le_bytes()].concat();
    let mut files = Files::new();
    let path = files.write("checkpoint.safetensors", &bytes);
    let _ = Checkpoint::<Small>::read(&path);
}
