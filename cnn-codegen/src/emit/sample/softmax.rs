//! `softmax` on vectors: logits become probabilities.

use super::function::{Function, shapes};
use crate::emit::tokens::formula;
use crate::plan::stage::{Schedule, Stage};
use quote::quote;

/// The probabilities.
pub fn forward(schedule: &Schedule, stage: &Stage) -> Function {
    let doc = format!(
        "`{}` forward, {}: logits become probabilities. The largest logit is subtracted first, which changes nothing but \
         keeps every power at most one.\n\n{}",
        stage.name,
        shapes(schedule, stage),
        formula("output[j] = e^input[j] / Σ e^input[k]    over k"),
    );
    let body = quote! {
        let largest = input.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        *output = *input;
        for values in output.chunks_mut(S::COUNT) {
            let z = rows::load_part(simd, values) - largest;
            rows::store_part(simd, values, lanes::exp(simd, z));
        }
        let sum: f32 = output.iter().sum();
        for p in output {
            *p /= sum;
        }
    };
    Function::new(schedule, stage, doc, body)
}
