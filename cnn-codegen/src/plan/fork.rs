//! A value that several steps read has one alias for each of them, so that each sends a delta of its own back.

use super::{Operation, Plan, Step, Value, ValueId};

/// After this, no value that needs a delta is read twice: its readers read aliases, which are the same activation, and
/// a `fork` behind it adds up their deltas.
pub fn fork(plan: &mut Plan) {
    let steps = std::mem::take(&mut plan.steps);
    let mut readers = vec![0; plan.values.len()];
    for input in steps.iter().flat_map(|step| &step.inputs) {
        readers[input.0] += 1;
    }
    let is_forked = |id: ValueId, plan: &Plan| plan.value(id).has_delta && readers[id.0] > 1;
    for mut step in steps {
        for input in &mut step.inputs {
            if is_forked(*input, plan) {
                *input = alias(plan, *input, &step.name);
            }
        }
        let output = step.output;
        plan.steps.push(step);
        if is_forked(output, plan) {
            plan.steps.push(Step {
                name: format!("{}_fork", plan.value(output).name),
                operation: Operation::Fork,
                parameters: &[],
                learns: false,
                inputs: vec![output],
                output,
            });
        }
    }
}

/// The value under another name, for one reader.
fn alias(plan: &mut Plan, original: ValueId, reader: &str) -> ValueId {
    let Value { name, shape, .. } = plan.value(original);
    let alias = Value {
        name: format!("{name}_from_{reader}"),
        shape: shape.clone(),
        has_delta: true,
        original: Some(original),
    };
    plan.values.push(alias);
    ValueId(plan.values.len() - 1)
}
