//! A trained network put to use.

mod prediction;

use super::arguments::PredictArguments;
use super::{complain, console};
use crate::data::{Dataset, Normalization, Preparation, Reader};
use crate::error::Error;
use crate::meaning::meaning;
use crate::model::{Model, Trainable};
use crate::settings::{Normalize, Task};
use crate::tensor::Tensor;
use crate::weights;
use crate::zeroed::Zeroed;
use prediction::{Prediction, Verdict};
use std::path::Path;
use std::slice;

/// Prints what the network makes of every file, and an error for each that it cannot be shown.
pub fn run<M: Trainable>(arguments: &PredictArguments) -> Result<(), Error> {
    let mut predictor = Predictor::<M>::load(arguments)?;
    if let [file] = arguments.files.as_slice() {
        return predictor.predict(file);
    }
    let mut failures = 0;
    for file in &arguments.files {
        if let Err(error) = predictor.predict(file) {
            complain(&error);
            failures += 1;
        }
    }
    match failures {
        0 => Ok(()),
        _ => Err(Error::mismatch(
            format!(
                "{failures} of {} files were left out",
                arguments.files.len()
            ),
            "mend them as is said above, and name them again",
        )),
    }
}

/// A network with its weights, and all that must be known to show samples to it.
struct Predictor<'a, M: Model> {
    arguments: &'a PredictArguments,
    reader: Reader,
    preparation: Preparation,
    parameters: Box<M::Parameters>,
    normalization: Option<Normalization>,
    class_names: Vec<String>,
    input: Box<M::Input>,
    output: Box<M::Output>,
    activations: Box<M::BatchActivations>,
}

impl<'a, M: Trainable> Predictor<'a, M> {
    fn load(arguments: &'a PredictArguments) -> Result<Self, Error> {
        let path = &arguments.weights;
        let mut parameters = M::Parameters::boxed();
        let normalization = weights::load::<M>(&mut parameters, path)?;
        let outputs: usize = M::OUTPUT_SHAPE.iter().product();
        let mut class_names = weights::class_names(path)?;
        if class_names.len() != outputs {
            class_names = (0..outputs).map(|class| class.to_string()).collect();
        }
        Ok(Self {
            arguments,
            reader: Reader::new::<M>(),
            preparation: arguments.prepare.unwrap_or_else(Preparation::of::<M>),
            parameters,
            normalization: normalization_for::<M>(normalization, path)?,
            class_names,
            input: M::Input::boxed(),
            output: M::Output::boxed(),
            activations: M::BatchActivations::boxed(),
        })
    }

    /// Prints a line for each sample of a file.
    fn predict(&mut self, file: &Path) -> Result<(), Error> {
        let mut data = self.reader.samples(file, self.preparation)?;
        data.check_samples::<M>()?;
        if let Some(normalization) = &self.normalization {
            data.normalize(normalization.clone())?;
        }
        let is_for_programs = self.arguments.json;
        (0..data.len()).try_for_each(|sample| {
            let prediction = self.sample(file, &data, sample);
            if is_for_programs {
                console::answer(prediction.json())
            } else {
                console::answer(Ok(prediction))
            }
        })
    }

    fn sample<'p>(&'p mut self, file: &'p Path, data: &Dataset, sample: usize) -> Prediction<'p> {
        data.gather(sample, &mut *self.input);
        // A trainer has the kernels for batches anyway, and others would take time to compile.
        M::forward_batch(
            &self.parameters,
            slice::from_ref(&*self.input),
            slice::from_mut(&mut *self.output),
            &mut self.activations,
        );
        let values = meaning(M::OUTPUTS, self.output.values());
        Prediction {
            file,
            sample,
            is_alone: data.len() == 1,
            verdict: match M::DATA.task {
                Task::Classification => Verdict::Classes {
                    values,
                    outputs: M::OUTPUTS,
                    names: &self.class_names,
                    top: self.arguments.top.get(),
                },
                Task::Regression | Task::Reconstruction => Verdict::Numbers(values),
            },
        }
    }
}

/// What samples are normalised by: as the weights say, or else as the network's file does.
fn normalization_for<M: Trainable>(
    of_weights: Option<Normalization>,
    path: &Path,
) -> Result<Option<Normalization>, Error> {
    match (of_weights, M::DATA.normalize) {
        (None, Normalize::Given { mean, std }) => Normalization::new(mean, std).map(Some),
        (None, Normalize::Computed) => Err(Error::content(
            path,
            "there is nothing in it of what the samples were normalised by",
            "take weights that a trainer has saved, or write `mean` and `std` into the network's file",
        )),
        (of_weights, _) => Ok(of_weights),
    }
}
