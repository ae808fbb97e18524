//! Optimizers: how the parameters follow their gradients, and what is remembered from step to step.
//!
//! In the formulas `w` is a parameter and `g` its gradient.

mod muon;
mod rule;
mod state;
mod tensors;

use super::tokens::{doc, formula, ident, mentions, real, scalar};
use crate::Kernels;
use cnn_spec::network::{Dtype, Network};
use cnn_spec::training::{Clip, Optimizer, Training};
use muon::Muon;
use proc_macro2::TokenStream;
use quote::quote;
use rule::Rule;
use state::State;
use tensors::{Set, Tensors};

/// The optimizer's memory and its `update` function.
pub fn items(network: &Network, training: &Training, kernels: Kernels) -> TokenStream {
    let emitter = Emitter::new(network, training);
    let (factors, state) = (emitter.tensors.factors(), emitter.state().items());
    let matrices = emitter.muon.as_ref().map(Muon::items);
    let update = emitter.update(kernels);
    let average = training
        .ema_decay
        .map(|decay| average(decay, network, kernels));
    quote!(#state #factors #matrices #update #average)
}

struct Emitter<'n> {
    dtype: Dtype,
    training: &'n Training,
    tensors: Tensors<'n>,
    rule: Rule,
    muon: Option<Muon<'n>>,
}

impl<'n> Emitter<'n> {
    fn new(network: &'n Network, training: &'n Training) -> Self {
        let tensors = Tensors::new(network);
        let muon = match training.optimizer {
            Optimizer::Muon(settings) => Some(Muon::new(settings, network)),
            _ => None,
        };
        Self {
            dtype: network.dtype,
            training,
            tensors,
            rule: Rule::new(&training.optimizer, network.dtype),
            muon,
        }
    }

    /// Which parameters the rule is for.
    fn set(&self) -> Set {
        match self.muon {
            Some(_) => Set::Others,
            None => Set::Learnt,
        }
    }

    /// What the rule computes once per update, if there is a parameter for it.
    fn per_update(&self) -> Option<&TokenStream> {
        self.tensors.indices(self.set())?;
        self.rule.per_update.as_ref()
    }

    fn counts(&self) -> bool {
        self.per_update().is_some() || self.training.ema_decay.is_some()
    }

