//! Reading a folder of any format.

use super::{Split, cifar, csv, idx, npy};
use crate::error::Error;
use crate::model::Trainable;
use crate::settings::{Format, Task};
use std::path::Path;

/// How the files of a data set are to be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// How they are written; `None` if they themselves show it.
    pub format: Option<Format>,
    /// What an output is compared with.
    pub task: Task,
    /// The columns of a CSV file that hold the targets, by name or by number from 1; none for the last one.
    pub targets: Vec<String>,
    /// The shape that the network takes.
    pub input: Vec<usize>,
}

/// Each format, with the file or folder that shows it.
const SIGNS: [(Format, &str); 7] = [
    (Format::Idx, "train-images-idx3-ubyte"),
    (Format::Idx, "train-images-idx3-ubyte.gz"),
    (Format::Cifar10, "data_batch_1.bin"),
    (Format::Cifar100, "train.bin"),
    (Format::Csv, "train.csv"),
    (Format::Npy, "x_train.npy"),
    (Format::Images, "train"),
];

impl Reader {
    /// As the section `[data]` of the network's file says.
    pub fn new<M: Trainable>() -> Self {
        Self {
            format: M::DATA.format,
            task: M::DATA.task,
            targets: M::DATA
                .targets
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            input: M::INPUT_SHAPE.into(),
        }
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// If it is of no known format, or whatever the reader of its format has to say.
    pub fn read(&self, folder: &Path) -> Result<Split, Error> {
        if !folder.is_dir() {
            return Err(Error::content(
                folder,
                "there is no such folder",
                "put the files there, or name their folder with `--data`, or with `path` under `[data]` in the \
                 network's file",
            ));
        }
        let format = self.format.map_or_else(|| detect(folder), Ok)?;
        let has_classes_only = !matches!(format, Format::Csv | Format::Npy);
        if has_classes_only && self.task == Task::Regression {
            return Err(Error::content(
                folder,
                "there are classes in these files, and a regression needs numbers",
                "put samples and targets into CSV or NumPy files, or drop `task`",
            ));
        }
        let mut split = match format {
            Format::Idx => idx::load(folder)?,
            Format::Cifar10 => cifar::load_10(folder)?,
            Format::Cifar100 => cifar::load_100(folder)?,
            Format::Images => images(folder, &self.input)?,
            Format::Csv => csv::load(folder, self.task, &self.targets)?,
            Format::Npy => npy::load(folder, self.task)?,
        };
        for data in [&mut split.train, &mut split.test] {
            data.reshape(&self.input);
            if self.task == Task::Reconstruction {
                data.reconstruct();
            }
        }
        Ok(split)
    }
}

fn detect(folder: &Path) -> Result<Format, Error> {
    let is_there = |(_, sign): &&(Format, &str)| folder.join(sign).exists();
    let found = SIGNS.iter().find(is_there).map(|(format, _)| *format);
    found.ok_or_else(|| {
        let signs = SIGNS.map(|(_, sign)| sign).join(", ");
        Error::content(
            folder,
            format!("there is none of {signs}"),
            "name a folder with the files of MNIST, Fashion-MNIST, CIFAR, with CSV, NumPy or picture files",
        )
    })
}

#[cfg(feature = "images")]
fn images(folder: &Path, input: &[usize]) -> Result<Split, Error> {
    super::images::load(folder, input)
}

#[cfg(not(feature = "images"))]
fn images(folder: &Path, _: &[usize]) -> Result<Split, Error> {
    Err(Error::content(
        folder,
        "this program was built without what reads pictures",
        "write `format = \"images\"` under `[data]` in the network's file, and build the trainer again",
    ))
}
