//! Losses of a block: the totals of its samples, and the delta that the backward pass starts from. Lanes without a
//! sample get a delta of zero and so have no part in any gradient.

use super::function::{flat, flat_mut, lanes_type};
use crate::emit::loss::{Elementwise, Labels};
use crate::emit::tokens::{doc, formula};
use crate::plan::Plan;
use cnn_spec::training::Loss;
use proc_macro2::TokenStream;
use quote::quote;

/// `loss_lanes` and `loss_backward_lanes`.
pub fn functions(loss: &Loss, plan: &Plan) -> TokenStream {
    match loss {
        Loss::SoftmaxCrossEntropy(classes) => {
            softmax_cross_entropy(&Labels::new(classes, plan), plan)
        }
        Loss::Nll(classes) => nll(&Labels::new(classes, plan), plan),
        _ => elementwise(&Elementwise::new(loss, plan), plan),
    }
}

fn softmax_cross_entropy(labels: &Labels, plan: &Plan) -> TokenStream {
    let scores = lanes_type(&plan.value(plan.scores).shape);
    let is_plain = !labels.is_weighted() && !labels.is_smoothed();
    let [loss_text, delta_text] = if is_plain {
        [
            "loss = ln Σ e^logits[j] − logits[label]    over j".to_owned(),
            "delta[j] = (softmax(logits)[j] − (1 if j is the label, else 0)) / batch_size"
                .to_owned(),
        ]
    } else {
        [
            labels.loss_text("s[j] = −ln softmax(logits)[j]"),
            labels.logits_delta_text(),
        ]
    };
    let totals_doc = doc(&format!(
        "Softmax cross-entropy of the samples of a block, and how many of them have their largest logit at their \
         label.\n\n{}\n\n{NO_LABEL}",
        formula(&loss_text),
    ));
    let backward_doc = doc(&format!(
        "The delta of the logits. {}\n\n{}\n\n{NO_LABEL}",
        labels.mean_text(),
        formula(&delta_text),
    ));
    let (weights, largest) = (labels.weights(), largest(&quote!(logits)));
    let all = scores_of_all(labels, &quote!(logits));
    let of_label = quote!(total - logits[*label].as_ref()[lane]);
    let weight_sum = labels.weight_sum();
    let loss = sample_loss(labels, &of_label, &quote!(#weight_sum * total - all[lane]));
    let sample = sample(labels);
    let delta = logits_delta(labels);
    quote! {
        #weights

        #totals_doc
        pub fn loss_lanes<S: Lanes>(simd: S, logits: &#scores, labels: &[Target]) -> cnn_runtime::Totals {
            simd.vectorize(#[inline(always)] || {
                #largest
                let mut sum = lanes::splat(simd, 0.0);
                for z in logits {
                    sum += lanes::exp(simd, lanes::load(simd, z) - largest);
                }
                #all
                let mut totals = cnn_runtime::Totals::default();
                for (lane, label) in labels.iter().enumerate() {
                    let total = largest[lane] + cnn_runtime::math::ln(sum[lane]);
                    #loss
                    #sample
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
                #delta
            });
        }
    }
}

/// The largest score of each lane, and its class.
fn largest(scores: &TokenStream) -> TokenStream {
    quote! {
        let mut largest = lanes::load(simd, &#scores[0]);
        let mut class = lanes::splat(simd, 0.0);
        for (j, z) in #scores.iter().enumerate().skip(1) {
            let z = lanes::load(simd, z);
            let is_larger = z.simd_gt(largest);
            class = is_larger.select(lanes::splat(simd, j as f32), class);
            largest = largest.max(z);
        }
    }
}

/// The sum of all scores of each lane by the weights of their classes, where labels are smoothed.
fn scores_of_all(labels: &Labels, scores: &TokenStream) -> Option<TokenStream> {
    let sum = if labels.is_weighted() {
        quote! {
            for (z, w) in #scores.iter().zip(CLASS_WEIGHTS) {
                all += lanes::load(simd, z) * w;
            }
        }
    } else {
        quote! {
            for z in #scores {
                all += lanes::load(simd, z);
            }
        }
    };
    labels
        .is_smoothed()
        .then(|| quote!(let mut all = lanes::splat(simd, 0.0); #sum))
}

/// Names a sample's loss, made of that of its label's class and the sum of those of all.
fn sample_loss(labels: &Labels, of_label: &TokenStream, of_all: &TokenStream) -> TokenStream {
    let (own, even) = (labels.own(), labels.even());
    let weight = labels
        .is_weighted()
        .then(|| quote!(CLASS_WEIGHTS[*label] *));
    match (labels.is_smoothed(), weight) {
        (false, None) => quote!(let loss = #of_label;),
        (false, Some(weight)) => quote!(let loss = #weight (#of_label);),
        (true, weight) => quote! {
            let of_label = #of_label;
            let of_all = #of_all;
            let loss = #own * #weight of_label + #even * of_all;
        },
    }
}

/// The totals of one lane's sample.
fn sample(labels: &Labels) -> TokenStream {
    let weight = if labels.is_weighted() {
        quote!(f64::from(CLASS_WEIGHTS[*label]))
    } else {
        quote!(1.0)
    };
    quote! {
        let sample = cnn_runtime::Totals {
            loss: f64::from(loss),
            correct: usize::from(class[lane] as usize == *label),
            samples: 1,
            weight: #weight,
        };
    }
}

/// From powers of e to the delta of the logits.
fn logits_delta(labels: &Labels) -> TokenStream {
    if !labels.is_weighted() && !labels.is_smoothed() {
        return quote! {
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
        };
    }
    let shares = shares(labels);
    let weight_sum = labels.weight_sum();
    let delta = match (labels.is_smoothed(), labels.is_weighted()) {
        (false, _) => quote! {
            let scale = S::f32s::from_slice(simd, &shares[..S::COUNT]) / sum;
            for p in delta.iter_mut() {
                (lanes::load(simd, p) * scale).store_array(p);
            }
        },
        (true, false) => quote! {
            let own = S::f32s::from_slice(simd, &shares[..S::COUNT]);
            let scale = (own + even * #weight_sum) / sum;
            for p in delta.iter_mut() {
                (lanes::load(simd, p) * scale - even).store_array(p);
            }
        },
        (true, true) => quote! {
            let own = S::f32s::from_slice(simd, &shares[..S::COUNT]);
            let scale = (own + even * #weight_sum) / sum;
            for (p, w) in delta.iter_mut().zip(CLASS_WEIGHTS) {
                (lanes::load(simd, p) * scale - even * w).store_array(p);
            }
        },
    };
    quote! {
        #shares
        #delta
        for (lane, label) in labels.iter().enumerate() {
            delta[*label].as_mut()[lane] -= shares[lane];
        }
    }
}

/// The shares in a batch's loss that the class of each lane's label has, and that each class has.
fn shares(labels: &Labels) -> TokenStream {
    let (own, even) = (labels.own(), labels.even());
    let own = labels.is_smoothed().then(|| quote!(#own *));
    let own = if labels.is_weighted() {
        quote! {
            for (own, label) in shares.iter_mut().zip(labels) {
                *own = #own CLASS_WEIGHTS[*label] * share;
            }
        }
    } else {
        quote!(shares[..labels.len()].fill(#own share);)
    };
    let evens = labels.is_smoothed().then(|| {
        quote! {
            let mut evens = [0.0; lanes::MOST];
            evens[..labels.len()].fill(#even * share);
            let even = S::f32s::from_slice(simd, &evens[..S::COUNT]);
        }
    });
    quote! {
        // Nothing where a lane has no sample.
        let mut shares = [0.0; lanes::MOST];
        #own
        #evens
    }
}

fn nll(labels: &Labels, plan: &Plan) -> TokenStream {
    let scores = lanes_type(&plan.value(plan.scores).shape);
    let totals_doc = doc(&format!(
        "Negative log-likelihood of the samples of a block, and how many of them have their largest probability at \
         their label.\n\n{}\n\n{NO_LABEL}",
        formula(&labels.loss_text("s[j] = −log_probabilities[j]")),
    ));
    let backward_doc = doc(&format!(
        "The delta of the log-probabilities. {}\n\n{}\n\n{NO_LABEL}",
        labels.mean_text(),
        formula(&labels.log_probabilities_delta_text()),
    ));
    let (weights, largest) = (labels.weights(), largest(&quote!(log_probabilities)));
    let all = scores_of_all(labels, &quote!(log_probabilities));
    let of_label = quote!(-log_probabilities[*label].as_ref()[lane]);
    let loss = sample_loss(labels, &of_label, &quote!(-all[lane]));
    let (sample, shares) = (sample(labels), shares(labels));
    let delta = match (labels.is_smoothed(), labels.is_weighted()) {
        (false, _) => quote!(lanes::clear(simd, delta);),
        (true, false) => quote! {
            for d in delta.iter_mut() {
                (-even).store_array(d);
            }
        },
        (true, true) => quote! {
            for (d, w) in delta.iter_mut().zip(CLASS_WEIGHTS) {
                (even * -w).store_array(d);
            }
        },
    };
    quote! {
        #weights

        #totals_doc
        pub fn loss_lanes<S: Lanes>(
            simd: S,
            log_probabilities: &#scores,
            labels: &[Target]
        ) -> cnn_runtime::Totals {
            simd.vectorize(#[inline(always)] || {
                #largest
                #all
                let mut totals = cnn_runtime::Totals::default();
                for (lane, label) in labels.iter().enumerate() {
                    #loss
                    #sample
                    totals += sample;
                }
                totals
            })
        }

        #backward_doc
        pub fn loss_backward_lanes<S: Lanes>(
            simd: S,
            _: &#scores,
            labels: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            simd.vectorize(#[inline(always)] || {
                let share = 1.0 / batch_size as f32;
                #shares
                #delta
                for (lane, label) in labels.iter().enumerate() {
                    delta[*label].as_mut()[lane] -= shares[lane];
                }
            });
        }
    }
}

fn elementwise(loss: &Elementwise, plan: &Plan) -> TokenStream {
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
    let weights = loss.weights();
    let [pattern, pairs] = loss.pairs(
        &quote!(output.iter().map(|a| a.as_ref()[lane])),
        &quote!(target.values().iter().copied()),
    );
    let (add, value, set) = (loss.add(), loss.value(), loss.set());
    quote! {
        #weights

        /// The losses of the samples of a block, and how many of them have their largest output where
        /// the target has.
        pub fn loss_lanes<S: Lanes>(_: S, output: &#scores, targets: &[Target]) -> cnn_runtime::Totals {
            #flat_output
            let mut totals = cnn_runtime::Totals::default();
            for (lane, target) in targets.iter().enumerate() {
                let mut sum = 0.0;
                for #pattern in #pairs {
                    #add
                }
                let mut best = 0;
                for index in 1..output.len() {
                    if output[index].as_ref()[lane] > output[best].as_ref()[lane] {
                        best = index;
                    }
                }
                let sample = cnn_runtime::Totals {
                    loss: f64::from(#value),
                    correct: usize::from(best == cnn_runtime::argmax(target)),
                    samples: 1,
                    weight: 1.0,
                };
                totals += sample;
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
                let pairs = #pairs;
                for (d, #pattern) in delta.iter_mut().map(|d| &mut d.as_mut()[lane]).zip(pairs) {
                    #set
                }
            }
        }
    }
}

const NO_LABEL: &str = "# Panics\n\nIf there is no such label.";
