//! Batch norms on lanes, with the activation that follows them. A block's empty lanes count for nothing: they are left
//! out of the statistics, and their deltas are zero.

use super::function::{Argument, Function};
use super::site::Site;
use super::{Functions, activation};
use crate::emit::batch_norm as plain;
use crate::emit::element::{channel, each_channel, each_position, element};
use crate::emit::function::Direction;
use crate::emit::tokens::{formula, ident, loops, number, real};
use cnn_spec::layer::{Activation, BatchNorm};
use cnn_spec::network::Dtype;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The functions that a batch norm has for the sake of its batch.
pub struct BatchFunctions {
    pub statistics: Function,
    /// The forward pass by the batch's mean and variance.
    pub forward: Function,
    pub backward_statistics: Function,
    /// The weight gradient, of the sums over some samples, and its call.
    pub backward_weights: Option<[TokenStream; 2]>,
}

/// The functions of a batch norm.
pub fn functions(norm: &BatchNorm, activation: Option<Activation>, site: Site) -> Functions {
    let emitter = Emitter {
        norm,
        activation,
        site,
    };
    let backward = site.sent(|| emitter.backward_input());
    Functions {
        batch: Some(BatchFunctions {
            statistics: emitter.statistics(),
            forward: emitter.forward("statistics", ["mean", "variance"]),
            backward_statistics: emitter.backward_statistics(),
            backward_weights: emitter.backward_weights(),
        }),
        ..Functions::of(
            emitter.forward("parameters", ["running_mean", "running_var"]),
            backward,
        )
    }
}

struct Emitter<'a> {
    norm: &'a BatchNorm,
    activation: Option<Activation>,
    site: Site<'a>,
}

