//! Arrays of `NumPy`: `.npy` files as `numpy.save` writes them.

mod header;

use super::{Dataset, Split, Targets, Values};
use crate::error::Error;
use crate::settings::Task;
use header::{Header, Kind, Order};
use std::fs;
use std::path::Path;

/// The first bytes of every file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Reads `x_train.npy`, `y_train.npy`, `x_test.npy` and `y_test.npy` from a folder.
///
/// The first dimension of each array counts the samples. An array of `uint8` holds pixels, which stand for `0..=1`;
/// all other numbers stand for themselves. Targets are classes or, in a regression, one or more numbers for each
/// sample; a reconstruction needs no `y` files.
///
/// # Errors
/// If a file is missing, damaged, or does not belong to the others.
pub fn load(folder: &Path, task: Task) -> Result<Split, Error> {
    let part = |name: &str| {
        let inputs = folder.join(format!("x_{name}.npy"));
        let targets = folder.join(format!("y_{name}.npy"));
        dataset(&inputs, &targets, task)
    };
    Split::of(folder, part("train")?, part("test")?)
}

/// Reads an array of samples, which have no targets but themselves.
///
/// # Errors
/// If the file cannot be read, is damaged, or has no dimension for the values of a sample.
pub fn samples(path: &Path) -> Result<Dataset, Error> {
    dataset(path, path, Task::Reconstruction)
}

fn dataset(inputs: &Path, targets: &Path, task: Task) -> Result<Dataset, Error> {
    let x = Array::read(inputs)?;
    let (&count, shape) = x.shape.split_first().unwrap_or((&0, &[]));
    if shape.is_empty() {
        return Err(Error::content(
            inputs,
            "the array has no dimension for the values of a sample",
            "save an array of [samples, features] or [samples, channels, height, width]",
        ));
    }
    let values = match x.kind {
        Kind::Unsigned(1) => Values::Pixels(x.bytes.clone()),
        _ => Values::Numbers(x.numbers().map(|number| number as f32).collect()),
    };
    if let Values::Numbers(numbers) = &values
        && let Some(index) = numbers.iter().position(|number| !number.is_finite())
    {
        return Err(not_finite(inputs, index / (numbers.len() / count)));
    }
    let targets = match task {
        Task::Classification => classes(&Array::read_of(targets, count, inputs)?, targets)?,
        Task::Regression => numbers(&Array::read_of(targets, count, inputs)?, targets, count)?,
        Task::Reconstruction => Targets::Inputs,
    };
    Dataset::with_targets(inputs.display().to_string(), shape, values, targets)
}

fn classes(array: &Array, path: &Path) -> Result<Targets, Error> {
    if array.shape[1..].iter().product::<usize>() != 1 {
        let problem = format!(
            "an array of {:?} is not a class for each sample",
            array.shape
        );
        return Err(Error::content(path, problem, "save an array of [samples]"));
    }
    let mut labels = Vec::with_capacity(array.shape[0]);
    for (index, label) in array.numbers().enumerate() {
        if !(0.0..=255.0).contains(&label) || label.fract() != 0.0 {
            return Err(Error::content(
                path,
                format!("sample {index} has {label}, which is not a class"),
                "number the classes from 0 to 255 at most, or set `task = \"regression\"`",
            ));
        }
        labels.push(label as u8);
    }
    let classes = labels
        .iter()
        .max()
        .map_or(0, |label| usize::from(*label) + 1);
    Ok(Targets::Classes { labels, classes })
}

fn numbers(array: &Array, path: &Path, count: usize) -> Result<Targets, Error> {
    let values: Vec<_> = array.numbers().map(|number| number as f32).collect();
    let size = values.len() / count;
    match values.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(not_finite(path, index / size)),
        None => Ok(Targets::Numbers { values, size }),
    }
}

fn not_finite(path: &Path, sample: usize) -> Error {
    let problem = format!("sample {sample} has a value that is not a finite number");
    Error::content(path, problem, "replace it, or leave the sample out")
}

/// An array as the file has it.
struct Array {
    kind: Kind,
    order: Order,
    /// One dimension at least, none of them zero.
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    fn read(path: &Path) -> Result<Self, Error> {
        let file = fs::read(path).map_err(Error::file("read", path))?;
        Self::parse(file).map_err(|problem| {
            Error::content(path, problem, "save it again with `numpy.save`, in C order")
        })
    }

    /// An array with an entry for each of `count` samples.
    fn read_of(path: &Path, count: usize, inputs: &Path) -> Result<Self, Error> {
        let array = Self::read(path)?;
        if array.shape[0] == count {
            return Ok(array);
        }
        Err(Error::content(
            path,
            format!("{} targets for {count} samples", array.shape[0]),
            format!(
                "take both files from one data set; the samples are in {}",
                inputs.display()
            ),
        ))
    }

