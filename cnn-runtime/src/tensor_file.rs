//! Tensors in safetensors files.

use crate::atomic_file;
use crate::data::{Normalization, Shape};
use crate::error::Error;
use crate::math::Real;
use crate::model::{Parameters, Role, TensorInfo};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

/// The tensor of means, one for each channel of the input.
pub const MEAN: &str = "normalization.mean";
/// The tensor of standard deviations, likewise.
pub const STD: &str = "normalization.std";

/// One tensor on its way into a file.
pub struct Tensor {
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: Vec<u8>,
    /// Whether a file may do without it.
    is_optional: bool,
}

impl Tensor {
    /// Values of a shape.
    pub fn new<S: Real>(shape: &[usize], values: &[S]) -> Self {
        Self {
            shape: shape.into(),
            dtype: dtype::<S>(),
            bytes: encode(values),
            is_optional: false,
        }
    }

    /// A count, which PyTorch keeps as a whole number, and which nobody needs to go on.
    fn count<S: Real>(shape: &[usize], values: &[S]) -> Self {
        let counts = values.iter().map(|value| value.to_f64() as i64);
        Self {
            shape: shape.into(),
            dtype: Dtype::I64,
            bytes: counts.flat_map(i64::to_le_bytes).collect(),
            is_optional: true,
        }
    }

    /// So many bytes, all zero.
    pub fn bytes(count: usize) -> Self {
        Self {
            shape: vec![count],
            dtype: Dtype::U8,
            bytes: vec![0; count],
            is_optional: false,
        }
    }

    /// How the tensor of a file differs from this one, but for its values.
    pub fn flaw(&self, name: &str, view: &TensorView) -> Option<String> {
        if view.shape() != self.shape {
            let (found, expected) = (Shape(view.shape()), Shape(&self.shape));
            return Some(format!("  {name} is {found}, not {expected}"));
        }
        let (found, expected) = (view.dtype(), self.dtype);
        (found != expected).then(|| format!("  {name} holds {found} values, not {expected}"))
    }
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The file of these tensors, with one entry of metadata: several would come in a random order.
pub fn serialize(
    tensors: Vec<(String, Tensor)>,
    key: &str,
    value: &str,
    path: &Path,
) -> Result<Vec<u8>, Error> {
    let metadata = [(key.to_owned(), value.to_owned())];
    safetensors::serialize(tensors, Some(metadata.into_iter().collect()))
        .map_err(io::Error::other)
        .map_err(Error::file("write", path))
}

/// An entry of a file's metadata.
pub fn metadata(bytes: &[u8], key: &str) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(key).cloned()
}

/// Writes a whole file or none.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    atomic_file::write(path, |file| file.write_all(bytes)).map_err(Error::file("write", path))
}

/// The tensors of a file.
pub fn open<'a>(bytes: &'a [u8], path: &Path) -> Result<SafeTensors<'a>, Error> {
    SafeTensors::deserialize(bytes).map_err(|error| {
        let problem = format!("not a whole safetensors file: {error}");
        Error::content(path, problem, AGAIN)
    })
}

/// How to mend a file that is damaged.
const AGAIN: &str = "save or fetch it again";

/// All parameters, under their own names behind a prefix.
pub fn parameters<P: Parameters>(
    prefix: &str,
    parameters: &P,
) -> impl Iterator<Item = (String, Tensor)> {
    let tensor = move |(index, info): (usize, &TensorInfo)| {
        let tensor = match info.role {
            Role::Count => Tensor::count(info.shape, parameters.tensor(index)),
            Role::Learnt | Role::Average => Tensor::new(info.shape, parameters.tensor(index)),
        };
        (format!("{prefix}{}", info.name), tensor)
    };
    P::TENSORS.iter().enumerate().map(tensor)
}

/// What samples are normalised by, in double precision whatever the network computes in.
pub fn normalization(
    normalization: Option<&Normalization>,
) -> impl Iterator<Item = (String, Tensor)> {
    let moments =
        |name: &str, values: &[f64]| (name.to_owned(), Tensor::new(&[values.len()], values));
    normalization.into_iter().flat_map(move |normalization| {
        [
            moments(MEAN, normalization.mean()),
            moments(STD, normalization.std()),
        ]
    })
}

/// What keeps a file from being read as these tensors, one line each; `known` says which others may be there.
pub fn flaws(
    file: &SafeTensors,
    expected: &[(String, Tensor)],
    known: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut flaws = Vec::new();
    for (name, tensor) in expected {
        match file.tensor(name) {
            Ok(view) => flaws.extend(tensor.flaw(name, &view)),
            Err(_) if tensor.is_optional => {}
            Err(_) => flaws.push(format!("  {name} is missing")),
        }
    }
    let mut names = file.names();
    names.sort_unstable();
    for name in names {
        if !known(name) && !expected.iter().any(|(expected, _)| expected == name) {
            flaws.push(format!("  {name:?} is not part of the network"));
        }
    }
    flaws
}

