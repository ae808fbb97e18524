//! What a network is and takes: a table for people, and JSON for programs.

use crate::Kernels;
use crate::emit::memory::Memory;
use std::fmt;

/// The table of layers, the settings of the training, and the bytes that a compiled network keeps in memory.
///
/// Prints in 120 columns, and with `{:#}` with every column of the table.
#[derive(Clone, Debug)]
pub struct Summary {
    pub(crate) layers: cnn_spec::Summary,
    pub(crate) kernels: Kernels,
    pub(crate) memory: Memory,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layers.fmt(f)?;
        write!(f, "\nkernels: {}\n{}", self.kernels.word(), self.memory)
    }
}

#[cfg(feature = "command")]
mod json {
    use super::Summary;
    use crate::emit::memory::Memory;
    use cnn_spec::summary::{Costs, Row};
    use serde_json::{Value, json};

    impl Summary {
        /// The same as JSON: sizes are numbers of values or of bytes.
        pub fn json(&self) -> String {
            let layers: Vec<Value> = self.layers.rows.iter().map(row).collect();
            let summary = json!({
                "network": self.layers.title,
                "layers": layers,
                "totals": costs(&self.layers.totals),
                "training": self.layers.training,
                "kernels": self.kernels.word(),
                "memory_bytes": memory(&self.memory),
            });
            format!("{summary:#}")
        }
    }

    fn row(row: &Row) -> Value {
        let inputs: Vec<&[usize]> = row.inputs.iter().map(cnn_spec::Shape::dims).collect();
        json!({
            "name": row.name,
            "kind": row.kind,
            "inputs": inputs,
            "output": row.output.dims(),
            "receptive_field": row.receptive_field,
            "first_values": row.first_values,
            "costs": costs(&row.costs),
        })
    }

    fn costs(costs: &Costs) -> Value {
        json!({
            "parameters": costs.parameters,
            "multiply_adds": { "forward": costs.forward, "training": costs.training },
            "bytes": {
                "weights": costs.weight_bytes,
                "activations": costs.activation_bytes,
                "gradients": costs.gradient_bytes,
            },
        })
    }

    fn memory(memory: &Memory) -> Value {
        let training = memory.training.map(|training| {
            json!({
                "workspace_per_thread": training.workspace,
                "gradients": memory.parameters,
                "optimizer": training.optimizer,
            })
        });
        json!({
            "parameters": memory.parameters,
            "inference": { "one_sample": memory.sample, "batch": memory.batch },
            "training": training,
        })
    }
}
