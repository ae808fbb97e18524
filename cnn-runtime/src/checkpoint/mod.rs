//! A training in the middle, as a file: all that it takes to go on as if nothing had happened.
//!
//! The file is a safetensors file. Beside the parameters, which have the names that they have in weights files, it
//! holds what the optimizer remembers (`optimizer.step`, `optimizer.velocity.conv1.weight`), the parameters of the best
//! epoch (`best.conv1.weight`), how far the training is (`progress.epoch`, …), and what samples are normalised by. Its
//! last four bytes, the tensor `checksum`, are the CRC-32 of all bytes before.

mod identity;
mod position;

use crate::atomic_file;
use crate::data::{Normalization, Split};
use crate::error::Error;
use crate::fit::Fit;
use crate::model::{OptimizerState, Parameters, Trainable};
use crate::tensor_file::{self, MEAN, STD, Tensor, open, read};
use crate::zeroed::Zeroed;
use flate2::Crc;
use identity::Identity;
pub(crate) use position::{Position, Tally};
use safetensors::SafeTensors;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Where and when a training is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The file; each checkpoint takes the place of the one before.
    pub path: PathBuf,
    /// How often it is written; if never, then only when the training is interrupted.
    pub every: Option<Every>,
}

/// An interval in the course of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// So many epochs.
    Epochs(NonZeroUsize),
    /// So many steps of the optimizer, counted from the first one of the training.
    Steps(NonZeroUsize),
}

impl Every {
    /// Whether an interval ends with an epoch, counted from 1.
    pub(crate) fn ends_with_epoch(self, epoch: usize) -> bool {
        matches!(self, Self::Epochs(epochs) if epoch.is_multiple_of(epochs.get()))
    }

    /// Whether an interval ends with a step, counted from 1.
    pub(crate) fn ends_with_step(self, step: usize) -> bool {
        matches!(self, Self::Steps(steps) if step.is_multiple_of(steps.get()))
    }
}

/// A training at the end of one of its steps.
pub struct Checkpoint<M: Trainable> {
    pub(crate) parameters: Box<M::Parameters>,
    pub(crate) optimizer: Box<M::Optimizer>,
    /// Those of the best epoch, if they are kept.
    pub(crate) best: Option<Box<M::Parameters>>,
    pub(crate) position: Position,
    normalization: Option<Normalization>,
    identity: Identity,
    path: PathBuf,
}

impl<M: Trainable> Checkpoint<M> {
    /// Reads a checkpoint, and removes what runs have left beside it that were killed while they wrote.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is not of this network: every tensor that is missing, left over, or
    /// of another shape or type is named.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(Error::file("read", path))?;
        let file = open(&bytes, path)?;
        if !is_whole(&bytes) {
            let problem = "this is no checkpoint, or one that is damaged: the checksum is wrong";
            return Err(Error::content(path, problem, NO_CHECKPOINT));
        }
        let mut checkpoint = Self {
            parameters: Zeroed::boxed(),
            optimizer: Zeroed::boxed(),
            best: has_best(&file).then(Zeroed::boxed),
            position: Position::default(),
            normalization: tensor_file::read_normalization(&file, M::INPUT_SHAPE, path)?,
            identity: Identity::read(&bytes),
            path: path.into(),
        };
        let expected = checkpoint.moment().tensors(None);
        let flaws = tensor_file::flaws(&file, &expected, |name| [MEAN, STD].contains(&name));
        if !flaws.is_empty() {
            let problem = format!(
                "this is no checkpoint of the network `{}`\n{}",
                M::NAME,
                flaws.join("\n")
            );
            return Err(Error::content(path, problem, NO_CHECKPOINT));
        }
        checkpoint.fill(&file);
        atomic_file::remove_leftovers(path);
        Ok(checkpoint)
    }

    /// What the samples were normalised by; those that are still to be learnt must be likewise.
    pub fn normalization(&self) -> Option<&Normalization> {
        self.normalization.as_ref()
    }

    /// The epochs that are over.
    pub fn epochs(&self) -> usize {
        self.position.epoch
    }

    /// Checks that the training which is to go on is the one that was saved.
    pub(crate) fn check(&self, fit: &Fit, data: &Split) -> Result<(), Error> {
        let differences = self.identity.differences(&Identity::of::<M>(fit, data));
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::content(
            &self.path,
            format!(
                "this training began differently\n{}",
                differences.join("\n")
            ),
            "go on with the settings and data that it began with; only threads and the target accuracy are free",
        ))
    }

    fn moment(&self) -> Moment<'_, M> {
        Moment {
            parameters: &self.parameters,
            optimizer: &self.optimizer,
            best: self.best.as_deref(),
            position: self.position,
        }
    }

    fn fill(&mut self, file: &SafeTensors) {
        tensor_file::read_parameters(file, "", &mut *self.parameters);
        if let Some(best) = &mut self.best {
            tensor_file::read_parameters(file, BEST, &mut **best);
        }
        for (index, name) in number_names::<M>().enumerate() {
            let mut value = [0.0];
            read(file, &number(name), &mut value);
            self.optimizer.set_number(index, value[0]);
        }
        for (memory, name) in memory_names::<M>().enumerate() {
            for (index, info) in M::Parameters::TENSORS.iter().enumerate() {
                let values = self.optimizer.tensor_mut(memory, index);
                read(file, &remembered(name, info.name), values);
            }
        }
        self.position = Position::from_numbers(|name| {
            let mut value = [0.0];
            read(file, &format!("{PROGRESS}{name}"), &mut value);
            value[0]
        });
    }
}

