//! Losses that are a sum over the outputs `a` and their targets `y`.

use crate::emit::tokens::{array_type, doc, formula, number, real, scalar};
use crate::plan::Plan;
use cnn_spec::network::Dtype;
use cnn_spec::training::Loss;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// One such loss, in Rust and in words.
pub struct Elementwise {
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

impl Elementwise {
    /// The loss over the scores of a plan; mean squares unless it is another.
    pub fn new(loss: &Loss, plan: &Plan) -> Self {
        let dtype = plan.network.dtype;
        let scalar = scalar(dtype);
        let squares = Self {
            name: "The mean squared error",
            term: quote!((a - y) * (a - y)),
            term_text: "(a − y)²".to_owned(),
            slope: quote!(2.0 * (a - y)),
            slope_text: "2 (a − y)".to_owned(),
            given_term: quote!(),
            given_slope: quote!(),
            given_text: String::new(),
            count: Some(plan.value(plan.scores).shape.elements()),
            weights: Vec::new(),
            dtype,
        };
        match loss {
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
        match self.count {
            None => quote!(0.5 * sum),
            Some(count) => {
                let count = real(count as f64, self.dtype);
                quote!(sum / #count)
            }
        }
    }

    /// The delta of an output.
    fn delta(&self) -> TokenStream {
        let slope = &self.slope;
        match self.count {
            None => quote!(#slope / samples),
            Some(count) => {
                let count = real(count as f64, self.dtype);
                quote!(#slope / (#count * samples))
            }
        }
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
        let weights = self.weights.iter().map(|&weight| real(weight, self.dtype));
        (!self.weights.is_empty()).then(|| {
            quote! {
                /// What a target of one counts beside a target of zero, for each output.
                #[rustfmt::skip]
                pub const POS_WEIGHTS: [#scalar; #count] = [#(#weights),*];
            }
        })
    }

    /// Pairs of an output and its target, with their weight where there are [`Self::weights`].
    pub fn pairs(&self, outputs: &TokenStream, targets: &TokenStream) -> [TokenStream; 2] {
        let pairs = quote!(#outputs.zip(#targets));
        if self.weights.is_empty() {
            [quote!((a, y)), pairs]
        } else {
            [quote!(((a, y), p)), quote!(#pairs.zip(POS_WEIGHTS))]
        }
    }

    pub fn functions(&self, plan: &Plan) -> TokenStream {
        let scalar = scalar(self.dtype);
        let scores = array_type(self.dtype, &plan.value(plan.scores).shape);
        let Self {
            name,
            term_text,
            slope_text,
            given_text,
            ..
        } = self;
        let [value_text, delta_text] = match self.count {
            None => [format!("½ Σ {term_text}"), slope_text.clone()],
            Some(count) => [
                format!("Σ {term_text} / {count}"),
                format!("{slope_text} / {count}"),
            ],
        };
        let forward_doc = doc(&format!(
            "{name} of one sample, over outputs `a` and targets `y`.\n\n{}",
            formula(&format!("loss = {value_text}{given_text}"))
        ));
        let backward_doc = doc(&format!(
            "The delta of the output. A batch's loss is the mean over its samples.\n\n{}",
            formula(&format!("delta = {delta_text} / batch_size{given_text}"))
        ));
        let (weights, add, value, set) = (self.weights(), self.add(), self.value(), self.set());
        let [pattern, pairs] =
            self.pairs(&quote!(output.values().iter()), &quote!(target.values()));
        quote! {
            #weights

            #forward_doc
            pub fn loss(output: &#scores, target: &#scores) -> #scalar {
                let mut sum = 0.0;
                for #pattern in #pairs {
                    #add
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
                let pairs = #pairs;
                for (d, #pattern) in delta.values_mut().iter_mut().zip(pairs) {
                    #set
                }
            }
        }
    }
}
