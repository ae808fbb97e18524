//! What a network is trained on: where the samples are, what they are compared with, and how they are normalised.

use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo, Limits, Word, Words};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::fmt;
use std::ops::Bound;

/// The `[data]` section, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The folder with the files; without one, synthetic digits are drawn.
    pub path: Option<String>,
    /// How they are written; `None` if the files themselves show it.
    pub format: Option<Format>,
    /// What an output is compared with.
    pub task: Task,
    /// The columns of a CSV file that hold the targets; none for the last one.
    pub targets: Vec<String>,
    /// What is done to the values on their way into the network.
    pub normalization: Normalization,
}

/// A way to write samples into files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// MNIST's, which Fashion-MNIST and others share.
    Idx,
    /// The binary version of CIFAR-10.
    Cifar10,
    /// The binary version of CIFAR-100, with its fine labels.
    Cifar100,
    /// A folder of pictures for each class.
    Images,
    /// A line of numbers for each sample.
    Csv,
    /// Arrays of `NumPy`.
    Npy,
}

/// What an output is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// The class of the sample.
    #[default]
    Classification,
    /// Numbers that belong to the sample.
    Regression,
    /// The sample itself, as the network sees it, but for cutout and noise.
    Reconstruction,
}

/// `(x − mean) / std` for every channel, or for every feature of a vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Normalization {
    /// The values stay as they are; pixels in 0 to 1.
    #[default]
    None,
    /// With what the training data have.
    Computed,
    /// With these; a single number is for all channels.
    Given {
        /// What is subtracted.
        mean: Vec<f64>,
        /// What the difference is divided by.
        std: Vec<f64>,
    },
}

const PATH: Key<String> = Key::optional(
    "path",
    Form::Text,
    "the trainer draws synthetic digits",
    "The folder with the files.",
);
const FORMAT: Key<Format> = Key::optional(
    "format",
    Form::words::<Format>(),
    "it is told from the files in the folder",
    "How the files are written.",
);
const TASK: Key<Task> = Key::or(
    "task",
    Form::words::<Task>(),
    "\"classification\"",
    "What an output is compared with.",
);
const TARGETS: Key<Vec<String>> = Key::optional(
    "targets",
    Form::List(&Form::Text),
    "the last column holds the target",
    "The columns of a CSV file that hold the targets: their names, or their numbers from 1.",
);
const NORMALIZE: Key<bool> = Key::optional(
    "normalize",
    Form::Boolean,
    "values are normalised if `mean` and `std` are given",
    "Whether each channel gets the mean 0 and the standard deviation 1 over the training data.",
);
const MEAN: Key<Vec<f64>> = Key::optional(
    "mean",
    Form::List(&Form::Number(Limits {
        from: Bound::Included(-1e6),
        to: Bound::Included(1e6),
    })),
    "it is computed from the training data",
    "The mean of each channel, or one for all.",
);
const STD: Key<Vec<f64>> = Key::optional(
    "std",
    Form::List(&Form::Number(Limits {
        from: Bound::Included(1e-6),
        to: Bound::Included(1e6),
    })),
    "it is computed from the training data",
    "The standard deviation of each channel, or one for all.",
);

/// The keys of `[data]`.
pub(crate) const KEYS: &[KeyInfo] = &[
    PATH.info,
    FORMAT.info,
    TASK.info,
    TARGETS.info,
    NORMALIZE.info,
    MEAN.info,
    STD.info,
];

impl Data {
    pub(crate) fn read(fields: Fields<'_>, input: &Shape) -> Result<Self, Refusal> {
        let task = fields.get(&TASK)?;
        let targets = fields.find(&TARGETS).unwrap_or_default();
        refuse_targets(task, &targets)?;
        Ok(Self {
            path: fields.find(&PATH),
            format: fields.find(&FORMAT),
            task,
            targets,
            normalization: normalization(fields, input)?,
        })
    }
}

fn refuse_targets(task: Task, targets: &[String]) -> Result<(), Refusal> {
    let refused = match task {
        Task::Classification if targets.len() > 1 => (
            "a class stands in one column",
            "name one column, or set `task = \"regression\"`",
        ),
        Task::Reconstruction if !targets.is_empty() => (
            "what is reconstructed is the sample itself",
            "drop `targets`",
        ),
        _ => return Ok(()),
    };
    let (message, help) = refused;
    Err(Refusal::new(message).key(TARGETS.info.name).help(help))
}