const NO_CHECKPOINT: &str = "name a checkpoint that a training of this network has written";
const OPTIMIZER: &str = "optimizer.";
const BEST: &str = "best.";
const PROGRESS: &str = "progress.";
const CHECKSUM: &str = "checksum";

/// Whether a tensor of a checkpoint is something else than a parameter.
pub(crate) fn is_beside_parameters(name: &str) -> bool {
    name == CHECKSUM
        || [OPTIMIZER, BEST, PROGRESS]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// What a checkpoint says of the names of its classes, if it has any.
pub(crate) fn class_names(bytes: &[u8]) -> Option<String> {
    Identity::read(bytes).class_names().map(str::to_owned)
}

/// Whether a file ends with the checksum of all that is before.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk()
        .is_some_and(|(rest, checksum)| crc(rest) == *checksum)
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

fn has_best(file: &SafeTensors) -> bool {
    file.names().iter().any(|name| name.starts_with(BEST))
}

fn number(name: &str) -> String {
    format!("{OPTIMIZER}{name}")
}

fn remembered(memory: &str, parameter: &str) -> String {
    format!("{OPTIMIZER}{memory}.{parameter}")
}

fn number_names<M: Trainable>() -> impl Iterator<Item = &'static str> {
    (0..).map_while(M::Optimizer::number_name)
}

fn memory_names<M: Trainable>() -> impl Iterator<Item = &'static str> {
    (0..).map_while(M::Optimizer::memory_name)
}

/// Everything that changes in a training, at the end of a step.
pub(crate) struct Moment<'a, M: Trainable> {
    pub parameters: &'a M::Parameters,
    pub optimizer: &'a M::Optimizer,
    /// The parameters of the best epoch, if they are kept.
    pub best: Option<&'a M::Parameters>,
    pub position: Position,
}

impl<M: Trainable> Moment<'_, M> {
    fn tensors(&self, normalization: Option<&Normalization>) -> Vec<(String, Tensor)> {
        let best = self.best.into_iter();
        let progress = self.position.numbers().into_iter();
        let progress = progress.map(|(name, value)| (format!("{PROGRESS}{name}"), scalar(value)));
        tensor_file::parameters("", self.parameters)
            .chain(best.flat_map(|best| tensor_file::parameters(BEST, best)))
            .chain(self.optimizer())
            .chain(progress)
            .chain(tensor_file::normalization(normalization))
            .chain([(CHECKSUM.to_owned(), Tensor::bytes(4))])
            .collect()
    }

    fn optimizer(&self) -> impl Iterator<Item = (String, Tensor)> {
        let numbers = number_names::<M>().enumerate();
        let numbers =
            numbers.map(|(index, name)| (number(name), scalar(self.optimizer.number(index))));
        let memories = memory_names::<M>().enumerate();
        let tensors = memories.flat_map(move |(memory, name)| {
            let infos = M::Parameters::TENSORS.iter().enumerate();
            infos.filter_map(move |(index, info)| {
                let values = self.optimizer.tensor(memory, index);
                let tensor = (!values.is_empty()).then(|| Tensor::new(info.shape, values));
                Some((remembered(name, info.name), tensor?))
            })
        });
        numbers.chain(tensors)
    }
}

fn scalar(value: f64) -> Tensor {
    Tensor::new(&[], &[value])
}

/// Writes checkpoints of one training.
pub(crate) struct Keeper<'a> {
    path: &'a Path,
    identity: Identity,
    normalization: Option<&'a Normalization>,
    /// Whether the file is there, and of this training.
    is_kept: bool,
}

impl<'a> Keeper<'a> {
    pub fn new<M: Trainable>(path: &'a Path, fit: &Fit, data: &'a Split) -> Self {
        Self {
            path,
            identity: Identity::of::<M>(fit, data),
            normalization: data.train.normalization(),
            is_kept: false,
        }
    }

    /// Takes note of the checkpoint that the training goes on from.
    pub fn found<M: Trainable>(&mut self, checkpoint: &Checkpoint<M>) {
        self.is_kept = self.path == checkpoint.path;
    }

    /// The last checkpoint of this training.
    pub fn kept(&self) -> Option<&Path> {
        self.is_kept.then_some(self.path)
    }

    /// Writes a checkpoint in the place of the one before.
    pub fn keep<M: Trainable>(&mut self, moment: &Moment<M>) -> Result<(), Error> {
        let tensors = moment.tensors(self.normalization);
        let mut bytes =
            tensor_file::serialize(tensors, identity::KEY, self.identity.text(), self.path)?;
        // Bytes have the smallest type of all tensors here, and so are written last.
        if let Some((rest, checksum)) = bytes.split_last_chunk_mut() {
            *checksum = crc(rest);
        }
        tensor_file::write(self.path, &bytes)?;
        self.is_kept = true;
        Ok(())
    }
}
