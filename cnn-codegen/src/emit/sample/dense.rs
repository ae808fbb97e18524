//! `dense` on vectors: dot products of several rows of weights with the input at a time.

use super::activation;
use super::function::{Call, Function};
use crate::emit::function::parameters_pattern;
use crate::emit::tokens::{formula, number};
use crate::plan::Plan;
use crate::plan::spatial::WIDTHS;
use crate::plan::stage::{Schedule, Stage};
use crate::plan::tile;
use cnn_spec::layer::{Activation, Dense};
use quote::quote;

/// Weighted sums of every input.
pub fn forward(
    dense: &Dense,
    activation: Option<Activation>,
    plan: &Plan,
    schedule: &Schedule,
    stage: &Stage,
) -> Function {
    let pattern = parameters_pattern(plan, &stage.layer);
    let outputs = number(dense.out_features);
    let (store, bias_text) = if dense.bias {
        (
            quote! {
                for f in 0..FEATURES {
                    output[o + f] = bias[o + f] + sums[f];
                }
            },
            "bias[o] + ",
        )
    } else {
        (quote!(output[o..o + FEATURES].copy_from_slice(&sums);), "")
    };
    let activate = activation.map(activation::in_place);
    let input = &schedule.tensors[stage.input].shape;
    let sum = format!("{bias_text}Σ weight[o][i] · input[i]");
    let doc = format!(
        "`{}` forward, {input} → {}: each output is a weighted sum of every input. `FEATURES` outputs are computed at a \
         time.\n\n{}",
        stage.name,
        dense.out_features,
        formula(&format!(
            "output[o] = {}    over i",
            activation::value_text(activation, &sum)
        )),
    );
    let body = quote! {
        let #pattern = parameters;
        for o in rows::starts(#outputs, FEATURES) {
            let rows = &weight[o..o + FEATURES];
            let sums: [f32; FEATURES] = rows::dot(simd, rows, input.values());
            #store
        }
        #activate
    };
    let sizes = vec![features(dense.out_features, input.elements())];
    Function {
        layer: Some(stage.layer.clone()),
        sizes: vec!["FEATURES"],
        calls: WIDTHS.map(|_| {
            vec![Call {
                sizes: sizes.clone(),
                maps: None,
            }]
        }),
        ..Function::new(schedule, stage, doc, body)
    }
}

/// How many outputs are computed at a time: few enough that their rows stay apart in the nearest cache, with what is
/// fetched ahead of them, and such that the last ones are computed twice as little as possible.
fn features(outputs: usize, inputs: usize) -> usize {
    let most = if tile::shares_places(inputs) { 4 } else { 10 };
    (1..=outputs.min(most))
        .min_by_key(|features| outputs.div_ceil(*features) * (features + 1))
        .unwrap_or(1)
}