    /// Takes a whole file apart, or says what is wrong with it.
    fn parse(mut file: Vec<u8>) -> Result<Self, String> {
        let (header, start) = split(&file)?;
        let Header { kind, order, shape } = Header::parse(header)?;
        let size = shape
            .iter()
            .try_fold(kind.bytes(), |size, n| size.checked_mul(*n));
        match size {
            Some(0) => return Err(format!("an array of {shape:?} has no values")),
            Some(size) if shape.is_empty() => {
                return Err(format!("a single number of {size} bytes is no array"));
            }
            Some(size) if size == file.len() - start => {}
            _ => {
                let found = file.len() - start;
                return Err(format!(
                    "{found} bytes after the header are not an array of {shape:?} with {} bytes each",
                    kind.bytes()
                ));
            }
        }
        file.drain(..start);
        Ok(Self {
            kind,
            order,
            shape,
            bytes: file,
        })
    }

    /// The values, the last index running fastest.
    fn numbers(&self) -> impl Iterator<Item = f64> {
        let items = self.bytes.chunks_exact(self.kind.bytes());
        items.map(|bytes| self.kind.number(self.order, bytes))
    }
}

/// The header of a file, and where it ends.
fn split(file: &[u8]) -> Result<(&[u8], usize), String> {
    let rest = file
        .strip_prefix(MAGIC)
        .ok_or("not an array of NumPy: it does not start with \"\\x93NUMPY\"")?;
    let truncated = || "truncated: the header is not complete".to_owned();
    let (&[major, _], rest) = rest.split_first_chunk().ok_or_else(truncated)?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return Err(format!("version {major} of the format is not known")),
    };
    let header = rest.get(..length).ok_or_else(truncated)?;
    Ok((header, file.len() - rest.len() + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, values: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(values);
        file
    }

    fn numbers(descr: &str, values: &[u8]) -> Vec<f64> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,), }}\n");
        let array = Array::parse(file(&header, values)).unwrap();
        array.numbers().collect()
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(numbers("|u1", &[1, 255]), [1.0, 255.0]);
        assert_eq!(numbers("|i1", &[1, 255]), [1.0, -1.0]);
        assert_eq!(numbers("|b1", &[1, 0]), [1.0, 0.0]);
        assert_eq!(numbers("<u2", &[1, 2, 255, 255]), [513.0, 65535.0]);
        assert_eq!(numbers(">u2", &[1, 2, 255, 255]), [258.0, 65535.0]);
        assert_eq!(
            numbers("<i4", &[254, 255, 255, 255, 1, 0, 0, 0]),
            [-2.0, 1.0]
        );
        let wide = [[1, 0, 0, 0, 0, 0, 0, 0], [255; 8]].concat();
        assert_eq!(numbers("<i8", &wide), [1.0, -1.0]);
        assert_eq!(numbers("<u8", &wide), [1.0, u64::MAX as f64]);
        let single: Vec<u8> = [1.5_f32, -2.0]
            .iter()
            .flat_map(|x| x.to_be_bytes())
            .collect();
        assert_eq!(numbers(">f4", &single), [1.5, -2.0]);
        let double: Vec<u8> = [0.1_f64, -2.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(numbers("<f8", &double), [0.1, -2.0]);
    }

    #[test]
    fn every_cut_is_refused() {
        let whole = file(
            "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }\n",
            &[7; 6],
        );
        assert_eq!(Array::parse(whole.clone()).unwrap().shape, [3, 2]);
        for length in 0..whole.len() {
            assert!(Array::parse(whole[..length].to_vec()).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let complaint = |descr: &str, shape: &str, values: &[u8]| {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
            Array::parse(file(&header, values)).err().unwrap()
        };
        assert_eq!(
            complaint("|u1", "()", &[1]),
            "a single number of 1 bytes is no array"
        );
        assert_eq!(
            complaint("|u1", "(3, 0)", &[]),
            "an array of [3, 0] has no values"
        );
        assert_eq!(
            complaint("<f4", "(3,)", &[0; 13]),
            "13 bytes after the header are not an array of [3] with 4 bytes each"
        );
        let huge = format!("({}, {})", u64::MAX / 2, u64::MAX / 2);
        assert!(complaint("<f8", &huge, &[0; 8]).starts_with("8 bytes after the header are not"));
        let mut later = file("", &[]);
        later[6] = 4;
        assert_eq!(
            Array::parse(later).err().unwrap(),
            "version 4 of the format is not known"
        );
        assert!(
            Array::parse(b"PK\x03\x04".to_vec())
                .err()
                .unwrap()
                .starts_with("not an array")
        );
    }
}
