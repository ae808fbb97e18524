//! Optimizers: how the parameters follow their gradients, and what is remembered from step to step.
//!
//! In the formulas `w` is a parameter and `g` its gradient.

use super::tokens::{allow_constants, doc, formula, ident, real, scalar};
use crate::Kernels;
use cnn_spec::network::Dtype;
use cnn_spec::training::{AdamSettings, Optimizer};
use proc_macro2::TokenStream;
use quote::quote;

/// An update rule with its hyperparameters as constants.
struct Rule {
    /// What it does, with the formula.
    doc: String,
    /// What it remembers of each parameter: a letter, a name and what it is.
    memories: Vec<[&'static str; 3]>,
    /// What is computed once per update; where this is present, updates are counted.
    per_update: Option<TokenStream>,
    /// What is done to each parameter `w` with its gradient `g` and memories.
    per_value: TokenStream,
}

/// The optimizer's memory and its `update` function.
pub fn items(optimizer: &Optimizer, dtype: Dtype, kernels: Kernels) -> TokenStream {
    let rule = match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
            ..
        } => sgd(momentum, nesterov, weight_decay, dtype),
        Optimizer::Adam(settings) => adam(settings, dtype),
        Optimizer::AdamW(settings) => adamw(settings, dtype),
    };
    let memory = rule.memory();
    let update = rule.update(dtype, kernels);
    quote!(#memory #update)
}

