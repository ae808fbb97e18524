//! Losses of a block: the totals of its samples, and the delta that the backward pass starts from. Lanes without a
//! sample get a delta of zero and so have no part in any gradient.

use super::function::{flat, flat_mut, lanes_type};
use super::memory::Memory;
use crate::emit::loss::{Elementwise, Judge, Labels, judges};
use crate::emit::tokens::{doc, formula, real};
use crate::plan::Plan;
use cnn_spec::network::Dtype;
use cnn_spec::training::Loss;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// `loss_lanes` and `loss_backward_lanes` of each loss.
pub fn functions(plan: &Plan) -> TokenStream {
    judges(plan)
        .map(|judge| match judge.loss() {
            Loss::SoftmaxCrossEntropy(classes) => {
                softmax_cross_entropy(&Labels::new(classes, judge), judge)
            }
            Loss::Nll(classes) => nll(&Labels::new(classes, judge), judge),
            _ => elementwise(&Elementwise::new(judge), judge),
        })
        .collect()
}

/// The statements that take a block into the totals.
pub fn add(plan: &Plan, memory: &Memory) -> TokenStream {
    let mut calls = judges(plan).map(|judge| block(judge, memory));
    let main = calls.next();
    let others: Vec<_> = calls.collect();
    if others.is_empty() {
        return quote! {
            let block = #main;
            totals += block;
        };
    }
    quote! {
        let mut block = #main;
        #(block.loss += #others;)*
        totals += block;
    }
}

