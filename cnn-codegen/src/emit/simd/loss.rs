//! Losses of a block: the totals of its samples, and the delta that the backward pass starts from. Lanes without a
//! sample get a delta of zero and so have no part in any gradient.

use super::function::{flat, flat_mut, lanes_type};
use crate::emit::tokens::{doc, formula, real};
use crate::plan::Plan;
use cnn_spec::network::Dtype;
use cnn_spec::training::Loss;
use proc_macro2::TokenStream;
use quote::quote;

/// `loss_lanes` and `loss_backward_lanes`.
pub fn functions(loss: Loss, plan: &Plan) -> TokenStream {
    let count = real(plan.value(plan.scores).shape.elements() as f64, Dtype::F32);
    match loss {
        Loss::SoftmaxCrossEntropy => softmax_cross_entropy(plan),
        Loss::Mse => squared_error(
            plan,
            &quote!(sum / #count),
            &quote!(2.0 * (a - y) / (#count * samples)),
        ),
        Loss::Quadratic => squared_error(plan, &quote!(0.5 * sum), &quote!((a - y) / samples)),
    }
}

fn softmax_cross_entropy(plan: &Plan) -> TokenStream {
    let scores = lanes_type(&plan.value(plan.scores).shape);
    let totals_doc = doc(&format!(
        "Softmax cross-entropy of the samples of a block, and how many of them have their largest logit at their \
         label.\n\n{}\n\n# Panics\n\nIf there is no such label.",
        formula("loss = ln Σ e^logits[j] − logits[label]    over j"),
    ));
    let backward_doc = doc(&format!(
        "The delta of the logits. A batch's loss is the mean over its samples.\n\n{}\n\n# Panics\n\nIf there is no such \
         label.",
        formula("delta[j] = (softmax(logits)[j] − (1 if j is the label, else 0)) / batch_size"),
    ));
    quote! {
        #totals_doc
        pub fn loss_lanes<S: Lanes>(simd: S, logits: &#scores, labels: &[Target]) -> cnn_runtime::Totals {
            simd.vectorize(#[inline(always)] || {
                let mut largest = lanes::load(simd, &logits[0]);
                let mut class = lanes::splat(simd, 0.0);
                for (j, z) in logits.iter().enumerate().skip(1) {
                    let z = lanes::load(simd, z);
                    let is_larger = z.simd_gt(largest);
                    class = is_larger.select(lanes::splat(simd, j as f32), class);
                    largest = largest.max(z);
                }
                let mut sum = lanes::splat(simd, 0.0);
                for z in logits {
                    sum += lanes::exp(simd, lanes::load(simd, z) - largest);
                }
                let mut totals = cnn_runtime::Totals::default();
                for (lane, label) in labels.iter().enumerate() {
                    let total = largest[lane] + cnn_runtime::math::ln(sum[lane]);
                    let loss = total - logits[*label].as_ref()[lane];
                    let sample = cnn_runtime::Totals {
                        loss: f64::from(loss),
                        correct: usize::from(class[lane] as usize == *label),
                        samples: 1,
                    };
                    totals += sample;
                }
                totals
            })
        }

        #backward_doc
        pub fn loss_backward_lanes<S: Lanes>(
            simd: S,
            logits: &#scores,
            labels: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            simd.vectorize(#[inline(always)] || {
                let share = 1.0 / batch_size as f32;
                let mut largest = lanes::load(simd, &logits[0]);
                for z in logits {
                    largest = largest.max(lanes::load(simd, z));
                }
                let mut sum = lanes::splat(simd, 0.0);
                for (p, z) in delta.iter_mut().zip(logits) {
                    let power = lanes::exp(simd, lanes::load(simd, z) - largest);
                    sum += power;
                    power.store_array(p);
                }
                // Nothing where a lane has no sample.
                let mut shares = [0.0; lanes::MOST];
                shares[..labels.len()].fill(share);
                let scale = S::f32s::from_slice(simd, &shares[..S::COUNT]) / sum;
                for p in delta.iter_mut() {
                    (lanes::load(simd, p) * scale).store_array(p);
                }
                for (lane, label) in labels.iter().enumerate() {
                    delta[*label].as_mut()[lane] -= share;
                }
            });
        }
    }
}

fn squared_error(plan: &Plan, value: &TokenStream, delta: &TokenStream) -> TokenStream {
    let shape = &plan.value(plan.scores).shape;
    let (scores, flat, flat_mut) = (lanes_type(shape), flat(shape), flat_mut(shape));
    let (flat_output, flat_delta) = if shape.rank() == 1 {
        (quote!(), quote!())
    } else {
        (
            quote!(let output = output #flat;),
            quote!(let delta = delta #flat_mut;),
        )
    };
    quote! {
        /// The losses of the samples of a block, and how many of them have their largest output where
        /// the target has.
        pub fn loss_lanes<S: Lanes>(_: S, output: &#scores, targets: &[Target]) -> cnn_runtime::Totals {
            #flat_output
            let mut totals = cnn_runtime::Totals::default();
            for (lane, target) in targets.iter().enumerate() {
                let (mut sum, mut best) = (0.0, 0);
                for (index, (a, y)) in output.iter().zip(target.values()).enumerate() {
                    sum += (a.as_ref()[lane] - y) * (a.as_ref()[lane] - y);
                    if a.as_ref()[lane] > output[best].as_ref()[lane] {
                        best = index;
                    }
                }
                let sample = cnn_runtime::Totals {
                    loss: f64::from(#value),
                    correct: usize::from(best == cnn_runtime::argmax(target)),
                    samples: 1,
                }; totals += sample;
            }
            totals
        }

        /// The delta of the output. A batch's loss is the mean over its samples.
        pub fn loss_backward_lanes<S: Lanes>(
            simd: S,
            output: &#scores,
            targets: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            let samples = batch_size as f32;
            #flat_output
            #flat_delta
            lanes::clear(simd, delta);
            for (lane, target) in targets.iter().enumerate() {
                let pairs = output.iter().zip(target.values());
                for (d, (a, y)) in delta.iter_mut().zip(pairs) {
                    let a = a.as_ref()[lane];
                    d.as_mut()[lane] = #delta;
                }
            }
        }
    }
}
