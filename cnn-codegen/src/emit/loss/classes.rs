//! Losses over classes: how surprised the network is by the label.

use super::Judge;
use crate::emit::tokens::{array_type, doc, formula, number, real, scalar};
use cnn_spec::network::Dtype;
use cnn_spec::training::Classes;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// What a label says of its class and of all others, and what its sample weighs.
pub struct Labels<'p> {
    judge: Judge<'p>,
    count: usize,
    dtype: Dtype,
    weights: Vec<f64>,
    smoothing: f64,
    scale: Option<f64>,
    scalar: Ident,
    scores: TokenStream,
}

impl<'p> Labels<'p> {
    pub fn new(classes: &Classes, judge: Judge<'p>) -> Self {
        let (shape, dtype) = (judge.shape(), judge.dtype());
        Self {
            judge,
            count: shape.elements(),
            dtype,
            weights: classes.weight.clone(),
            smoothing: classes.label_smoothing,
            scale: judge.scale(),
            scalar: scalar(dtype),
            scores: array_type(dtype, shape),
        }
    }

    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    pub fn is_smoothed(&self) -> bool {
        self.smoothing > 0.0
    }

    /// Whether a label counts once, and for its class alone.
    pub fn is_whole(&self) -> bool {
        self.scale.is_none() && !self.is_smoothed()
    }

    /// Whether that holds, and all classes weigh the same.
    pub fn is_plain(&self) -> bool {
        self.is_whole() && !self.is_weighted()
    }

    /// `1 − ε`: the share of the label's class, times what the loss counts.
    pub fn own(&self) -> Literal {
        real(
            (1.0 - self.smoothing) * self.scale.unwrap_or(1.0),
            self.dtype,
        )
    }

    /// `ε / K`: the share of each class, likewise.
    pub fn even(&self) -> Literal {
        let even = self.smoothing / self.count as f64;
        real(even * self.scale.unwrap_or(1.0), self.dtype)
    }