    fn state(&self) -> State<'_> {
        State {
            dtype: self.dtype,
            tensors: &self.tensors,
            rule: &self.rule,
            set: self.set(),
            muon: self.muon.as_ref(),
            counts: self.counts(),
            averages: self.training.ema_decay.is_some(),
        }
    }

    /// The function `update`.
    fn update(&self, kernels: Kernels) -> TokenStream {
        let scalar = scalar(self.dtype);
        let doc = self.doc();
        let (clip, clip_value) = self.clip();
        let count = self.counts().then(|| quote!(optimizer.step += 1;));
        let per_update = self.per_update();
        let matrices = self.muon.as_ref().map(|muon| {
            let factor = self.tensors.factor();
            muon.update(clip_value.as_ref(), factor.as_ref())
        });
        let values = self.values(clip_value.as_ref());
        let average = self
            .training
            .ema_decay
            .map(|_| quote!(average(parameters, optimizer);));
        let body = quote!(#count #per_update #clip #matrices #values #average);
        let optimizer = if mentions(&body, "optimizer") {
            ident("optimizer")
        } else {
            ident("_optimizer")
        };
        let inline = inline(kernels);
        // Each index names a factor too.
        let allow = self
            .tensors
            .factor()
            .map(|_| quote!(#[allow(clippy::needless_range_loop)]));
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
                #body
            }
        }
    }

    fn doc(&self) -> TokenStream {
        let clip = match self.training.clip {
            None => String::new(),
            Some(Clip::Norm(norm)) => {
                let norm = real(norm, self.dtype);
                let text = formula(&format!("g ← g · min(1, {norm} / (‖g‖ + 0.000001))"));
                format!(
                    "\n\nBefore, the gradient as a whole is made shorter if it is longer than {norm}.\n\n{text}"
                )
            }
            Some(Clip::Value(value)) => {
                let value = real(value, self.dtype);
                format!(
                    "\n\nBefore, no value of the gradient is larger than {value} or smaller than −{value}."
                )
            }
        };
        let muon = self.muon.as_ref().map_or_else(String::new, Muon::doc);
        doc(&format!("{muon}{}{clip}", self.rule.doc))
    }

    /// What is computed once to clip the gradient, and what is done to each of its values.
    fn clip(&self) -> (Option<TokenStream>, Option<TokenStream>) {
        match self.training.clip {
            None => (None, None),
            Some(Clip::Value(value)) => {
                let value = real(value, self.dtype);
                (None, Some(quote!(let g = g.clamp(-#value, #value);)))
            }
            Some(Clip::Norm(norm)) => {
                let norm = real(norm, self.dtype);
                let indices = self.tensors.indices(Set::Learnt);
                let once = quote! {
                    let mut squares = 0.0;
                    for index in #indices {
                        squares += cnn_runtime::math::sum_of_squares(gradients.tensor(index));
                    }
                    let shorten = #norm / (cnn_runtime::math::sqrt(squares) + 1e-6);
                    let shorten = shorten.min(1.0);
                };
                (Some(once), Some(quote!(let g = shorten * g;)))
            }
        }
    }

    /// The rule's loop over the parameters that it is for.
    fn values(&self, clip: Option<&TokenStream>) -> Option<TokenStream> {
        let indices = self.tensors.indices(self.set())?;
        let Rule {
            memories,
            rates,
            per_value,
            ..
        } = &self.rule;
        let factor = self.tensors.factor();
        let (before, inside) = if factor.is_some() {
            (quote!(), quote!(#factor #rates))
        } else {
            (quote!(#rates), quote!())
        };
        let letters: Vec<_> = memories.iter().map(|memory| ident(memory.letter)).collect();
        let names = memories.iter().map(|memory| ident(memory.name));
        // `(w, (g, (m, v)))` over `zip(w, zip(g, zip(m, v)))`.
        let nested = |pair: &dyn Fn(TokenStream, TokenStream) -> TokenStream| {
            let all = [ident("g")].into_iter().chain(letters.iter().cloned());
            let all: Vec<_> = all.map(|letter| quote!(#letter)).collect();
            let rest = all.into_iter().rev();
            rest.reduce(|inner, letter| pair(letter, inner))
        };
        let pattern = nested(&|first, rest| quote!((#first, #rest)));
        let zipped = nested(&|first, rest| quote!(core::iter::zip(#first, #rest)));
        Some(quote! {
            #before
            for index in #indices {
                #inside
                let w = parameters.tensor_mut(index);
                let g = gradients.tensor(index);
                #(let #letters = optimizer.#names.tensor_mut(index);)*
                for (w, #pattern) in core::iter::zip(w, #zipped) {
                    #clip
                    #per_value
                }
            }
        })
    }
}

/// What is part of a function that has chosen its instruction set.
fn inline(kernels: Kernels) -> Option<TokenStream> {
    (kernels == Kernels::Simd).then(|| quote!(#[inline(always)]))
}

/// The function `average`; PyTorch's `swa_utils.get_ema_multi_avg_fn`.
fn average(decay: f64, network: &Network, kernels: Kernels) -> TokenStream {
    let fade = real(1.0 - decay, network.dtype);
    let mut parameters = network.layers.iter().flat_map(|layer| &layer.parameters);
    let keeps_averages = parameters.any(|parameter| !parameter.is_learnt());
    let of_tensor = keeps_averages.then(|| {
        quote! {
            // What is an average by itself is taken as it is.
            let share = match Parameters::TENSORS[index].role {
                cnn_runtime::Role::Learnt => share,
                _ => 1.0,
            };
        }
    });
    let about = doc(&format!(
        "Takes the parameters into their running average `a`, which is what is evaluated and saved; the first update \
         begins it.\n\n{}",
        formula(&format!("a ← a + {fade} (w − a)"))
    ));
    let inline = inline(kernels);
    quote! {
        #about
        #inline
        pub fn average(parameters: &Parameters, optimizer: &mut Optimizer) {
            let share = match optimizer.step {
                1 => 1.0,
                _ => #fade,
            };
            for index in 0..Parameters::TENSORS.len() {
                #of_tensor
                let a = optimizer.average.tensor_mut(index);
                for (a, w) in core::iter::zip(a, parameters.tensor(index)) {
                    *a += share * (w - *a);
                }
            }
        }
    }
}
