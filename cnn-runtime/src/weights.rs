//! Parameters as safetensors files, with PyTorch's names and shapes.

use crate::checkpoint;
use crate::data::{Dataset, Normalization};
use crate::error::Error;
use crate::model::Model;
use crate::tensor_file::{self, MEAN, STD, open};
use std::fs;
use std::path::Path;

/// Writes a network's parameters to a file that PyTorch's `safetensors.torch.load_file` reads as a state dict.
///
/// What must be known of the samples that it was trained on goes with them, so that the file is all that it takes to use
/// the network. Where they were normalised, the means and standard deviations are two more tensors, `normalization.mean`
/// and `normalization.std`. Where their classes have names, these are in the file's metadata, behind the network's own:
/// `Shapes: circle/square`.
///
/// The file appears whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn save<M: Model>(
    parameters: &M::Parameters,
    samples: Option<&Dataset>,
    path: &Path,
) -> Result<(), Error> {
    let tensors = tensor_file::parameters("", parameters)
        .chain(tensor_file::normalization(
            samples.and_then(Dataset::normalization),
        ))
        .collect();
    let title = match samples.map_or(&[][..], Dataset::class_names) {
        [] => M::NAME.to_owned(),
        names => format!("{}: {}", M::NAME, names.join(SEPARATOR)),
    };
    let bytes = tensor_file::serialize(tensors, TITLE, &title, path)?;
    tensor_file::write(path, &bytes)
}

/// The entry of the file's metadata.
const TITLE: &str = "network";
/// What is between the names of classes: a sign that no folder's name has.
pub(crate) const SEPARATOR: &str = "/";

/// Reads what the classes are called that the network tells apart, from a file that [`save`] wrote, or from a checkpoint;
/// none if they have numbers only.
///
/// # Errors
/// If the file cannot be read, or is damaged.
pub fn class_names(path: &Path) -> Result<Vec<String>, Error> {
    let bytes = fs::read(path).map_err(Error::file("read", path))?;
    open(&bytes, path)?;
    let names = match tensor_file::metadata(&bytes, TITLE) {
        Some(title) => title.split_once(": ").map(|(_, names)| names.to_owned()),
        None => checkpoint::class_names(&bytes),
    };
    let names = names.as_deref().unwrap_or_default().split(SEPARATOR);
    let names = names.filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
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
    path: impl AsRef<Path>,
) -> Result<Option<Normalization>, Error> {
    let path = path.as_ref();
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
