//! Update rules: what is done to one parameter `w` with its gradient `g`, and what is remembered for that.

use crate::emit::tokens::{formula, real, scalar};
use cnn_spec::network::Dtype;
use cnn_spec::training::{AdamSettings, MuonSettings, Optimizer};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// An update rule with its hyperparameters as constants.
pub struct Rule {
    /// What it does, with the formula.
    pub doc: String,
    /// What it remembers of each parameter.
    pub memories: Vec<Memory>,
    /// Numbers that it keeps beside the count of updates: a name and what it is.
    pub numbers: Vec<[&'static str; 2]>,
    /// What is computed once per update; where this is present, updates are counted.
    pub per_update: Option<TokenStream>,
    /// What is computed of the learning rate.
    pub rates: TokenStream,
    /// What is done to each parameter `w` with its gradient `g` and memories.
    pub per_value: TokenStream,
}

/// What is remembered of each parameter.
pub struct Memory {
    /// As in the formula.
    pub letter: &'static str,
    pub name: &'static str,
    pub about: &'static str,
}

const fn memory(letter: &'static str, name: &'static str, about: &'static str) -> Memory {
    Memory {
        letter,
        name,
        about,
    }
}

const VELOCITY: Memory = memory(
    "v",
    "velocity",
    "the gradients of past steps, older ones fading",
);
const FIRST_MOMENT: Memory = memory("m", "first_moment", "the running mean of the gradients");
const SECOND_MOMENT: Memory = memory("v", "second_moment", "the running mean of their squares");

impl Rule {
    /// The rule of each parameter, or, beside Muon, of those that are no matrices.
    pub fn new(optimizer: &Optimizer, dtype: Dtype) -> Self {
        match *optimizer {
            Optimizer::Sgd {
                momentum,
                nesterov,
                weight_decay,
                ..
            } => sgd(momentum, nesterov, weight_decay, dtype),
            Optimizer::Adam(settings) => adam(settings, dtype),
            Optimizer::AdamW(settings) => adamw(settings, dtype),
            Optimizer::NAdam {
                betas: decays,
                epsilon,
                weight_decay,
                momentum_decay,
                ..
            } => nadam(decays, epsilon, weight_decay, momentum_decay, dtype),
            Optimizer::RmsProp {
                alpha,
                epsilon,
                weight_decay,
                momentum,
                centered,
                ..
            } => rmsprop(alpha, epsilon, weight_decay, momentum, centered, dtype),
            Optimizer::Adagrad {
                learning_rate_decay,
                epsilon,
                weight_decay,
                ..
            } => adagrad(learning_rate_decay, epsilon, weight_decay, dtype),
            Optimizer::Lion {
                betas,
                weight_decay,
                ..
            } => lion(betas, weight_decay, dtype),
            Optimizer::Muon(settings) => beside_muon(&settings, dtype),
        }
    }
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
            numbers: vec![],
            per_update: None,
            rates: quote!(),
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
        memories: vec![VELOCITY],
        numbers: vec![],
        per_update: None,
        rates: quote!(),
        per_value: quote! {
            #bind_slope
            *v = #momentum * *v + #slope;
            *w -= learning_rate * #direction;
        },
    }
}

/// `torch.optim.Adam`.
fn adam(settings: AdamSettings, dtype: Dtype) -> Rule {
    let penalised = penalised(settings.weight_decay, dtype);
    moments("Adam", settings, "", penalised, dtype)
}

