//! A value that several steps read has one alias for each of them, so that each sends a delta of its own back.

use super::{Operation, Plan, Step, Value, ValueId};

/// After this, no value that needs a delta is read twice by who sends one back, a layer or a loss: such readers read
/// aliases, which are the same activation, and a `fork` behind it adds up their deltas.
pub fn fork(plan: &mut Plan) {
    let steps = std::mem::take(&mut plan.steps);
    let mut readers = vec![0; plan.values.len()];
    let senders = steps.iter().filter(|step| sends_delta(step, plan));
    let judged = plan.heads.iter().map(|head| head.scores);
    for input in senders
        .flat_map(|step| step.inputs.iter().copied())
        .chain(judged)
    {
        readers[input.0] += 1;
    }
    let is_forked = |id: ValueId, plan: &Plan| plan.value(id).has_delta && readers[id.0] > 1;
    for index in 0..plan.heads.len() {
        let scores = plan.heads[index].scores;
        if is_forked(scores, plan) {
            let judge = format!("{}_loss", plan.heads[index].objective.name);
            plan.heads[index].scores = alias(plan, scores, &judge);
        }
    }
    for mut step in steps {
        let sends_delta = sends_delta(&step, plan);
        for input in &mut step.inputs {
            if sends_delta && is_forked(*input, plan) {
                *input = alias(plan, *input, &step.name);
            }
        }
        let (output, purpose) = (step.output, step.purpose);
        plan.steps.push(step);
        if is_forked(output, plan) {
            plan.steps.push(Step {
                name: format!("{}_fork", plan.value(output).name),
                operation: Operation::Fork,
                parameters: &[],
                learns: false,
                inputs: vec![output],
                output,
                purpose,
            });
        }
    }
}

/// Whether a step sends deltas back; in a network that is not trained, whether it would.
fn sends_delta(step: &Step, plan: &Plan) -> bool {
    step.purpose.loss || plan.heads.is_empty()
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
