//! PyTorch's figures, as `pytorch/figures.py` wrote them.

use crate::flat::{Batch, Tensors, one_hot};
use cnn_runtime::TensorInfo;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Values of tensors by name.
pub type Named = BTreeMap<String, Vec<f64>>;

/// The figures of one network.
#[derive(Debug, Deserialize)]
pub struct Figures {
    /// The network's file.
    pub toml: String,
    /// First values.
    pub parameters: Named,
    inputs: Vec<Vec<f64>>,
    labels: Option<Vec<usize>>,
    targets: Option<Vec<Vec<f64>>>,
    /// What the network puts out for each sample.
    pub outputs: Vec<Vec<f64>>,
    /// The cost of the batch.
    pub loss: f64,
    /// The cost's derivatives with respect to the parameters.
    pub gradients: Named,
    /// The cost's derivatives with respect to each sample.
    pub input_gradients: Vec<Vec<f64>>,
    /// The parameters after each step.
    pub steps: Vec<Named>,
}

impl Figures {
    /// The figures of this name.
    ///
    /// # Panics
    /// If there are none.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pytorch/{name}.json"));
        let text = fs::read_to_string(path).expect("the figures can be read");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The batch, with one-hot targets where the file has labels.
    ///
    /// # Panics
    /// If the figures have neither labels nor targets.
    pub fn batch(&self) -> Batch {
        let classes = self.outputs[0].len();
        let one_hot = |label: &usize| one_hot(*label, classes);
        let targets = match &self.labels {
            Some(labels) => labels.iter().map(one_hot).collect(),
            None => self.targets.clone().expect("labels or targets"),
        };
        Batch {
            inputs: self.inputs.clone(),
            targets,
        }
    }
}

/// The values in the order of `tensors`.
///
/// # Panics
/// If the names are not the same.
pub fn ordered(named: &Named, tensors: &[TensorInfo]) -> Tensors {
    assert_eq!(named.len(), tensors.len());
    let values = tensors.iter().map(|info| named[info.name].clone());
    values.collect()
}
