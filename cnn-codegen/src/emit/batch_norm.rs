//! Batch norms: forward, each channel brought to mean zero and variance one; backward, the delta without what would only
//! move the mean or stretch the values. Between them, what has to be known of the whole batch.

use super::element::{channel, each_channel, each_position, element};
use super::function::{Argument, Function, Functions};
use super::tokens::{doc, formula, ident, number, real, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{BatchNorm, Kind};
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The functions of a batch norm.
pub fn functions(norm: &BatchNorm, plan: &Plan, step: &Step) -> Functions {
    let emitter = Emitter::new(norm, plan, step);
    Functions {
        forward: Some(emitter.forward()),
        backward_weights: norm.affine.then(|| emitter.backward_weights()),
        backward_input: emitter.backward_input(),
    }
}

/// What is gathered of each sample for the whole batch: forward, and backward.
pub fn statistics(norm: &BatchNorm, plan: &Plan, step: &Step) -> [Function; 2] {
    let emitter = Emitter::new(norm, plan, step);
    [emitter.statistics(), emitter.backward_statistics()]
}

/// The batch norms of a network, each with its step.
pub fn all<'p>(plan: &'p Plan) -> impl Iterator<Item = (&'p Step<'p>, &'p BatchNorm)> {
    plan.steps.iter().filter_map(|step| match step.kind() {
        Some(Kind::BatchNorm(norm)) => Some((step, norm)),
        _ => None,
    })
}