fn normalization(fields: Fields<'_>, input: &Shape) -> Result<Normalization, Refusal> {
    let given = match (fields.find(&MEAN), fields.find(&STD)) {
        (None, None) => None,
        (Some(mean), Some(std)) => Some((mean, std)),
        (Some(_), None) => return Err(lonely(&MEAN, &STD)),
        (None, Some(_)) => return Err(lonely(&STD, &MEAN)),
    };
    match (fields.find(&NORMALIZE), given) {
        (Some(false), Some(_)) => Err(Refusal::new("`mean` and `std` are for normalisation")
            .key(NORMALIZE.info.name)
            .label("this switches it off")
            .help("drop `normalize`, or `mean` and `std`")),
        (Some(true), None) => Ok(Normalization::Computed),
        (_, None) => Ok(Normalization::None),
        (_, Some((mean, std))) => {
            refuse_length(&MEAN, &mean, input)?;
            refuse_length(&STD, &std, input)?;
            Ok(Normalization::Given { mean, std })
        }
    }
}

fn lonely(given: &Key<Vec<f64>>, missing: &Key<Vec<f64>>) -> Refusal {
    let (given, missing) = (given.info.name, missing.info.name);
    Refusal::new(format!("`{given}` is given, and `{missing}` is not"))
        .key(given)
        .help(format!(
            "add `{missing}`, or compute both with `normalize = true`"
        ))
}

fn refuse_length(key: &Key<Vec<f64>>, values: &[f64], input: &Shape) -> Result<(), Refusal> {
    let channels = input.dims().first().copied().unwrap_or(1);
    if values.len() == 1 || values.len() == channels {
        return Ok(());
    }
    let noun = if input.rank() == 1 {
        "features"
    } else {
        "channels"
    };
    let name = key.info.name;
    let message = format!("`{name}` has {} values for {channels} {noun}", values.len());
    Err(Refusal::new(message).key(name).help(format!(
        "give one number, or one for each of the {channels} {noun}"
    )))
}

/// One line with everything that is not as usual, or nothing.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |values: &[f64]| {
            let values: Vec<_> = values.iter().map(f64::to_string).collect();
            values.join(", ")
        };
        let task = (self.task != Task::default()).then(|| self.task.word().to_owned());
        let normalization = match &self.normalization {
            Normalization::None => None,
            Normalization::Computed => Some("normalised by the training data".to_owned()),
            Normalization::Given { mean, std } => {
                let (mean, std) = (listed(mean), listed(std));
                Some(format!(
                    "normalised by mean {mean} and standard deviation {std}"
                ))
            }
        };
        let words: Vec<_> = task.into_iter().chain(normalization).collect();
        f.write_str(&words.join(", "))
    }
}

impl Words for Format {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Idx,
            Word::new("idx", "The files of MNIST and Fashion-MNIST."),
        ),
        (
            Self::Cifar10,
            Word::new("cifar10", "The binary files of CIFAR-10."),
        ),
        (
            Self::Cifar100,
            Word::new("cifar100", "The binary files of CIFAR-100, fine labels."),
        ),
        (
            Self::Images,
            Word::new(
                "images",
                "A folder of PNG and JPEG pictures for each class.",
            ),
        ),
        (
            Self::Csv,
            Word::new("csv", "A line of numbers for each sample."),
        ),
        (Self::Npy, Word::new("npy", "Arrays of NumPy.")),
    ];
}

impl Words for Task {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Classification,
            Word::new("classification", "With the class of the sample."),
        ),
        (
            Self::Regression,
            Word::new("regression", "With numbers that belong to the sample."),
        ),
        (
            Self::Reconstruction,
            Word::new(
                "reconstruction",
                "With the sample itself, as the network sees it, but for cutout and noise.",
            ),
        ),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The section of a small network with this text in it.
    fn data(section: &str) -> Data {
        let text = format!(
            "[network]
            name = \"Net\"
            input = [3, 2, 2]
            [[layer]]
            type = \"dense\"
            out_features = 12
            [training]
            loss = \"mse\"
            optimizer = \"sgd\"
            [data]
            {section}"
        );
        crate::parse(&text, "net.toml").unwrap().data
    }

    #[test]
    fn an_empty_section_is_as_none() {
        assert_eq!(data(""), Data::default());
    }

    #[test]
    fn every_key_is_read() {
        let section = "path = \"houses\"
            format = \"csv\"
            task = \"regression\"
            targets = [\"price\", \"7\"]
            mean = [1, -2.5, 3]
            std = [0.5]";
        let expected = Data {
            path: Some("houses".to_owned()),
            format: Some(Format::Csv),
            task: Task::Regression,
            targets: vec!["price".to_owned(), "7".to_owned()],
            normalization: Normalization::Given {
                mean: vec![1.0, -2.5, 3.0],
                std: vec![0.5],
            },
        };
        assert_eq!(data(section), expected);
        assert_eq!(
            expected.to_string(),
            "regression, normalised by mean 1, -2.5, 3 and standard deviation 0.5"
        );
    }

    #[test]
    fn normalisation_is_computed_unless_given() {
        assert_eq!(
            data("normalize = true").normalization,
            Normalization::Computed
        );
        assert_eq!(data("normalize = false").normalization, Normalization::None);
        let given = data("normalize = true\nmean = [1]\nstd = [2]").normalization;
        assert!(matches!(given, Normalization::Given { .. }));
    }
}