/// Reads the values of a tensor that has been found without flaw.
pub fn read<S: Real>(file: &SafeTensors, name: &str, values: &mut [S]) {
    if let Ok(view) = file.tensor(name) {
        decode(view.data(), values);
    }
}

fn read_counts<S: Real>(file: &SafeTensors, name: &str, values: &mut [S]) {
    let Ok(view) = file.tensor(name) else { return };
    for (value, bytes) in values.iter_mut().zip(view.data().as_chunks().0) {
        *value = S::from_f64(i64::from_le_bytes(*bytes) as f64);
    }
}

/// Reads all parameters, which have been found without flaw.
pub fn read_parameters<P: Parameters>(file: &SafeTensors, prefix: &str, parameters: &mut P) {
    for (index, info) in P::TENSORS.iter().enumerate() {
        let name = format!("{prefix}{}", info.name);
        let values = parameters.tensor_mut(index);
        match info.role {
            Role::Count => read_counts(file, &name, values),
            Role::Learnt | Role::Average => read(file, &name, values),
        }
    }
}

/// What the samples of the file's network are normalised by.
pub fn read_normalization(
    file: &SafeTensors,
    input: &[usize],
    path: &Path,
) -> Result<Option<Normalization>, Error> {
    moments(file, input).map_err(|problem| Error::content(path, problem, AGAIN))
}

fn moments(file: &SafeTensors, input: &[usize]) -> Result<Option<Normalization>, String> {
    let values = |name| {
        let view = file.tensor(name).ok()?;
        (view.dtype() == Dtype::F64).then(|| {
            let mut values = vec![0.0; view.data().len() / size_of::<f64>()];
            decode(view.data(), &mut values);
            values
        })
    };
    let is_there = |name| file.tensor(name).is_ok();
    if !is_there(MEAN) && !is_there(STD) {
        return Ok(None);
    }
    let (Some(mean), Some(std)) = (values(MEAN), values(STD)) else {
        return Err(format!("{MEAN} and {STD} are not both there as F64 values"));
    };
    let normalization =
        Normalization::new(mean, std).map_err(|error| format!("{MEAN} and {STD}: {error}"))?;
    let means = normalization.mean().len();
    if input.iter().product::<usize>() % means > 0 {
        return Err(format!(
            "{means} means do not divide an input of {}",
            Shape(input)
        ));
    }
    Ok(Some(normalization))
}

fn dtype<S: Real>() -> Dtype {
    if size_of::<S>() == size_of::<f32>() {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// The file is little-endian on every machine.
fn encode<S: Real>(values: &[S]) -> Vec<u8> {
    let values = values.iter().map(|value| value.to_f64());
    match dtype::<S>() {
        Dtype::F32 => values
            .flat_map(|value| (value as f32).to_le_bytes())
            .collect(),
        _ => values.flat_map(f64::to_le_bytes).collect(),
    }
}

fn decode<S: Real>(bytes: &[u8], values: &mut [S]) {
    match dtype::<S>() {
        Dtype::F32 => {
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = S::from_f64(f64::from(f32::from_le_bytes(*bytes)));
            }
        }
        _ => {
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = S::from_f64(f64::from_le_bytes(*bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 and -2 as IEEE 754 has them, the lowest byte first.
    #[test]
    #[allow(clippy::float_cmp)]
    fn values_are_little_endian() {
        let single = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
        let double = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0];
        assert_eq!(encode(&[1.0_f32, -2.0]), single);
        assert_eq!(encode(&[1.0_f64, -2.0]), double);

        let (mut singles, mut doubles) = ([0.0_f32; 2], [0.0_f64; 2]);
        decode(&single, &mut singles);
        decode(&double, &mut doubles);
        assert_eq!(singles, [1.0, -2.0]);
        assert_eq!(doubles, [1.0, -2.0]);
    }

    /// No bit may be lost on the way through `f64`, not even of numbers that `f32` only just has.
    #[test]
    fn every_kind_of_single_survives() {
        let values = [
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            f32::MAX,
            -0.0,
            f32::INFINITY,
            0.1,
        ];
        let mut read = [0.0; 6];
        decode(&encode(&values), &mut read);
        assert_eq!(values.map(f32::to_bits), read.map(f32::to_bits));
    }
}
