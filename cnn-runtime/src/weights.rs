//! Parameters as safetensors files, with PyTorch's names and shapes.

use crate::checkpoint;
use crate::data::Normalization;
use crate::error::Error;
use crate::model::Model;
use crate::tensor_file::{self, MEAN, STD, open};
use std::fs;
use std::path::Path;

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
    let tensors = tensor_file::parameters("", parameters)
        .chain(tensor_file::normalization(normalization))
        .collect();
    let bytes = tensor_file::serialize(tensors, "network", M::NAME, path)?;
    tensor_file::write(path, &bytes)
}

/// Reads parameters from a file that [`save`] wrote, or `safetensors.torch.save_file`.
///
/// A checkpoint serves as well: what it holds beside the parameters is passed over.
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
    let file = open(&bytes, path)?;
    let is_checkpoint = checkpoint::is_whole(&bytes);
    let expected: Vec<_> = tensor_file::parameters("", parameters).collect();
    let flaws = tensor_file::flaws(&file, &expected, |name| {
        [MEAN, STD].contains(&name) || is_checkpoint && checkpoint::is_beside_parameters(name)
    });
    if !flaws.is_empty() {
        let problem = format!(
            "these are not weights of the network `{}`\n{}",
            M::NAME,
            flaws.join("\n")
        );
        let help = "take the weights that were saved from this network";
        return Err(Error::content(path, problem, help));
    }
    let normalization = tensor_file::read_normalization(&file, M::INPUT_SHAPE, path)?;
    tensor_file::read_parameters(&file, "", parameters);
    Ok(normalization)
}
