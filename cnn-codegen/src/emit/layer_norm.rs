//! `layer_norm`: forward, values brought to mean zero and variance one; backward, the delta without what would only
//! move the mean or stretch the values.

use super::function::{Argument, Function, Functions, parameters_pattern};
use super::tokens::{formula, number, real, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::LayerNorm;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The functions of a layer norm.
pub fn functions(norm: &LayerNorm, plan: &Plan, step: &Step) -> Functions {
    let emitter = Emitter::new(norm, plan, step);
    Functions {
        forward: Some(emitter.forward()),
        backward_weights: (!step.parameters.is_empty()).then(|| emitter.backward_weights()),
        backward_input: emitter.backward_input(),
    }
}

struct Emitter<'a> {
    norm: &'a LayerNorm,
    plan: &'a Plan<'a>,
    step: &'a Step<'a>,
    has_weight: bool,
    has_bias: bool,
    /// Values that share a mean and a variance.
    run: usize,
}

impl<'a> Emitter<'a> {
    fn new(norm: &'a LayerNorm, plan: &'a Plan, step: &'a Step) -> Self {
        let shape = &plan.value(step.output).shape;
        let given = norm.normalized_shape.as_ref();
        Self {
            norm,
            plan,
            step,
            has_weight: norm.elementwise_affine,
            has_bias: norm.elementwise_affine && norm.bias,
            run: given.map_or(shape.elements(), |dims| dims.iter().product()),
        }
    }

    fn forward(&self) -> Function {
        let (run, statistics) = (number(self.run), self.statistics());
        let bind = self.bind_parameters(&quote!(parameters), &quote!(values));
        let weight = self.has_weight.then(|| quote!(*weight[i]));
        let bias = self.has_bias.then(|| quote!(+ bias[i]));
        let text = |has: bool, text: &'static str| if has { text } else { "" };
        let mut arguments = vec![Argument::Input, Argument::OutputMut];
        if self.has_weight {
            arguments.insert(0, Argument::Parameters);
        }
        Function {
            doc: format!(
                "`{}` forward, {}: {} values at a time are brought to mean zero and variance one.\n\n{}",
                self.step.name,
                self.step.shapes(self.plan),
                self.run,
                formula(&format!(
                    "output[i] = (input[i] − mean) / √(variance + {}){}{}",
                    self.epsilon(),
                    text(self.has_weight, " · weight[i]"),
                    text(self.has_bias, " + bias[i]"),
                )),
            ),
            arguments,
            body: quote! {
                #bind
                let runs = input.values().chunks_exact(#run);
                for (z, a) in runs.zip(output.values_mut().chunks_exact_mut(#run)) {
                    #statistics
                    for i in 0..#run {
                        a[i] = (z[i] - mean) * scale #weight #bias;
                    }
                }
            },
        }
    }

    fn backward_weights(&self) -> Function {
        let (run, statistics) = (number(self.run), self.statistics());
        let bind = self.bind_parameters(&quote!(gradients), &quote!(values_mut));
        let bias = self.has_bias.then(|| quote!(bias[i] += d[i];));
        let bias_text = if self.has_bias {
            "\n∂loss/∂bias[i] = Σ delta[i]"
        } else {
            ""
        };
        Function {
            doc: format!(
                "`{}` weight gradient. It is added to `gradients`.\n\n{}",
                self.step.name,
                formula(&format!(
                    "∂loss/∂weight[i] = Σ delta[i] · (input[i] − mean) / √(variance + {}){bias_text}",
                    self.epsilon()
                )),
            ),
            arguments: vec![Argument::Input, Argument::Delta, Argument::Gradients],
            body: quote! {
                #bind
                let runs = input.values().chunks_exact(#run);
                for (z, d) in runs.zip(delta.values().chunks_exact(#run)) {
                    #statistics
                    for i in 0..#run {
                        weight[i] += d[i] * (z[i] - mean) * scale;
                        #bias
                    }
                }
            },
        }
    }

    fn backward_input(&self) -> Function {
        let (run, statistics, count) = (number(self.run), self.statistics(), self.count());
        let weight = self.has_weight.then(|| quote!(*weight[i]));
        let bind = self
            .has_weight
            .then(|| quote!(let weight = parameters.weight.values();));
        let mut arguments = vec![Argument::Input, Argument::Delta, Argument::InputDelta];
        if self.has_weight {
            arguments.insert(0, Argument::Parameters);
        }
        let g = if self.has_weight {
            "delta · weight"
        } else {
            "delta"
        };
        Function {
            doc: format!(
                "`{}` input delta: the delta without the parts that the mean and the variance take away.\n\n{}",
                self.step.name,
                formula(&format!(
                    "input_delta[i] = (g[i] − mean(g) − x[i] · mean(g · x)) / √(variance + {})\n    \
                     where g = {g} and x = (input − mean) / √(variance + {})",
                    self.epsilon(),
                    self.epsilon()
                )),
            ),
            arguments,
            body: quote! {
                #bind
                let inputs = input.values().chunks_exact(#run);
                let runs = inputs.zip(delta.values().chunks_exact(#run));
                for ((z, d), sums) in runs.zip(input_delta.values_mut().chunks_exact_mut(#run)) {
                    #statistics
                    let (mut mean_g, mut mean_gx) = (0.0, 0.0);
                    for i in 0..#run {
                        let g = d[i] #weight;
                        mean_g += g / #count;
                        mean_gx += g * (z[i] - mean) * scale / #count;
                    }
                    for i in 0..#run {
                        let g = d[i] #weight;
                        sums[i] = (g - mean_g - (z[i] - mean) * scale * mean_gx) * scale;
                    }
                }
            },
        }
    }

    /// The statements that give the mean of a run, and one over its deviation.
    fn statistics(&self) -> TokenStream {
        let (count, epsilon) = (self.count(), self.epsilon());
        let scalar = scalar(self.plan.network.dtype);
        quote! {
            let mean = z.iter().sum::<#scalar>() / #count;
            let squares = z.iter().map(|z| (z - mean) * (z - mean));
            let variance = squares.sum::<#scalar>() / #count;
            let scale = 1.0 / cnn_runtime::math::sqrt(variance + #epsilon);
        }
    }

    /// The parameters, or their gradients, as slices.
    fn bind_parameters(&self, owner: &TokenStream, view: &TokenStream) -> TokenStream {
        match (self.has_weight, self.has_bias) {
            (false, _) => TokenStream::new(),
            (true, false) => quote!(let weight = #owner.weight.#view();),
            (true, true) => {
                let pattern = parameters_pattern(self.plan, &self.step.name);
                quote! {
                    let #pattern = #owner;
                    let (weight, bias) = (weight.#view(), bias.#view());
                }
            }
        }
    }

    fn count(&self) -> Literal {
        real(self.run as f64, self.plan.network.dtype)
    }

    fn epsilon(&self) -> Literal {
        real(self.norm.epsilon, self.plan.network.dtype)
    }
}