/// `torch.optim.SGD`.
fn sgd(momentum: f64, nesterov: bool, weight_decay: f64, dtype: Dtype) -> Rule {
    let (bind_slope, slope, slope_text) = penalised(weight_decay, dtype);
    if momentum == 0.0 {
        return Rule {
            doc: format!(
                "Gradient descent: every parameter `w` goes against its gradient `g`.\n\n{}",
                formula(&format!("w ← w − learning_rate · {slope_text}"))
            ),
            memories: vec![],
            per_update: None,
            per_value: quote!(#bind_slope *w -= learning_rate * #slope;),
        };
    }
    let momentum = real(momentum, dtype);
    let (name, direction, direction_text) = if nesterov {
        let text = format!("({slope_text} + {momentum} v)");
        ("Nesterov momentum", quote!((#slope + #momentum * *v)), text)
    } else {
        ("momentum", quote!(*v), "v".to_owned())
    };
    Rule {
        doc: format!(
            "Gradient descent with {name}: every parameter `w` goes where its velocity `v` leads, which its \
             gradient `g` turns.\n\n{}",
            formula(&format!(
                "v ← {momentum} v + {slope_text}\nw ← w − learning_rate · {direction_text}"
            )),
        ),
        memories: vec![[
            "v",
            "velocity",
            "the gradients of past steps, older ones fading",
        ]],
        per_update: None,
        per_value: quote! {
            #bind_slope
            *v = #momentum * *v + #slope;
            *w -= learning_rate * #direction;
        },
    }
}

/// `torch.optim.Adam`.
fn adam(settings: AdamSettings, dtype: Dtype) -> Rule {
    let (bind_slope, slope, slope_text) = penalised(settings.weight_decay, dtype);
    moments(
        "Adam",
        settings,
        "",
        &bind_slope,
        &slope,
        &slope_text,
        dtype,
    )
}

/// `torch.optim.AdamW`: the decay acts on the weights themselves.
fn adamw(settings: AdamSettings, dtype: Dtype) -> Rule {
    let decay = real(settings.weight_decay, dtype);
    let shrink = quote!(*w *= 1.0 - learning_rate * #decay;);
    let text = format!("w ← (1 − learning_rate · {decay}) w\n");
    if settings.weight_decay > 0.0 {
        moments("AdamW", settings, &text, &shrink, &quote!(g), "g", dtype)
    } else {
        moments("AdamW", settings, "", &quote!(), &quote!(g), "g", dtype)
    }
}

/// What Adam and AdamW share: steps of one length, scaled by running moments of the gradient.
fn moments(
    name: &str,
    settings: AdamSettings,
    first_text: &str,
    first: &TokenStream,
    slope: &TokenStream,
    slope_text: &str,
    dtype: Dtype,
) -> Rule {
    let [beta1, beta2] = settings.betas.map(|beta| real(beta, dtype));
    let [rest1, rest2] = settings.betas.map(|beta| real(1.0 - beta, dtype));
    let epsilon = real(settings.epsilon, dtype);
    Rule {
        doc: format!(
            "{name}: every parameter `w` goes against the running mean `m` of its gradient `g`, in units of the \
             root of the running mean square `v`; `t` counts updates.\n\n{}",
            formula(&format!(
                "{first_text}\
                 m ← {beta1} m + {rest1} {slope_text}\n\
                 v ← {beta2} v + {rest2} {slope_text}²\n\
                 w ← w − learning_rate · m / (1 − {beta1}ᵗ) / (√(v / (1 − {beta2}ᵗ)) + {epsilon})"
            )),
        ),
        memories: vec![
            ["m", "first_moment", "the running mean of the gradients"],
            ["v", "second_moment", "the running mean of their squares"],
        ],
        per_update: Some(quote! {
            let power1 = cnn_runtime::math::powi(#beta1, optimizer.step);
            let power2 = cnn_runtime::math::powi(#beta2, optimizer.step);
            let rate = learning_rate / (1.0 - power1);
            let scale = cnn_runtime::math::sqrt(1.0 - power2);
        }),
        per_value: quote! {
            #first
            *m = #beta1 * *m + #rest1 * #slope;
            *v = #beta2 * *v + #rest2 * #slope * #slope;
            *w -= rate * *m / (cnn_runtime::math::sqrt(*v) / scale + #epsilon);
        },
    }
}

/// The gradient with the L2 penalty's: what names it, its name, and the formula.
fn penalised(weight_decay: f64, dtype: Dtype) -> (TokenStream, TokenStream, String) {
    if weight_decay == 0.0 {
        return (quote!(), quote!(g), "g".to_owned());
    }
    let decay = real(weight_decay, dtype);
    (
        quote!(let slope = g + #decay * *w;),
        quote!(slope),
        format!("(g + {decay} w)"),
    )
}

impl Rule {
    /// The struct `Optimizer`.
    fn memory(&self) -> TokenStream {
        let names: Vec<_> = self
            .memories
            .iter()
            .map(|[_, name, _]| ident(name))
            .collect();
        let docs = self
            .memories
            .iter()
            .map(|[letter, _, text]| doc(&format!("`{letter}`: {text}.")));
        let counts = self.per_update.is_some();
        let step = counts.then(|| {
            quote! {
                /// `t`: how many updates there have been.
                pub step: u64,
            }
        });
        let step_name = counts.then(|| quote!(step,));
        quote! {
            /// What the optimizer remembers from step to step.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Optimizer {
                #step
                #(#docs pub #names: Parameters,)*
            }

            cnn_runtime::zeroed! { Optimizer { #step_name #(#names),* } }
        }
    }

    /// The function `update`.
    fn update(&self, dtype: Dtype, kernels: Kernels) -> TokenStream {
        let doc = doc(&self.doc);
        let scalar = scalar(dtype);
        let per_value = &self.per_value;
        let optimizer = if self.memories.is_empty() {
            ident("_optimizer")
        } else {
            ident("optimizer")
        };
        let count = self
            .per_update
            .as_ref()
            .map(|once| quote!(optimizer.step += 1; #once));
        let letters: Vec<_> = self
            .memories
            .iter()
            .map(|[letter, ..]| ident(letter))
            .collect();
        let names = self.memories.iter().map(|[_, name, _]| ident(name));
        // `(w, (g, (m, v)))` over `zip(weights, zip(slopes, zip(m, v)))`.
        let pattern = letters
            .iter()
            .rev()
            .fold(None, |inner, letter| match inner {
                None => Some(quote!(#letter)),
                Some(inner) => Some(quote!((#letter, #inner))),
            });
        let memories = letters
            .iter()
            .rev()
            .fold(None, |inner, letter| match inner {
                None => Some(quote!(#letter)),
                Some(inner) => Some(quote!(core::iter::zip(#letter, #inner))),
            });
        let (pattern, slopes) = match (pattern, memories) {
            (Some(pattern), Some(memories)) => {
                (quote!((g, #pattern)), quote!(core::iter::zip(g, #memories)))
            }
            _ => (quote!(g), quote!(g)),
        };
        // Part of a function that has chosen its instruction set.
        let inline = (kernels == Kernels::Simd).then(|| quote!(#[inline(always)]));
        let allow = allow_constants(&quote!(#count #per_value));
        quote! {
            #doc
            #allow
            #inline
            pub fn update(
                parameters: &mut Parameters,
                gradients: &Parameters,
                #optimizer: &mut Optimizer,
                learning_rate: #scalar
            ) {
                #count
                for index in 0..Parameters::TENSORS.len() {
                    let w = parameters.tensor_mut(index);
                    let g = gradients.tensor(index);
                    #(let #letters = optimizer.#names.tensor_mut(index);)*
                    for (w, #pattern) in core::iter::zip(w, #slopes) {
                        #per_value
                    }
                }
            }
        }
    }
}
