//! Labelled samples: what a network learns from and is tested on.

pub mod digits;
#[cfg(feature = "download")]
pub mod download;
pub mod idx;
mod pixels;

use crate::error::Error;
use crate::model::Model;
use crate::tensor::Tensor;

/// Labelled samples, all of one shape.
///
/// Values are kept as bytes, as image files have them, and become numbers in `0..=1` when a batch is gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    shape: Vec<usize>,
    values: Vec<u8>,
    labels: Vec<u8>,
    classes: usize,
}

/// A training set and the test set that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What the network learns from.
    pub train: Dataset,
    /// What it is measured on.
    pub test: Dataset,
}

impl Dataset {
    /// Puts samples and their labels together.
    ///
    /// `values` holds one sample of shape `shape` after the other; `name` is for messages.
    ///
    /// ```
    /// use cnn_runtime::data::Dataset;
    ///
    /// let points = Dataset::new("two points", &[2], vec![0, 255, 255, 0], vec![0, 1], 2)?;
    /// assert_eq!(points.len(), 2);
    /// assert_eq!(points.sample(1), [255, 0]);
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
        let name = name.into();
        let help = "give every sample one label below the number of classes";
        let size = shape
            .iter()
            .try_fold(1_usize, |size, n| size.checked_mul(*n));
        if labels.is_empty() || size == Some(0) {
            return Err(Error::mismatch(format!("{name}: no samples"), help));
        }
        if size.and_then(|size| size.checked_mul(labels.len())) != Some(values.len()) {
            let problem = format!(
                "{name}: {} values are not {} samples of {}",
                values.len(),
                labels.len(),
                Shape(shape)
            );
            return Err(Error::mismatch(problem, help));
        }
        if let Some(index) = labels
            .iter()
            .position(|label| usize::from(*label) >= classes)
        {
            let problem = format!(
                "{name}: sample {index} has label {}, but there are {classes} classes",
                labels[index]
            );
            return Err(Error::mismatch(problem, help));
        }
        Ok(Self {
            name,
            shape: shape.into(),
            values,
            labels,
            classes,
        })
    }

    /// What the samples are, or which file they come from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of samples; never zero.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The shape of one sample: `[channels, height, width]` for images.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of every sample.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The bytes of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, index: usize) -> &[u8] {
        let size = self.values.len() / self.len();
        &self.values[index * size..][..size]
    }

    /// Writes one sample into a network's input, as numbers in `0..=1`.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn gather<T: Tensor>(&self, index: usize, input: &mut T) {
        pixels::write(self.sample(index), input.values_mut());
    }

    /// Checks that a network takes these samples and tells these classes apart.
    ///
    /// A network that takes `[features]` takes samples of any shape with that many values.
    ///
    /// # Errors
    /// If it does not, with both shapes or numbers of classes.
    pub fn check<M: Model>(&self) -> Result<(), Error> {
        let features: usize = self.shape.iter().product();
        if M::INPUT_SHAPE != self.shape && M::INPUT_SHAPE != [features] {
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
        let outputs: usize = M::OUTPUT_SHAPE.iter().product();
        if outputs != self.classes {
            return Err(Error::mismatch(
                format!(
                    "{}: labels name {} classes, but the network `{}` has {outputs} outputs",
                    self.name,
                    self.classes,
                    M::NAME
                ),
                format!("let the last layer have `out_features = {}`", self.classes),
            ));
        }
        Ok(())
    }
}

/// Prints a shape as `1×28×28`.
pub(crate) struct Shape<'a>(pub &'a [usize]);

impl std::fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, size) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "×" };
            write!(f, "{separator}{size}")?;
        }
        Ok(())
    }
}
