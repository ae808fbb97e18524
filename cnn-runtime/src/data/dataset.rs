//! Samples and what the network's outputs are compared with.

use super::Shape;
use super::normalization::Normalization;
use super::pixels;
use crate::error::Error;
use crate::math::Real;
use crate::model::{Model, Trainable};
use crate::target::Target;
use crate::tensor::Tensor;

/// Samples, all of one shape, and their targets.
///
/// Pixels are kept as bytes, as image files have them, and become numbers in `0..=1` when a batch is gathered.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    shape: Vec<usize>,
    values: Values,
    targets: Targets,
    class_names: Vec<String>,
    normalization: Option<Normalization>,
}

/// The values of samples, one sample after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Bytes that stand for `0..=1`.
    Pixels(Vec<u8>),
    /// Numbers that stand for themselves.
    Numbers(Vec<f32>),
}

/// The values of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample<'a> {
    /// Bytes that stand for `0..=1`.
    Pixels(&'a [u8]),
    /// Numbers that stand for themselves.
    Numbers(&'a [f32]),
}

/// What the outputs for samples are compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class for each sample.
    Classes {
        /// Their indices.
        labels: Vec<u8>,
        /// How many there are; every label is below.
        classes: usize,
    },
    /// Numbers for each sample, one sample after the other.
    Numbers {
        /// The numbers.
        values: Vec<f32>,
        /// How many each sample has.
        size: usize,
    },
    /// The sample itself, as the network sees it, but for cutout and noise.
    Inputs,
}

impl Dataset {
    /// Puts pictures and their labels together.
    ///
    /// `values` holds one sample of shape `shape` after the other; `name` is for messages.
    ///
    /// ```
    /// use cnn_runtime::data::{Dataset, Sample};
    ///
    /// let points = Dataset::new("two points", &[2], vec![0, 255, 255, 0], vec![0, 1], 2)?;
    /// assert_eq!(points.len(), 2);
    /// assert_eq!(points.sample(1), Sample::Pixels(&[255, 0]));
    /// # Ok::<(), cnn_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are no samples, if values and labels do not give the same number of them, or if a label is not below
    /// `classes`.
    pub fn new(
        name: impl Into<String>,
        shape: &[usize],
        values: Vec<u8>,
        labels: Vec<u8>,
        classes: usize,
    ) -> Result<Self, Error> {
        Self::with_targets(name, shape, values, Targets::Classes { labels, classes })
    }

    /// Puts any kind of samples and targets together.
    ///
    /// # Errors
    /// If there are no samples, if values and targets do not give the same number of them, or if a label is not one of
    /// the classes.
    pub fn with_targets(
        name: impl Into<String>,
        shape: &[usize],
        values: impl Into<Values>,
        targets: Targets,
    ) -> Result<Self, Error> {
        let (name, values) = (name.into(), values.into());
        let size = shape
            .iter()
            .try_fold(1_usize, |size, n| size.checked_mul(*n));
        let count = match (&targets, size) {
            (_, None | Some(0)) | (Targets::Numbers { size: 0, .. }, _) => 0,
            (Targets::Classes { labels, .. }, _) => labels.len(),
            (Targets::Numbers { values, size }, _) => values.len().div_ceil(*size),
            (Targets::Inputs, Some(size)) => values.len().div_ceil(size),
        };
        let help = targets.help();
        if count == 0 {
            return Err(Error::mismatch(format!("{name}: no samples"), help));
        }
        if size.and_then(|size| size.checked_mul(count)) != Some(values.len()) {
            let problem = format!(
                "{name}: {} values are not {count} samples of {}",
                values.len(),
                Shape(shape)
            );
            return Err(Error::mismatch(problem, help));
        }
        if let Some(problem) = targets.flaw() {
            return Err(Error::mismatch(format!("{name}: {problem}"), help));
        }
        Ok(Self {
            name,
            shape: shape.into(),
            values,
            targets,
            class_names: Vec::new(),
            normalization: None,
        })
    }