/// `torch.optim.AdamW`: the decay acts on the weights themselves.
fn adamw(settings: AdamSettings, dtype: Dtype) -> Rule {
    let decay = real(settings.weight_decay, dtype);
    let gradient = |shrink| (shrink, quote!(g), "g".to_owned());
    if settings.weight_decay > 0.0 {
        let text = format!("w ← (1 − learning_rate · {decay}) w\n");
        let shrink = quote!(*w *= 1.0 - learning_rate * #decay;);
        moments("AdamW", settings, &text, gradient(shrink), dtype)
    } else {
        moments("AdamW", settings, "", gradient(quote!()), dtype)
    }
}

/// What Adam and AdamW share: steps of one length, scaled by running moments of the gradient.
fn moments(
    name: &str,
    settings: AdamSettings,
    first_text: &str,
    (first, slope, slope_text): (TokenStream, TokenStream, String),
    dtype: Dtype,
) -> Rule {
    let ([beta1, beta2], [rest1, rest2]) = decay_rates(settings.betas, dtype);
    let epsilon = real(settings.epsilon, dtype);
    let mut memories = vec![FIRST_MOMENT, SECOND_MOMENT];
    let (largest, second, largest_text) = if settings.amsgrad {
        memories.push(memory("u", "largest", "the largest of these means so far"));
        (quote!(*u = u.max(*v);), quote!(*u), "u ← max(u, v)\n")
    } else {
        (quote!(), quote!(*v), "")
    };
    let letter = if settings.amsgrad { "u" } else { "v" };
    Rule {
        doc: format!(
            "{name}: every parameter `w` goes against the running mean `m` of its gradient `g`, in units of the \
             root of the running mean square `v`; `t` counts updates.\n\n{}",
            formula(&format!(
                "{first_text}\
                 m ← {beta1} m + {rest1} {slope_text}\n\
                 v ← {beta2} v + {rest2} {slope_text}²\n\
                 {largest_text}\
                 w ← w − learning_rate · m / (1 − {beta1}ᵗ) / (√({letter} / (1 − {beta2}ᵗ)) + {epsilon})"
            )),
        ),
        memories,
        numbers: vec![],
        per_update: Some(quote! {
            let power1 = cnn_runtime::math::powi(#beta1, optimizer.step);
            let power2 = cnn_runtime::math::powi(#beta2, optimizer.step);
        }),
        rates: quote! {
            let rate = learning_rate / (1.0 - power1);
            let scale = cnn_runtime::math::sqrt(1.0 - power2);
        },
        per_value: quote! {
            #first
            *m = #beta1 * *m + #rest1 * #slope;
            *v = #beta2 * *v + #rest2 * #slope * #slope;
            #largest
            *w -= rate * *m / (cnn_runtime::math::sqrt(#second) / scale + #epsilon);
        },
    }
}

/// `torch.optim.NAdam`.
fn nadam(
    decays: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    momentum_decay: f64,
    dtype: Dtype,
) -> Rule {
    let (bind_slope, slope, slope_text) = penalised(weight_decay, dtype);
    let ([beta1, beta2], [rest1, rest2]) = decay_rates(decays, dtype);
    let epsilon = real(epsilon, dtype);
    let fade = real(-momentum_decay * 0.96_f64.ln(), dtype);
    let scalar = scalar(dtype);
    Rule {
        doc: format!(
            "NAdam: Adam that looks ahead along the running mean `m`, with a share `μ` that grows with the updates `t` \
             from half of {beta1} to the whole.\n\n{}",
            formula(&format!(
                "μₜ = {beta1} (1 − ½ e^(−{fade} t))\n\
                 m ← {beta1} m + {rest1} {slope_text}\n\
                 v ← {beta2} v + {rest2} {slope_text}²\n\
                 step = (1 − μₜ) {slope_text} / (1 − μ₁ ⋯ μₜ) + μₜ₊₁ m / (1 − μ₁ ⋯ μₜ₊₁)\n\
                 w ← w − learning_rate · step / (√(v / (1 − {beta2}ᵗ)) + {epsilon})"
            )),
        ),
        memories: vec![FIRST_MOMENT, SECOND_MOMENT],
        numbers: vec![["correction", "`1 − μ₁ ⋯ μₜ`"]],
        per_update: Some(quote! {
            let time = optimizer.step as #scalar;
            let rest = cnn_runtime::math::exp(-#fade * time);
            let next_rest = cnn_runtime::math::exp(-#fade * (time + 1.0));
            let share = #beta1 * (1.0 - 0.5 * rest);
            let next = #beta1 * (1.0 - 0.5 * next_rest);
            optimizer.correction = 1.0 - (1.0 - optimizer.correction) * share;
            let next_correction = 1.0 - (1.0 - optimizer.correction) * next;
            let power2 = cnn_runtime::math::powi(#beta2, optimizer.step);
            let scale = cnn_runtime::math::sqrt(1.0 - power2);
        }),
        rates: quote! {
            let rate = learning_rate * (1.0 - share) / optimizer.correction;
            let ahead = learning_rate * next / next_correction;
        },
        per_value: quote! {
            #bind_slope
            *m = #beta1 * *m + #rest1 * #slope;
            *v = #beta2 * *v + #rest2 * #slope * #slope;
            let root = cnn_runtime::math::sqrt(*v) / scale + #epsilon;
            *w -= (rate * #slope + ahead * *m) / root;
        },
    }
}

/// `torch.optim.RMSprop`.
fn rmsprop(
    alpha: f64,
    epsilon: f64,
    weight_decay: f64,
    momentum: f64,
    centered: bool,
    dtype: Dtype,
) -> Rule {
    let (bind_slope, slope, slope_text) = penalised(weight_decay, dtype);
    let (keep, rest) = (real(alpha, dtype), real(1.0 - alpha, dtype));
    let epsilon = real(epsilon, dtype);
    let mut memories = vec![memory(
        "s",
        "mean_square",
        "the running mean of the gradients' squares",
    )];
    let (mean, variance, mean_text, variance_text) = if centered {
        memories.push(FIRST_MOMENT);
        (
            quote!(*m = #keep * *m + #rest * #slope;),
            quote!((*s - *m * *m).max(0.0)),
            format!("m ← {keep} m + {rest} {slope_text}\n"),
            "(s − m²)",
        )
    } else {
        (quote!(), quote!(*s), String::new(), "s")
    };
    let (follow, step_text) = if momentum > 0.0 {
        memories.push(VELOCITY);
        let momentum = real(momentum, dtype);
        (
            quote! {
                *v = #momentum * *v + #slope / root;
                *w -= learning_rate * *v;
            },
            format!(
                "v ← {momentum} v + {slope_text} / (√{variance_text} + {epsilon})\nw ← w − learning_rate · v"
            ),
        )
    } else {
        (
            quote!(*w -= learning_rate * #slope / root;),
            format!("w ← w − learning_rate · {slope_text} / (√{variance_text} + {epsilon})"),
        )
    };
    Rule {
        doc: format!(
            "RMSprop: every parameter `w` goes against its gradient `g`, in units of the root of the running mean \
             square `s`.\n\n{}",
            formula(&format!(
                "s ← {keep} s + {rest} {slope_text}²\n{mean_text}{step_text}"
            )),
        ),
        memories,
        numbers: vec![],
        per_update: None,
        rates: quote!(),
        per_value: quote! {
            #bind_slope
            *s = #keep * *s + #rest * #slope * #slope;
            #mean
            let root = cnn_runtime::math::sqrt(#variance) + #epsilon;
            #follow
        },
    }
}

/// `torch.optim.Adagrad`.
fn adagrad(learning_rate_decay: f64, epsilon: f64, weight_decay: f64, dtype: Dtype) -> Rule {
    let (bind_slope, slope, slope_text) = penalised(weight_decay, dtype);
    let (epsilon, decay, scalar) = (
        real(epsilon, dtype),
        real(learning_rate_decay, dtype),
        scalar(dtype),
    );
    let decays = learning_rate_decay > 0.0;
    let (rate, rate_text) = if decays {
        let text = format!("learning_rate / (1 + {decay} (t − 1))");
        (quote!(rate), text)
    } else {
        (quote!(learning_rate), "learning_rate".to_owned())
    };
    let rates = quote!(let rate = learning_rate / (1.0 + #decay * (time - 1.0)););
    Rule {
        doc: format!(
            "Adagrad: every parameter `w` goes against its gradient `g`, in units of the root of the sum `s` of all \
             squares so far.\n\n{}",
            formula(&format!(
                "s ← s + {slope_text}²\nw ← w − {rate_text} · {slope_text} / (√s + {epsilon})"
            )),
        ),
        memories: vec![memory("s", "squares", "the sum of the gradients' squares")],
        numbers: vec![],
        per_update: decays.then(|| quote!(let time = optimizer.step as #scalar;)),
        rates: if decays { rates } else { quote!() },
        per_value: quote! {
            #bind_slope
            *s += #slope * #slope;
            *w -= #rate * #slope / (cnn_runtime::math::sqrt(*s) + #epsilon);
        },
    }
}

/// Algorithm 2 of Chen et al., 2023.
fn lion(decays: [f64; 2], weight_decay: f64, dtype: Dtype) -> Rule {
    let ([beta1, beta2], [rest1, rest2]) = decay_rates(decays, dtype);
    let scalar = scalar(dtype);
    let decay = real(weight_decay, dtype);
    let (step, step_text) = if weight_decay > 0.0 {
        let text = format!("(sign(c) + {decay} w)");
        (quote!((sign + #decay * *w)), text)
    } else {
        (quote!(sign), "sign(c)".to_owned())
    };
    Rule {
        doc: format!(
            "Lion: every parameter `w` takes a step of one length against the sign of its momentum `m` and gradient \
             `g`.\n\n{}",
            formula(&format!(
                "c = {beta1} m + {rest1} g\nw ← w − learning_rate · {step_text}\nm ← {beta2} m + {rest2} g"
            )),
        ),
        memories: vec![memory("m", "momentum", "the running mean of the gradients")],
        numbers: vec![],
        per_update: None,
        rates: quote!(),
        per_value: quote! {
            let c = #beta1 * *m + #rest1 * g;
            let sign = #scalar::from(c > 0.0) - #scalar::from(c < 0.0);
            *w -= learning_rate * #step;
            *m = #beta2 * *m + #rest2 * g;
        },
    }
}

/// AdamW for what is no matrix, with a learning rate of its own.
fn beside_muon(settings: &MuonSettings, dtype: Dtype) -> Rule {
    let rule = adamw(settings.adamw, dtype);
    let ratio = settings.adamw.learning_rate / settings.learning_rate;
    if ratio.total_cmp(&1.0).is_eq() {
        return rule;
    }
    let (ratio, rates) = (real(ratio, dtype), rule.rates);
    Rule {
        rates: quote!(let learning_rate = #ratio * learning_rate; #rates),
        ..rule
    }
}

/// The decay rates of two means, and what is left of one.
fn decay_rates(betas: [f64; 2], dtype: Dtype) -> ([Literal; 2], [Literal; 2]) {
    (
        betas.map(|beta| real(beta, dtype)),
        betas.map(|beta| real(1.0 - beta, dtype)),
    )
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