/// `Statistics` and `track`; nothing where there are no batch norms.
pub fn batch_items(plan: &Plan) -> Option<TokenStream> {
    let scalar = scalar(plan.network.dtype);
    let names: Vec<_> = all(plan).map(|(step, _)| ident(&step.name)).collect();
    if names.is_empty() {
        return None;
    }
    let docs =
        all(plan).map(|(step, _)| doc(&format!("What `{}` has to know of them.", step.name)));
    let channels = all(plan).map(|(step, _)| number(plan.value(step.output).shape.dims()[0]));
    let momenta = all(plan).map(|(_, norm)| real(norm.momentum, plan.network.dtype));
    let text = formula(
        "running_mean ← running_mean + momentum · (mean − running_mean)\n\
         running_var ← running_var + momentum · (variance · n / (n − 1) − running_var)",
    );
    let about = doc(&format!(
        "Takes a batch of `n` values of each channel into the running averages.\n\n{text}"
    ));
    Some(quote! {
        /// What the batch norms have to know of all samples of a batch.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Statistics {
            #(#docs pub #names: cnn_runtime::Moments<#scalar, #channels>,)*
        }

        cnn_runtime::zeroed! { Statistics { #(#names),* } }

        impl cnn_runtime::Statistics for Statistics {
            fn merge(&mut self, other: &Self) {
                #(self.#names.merge(&other.#names);)*
            }
        }

        #about
        pub fn track(parameters: &mut Parameters, statistics: &Statistics) {
            #(
                let norm = &mut parameters.#names;
                let moments = &statistics.#names;
                moments.track(#momenta, &mut norm.running_mean, &mut norm.running_var);
                norm.num_batches_tracked += 1.0;
            )*
        }
    })
}

/// Binds what a norm does to its input in inference: the `factor` and the `shift` of each of so many channels.
pub fn folded(norm: &BatchNorm, channels: usize) -> TokenStream {
    let epsilon = real(norm.epsilon, Dtype::F32);
    let (weight, bias) = if norm.affine {
        (quote!(norm.weight[c] /), quote!(norm.bias[c] -))
    } else {
        (quote!(1.0 /), quote!(-))
    };
    let channels = number(channels);
    quote! {
        let mut factor = [0.0; #channels];
        let mut shift = [0.0; #channels];
        for c in 0..#channels {
            let deviation = cnn_runtime::math::sqrt(norm.running_var[c] + #epsilon);
            factor[c] = #weight deviation;
            shift[c] = #bias norm.running_mean[c] * factor[c];
        }
    }
}

/// The same in words.
pub fn folded_text(norm: &BatchNorm) -> String {
    let (weight, bias) = if norm.affine {
        ("norm.weight", "norm.bias − ")
    } else {
        ("1", "−")
    };
    format!(
        "factor = {weight} / √(running_var + {})\n    and shift = {bias}running_mean · factor",
        real(norm.epsilon, Dtype::F32)
    )
}

struct Emitter<'a> {
    norm: &'a BatchNorm,
    plan: &'a Plan<'a>,
    step: &'a Step<'a>,
    shape: &'a Shape,
    /// The index of the channel.
    c: TokenStream,
}

impl<'a> Emitter<'a> {
    fn new(norm: &'a BatchNorm, plan: &'a Plan, step: &'a Step) -> Self {
        let shape = &plan.value(step.output).shape;
        Self {
            norm,
            plan,
            step,
            shape,
            c: channel(shape),
        }
    }

    fn forward(&self) -> Function {
        let (c, scale) = (&self.c, self.scale(&quote!(variance)));
        let (z, a) = (self.element("input"), self.element("output"));
        let mut arguments = vec![
            Argument::Mean,
            Argument::Variance,
            Argument::Input,
            Argument::OutputMut,
        ];
        let (mut value, mut text) = (quote!(normalized), "");
        if self.norm.affine {
            arguments.insert(0, Argument::Parameters);
            value = quote!(parameters.weight[#c] * normalized + parameters.bias[#c]);
            text = " · weight + bias";
        }
        let positions = each_position(
            self.shape,
            &quote! {
                let normalized = (#z - mean[#c]) * scale;
                #a = #value;
            },
        );
        Function {
            doc: format!(
                "`{}` forward, {}: each channel is brought to mean zero and variance one, by the mean and variance of \
                 the batch in training, else by the running ones.\n\n{}",
                self.step.name,
                self.shape,
                formula(&format!(
                    "output = (input − mean) / √(variance + {}){text}",
                    self.epsilon()
                )),
            ),
            arguments,
            body: each_channel(self.shape, &quote!(#scale #positions)),
        }
    }

    fn statistics(&self) -> Function {
        Function {
            doc: format!(
                "`{}` statistics: takes the mean and the variance of each channel of a sample into those of the \
                 batch.\n\n{}",
                self.step.name,
                formula(
                    "mean = Σ input / n    over all n values of a channel in the batch\n\
                     variance = Σ (input − mean)² / n"
                ),
            ),
            arguments: vec![Argument::Input, Argument::Sums],
            body: quote!(sums.add(input);),
        }
    }

    fn backward_statistics(&self) -> Function {
        let (c, scale) = (&self.c, self.scale(&quote!(variance)));
        let (z, d) = (self.element("input"), self.element("delta"));
        let positions = each_position(
            self.shape,
            &quote! {
                delta_sum += #d;
                product_sum += #d * (#z - mean[#c]) * scale;
            },
        );
        Function {
            doc: format!(
                "`{}` backward statistics: adds to what each channel's deltas are in the whole batch.\n\n{}",
                self.step.name,
                formula(&format!(
                    "sums.delta = Σ delta\n\
                     sums.product = Σ delta · (input − mean) / √(variance + {})",
                    self.epsilon()
                )),
            ),
            arguments: vec![
                Argument::Mean,
                Argument::Variance,
                Argument::Input,
                Argument::Delta,
                Argument::Sums,
            ],
            body: each_channel(
                self.shape,
                &quote! {
                    #scale
                    let (mut delta_sum, mut product_sum) = (0.0, 0.0);
                    #positions
                    sums.delta[#c] += delta_sum;
                    sums.product[#c] += product_sum;
                },
            ),
        }
    }

    fn backward_weights(&self) -> Function {
        let c = &self.c;
        Function {
            doc: format!(
                "`{}` weight gradient, of the sums over some samples. It is added to `gradients`.\n\n{}",
                self.step.name,
                formula("∂loss/∂weight = Σ delta · normalized\n∂loss/∂bias = Σ delta"),
            ),
            arguments: vec![Argument::SumsOfSamples, Argument::Gradients],
            body: each_channel(
                self.shape,
                &quote! {
                    gradients.weight[#c] += sums.product[#c];
                    gradients.bias[#c] += sums.delta[#c];
                },
            ),
        }
    }

    fn backward_input(&self) -> Function {
        let (c, scale) = (&self.c, self.scale(&quote!(statistics.variance)));
        let (z, d) = (self.element("input"), self.element("delta"));
        let downstream = self.element("input_delta");
        let weight = self.norm.affine.then(|| quote!(* parameters.weight[#c]));
        let text = if self.norm.affine { "weight · " } else { "" };
        let mut arguments = vec![
            Argument::Statistics,
            Argument::Input,
            Argument::Delta,
            Argument::InputDelta,
        ];
        if self.norm.affine {
            arguments.insert(0, Argument::Parameters);
        }
        let positions = each_position(
            self.shape,
            &quote! {
                let normalized = (#z - statistics.mean[#c]) * scale;
                let rest = #d - mean_delta - normalized * mean_product;
                #downstream = rest * factor;
            },
        );
        Function {
            doc: format!(
                "`{}` input delta: the delta without the parts that the batch's mean and variance take away.\n\n{}",
                self.step.name,
                formula(&format!(
                    "input_delta = {text}(delta − m − normalized · p) / √(variance + {})\n    \
                     where m = Σ delta / n and p = Σ delta · normalized / n\n    \
                     over all n values of a channel in the batch",
                    self.epsilon()
                )),
            ),
            arguments,
            body: each_channel(
                self.shape,
                &quote! {
                    #scale
                    let factor = scale #weight;
                    let mean_delta = statistics.delta[#c] / statistics.count;
                    let mean_product = statistics.product[#c] / statistics.count;
                    #positions
                },
            ),
        }
    }

    /// The statement that gives one over the deviation of a channel.
    fn scale(&self, variance: &TokenStream) -> TokenStream {
        let (c, epsilon) = (&self.c, self.epsilon());
        quote!(let scale = 1.0 / cnn_runtime::math::sqrt(#variance[#c] + #epsilon);)
    }

    fn element(&self, array: &str) -> TokenStream {
        element(array, self.shape)
    }

    fn epsilon(&self) -> Literal {
        real(self.norm.epsilon, self.plan.network.dtype)
    }
}