    /// What the samples are, or which file they come from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of samples; never zero.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.values.len() / self.size()
    }

    /// The shape of one sample: `[channels, height, width]` for images.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values of all samples, as they were before any normalisation.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What the outputs are compared with.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The number of classes; every label is below it. Zero where the targets are not classes.
    pub fn classes(&self) -> usize {
        match self.targets {
            Targets::Classes { classes, .. } => classes,
            _ => 0,
        }
    }

    /// What the classes are called; empty where they have numbers only.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of every sample; none where the targets are not classes.
    pub fn labels(&self) -> &[u8] {
        match &self.targets {
            Targets::Classes { labels, .. } => labels,
            _ => &[],
        }
    }

    /// The values of one sample, as they were before any normalisation.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, index: usize) -> Sample<'_> {
        let size = self.size();
        match &self.values {
            Values::Pixels(bytes) => Sample::Pixels(&bytes[index * size..][..size]),
            Values::Numbers(numbers) => Sample::Numbers(&numbers[index * size..][..size]),
        }
    }

    /// Writes one sample into a network's input: pixels as numbers in `0..=1`, all normalised if the data set is.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn gather<T: Tensor>(&self, index: usize, input: &mut T) {
        self.sample(index).write(input.values_mut());
        if let Some(normalization) = &self.normalization {
            normalization.apply(input.values_mut());
        }
    }

    /// Writes what the output for a sample is compared with; `input` is the sample as the network sees it.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn gather_target<I: Tensor, T: Target>(&self, index: usize, input: &I, target: &mut T) {
        match &self.targets {
            Targets::Classes { labels, .. } => *target = T::from_label(labels[index].into()),
            Targets::Numbers { values, size } => {
                let numbers = &values[index * size..][..*size];
                target.fill(numbers.iter().map(|number| f64::from(*number)));
            }
            Targets::Inputs => target.fill(input.values().iter().map(|value| value.to_f64())),
        }
        target.keep_input(input);
    }

    /// What the values are normalised by on their way into a network.
    pub fn normalization(&self) -> Option<&Normalization> {
        self.normalization.as_ref()
    }

    /// Normalises the values on their way into a network.
    ///
    /// # Errors
    /// If there is neither one mean for all nor one for each channel.
    pub fn normalize(&mut self, normalization: Normalization) -> Result<(), Error> {
        let channels = self.shape[0];
        let means = normalization.mean().len();
        if means != 1 && means != channels {
            return Err(Error::mismatch(
                format!(
                    "{}: samples are {}, but there are {means} means to normalise by",
                    self.name,
                    Shape(&self.shape)
                ),
                format!("give one mean for all, or one for each of the {channels} channels"),
            ));
        }
        self.normalization = Some(normalization);
        Ok(())
    }

    /// Sees the samples as a network's input where that has as many values and only the shape is open: vectors become
    /// pictures, and pictures without a dimension for their one channel get one.
    pub fn reshape(&mut self, input: &[usize]) {
        let is_open = self.shape.len() < input.len();
        if is_open && input.iter().product::<usize>() == self.size() {
            self.shape = input.into();
        }
    }

    /// Has the samples themselves for targets.
    pub fn reconstruct(&mut self) {
        self.targets = Targets::Inputs;
    }

    /// Calls the classes by names.
    pub(super) fn name_classes(&mut self, names: &[String]) {
        self.class_names = names.into();
    }

    /// Counts the classes anew, no fewer than there are.
    pub(super) fn set_classes(&mut self, count: usize) {
        if let Targets::Classes { classes, .. } = &mut self.targets {
            *classes = count.max(*classes);
        }
    }

    /// Checks that a network takes these samples.
    ///
    /// A network that takes `[features]` takes samples of any shape with that many values.
    ///
    /// # Errors
    /// If it does not, with both shapes.
    pub fn check_samples<M: Model>(&self) -> Result<(), Error> {
        if M::INPUT_SHAPE != self.shape && M::INPUT_SHAPE != [self.size()] {
            return Err(Error::mismatch(
                format!(
                    "{}: samples are {}, but the network `{}` takes {}",
                    self.name,
                    Shape(&self.shape),
                    M::NAME,
                    Shape(M::INPUT_SHAPE)
                ),
                format!("set `input = {:?}` in the network's file", self.shape),
            ));
        }
        Ok(())
    }

    /// Checks, beside, that it puts out what the samples are compared with.
    ///
    /// # Errors
    /// If it does not, with both shapes or sizes.
    pub fn check<M: Model>(&self) -> Result<(), Error> {
        self.check_samples::<M>()?;
        let outputs: usize = M::OUTPUT_SHAPE.iter().product();
        let (expected, problem) = match &self.targets {
            Targets::Classes { classes, .. } => {
                (*classes, format!("labels name {classes} classes"))
            }
            Targets::Numbers { size, .. } => (*size, format!("every sample has {size} targets")),
            Targets::Inputs => (
                self.size(),
                format!("{} values are to be reconstructed", self.size()),
            ),
        };
        if outputs == expected {
            return Ok(());
        }
        Err(Error::mismatch(
            format!(
                "{}: {problem}, but the network `{}` has {outputs} outputs",
                self.name,
                M::NAME
            ),
            if outputs == self.size() {
                "write `task = \"reconstruction\"` under `[data]`, if outputs are to be as inputs"
                    .into()
            } else {
                format!("let the last layer have `out_features = {expected}`")
            },
        ))
    }

    /// Checks, beside, that the network's loss can compare its outputs with these targets.
    ///
    /// # Errors
    /// If it is for classes and the targets are numbers.
    pub fn check_targets<M: Trainable>(&self) -> Result<(), Error> {
        self.check::<M>()?;
        if M::Target::TAKES_NUMBERS || matches!(self.targets, Targets::Classes { .. }) {
            return Ok(());
        }
        Err(Error::mismatch(
            format!(
                "{}: targets are numbers, but the loss of the network `{}` takes classes",
                self.name,
                M::NAME
            ),
            "choose a loss for numbers, such as `mse`, in the network's file",
        ))
    }

    /// The number of values of one sample; never zero.
    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Values {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Pixels(bytes) => bytes.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<u8>> for Values {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Pixels(bytes)
    }
}

