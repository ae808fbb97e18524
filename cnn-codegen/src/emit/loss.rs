//! Losses: the cost of an output beside its target, and the delta that the backward pass starts from.

use super::tokens::{array_type, doc, formula, real, scalar};
use crate::plan::Plan;
use cnn_spec::training::Loss;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The type of a target.
pub fn target_type(loss: Loss, plan: &Plan) -> TokenStream {
    match loss {
        Loss::SoftmaxCrossEntropy => quote!(usize),
        Loss::Mse | Loss::Quadratic => {
            array_type(plan.network.dtype, &plan.value(plan.scores).shape)
        }
    }
}

/// `loss` and `loss_backward`.
pub fn functions(loss: Loss, plan: &Plan) -> TokenStream {
    let scores = &plan.value(plan.scores).shape;
    let emitter = Emitter {
        scalar: scalar(plan.network.dtype),
        scores: array_type(plan.network.dtype, scores),
    };
    match loss {
        Loss::SoftmaxCrossEntropy => emitter.softmax_cross_entropy(),
        Loss::Mse => {
            let count = real(scores.elements() as f64, plan.network.dtype);
            emitter.squared_error(&SquaredError {
                name: "The mean squared error",
                value: quote!(sum / #count),
                value_text: format!("loss = Σ (a − y)² / {}", scores.elements()),
                delta: quote!(2.0 * (a - y) / (#count * samples)),
                delta_text: format!("delta = 2 (a − y) / {} / batch_size", scores.elements()),
            })
        }
        Loss::Quadratic => emitter.squared_error(&SquaredError {
            name: "The quadratic cost",
            value: quote!(0.5 * sum),
            value_text: "loss = ½ Σ (a − y)²".to_owned(),
            delta: quote!((a - y) / samples),
            delta_text: "delta = (a − y) / batch_size".to_owned(),
        }),
    }
}

/// A multiple of the sum of squared differences between outputs `a` and targets `y`.
struct SquaredError {
    name: &'static str,
    value: TokenStream,
    value_text: String,
    delta: TokenStream,
    delta_text: String,
}

struct Emitter {
    scalar: Ident,
    scores: TokenStream,
}

impl Emitter {
    fn softmax_cross_entropy(&self) -> TokenStream {
        let Self { scalar, scores } = self;
        let forward_doc = doc(&format!(
            "Softmax cross-entropy of one sample: how surprised the network is by the label. The largest \
             logit is subtracted first, so that no power overflows.\n\n{}\n\n\
             # Panics\n\n\
             If there is no such label.",
            formula(
                "loss = −ln softmax(logits)[label] = ln Σ e^logits[j] − logits[label]    over j"
            ),
        ));
        let backward_doc = doc(&format!(
            "The delta of the logits. A batch's loss is the mean over its samples.\n\n{}\n\n\
             # Panics\n\n\
             If there is no such label.",
            formula("delta[j] = (softmax(logits)[j] − (1 if j is the label, else 0)) / batch_size"),
        ));
        quote! {
            #forward_doc
            pub fn loss(logits: &#scores, label: usize) -> #scalar {
                let largest = logits.iter().copied().fold(#scalar::NEG_INFINITY, #scalar::max);
                let mut sum = 0.0;
                for z in logits {
                    sum += cnn_runtime::math::exp(z - largest);
                }
                largest + cnn_runtime::math::ln(sum) - logits[label]
            }

            #backward_doc
            pub fn loss_backward(
                logits: &#scores,
                label: usize,
                batch_size: usize,
                delta: &mut #scores
            ) {
                let largest = logits.iter().copied().fold(#scalar::NEG_INFINITY, #scalar::max);
                let mut sum = 0.0;
                for (p, z) in delta.iter_mut().zip(logits) {
                    *p = cnn_runtime::math::exp(z - largest);
                    sum += *p;
                }
                let samples = batch_size as #scalar;
                for p in delta.iter_mut() {
                    *p /= sum * samples;
                }
                delta[label] -= 1.0 / samples;
            }
        }
    }

    fn squared_error(&self, error: &SquaredError) -> TokenStream {
        let Self { scalar, scores } = self;
        let SquaredError {
            name,
            value,
            value_text,
            delta,
            delta_text,
        } = error;
        let forward_doc = doc(&format!(
            "{name} of one sample, over outputs `a` and targets `y`.\n\n{}",
            formula(value_text)
        ));
        let backward_doc = doc(&format!(
            "The delta of the output. A batch's loss is the mean over its samples.\n\n{}",
            formula(delta_text)
        ));
        quote! {
            #forward_doc
            pub fn loss(output: &#scores, target: &#scores) -> #scalar {
                let mut sum = 0.0;
                for (a, y) in output.values().iter().zip(target.values()) {
                    sum += (a - y) * (a - y);
                }
                #value
            }

            #backward_doc
            pub fn loss_backward(
                output: &#scores,
                target: &#scores,
                batch_size: usize,
                delta: &mut #scores
            ) {
                let samples = batch_size as #scalar;
                let pairs = output.values().iter().zip(target.values());
                for (d, (a, y)) in delta.values_mut().iter_mut().zip(pairs) {
                    *d = #delta;
                }
            }
        }
    }
}
