//! Losses that are a sum over the outputs `a` and their targets `y`.

use super::Judge;
use crate::emit::tokens::{array_type, doc, formula, number, real, scalar};
use cnn_spec::network::Dtype;
use cnn_spec::training::Loss;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// One such loss, in Rust and in words.
pub struct Elementwise<'p> {
    judge: Judge<'p>,
    name: &'static str,
    /// What an output adds to the sum.
    term: TokenStream,
    term_text: String,
    /// Its derivative.
    slope: TokenStream,
    slope_text: String,
    /// What has to be named before each of the two.
    given_term: TokenStream,
    given_slope: TokenStream,
    given_text: String,
    /// What the sum is divided by; the textbook's cost is half of it.
    count: Option<usize>,
    /// What a target of one counts, where that is not the same for all outputs.
    weights: Vec<f64>,
    dtype: Dtype,
}

impl<'p> Elementwise<'p> {
    /// The loss over scores; mean squares unless it is another.
    pub fn new(judge: Judge<'p>) -> Self {
        let dtype = judge.dtype();
        let scalar = scalar(dtype);
        let squares = Self {
            judge,
            name: "The mean squared error",
            term: quote!((a - y) * (a - y)),
            term_text: "(a − y)²".to_owned(),
            slope: quote!(2.0 * (a - y)),
            slope_text: "2 (a − y)".to_owned(),
            given_term: quote!(),
            given_slope: quote!(),
            given_text: String::new(),
            count: Some(judge.shape().elements()),
            weights: Vec::new(),
            dtype,
        };
        match judge.loss() {
            Loss::BinaryCrossEntropy { pos_weight } => squares.binary_cross_entropy(pos_weight),
            Loss::Quadratic => Self {
                name: "The quadratic cost",
                slope: quote!((a - y)),
                slope_text: "(a − y)".to_owned(),
                count: None,
                ..squares
            },
            Loss::L1 => Self {
                name: "The mean absolute error",
                term: quote!((a - y).abs()),
                term_text: "|a − y|".to_owned(),
                slope: quote!((#scalar::from(a > y) - #scalar::from(a < y))),
                slope_text: "sign(a − y)".to_owned(),
                ..squares
            },
            Loss::SmoothL1 { beta } => {
                squares.smooth_l1(&real(*beta, dtype), &real(0.5 * beta, dtype))
            }
            Loss::Huber { delta } => squares.huber(&real(*delta, dtype), &real(0.5 * delta, dtype)),
            Loss::Mse | Loss::SoftmaxCrossEntropy(_) | Loss::Nll(_) => squares,
        }
    }

    fn smooth_l1(self, beta: &Literal, half: &Literal) -> Self {
        Self {
            name: "The smooth L1 loss",
            given_term: quote! {
                let distance = (a - y).abs();
                let cost = if distance < #beta {
                    0.5 * distance * distance / #beta
                } else {
                    distance - #half
                };
            },
            term: quote!(cost),
            term_text: format!(
                "(½ (a − y)² / {beta} where |a − y| < {beta}, else |a − y| − {half})"
            ),
            slope: quote!(((a - y) / #beta).clamp(-1.0, 1.0)),
            slope_text: format!("((a − y) / {beta}, at least −1 and at most 1)"),
            ..self
        }
    }

    fn huber(self, delta: &Literal, half: &Literal) -> Self {
        Self {
            name: "The Huber loss",
            given_term: quote! {
                let distance = (a - y).abs();
                let cost = if distance < #delta {
                    0.5 * distance * distance
                } else {
                    #delta * (distance - #half)
                };
            },
            term: quote!(cost),
            term_text: format!(
                "(½ (a − y)² where |a − y| < {delta}, else {delta} (|a − y| − {half}))"
            ),
            slope: quote!((a - y).clamp(-#delta, #delta)),
            slope_text: format!("(a − y, at least −{delta} and at most {delta})"),
            ..self
        }
    }

    fn binary_cross_entropy(self, pos_weight: &[f64]) -> Self {
        let name = "The binary cross-entropy of logits";
        let softplus = quote!(cnn_runtime::math::softplus(-a));
        let probability = quote!(let probability = 1.0 / (1.0 + cnn_runtime::math::exp(-a)););
        let (weight, weight_text) = match pos_weight {
            [] => {
                return Self {
                    name,
                    term: quote!((1.0 - y) * a + #softplus),
                    term_text: "((1 − y) a + ln(1 + e⁻ᵃ))".to_owned(),
                    slope: quote!((probability - y)),
                    given_slope: probability,
                    slope_text: "(1 / (1 + e⁻ᵃ) − y)".to_owned(),
                    ..self
                };
            }
            [one] => {
                let weight = real(*one, self.dtype);
                (quote!(#weight), weight.to_string())
            }
            _ => (quote!(p), "p".to_owned()),
        };
        let weight = quote!(let weight = 1.0 - y + #weight * y;);
        Self {
            name,
            term: quote!((1.0 - y) * a + weight * #softplus),
            term_text: "((1 − y) a + w ln(1 + e⁻ᵃ))".to_owned(),
            slope: quote!((1.0 - y + weight * (probability - 1.0))),
            slope_text: "(1 − y + w (1 / (1 + e⁻ᵃ) − 1))".to_owned(),
            given_slope: quote!(#weight #probability),
            given_term: weight,
            given_text: format!("    where w = 1 − y + {weight_text} y"),
            weights: pos_weight
                .iter()
                .copied()
                .skip_while(|_| pos_weight.len() == 1)
                .collect(),
            ..self
        }
    }

    /// The loss of a sample, of `sum`.
    pub fn value(&self) -> TokenStream {
        let scale = self.scale();
        match self.count {
            None => {
                let half = real(0.5 * self.judge.scale().unwrap_or(1.0), self.dtype);
                quote!(#half * sum)
            }
            Some(count) => {
                let count = real(count as f64, self.dtype);
                quote!(#scale sum / #count)
            }
        }
    }

    /// The delta of an output.
    fn delta(&self) -> TokenStream {
        let (scale, slope) = (self.scale(), &self.slope);
        match self.count {
            None => quote!(#scale #slope / samples),
            Some(count) => {
                let count = real(count as f64, self.dtype);
                quote!(#scale #slope / (#count * samples))
            }
        }
    }

    /// `0.3 *`, where the loss does not count once.
    fn scale(&self) -> Option<TokenStream> {
        let scale = self.judge.scale()?;
        let scale = real(scale, self.dtype);
        Some(quote!(#scale *))
    }

    /// The name of one of the loss's functions.
    pub fn function(&self, name: &str) -> Ident {
        self.judge.function(name)
    }

    /// The statements that add an output's part to `sum`.
    pub fn add(&self) -> TokenStream {
        let Self {
            given_term, term, ..
        } = self;
        quote!(#given_term sum += #term;)
    }

    /// The statements that set an output's delta `d`.
    pub fn set(&self) -> TokenStream {
        let (given, delta) = (&self.given_slope, self.delta());
        quote!(#given *d = #delta;)
    }

    /// `POS_WEIGHTS`, where it is not the same for all outputs.
    pub fn weights(&self) -> Option<TokenStream> {
        let (scalar, count) = (scalar(self.dtype), number(self.weights.len()));
        let name = self.judge.constant("POS_WEIGHTS");
        let weights = self.weights.iter().map(|&weight| real(weight, self.dtype));
        (!self.weights.is_empty()).then(|| {
            quote! {
                /// What a target of one counts beside a target of zero, for each output.
                #[rustfmt::skip]
                pub const #name: [#scalar; #count] = [#(#weights),*];
            }
        })
    }

    /// Pairs of an output and its target, with their weight where there are [`Self::weights`].
    pub fn pairs(&self, outputs: &TokenStream, targets: &TokenStream) -> [TokenStream; 2] {
        let pairs = quote!(#outputs.zip(#targets));
        if self.weights.is_empty() {
            [quote!((a, y)), pairs]
        } else {
            let weights = self.judge.constant("POS_WEIGHTS");
            [quote!(((a, y), p)), quote!(#pairs.zip(#weights))]
        }
    }

    pub fn functions(&self) -> TokenStream {
        let scalar = scalar(self.dtype);
        let scores = array_type(self.dtype, self.judge.shape());
        let target = self.judge.target_type();
        let Self {
            name,
            term_text,
            slope_text,
            given_text,
            ..
        } = self;
        let scale_text = self.judge.scale().map_or_else(String::new, |scale| {
            format!("{} · ", real(scale, self.dtype))
        });
        let [value_text, delta_text] = match self.count {
            None => [
                format!("{scale_text}½ Σ {term_text}"),
                format!("{scale_text}{slope_text}"),
            ],
            Some(count) => [
                format!("{scale_text}Σ {term_text} / {count}"),
                format!("{scale_text}{slope_text} / {count}"),
            ],
        };
        let forward_doc = doc(&format!(
            "{name} of one sample, over outputs `a` and targets `y`.{}\n\n{}",
            self.judge.note(),
            formula(&format!("loss = {value_text}{given_text}"))
        ));
        let backward_doc = doc(&format!(
            "The delta of the output. A batch's loss is the mean over its samples.\n\n{}",
            formula(&format!("delta = {delta_text} / batch_size{given_text}"))
        ));
        let (weights, add, value, set) = (self.weights(), self.add(), self.value(), self.set());
        let [loss, loss_backward] = ["loss", "loss_backward"].map(|name| self.function(name));
        let [pattern, pairs] =
            self.pairs(&quote!(output.values().iter()), &quote!(target.values()));
        quote! {
            #weights

            #forward_doc
            pub fn #loss(output: &#scores, target: &#target) -> #scalar {
                let mut sum = 0.0;
                for #pattern in #pairs {
                    #add
                }
                #value
            }

            #backward_doc
            pub fn #loss_backward(
                output: &#scores,
                target: &#target,
                batch_size: usize,
                delta: &mut #scores
            ) {
                let samples = batch_size as #scalar;
                let pairs = #pairs;
                for (d, #pattern) in delta.values_mut().iter_mut().zip(pairs) {
                    #set
                }
            }
        }
    }
}