    /// `own *`, where that is not 1.
    pub fn times_own(&self) -> Option<TokenStream> {
        let own = self.own();
        (!self.is_whole()).then(|| quote!(#own *))
    }

    /// `CLASS_WEIGHTS`.
    pub fn weights_name(&self) -> Ident {
        self.judge.constant("CLASS_WEIGHTS")
    }

    /// The name of one of the loss's functions.
    pub fn function(&self, name: &str) -> Ident {
        self.judge.function(name)
    }

    /// The sum of all weights.
    pub fn weight_sum(&self) -> Literal {
        let count = self.count as f64;
        let sum = if self.is_weighted() {
            self.weights.iter().sum()
        } else {
            count
        };
        real(sum, self.dtype)
    }

    /// `CLASS_WEIGHTS`, where classes have weights.
    pub fn weights(&self) -> Option<TokenStream> {
        let (scalar, count, name) = (&self.scalar, number(self.count), self.weights_name());
        let weights = self.weights.iter().map(|&weight| real(weight, self.dtype));
        self.is_weighted().then(|| {
            quote! {
                /// What a sample of each class weighs in the mean over a batch.
                #[rustfmt::skip]
                pub const #name: [#scalar; #count] = [#(#weights),*];
            }
        })
    }

    /// The formula of a sample's loss in terms of minus the logarithms `s` of probabilities.
    pub fn loss_text(&self, surprise: &str) -> String {
        let (own, even) = (self.own(), self.even());
        let factor = self.factor_text();
        let loss = match (self.is_smoothed(), self.is_weighted()) {
            (false, false) => format!("{factor}s[label]"),
            (false, true) => format!("{factor}w[label] · s[label]"),
            (true, false) => format!("{own} s[label] + {even} Σ s[j]"),
            (true, true) => format!("{own} w[label] · s[label] + {even} Σ w[j] · s[j]"),
        };
        format!("loss = {loss}    where {surprise}, over j")
    }

    /// The formula of the logits' delta in terms of the shares `q` of classes in a sample's loss.
    pub fn logits_delta_text(&self) -> String {
        let shares = self.share_text();
        format!("delta[j] = (softmax(logits)[j] · Σ q[k] − q[j]) / batch_size    over k\n{shares}")
    }

    /// The same for log-probabilities.
    pub fn log_probabilities_delta_text(&self) -> String {
        format!("delta[j] = −q[j] / batch_size\n{}", self.share_text())
    }

    fn share_text(&self) -> String {
        let (own, even) = (self.own(), self.even());
        let factor = self.factor_text();
        match (self.is_smoothed(), self.is_weighted()) {
            (false, false) if self.is_whole() => "q[j] = 1 if j is the label, else 0".to_owned(),
            (false, false) => format!("q[j] = {own} if j is the label, else 0"),
            (false, true) => format!("q[j] = {factor}w[j] if j is the label, else 0"),
            (true, false) => format!("q[j] = ({own} if j is the label, else 0) + {even}"),
            (true, true) => format!("q[j] = ({own} w[j] if j is the label, else 0) + {even} w[j]"),
        }
    }

    /// `0.3 `, where the label's class does not count once.
    fn factor_text(&self) -> String {
        if self.is_whole() {
            String::new()
        } else {
            format!("{} ", self.own())
        }
    }

    /// How the losses of samples make that of a batch.
    pub fn mean_text(&self) -> &'static str {
        if self.is_weighted() {
            "A batch's loss is the mean over its samples by their weights `w[label]`: when all gradients of the batch \
             are added up, they are multiplied by [`cnn_runtime::Totals::scale`]."
        } else {
            "A batch's loss is the mean over its samples."
        }
    }

    /// Softmax and negative log-likelihood in one.
    pub fn softmax_cross_entropy(&self) -> TokenStream {
        let Self { scalar, scores, .. } = self;
        let [loss_text, delta_text] = if self.is_plain() {
            [
                "loss = −ln softmax(logits)[label] = ln Σ e^logits[j] − logits[label]    over j"
                    .to_owned(),
                "delta[j] = (softmax(logits)[j] − (1 if j is the label, else 0)) / batch_size"
                    .to_owned(),
            ]
        } else {
            [
                self.loss_text("s[j] = −ln softmax(logits)[j]"),
                self.logits_delta_text(),
            ]
        };
        let forward_doc = doc(&format!(
            "Softmax cross-entropy of one sample: how surprised the network is by the label. The largest \
             logit is subtracted first, so that no power overflows.{}\n\n{}\n\n{NO_LABEL}",
            self.judge.note(),
            formula(&loss_text),
        ));
        let backward_doc = doc(&format!(
            "The delta of the logits. {}\n\n{}\n\n{NO_LABEL}",
            self.mean_text(),
            formula(&delta_text),
        ));
        let log_sum = quote!(largest + cnn_runtime::math::ln(sum));
        let cost = if self.is_smoothed() {
            let cost = self.cost(&quote!(logits), &|z| quote!(log_sum - #z));
            quote!(let log_sum = #log_sum; #cost)
        } else {
            self.cost(&quote!(logits), &|z| quote!(#log_sum - #z))
        };
        let (weights, share, delta) = (self.weights(), self.share(), self.logits_delta());
        let [loss, loss_backward] = ["loss", "loss_backward"].map(|name| self.function(name));
        quote! {
            #weights

            #forward_doc
            pub fn #loss(logits: &#scores, label: usize) -> #scalar {
                let largest = logits.iter().copied().fold(#scalar::NEG_INFINITY, #scalar::max);
                let mut sum = 0.0;
                for z in logits {
                    sum += cnn_runtime::math::exp(z - largest);
                }
                #cost
            }

            #backward_doc
            pub fn #loss_backward(
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
                #share
                #delta
            }
        }
    }

    /// Negative log-likelihood of log-probabilities.
    pub fn nll(&self) -> TokenStream {
        let Self { scalar, scores, .. } = self;
        let forward_doc = doc(&format!(
            "Negative log-likelihood of one sample: how surprised the network is by the label.{}\n\n{}\n\n{NO_LABEL}",
            self.judge.note(),
            formula(&self.loss_text("s[j] = −log_probabilities[j]")),
        ));
        let backward_doc = doc(&format!(
            "The delta of the log-probabilities. {}\n\n{}\n\n{NO_LABEL}",
            self.mean_text(),
            formula(&self.log_probabilities_delta_text()),
        ));
        let cost = self.cost(&quote!(log_probabilities), &|log| quote!(-#log));
        let delta = match (self.is_smoothed(), self.is_weighted()) {
            (false, _) => quote!(delta.fill(0.0);),
            (true, false) => quote!(delta.fill(-even);),
            (true, true) => {
                let class_weights = self.weights_name();
                quote! {
                    for (d, w) in delta.iter_mut().zip(#class_weights) {
                        *d = -even * w;
                    }
                }
            }
        };
        let [loss, loss_backward] = ["loss", "loss_backward"].map(|name| self.function(name));
        let own = self.own_share();
        let (weights, share, unread) = (self.weights(), self.share(), quote!(_));
        quote! {
            #weights

            #forward_doc
            pub fn #loss(log_probabilities: &#scores, label: usize) -> #scalar {
                #cost
            }

            #backward_doc
            pub fn #loss_backward(
                #unread: &#scores,
                label: usize,
                batch_size: usize,
                delta: &mut #scores
            ) {
                let samples = batch_size as #scalar;
                #share
                #delta
                delta[label] -= #own;
            }
        }
    }

    /// A sample's loss, where `surprise` tells that of a class from its score.
    fn cost(
        &self,
        scores: &TokenStream,
        surprise: &dyn Fn(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let of_label = surprise(quote!(#scores[label]));
        let class_weights = self.weights_name();
        let weight = self.is_weighted().then(|| quote!(#class_weights[label] *));
        let own = self.times_own();
        if self.is_plain() {
            return of_label;
        }
        if !self.is_smoothed() {
            return quote!(#own #weight (#of_label));
        }
        let (even, of_class) = (self.even(), surprise(quote!(z)));
        let sum = if self.is_weighted() {
            quote! {
                for (w, z) in #class_weights.iter().zip(#scores) {
                    all += w * (#of_class);
                }
            }
        } else {
            quote! {
                for z in #scores {
                    all += #of_class;
                }
            }
        };
        quote! {
            let mut all = 0.0;
            #sum
            #own #weight (#of_label) + #even * all
        }
    }

    /// The shares that the label's class and each class have in a batch's loss.
    fn share(&self) -> Option<TokenStream> {
        let class_weights = self.weights_name();
        let weight = quote!(#class_weights[label]);
        let (own, times_own, even) = (self.own(), self.times_own(), self.even());
        match (self.is_smoothed(), self.is_weighted()) {
            (false, false) if self.is_whole() => None,
            (false, false) => Some(quote!(let share = #own / samples;)),
            (false, true) => Some(quote!(let share = #times_own #weight / samples;)),
            (true, false) => Some(quote! {
                let share = #own / samples;
                let even = #even / samples;
            }),
            (true, true) => Some(quote! {
                let share = #own * #weight / samples;
                let even = #even / samples;
            }),
        }
    }

    fn own_share(&self) -> TokenStream {
        if self.is_plain() {
            quote!(1.0 / samples)
        } else {
            quote!(share)
        }
    }

    /// From powers of e to the delta of the logits.
    fn logits_delta(&self) -> TokenStream {
        let (own, weight_sum) = (self.own_share(), self.weight_sum());
        let delta = match (self.is_smoothed(), self.is_weighted()) {
            (false, false) if self.is_whole() => quote! {
                for p in delta.iter_mut() {
                    *p /= sum * samples;
                }
            },
            (false, _) => quote! {
                for p in delta.iter_mut() {
                    *p *= share / sum;
                }
            },
            (true, false) => quote! {
                let scale = (share + #weight_sum * even) / sum;
                for p in delta.iter_mut() {
                    *p = scale * *p - even;
                }
            },
            (true, true) => {
                let class_weights = self.weights_name();
                quote! {
                    let scale = (share + #weight_sum * even) / sum;
                    for (p, w) in delta.iter_mut().zip(#class_weights) {
                        *p = scale * *p - even * w;
                    }
                }
            }
        };
        quote! {
            #delta
            delta[label] -= #own;
        }
    }
}

const NO_LABEL: &str = "# Panics\n\nIf there is no such label.";
