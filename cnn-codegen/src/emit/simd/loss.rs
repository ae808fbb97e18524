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
        #[inline(always)]
        pub fn loss_lanes<S: Simd>(simd: S, logits: &#scores, labels: &[Target]) -> cnn_runtime::Totals {
            let (mut largest, mut best, mut sums) = (Lanes::default(), Lanes::default(), Lanes::default());
            for part in 0..lanes::parts::<S>() {
                let mut value = logits[0].load(simd, part);
                let mut class = lanes::splat(simd, 0.0);
                for (j, z) in logits.iter().enumerate().skip(1) {
                    let z = z.load(simd, part);
                    class = z.simd_gt(value).select(lanes::splat(simd, j as f32), class);
                    value = value.max(z);
                }
                let mut sum = lanes::splat(simd, 0.0);
                for z in logits {
                    sum += lanes::exp(simd, z.load(simd, part) - value);
                }
                largest.store(simd, part, value);
                best.store(simd, part, class);
                sums.store(simd, part, sum);
            }
            let mut totals = cnn_runtime::Totals::default();
            for (lane, label) in labels.iter().enumerate() {
                let total = largest.0[lane] + cnn_runtime::math::ln(sums.0[lane]);
                let loss = total - logits[*label].0[lane];
                let sample = cnn_runtime::Totals {
                    loss: f64::from(loss),
                    correct: usize::from(best.0[lane] as usize == *label),
                    samples: 1,
                }; totals += sample;
            }
            totals
        }

        #backward_doc
        #[inline(always)]
        pub fn loss_backward_lanes<S: Simd>(
            simd: S,
            logits: &#scores,
            labels: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            let samples = batch_size as f32;
            // One over the batch's size for each sample, zero where there is none.
            let mut weights = Lanes::default();
            weights.0[..labels.len()].fill(1.0 / samples);
            for part in 0..lanes::parts::<S>() {
                let mut largest = logits[0].load(simd, part);
                for z in logits {
                    largest = largest.max(z.load(simd, part));
                }
                let mut sum = lanes::splat(simd, 0.0);
                for (p, z) in delta.iter_mut().zip(logits) {
                    let power = lanes::exp(simd, z.load(simd, part) - largest);
                    sum += power;
                    p.store(simd, part, power);
                }
                let scale = weights.load(simd, part) / sum;
                for p in delta.iter_mut() {
                    p.store(simd, part, p.load(simd, part) * scale);
                }
            }
            for (lane, label) in labels.iter().enumerate() {
                delta[*label].0[lane] -= 1.0 / samples;
            }
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
        /// The losses of the samples of a block, and how many of them have their largest output where the target has.
        #[inline(always)]
        pub fn loss_lanes<S: Simd>(_: S, output: &#scores, targets: &[Target]) -> cnn_runtime::Totals {
            #flat_output
            let mut totals = cnn_runtime::Totals::default();
            for (lane, target) in targets.iter().enumerate() {
                let (mut sum, mut best) = (0.0, 0);
                for (index, (a, y)) in output.iter().zip(target.values()).enumerate() {
                    sum += (a.0[lane] - y) * (a.0[lane] - y);
                    if a.0[lane] > output[best].0[lane] {
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
        #[inline(always)]
        pub fn loss_backward_lanes<S: Simd>(
            _: S,
            output: &#scores,
            targets: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            let samples = batch_size as f32;
            #flat_output
            #flat_delta
            delta.fill(Lanes::default());
            for (lane, target) in targets.iter().enumerate() {
                let pairs = output.iter().zip(target.values());
                for (d, (a, y)) in delta.iter_mut().zip(pairs) {
                    let a = a.0[lane];
                    d.0[lane] = #delta;
                }
            }
        }
    }
}