impl Emitter<'_> {
    /// The forward pass by a mean and a variance that stand in fields of `owner`.
    fn forward(&self, owner: &str, fields: [&str; 2]) -> Function {
        let site = self.site;
        let c = self.channel();
        let (z, place) = (site.input_element(), site.output_element());
        let value = activation::value(self.activation, &quote!(z));
        let (scale, bias, text) = if self.norm.affine {
            (
                Some(quote!(let scale = scale * parameters.weight[#c];)),
                quote!(parameters.bias[#c] -),
                " · weight + bias",
            )
        } else {
            (None, quote!(-), "")
        };
        let inverse = self.scale(&quote!(variance));
        let positions = each_position(
            site.output_shape(),
            &quote! {
                let z = lanes::load(simd, &#z).mul_add(factor, shift);
                let a = #value;
                a.store_array(&mut #place);
            },
        );
        let body = each_channel(
            site.output_shape(),
            &quote! {
                #inverse
                #scale
                let factor = lanes::splat(simd, scale);
                let shift = lanes::splat(simd, #bias mean[#c] * scale);
                #positions
            },
        );
        let sum = format!("(input − mean) / √(variance + {}){text}", self.epsilon());
        let doc = format!(
            "`{}` forward, {}: each channel is brought to mean zero and variance one, by the mean and variance of the \
             batch in training, else by the running ones.\n\n{}",
            site.group.name,
            site.output_shape(),
            formula(&match self.activation {
                None => format!("output = {sum}"),
                Some(_) => format!(
                    "output = {}\n    where z = {sum}",
                    activation::value_text(self.activation, "z")
                ),
            }),
        );
        let layer = ident(&site.group.layer);
        let owner = ident(owner);
        let moments = ["mean", "variance"].into_iter().zip(fields);
        let moments = moments.map(|(name, field)| {
            let field = ident(field);
            self.of_channels(name, &quote!(&#owner.#layer.#field))
        });
        let parameters = self.norm.affine.then(|| Argument::parameters(site.group));
        let arguments = parameters.into_iter().chain(moments);
        let arguments = arguments.chain([site.input(), site.output_mut()]).collect();
        site.function("forward", doc, arguments, body)
    }

    fn statistics(&self) -> Function {
        let site = self.site;
        let c = self.channel();
        let rows = self.rows();
        let count = real(self.positions() as f64, Dtype::F32);
        let body = each_channel(
            site.output_shape(),
            &quote! {
                let rows = #rows;
                let [mean, variance] = lanes::moments(simd, rows, count, samples);
                sums.take(#c, count, mean, variance);
            },
        );
        let doc = format!(
            "`{}` statistics: takes the mean and the variance of each channel of a block into those of the \
             batch.\n\n{}",
            site.group.name,
            formula(
                "mean = Σ input / n    over all n values of a channel in the batch\n\
                 variance = Σ (input − mean)² / n"
            ),
        );
        let arguments = vec![samples(), site.input(), self.sums()];
        let body = quote! {
            let count = #count * samples as f32;
            #body
            sums.count += count;
        };
        site.function("statistics", doc, arguments, body)
    }

    fn backward_statistics(&self) -> Function {
        let site = self.site;
        let (c, scale) = (self.channel(), self.scale(&quote!(variance)));
        let positions = self.each_few(&quote! {
            delta_sum[k] += d;
            product_sum[k] = d.mul_add(z - mean, product_sum[k]);
        });
        let few = number(self.few());
        let body = each_channel(
            site.output_shape(),
            &quote! {
                #scale
                let mean = lanes::splat(simd, mean[#c]);
                let mut delta_sum = [lanes::splat(simd, 0.0); #few];
                let mut product_sum = delta_sum;
                #positions
                let mut of_deltas = lanes::splat(simd, 0.0);
                let mut of_products = of_deltas;
                for k in 0..#few {
                    of_deltas += delta_sum[k];
                    of_products += product_sum[k];
                }
                sums.delta[#c] += of_deltas.reduce_sum();
                sums.product[#c] += scale * of_products.reduce_sum();
            },
        );
        let (d, of_delta) = self.delta_text();
        let doc = format!(
            "`{}` backward statistics: adds to what each channel's deltas are in the whole batch.\n\n{}",
            site.group.name,
            formula(&format!(
                "sums.delta = Σ {d}\n\
                 sums.product = Σ {d} · (input − mean) / √(variance + {}){of_delta}",
                self.epsilon()
            )),
        );
        let mut arguments = vec![
            self.of_batch("mean"),
            self.of_batch("variance"),
            site.input(),
        ];
        arguments.extend(self.activation.map(|_| site.output()));
        arguments.extend([site.delta(), self.sums()]);
        site.function("backward_statistics", doc, arguments, body)
    }

    fn backward_input(&self) -> Function {
        let site = self.site;
        let (c, scale) = (self.channel(), self.scale(&quote!(statistics.variance)));
        let weight = self.norm.affine.then(|| quote!(* parameters.weight[#c]));
        let weight_text = if self.norm.affine { "weight · " } else { "" };
        let place = element("input_delta", site.output_shape());
        let positions = self.each_delta(&quote! {
            let d = d.mul_add(factor, z.mul_add(slope, shift));
            d.store_array(&mut #place);
        });
        let body = each_channel(
            site.output_shape(),
            &quote! {
                #scale
                let factor = scale #weight;
                let slope = -factor * scale * statistics.product[#c] / statistics.count;
                let shift = -factor * statistics.delta[#c] / statistics.count;
                let shift = mask * (shift - slope * statistics.mean[#c]);
                let (factor, slope) = (mask * factor, mask * slope);
                #positions
            },
        );
        let (d, of_delta) = self.delta_text();
        let doc = format!(
            "`{}` input delta: the delta without the parts that the batch's mean and variance take away.\n\n{}",
            site.group.name,
            formula(&format!(
                "input_delta = {weight_text}({d} − m − normalized · p) / √(variance + {}){of_delta}\n    \
                 where m = Σ {d} / n and p = Σ {d} · normalized / n\n    \
                 over all n values of a channel in the batch",
                self.epsilon()
            )),
        );
        let layer = ident(&site.group.layer);
        let channels = number(site.output_shape().dims()[0]);
        let statistics = Argument {
            declaration: quote!(statistics: &cnn_runtime::Moments<f32, #channels>),
            value: quote!(&statistics.#layer),
        };
        let parameters = self.norm.affine.then(|| Argument::parameters(site.group));
        let mut arguments: Vec<_> = parameters.into_iter().collect();
        arguments.extend([samples(), statistics, site.input()]);
        arguments.extend(self.activation.map(|_| site.output()));
        arguments.extend([site.delta(), site.input_delta()]);
        let body = quote! {
            let mask = lanes::first(simd, samples);
            #body
        };
        site.function("backward_input", doc, arguments, body)
    }

    /// The textbook's, which has the sums of all lanes before it.
    fn backward_weights(&self) -> Option<[TokenStream; 2]> {
        let plan = self.site.plan;
        let step = plan
            .steps
            .iter()
            .find(|step| step.name == self.site.group.layer)
            .filter(|step| step.learns)?;
        let function = plain::functions(self.norm, plan, step).backward_weights?;
        Some([
            function.item(plan, step, Direction::BackwardWeights),
            function.call(plan, step, Direction::BackwardWeights),
        ])
    }

    /// For each position of a channel, with its input `z` and the delta `d` of what the norm itself puts out.
    fn each_delta(&self, body: &TokenStream) -> TokenStream {
        each_position(self.site.output_shape(), &self.with_delta(body))
    }

    fn with_delta(&self, body: &TokenStream) -> TokenStream {
        let (z, d) = (
            self.site.input_element(),
            element("delta", self.site.output_shape()),
        );
        let through = self.activation.map(|activation| {
            let (a, delta) = (self.site.output_element(), activation::delta(activation));
            quote! {
                let a = lanes::load(simd, &#a);
                let d = #delta;
            }
        });
        quote! {
            let d = lanes::load(simd, &#d);
            #through
            let z = lanes::load(simd, &#z);
            #body
        }
    }

    /// The same, for a few neighbouring positions at a time, numbered by `k`: so that no sum waits for the one before.
    fn each_few(&self, body: &TokenStream) -> TokenStream {
        let body = self.with_delta(body);
        let Some([_, height, width]) = self.site.output_shape().maps() else {
            return quote!(let k = 0; #body);
        };
        let few = self.few();
        if few == 1 {
            return loops(&[("y", height), ("x", width)], &quote!(let k = 0; #body));
        }
        let few_literal = number(few);
        loops(
            &[("y", height), ("group", width / few), ("k", few)],
            &quote!(let x = #few_literal * group + k; #body),
        )
    }

    /// Of how many positions sums are kept apart.
    fn few(&self) -> usize {
        let width = match self.site.output_shape().maps() {
            Some([_, _, width]) => width,
            None => 1,
        };
        [4, 2, 3]
            .into_iter()
            .find(|few| width % few == 0)
            .unwrap_or(1)
    }

    /// The rows of a channel of the input.
    fn rows(&self) -> TokenStream {
        let (site, id) = (self.site, self.site.group.input);
        let c = self.channel();
        let Some([_, height, width]) = site.input_shape().maps() else {
            return quote!(core::iter::once(&input[#c..=#c]));
        };
        if !site.memory.is_padded(id) {
            return quote!(core::iter::once(input[#c].as_flattened()));
        }
        let [top, left] = site.memory.origin(id);
        let (first, last) = (number(top), number(top + height));
        let (start, end) = (number(left), number(left + width));
        quote!(input[#c][#first..#last].iter().map(|row| &row[#start..#end]))
    }

    fn positions(&self) -> usize {
        BatchNorm::positions(self.site.output_shape())
    }

    fn channel(&self) -> TokenStream {
        channel(self.site.output_shape())
    }

    /// The statement that gives one over the deviation of a channel.
    fn scale(&self, variance: &TokenStream) -> TokenStream {
        let (c, epsilon) = (self.channel(), self.epsilon());
        quote!(let scale = 1.0 / cnn_runtime::math::sqrt(#variance[#c] + #epsilon);)
    }

    fn epsilon(&self) -> Literal {
        real(self.norm.epsilon, Dtype::F32)
    }

    /// What formulas call the delta of what the norm itself puts out, and where they say so.
    fn delta_text(&self) -> (&'static str, String) {
        match self.activation {
            None => ("delta", String::new()),
            Some(activation) => {
                let text = activation::delta_text(activation);
                ("d", format!("\n    where d = {text}"))
            }
        }
    }

    /// `mean: &[f32; 3]` of the whole batch.
    fn of_batch(&self, name: &str) -> Argument {
        let (layer, field) = (ident(&self.site.group.layer), ident(name));
        self.of_channels(name, &quote!(&statistics.#layer.#field))
    }

    fn of_channels(&self, name: &str, value: &TokenStream) -> Argument {
        let channels = number(self.site.output_shape().dims()[0]);
        let name = ident(name);
        Argument {
            declaration: quote!(#name: &[f32; #channels]),
            value: value.clone(),
        }
    }

    /// What is known of some samples, to be added to.
    fn sums(&self) -> Argument {
        let layer = ident(&self.site.group.layer);
        let channels = number(self.site.output_shape().dims()[0]);
        Argument {
            declaration: quote!(sums: &mut cnn_runtime::Moments<f32, #channels>),
            value: quote!(&mut sums.#layer),
        }
    }
}

/// `samples: usize`: those of the block.
fn samples() -> Argument {
    Argument {
        declaration: quote!(samples: usize),
        value: quote!(samples),
    }
}