/// The losses of a block.
pub fn block(judge: Judge, memory: &Memory) -> TokenStream {
    let function = judge.function("loss_lanes");
    let scores = memory.activation(judge.head().scores);
    quote!(#function(simd, lanes::view(&#scores), targets))
}

/// The statements that begin the backward pass of a block.
pub fn deltas(plan: &Plan, memory: &Memory, batch_size: &TokenStream) -> TokenStream {
    judges(plan)
        .map(|judge| delta(judge, memory, batch_size))
        .collect()
}

/// The statement that does so for one loss.
pub fn delta(judge: Judge, memory: &Memory, batch_size: &TokenStream) -> TokenStream {
    let function = judge.function("loss_backward_lanes");
    let scores = memory.activation(judge.head().scores);
    let delta = memory.delta(judge.head().scores);
    quote! {
        #function(
            simd,
            lanes::view(&#scores),
            targets,
            #batch_size,
            lanes::view_mut(&mut #delta)
        );
    }
}

/// What a loss tells of a block: of the network's output all totals, of any other only the sum of the losses.
struct Sums {
    kind: TokenStream,
    start: TokenStream,
    /// Takes in `sample`, or `loss`.
    add: TokenStream,
    end: TokenStream,
}

impl Sums {
    /// `sample` names the totals of one lane's sample, whose loss is `loss`.
    fn new(judge: Judge, sample: &TokenStream, loss: &TokenStream) -> Self {
        if judge.is_main() {
            Self {
                kind: quote!(cnn_runtime::Totals),
                start: quote!(let mut totals = cnn_runtime::Totals::default();),
                add: quote!(#sample totals += sample;),
                end: quote!(totals),
            }
        } else {
            Self {
                kind: quote!(f64),
                start: quote!(let mut total_loss = 0.0;),
                add: quote!(total_loss += f64::from(#loss);),
                end: quote!(total_loss),
            }
        }
    }
}

/// The documentation of `loss_lanes`.
fn totals_doc(judge: Judge, loss: &str, hits: &str, rest: &str) -> TokenStream {
    let hits = if judge.is_main() {
        format!(", and how many of them have {hits}")
    } else {
        String::new()
    };
    let note = judge.note();
    doc(&format!(
        "{loss} of the samples of a block{hits}.{note}{rest}"
    ))
}

fn softmax_cross_entropy(labels: &Labels, judge: Judge) -> TokenStream {
    let scores = lanes_type(judge.shape());
    let [loss_text, delta_text] = if labels.is_plain() {
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
    let totals_doc = totals_doc(
        judge,
        "Softmax cross-entropy",
        "their largest logit at their label",
        &format!("\n\n{}\n\n{NO_LABEL}", formula(&loss_text)),
    );
    let backward_doc = doc(&format!(
        "The delta of the logits. {}\n\n{}\n\n{NO_LABEL}",
        labels.mean_text(),
        formula(&delta_text),
    ));
    let largest_logit = quote! {
        let mut largest = lanes::load(simd, &logits[0]);
        for z in logits {
            largest = largest.max(lanes::load(simd, z));
        }
    };
    let (weights, largest) = if judge.is_main() {
        (labels.weights(), largest(&quote!(logits)))
    } else {
        (labels.weights(), largest_logit.clone())
    };
    let all = scores_of_all(labels, &quote!(logits));
    let of_label = quote!(total - logits[*label].as_ref()[lane]);
    let weight_sum = labels.weight_sum();
    let loss = sample_loss(labels, &of_label, &quote!(#weight_sum * total - all[lane]));
    let Sums {
        kind,
        start,
        add,
        end,
    } = Sums::new(judge, &sample(labels), &quote!(loss));
    let (delta, share) = (logits_delta(labels, judge), share(labels));
    let each = each(&quote!(labels), judge);
    let [loss_lanes, loss_backward_lanes] =
        ["loss_lanes", "loss_backward_lanes"].map(|name| judge.function(name));
    quote! {
        #weights

        #totals_doc
        pub fn #loss_lanes<S: Lanes>(simd: S, logits: &#scores, labels: &[Target]) -> #kind {
            simd.vectorize(#[inline(always)] || {
                #largest
                let mut sum = lanes::splat(simd, 0.0);
                for z in logits {
                    sum += lanes::exp(simd, lanes::load(simd, z) - largest);
                }
                #all
                #start
                for (lane, label) in #each.enumerate() {
                    let total = largest[lane] + cnn_runtime::math::ln(sum[lane]);
                    #loss
                    #add
                }
                #end
            })
        }

        #backward_doc
        pub fn #loss_backward_lanes<S: Lanes>(
            simd: S,
            logits: &#scores,
            labels: &[Target],
            batch_size: usize,
            delta: &mut #scores
        ) {
            simd.vectorize(#[inline(always)] || {
                let share = #share / batch_size as f32;
                #largest_logit
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

/// What leads to each label, or to each target of a loss over numbers.
fn each(targets: &TokenStream, judge: Judge) -> TokenStream {
    let part = judge.part();
    quote!(#targets.iter() #part)
}

/// What a label counts for its class alone, where nothing else divides it.
fn share(labels: &Labels) -> Literal {
    if labels.is_weighted() || labels.is_smoothed() {
        real(1.0, Dtype::F32)
    } else {
        labels.own()
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
    let class_weights = labels.weights_name();
    let sum = if labels.is_weighted() {
        quote! {
            for (z, w) in #scores.iter().zip(#class_weights) {
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
    let (own, even) = (labels.times_own(), labels.even());
    let class_weights = labels.weights_name();
    let weight = labels
        .is_weighted()
        .then(|| quote!(#class_weights[*label] *));
    if labels.is_smoothed() {
        quote! {
            let of_label = #of_label;
            let of_all = #of_all;
            let loss = #own #weight of_label + #even * of_all;
        }
    } else if labels.is_plain() {
        quote!(let loss = #of_label;)
    } else {
        quote!(let loss = #own #weight (#of_label);)
    }
}

/// The totals of one lane's sample.
fn sample(labels: &Labels) -> TokenStream {
    let weight = if labels.is_weighted() {
        let class_weights = labels.weights_name();
        quote!(f64::from(#class_weights[*label]))
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
fn logits_delta(labels: &Labels, judge: Judge) -> TokenStream {
    let each = each(&quote!(labels), judge);
    if !labels.is_weighted() && !labels.is_smoothed() {
        return quote! {
            // Nothing where a lane has no sample.
            let mut shares = [0.0; lanes::MOST];
            shares[..labels.len()].fill(share);
            let scale = S::f32s::from_slice(simd, &shares[..S::COUNT]) / sum;
            for p in delta.iter_mut() {
                (lanes::load(simd, p) * scale).store_array(p);
            }
            for (lane, label) in #each.enumerate() {
                delta[*label].as_mut()[lane] -= share;
            }
        };
    }
    let shares = shares(labels);
    let class_weights = labels.weights_name();
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
            for (p, w) in delta.iter_mut().zip(#class_weights) {
                (lanes::load(simd, p) * scale - even * w).store_array(p);
            }
        },
    };
    quote! {
        #shares
        #delta
        for (lane, label) in #each.enumerate() {
            delta[*label].as_mut()[lane] -= shares[lane];
        }
    }
}

/// The shares in a batch's loss that the class of each lane's label has, and that each class has.
fn shares(labels: &Labels) -> TokenStream {
    let (own, even) = (labels.times_own(), labels.even());
    let own = if labels.is_weighted() {
        // Then nothing is compared with a sample itself: weights would differ from loss to loss.
        let class_weights = labels.weights_name();
        quote! {
            for (own, label) in shares.iter_mut().zip(labels) {
                *own = #own #class_weights[*label] * share;
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

fn nll(labels: &Labels, judge: Judge) -> TokenStream {
    let scores = lanes_type(judge.shape());
    let totals_doc = totals_doc(
        judge,
        "Negative log-likelihood",
        "their largest probability at their label",
        &format!(
            "\n\n{}\n\n{NO_LABEL}",
            formula(&labels.loss_text("s[j] = −log_probabilities[j]"))
        ),
    );
    let backward_doc = doc(&format!(
        "The delta of the log-probabilities. {}\n\n{}\n\n{NO_LABEL}",
        labels.mean_text(),
        formula(&labels.log_probabilities_delta_text()),
    ));
    let largest = judge.is_main().then(|| largest(&quote!(log_probabilities)));
    let all = scores_of_all(labels, &quote!(log_probabilities));
    let of_label = quote!(-log_probabilities[*label].as_ref()[lane]);
    let loss = sample_loss(labels, &of_label, &quote!(-all[lane]));
    let Sums {
        kind,
        start,
        add,
        end,
    } = Sums::new(judge, &sample(labels), &quote!(loss));
    let (weights, shares) = (labels.weights(), shares(labels));
    let class_weights = labels.weights_name();
    let delta = match (labels.is_smoothed(), labels.is_weighted()) {
        (false, _) => quote!(lanes::clear(simd, delta);),
        (true, false) => quote! {
            for d in delta.iter_mut() {
                (-even).store_array(d);
            }
        },
        (true, true) => quote! {
            for (d, w) in delta.iter_mut().zip(#class_weights) {
                (even * -w).store_array(d);
            }
        },
    };
    let each = each(&quote!(labels), judge);
    let [loss_lanes, loss_backward_lanes] =
        ["loss_lanes", "loss_backward_lanes"].map(|name| judge.function(name));
    quote! {
        #weights

        #totals_doc
        pub fn #loss_lanes<S: Lanes>(
            simd: S,
            log_probabilities: &#scores,
            labels: &[Target]
        ) -> #kind {
            simd.vectorize(#[inline(always)] || {
                #largest
                #all
                #start
                for (lane, label) in #each.enumerate() {
                    #loss
                    #add
                }
                #end
            })
        }

        #backward_doc
        pub fn #loss_backward_lanes<S: Lanes>(
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
                for (lane, label) in #each.enumerate() {
                    delta[*label].as_mut()[lane] -= shares[lane];
                }
            });
        }
    }
}

fn elementwise(loss: &Elementwise, judge: Judge) -> TokenStream {
    let shape = judge.shape();
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
    let sample = quote! {
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
    };
    let Sums {
        kind,
        start,
        add: add_sample,
        end,
    } = Sums::new(judge, &sample, &value);
    let totals_doc = totals_doc(
        judge,
        "The losses",
        "their largest output where the target has",
        "",
    );
    let each = each(&quote!(targets), judge);
    let [loss_lanes, loss_backward_lanes] =
        ["loss_lanes", "loss_backward_lanes"].map(|name| judge.function(name));
    quote! {
        #weights

        #totals_doc
        pub fn #loss_lanes<S: Lanes>(_: S, output: &#scores, targets: &[Target]) -> #kind {
            #flat_output
            #start
            for (lane, target) in #each.enumerate() {
                let mut sum = 0.0;
                for #pattern in #pairs {
                    #add
                }
                #add_sample
            }
            #end
        }

        /// The delta of the output. A batch's loss is the mean over its samples.
        pub fn #loss_backward_lanes<S: Lanes>(
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
            for (lane, target) in #each.enumerate() {
                let pairs = #pairs;
                for (d, #pattern) in delta.iter_mut().map(|d| &mut d.as_mut()[lane]).zip(pairs) {
                    #set
                }
            }
        }
    }
}

const NO_LABEL: &str = "# Panics\n\nIf there is no such label.";
