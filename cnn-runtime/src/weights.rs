//! Parameters as safetensors files, with PyTorch's names and shapes.

use crate::atomic_file;
use crate::data::{Normalization, Shape};
use crate::error::Error;
use crate::math::Real;
use crate::model::{Model, Parameters, Role, TensorInfo};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// The tensor of means, one for each channel of the input.
const MEAN: &str = "normalization.mean";
/// The tensor of standard deviations, likewise.
const STD: &str = "normalization.std";

/// Writes a network's parameters to a file that PyTorch's `safetensors.torch.load_file` reads as a state dict.
///
/// Where the network was trained on normalised samples, the means and standard deviations are two more tensors,
/// `normalization.mean` and `normalization.std`, so that the file is all that it takes to use the network.
///
/// The file appears whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn save<M: Model>(
    parameters: &M::Parameters,
    normalization: Option<&Normalization>,
    path: &Path,
) -> Result<(), Error> {
    let mut tensors = tensors(parameters);
    if let Some(normalization) = normalization {
        tensors.push((MEAN, moments(normalization.mean())));
        tensors.push((STD, moments(normalization.std())));
    }
    // One entry only: several would come in a random order.
    let metadata = [("network".to_owned(), M::NAME.to_owned())];
    let cannot_write = Error::file("write", path);
    let bytes = match safetensors::serialize(tensors, Some(metadata.into_iter().collect())) {
        Ok(bytes) => bytes,
        Err(error) => return Err(cannot_write(io::Error::other(error))),
    };
    atomic_file::write(path, |file| file.write_all(&bytes)).map_err(cannot_write)
}

/// Reads parameters from a file that [`save`] wrote, or `safetensors.torch.save_file`.
///
/// Either all parameters are read, or none is changed. What the samples were normalised by comes back: the network
/// must see others normalised likewise ([`Normalization::apply`]).
///
/// # Errors
/// If the file cannot be read, is damaged, or is not of this network: every tensor that is missing, left over, or of
/// another shape or type is named.
pub fn load<M: Model>(
    parameters: &mut M::Parameters,
    path: &Path,
) -> Result<Option<Normalization>, Error> {
    let bytes = fs::read(path).map_err(Error::file("read", path))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| {
        Error::content(
            path,
            format!("not a whole safetensors file: {error}"),
            "save or fetch it again",
        )
    })?;
    let flaws = flaws::<M::Parameters>(&file);
    if !flaws.is_empty() {
        return Err(Error::content(
            path,
            format!(
                "these are not weights of the network `{}`\n{}",
                M::NAME,
                flaws.join("\n")
            ),
            "take the weights that were saved from this network",
        ));
    }
    let normalization = normalization(&file, M::INPUT_SHAPE)
        .map_err(|problem| Error::content(path, problem, "save or fetch it again"))?;
    for (index, info) in M::Parameters::TENSORS.iter().enumerate() {
        if let Ok(view) = file.tensor(info.name) {
            match info.role {
                Role::Count => decode_counts(view.data(), parameters.tensor_mut(index)),
                Role::Learnt | Role::Average => decode(view.data(), parameters.tensor_mut(index)),
            }
        }
    }
    Ok(normalization)
}

/// What the samples of the file's network are normalised by, or what is wrong with that.
fn normalization(file: &SafeTensors, input: &[usize]) -> Result<Option<Normalization>, String> {
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

/// One tensor on its way into a file.
struct Tensor {
    shape: Cow<'static, [usize]>,
    dtype: Dtype,
    bytes: Vec<u8>,
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

fn tensors<P: Parameters>(parameters: &P) -> Vec<(&'static str, Tensor)> {
    let tensor = |(index, info): (usize, &'static TensorInfo)| {
        let tensor = Tensor {
            shape: info.shape.into(),
            dtype: dtype_in::<P::Scalar>(info.role),
            bytes: match info.role {
                Role::Count => encode_counts(parameters.tensor(index)),
                Role::Learnt | Role::Average => encode(parameters.tensor(index)),
            },
        };
        (info.name, tensor)
    };
    P::TENSORS.iter().enumerate().map(tensor).collect()
}

/// Means or standard deviations, in double precision whatever the network computes in.
fn moments(values: &[f64]) -> Tensor {
    Tensor {
        shape: vec![values.len()].into(),
        dtype: Dtype::F64,
        bytes: encode(values),
    }
}

/// What keeps a file from being read as these parameters, one line each.
fn flaws<P: Parameters>(file: &SafeTensors) -> Vec<String> {
    let mut flaws = Vec::new();
    for info in P::TENSORS {
        match file.tensor(info.name) {
            Ok(view) => flaws.extend(flaw::<P::Scalar>(info, &view)),
            // No module needs it to go on.
            Err(_) if info.role == Role::Count => {}
            Err(_) => flaws.push(format!("  {} is missing", info.name)),
        }
    }
    let mut names = file.names();
    names.sort_unstable();
    for name in names {
        let is_known = [MEAN, STD].contains(&name);
        if !is_known && !P::TENSORS.iter().any(|info| info.name == name) {
            flaws.push(format!("  {name:?} is not part of the network"));
        }
    }
    flaws
}

fn flaw<S: Real>(info: &TensorInfo, view: &TensorView) -> Option<String> {
    let TensorInfo { name, shape, role } = info;
    if view.shape() != *shape {
        let (found, expected) = (Shape(view.shape()), Shape(shape));
        return Some(format!("  {name} is {found}, not {expected}"));
    }
    let (found, expected) = (view.dtype(), dtype_in::<S>(*role));
    (found != expected).then(|| format!("  {name} holds {found} values, not {expected}"))
}

fn dtype<S: Real>() -> Dtype {
    if size_of::<S>() == size_of::<f32>() {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// The type of a tensor in a file: PyTorch counts in whole numbers.
fn dtype_in<S: Real>(role: Role) -> Dtype {
    match role {
        Role::Count => Dtype::I64,
        Role::Learnt | Role::Average => dtype::<S>(),
    }
}

fn encode_counts<S: Real>(values: &[S]) -> Vec<u8> {
    let counts = values.iter().map(|value| value.to_f64() as i64);
    counts.flat_map(i64::to_le_bytes).collect()
}

fn decode_counts<S: Real>(bytes: &[u8], values: &mut [S]) {
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = S::from_f64(i64::from_le_bytes(*bytes) as f64);
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