impl From<Vec<f32>> for Values {
    fn from(numbers: Vec<f32>) -> Self {
        Self::Numbers(numbers)
    }
}

impl<'a> Sample<'a> {
    /// The bytes, if it has pixels.
    pub fn pixels(self) -> Option<&'a [u8]> {
        match self {
            Self::Pixels(bytes) => Some(bytes),
            Self::Numbers(_) => None,
        }
    }

    /// Writes the values, bytes as numbers in `0..=1`.
    pub fn write<R: Real>(self, values: &mut [R]) {
        match self {
            Self::Pixels(bytes) => pixels::write(bytes, values),
            Self::Numbers(numbers) => {
                for (value, number) in values.iter_mut().zip(numbers) {
                    *value = R::from_f64(f64::from(*number));
                }
            }
        }
    }
}

impl Targets {
    /// What is wrong with them by themselves, if anything.
    fn flaw(&self) -> Option<String> {
        match self {
            Self::Classes { labels, classes } => {
                let is_foreign = |label: &u8| usize::from(*label) >= *classes;
                let index = labels.iter().position(is_foreign)?;
                let label = labels[index];
                Some(format!(
                    "sample {index} has label {label}, but there are {classes} classes"
                ))
            }
            Self::Numbers { values, size } => {
                let rest = values.len() % size;
                (rest > 0).then(|| format!("the last sample has {rest} of {size} targets"))
            }
            Self::Inputs => None,
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Classes { .. } => "give every sample one label below the number of classes",
            Self::Numbers { .. } => "give every sample as many targets as the network has outputs",
            Self::Inputs => "give every sample as many values as its shape has",
        }
    }
}
