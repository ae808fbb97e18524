//! The binary files of CIFAR-10 and CIFAR-100: records of labels and 3×32×32 bytes, red, green, then blue.

use super::{Dataset, Split};
use crate::error::Error;
use std::fs;
use std::path::Path;

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;

/// How one of the two data sets is written.
struct Layout {
    /// The labels before the pixels of each record; the last one counts.
    labels: usize,
    classes: u8,
    /// The file with their names, one in each line.
    names: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
}

const CIFAR_10: Layout = Layout {
    labels: 1,
    classes: 10,
    names: "batches.meta.txt",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: &["test_batch.bin"],
};

const CIFAR_100: Layout = Layout {
    labels: 2,
    classes: 100,
    names: "fine_label_names.txt",
    train: &["train.bin"],
    test: &["test.bin"],
};

/// Reads CIFAR-10 from a folder: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, and the names of its
/// classes if `batches.meta.txt` is there.
///
/// # Errors
/// If a file is missing or damaged.
pub fn load_10(folder: &Path) -> Result<Split, Error> {
    CIFAR_10.load(folder)
}

/// Reads CIFAR-100 with its fine labels from a folder: `train.bin` and `test.bin`, and the names of these if
/// `fine_label_names.txt` is there.
///
/// # Errors
/// If a file is missing or damaged.
pub fn load_100(folder: &Path) -> Result<Split, Error> {
    CIFAR_100.load(folder)
}

impl Layout {
    fn load(&self, folder: &Path) -> Result<Split, Error> {
        let train = self.read(folder, self.train)?;
        let test = self.read(folder, self.test)?;
        let mut split = Split::of(folder, train, test)?;
        let names = self.names(folder);
        for data in [&mut split.train, &mut split.test] {
            data.name_classes(&names);
        }
        Ok(split)
    }

    /// What the classes are called; nothing if the file is not there, for nobody needs it to learn.
    fn names(&self, folder: &Path) -> Vec<String> {
        let text = fs::read_to_string(folder.join(self.names)).unwrap_or_default();
        let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(str::to_owned).collect();
        if names.len() == usize::from(self.classes) {
            names
        } else {
            Vec::new()
        }
    }

    fn read(&self, folder: &Path, files: &[&str]) -> Result<Dataset, Error> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for file in files {
            self.append(&folder.join(file), &mut pixels, &mut labels)?;
        }
        let name = folder.join(files[0]).display().to_string();
        Dataset::new(name, &SHAPE, pixels, labels, self.classes.into())
    }

    fn append(&self, path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), Error> {
        let bytes = fs::read(path).map_err(Error::file("read", path))?;
        let size = self.labels + PIXELS;
        let (records, rest) = (bytes.chunks_exact(size), bytes.len() % size);
        if rest > 0 || bytes.is_empty() {
            let problem = format!(
                "{} bytes are no whole number of records of {size} bytes",
                bytes.len()
            );
            let help = "fetch the binary version of the data set again, and unpack it";
            return Err(Error::content(path, problem, help));
        }
        for (index, record) in records.enumerate() {
            let label = record[self.labels - 1];
            if label >= self.classes {
                let problem = format!(
                    "record {index} has label {label}, but there are {} classes",
                    self.classes
                );
                return Err(Error::content(path, problem, "fetch the data set again"));
            }
            labels.push(label);
            pixels.extend_from_slice(&record[self.labels..]);
        }
        Ok(())
    }
}
