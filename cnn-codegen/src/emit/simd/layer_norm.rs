//! `layer_norm` on lanes: values brought to mean zero and variance one.

use super::Functions;
use super::function::{Argument, Function};
use super::site::Site;
use crate::emit::tokens::{formula, loops, real};
use crate::plan::ValueId;
use cnn_spec::layer::LayerNorm;
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The functions of a layer norm.
pub fn functions(norm: &LayerNorm, site: Site) -> Functions {
    let emitter = Emitter { norm, site };
    let mut backward = Vec::new();
    if emitter.has_weight() {
        backward.push(emitter.backward_weights());
    }
    backward.extend(site.sent(|| emitter.backward_input()));
    Functions::of(emitter.forward(), backward)
}

struct Emitter<'a> {
    norm: &'a LayerNorm,
    site: Site<'a>,
}

impl Emitter<'_> {
    fn forward(&self) -> Function {
        let site = self.site;
        let (statistics, x, place) = (
            self.statistics(),
            self.normalized(),
            self.element("output", site.group.output),
        );
        let weight = self
            .has_weight()
            .then(|| self.parameter(&quote!(*parameters.weight)));
        let bias = self
            .has_bias()
            .then(|| self.parameter(&quote!(+ parameters.bias)));
        let values = self.each_of_run(&quote! {
            #x
            let a = normal #weight #bias;
            a.store_array(&mut #place);
        });
        let text = |has: bool, text: &'static str| if has { text } else { "" };
        let doc = format!(
            "`{}` forward, {}: {} values at a time are brought to mean zero and variance one.\n\n{}",
            site.group.name,
            site.output_shape(),
            self.run(),
            formula(&format!(
                "output[i] = (input[i] − mean) / √(variance + {}){}{}",
                self.epsilon(),
                text(self.has_weight(), " · weight[i]"),
                text(self.has_bias(), " + bias[i]"),
            )),
        );
        let arguments = self.with_parameters([site.input(), site.output_mut()]);
        let body = self.each_run(&quote!(#statistics #values));
        site.function("forward", doc, arguments, body)
    }

    fn backward_weights(&self) -> Function {
        let site = self.site;
        let (statistics, x) = (self.statistics(), self.normalized());
        let d = self.delta_element("delta");
        let weight = self.parameter(&quote!(gradients.weight));
        let bias = self.has_bias().then(|| {
            let bias = self.parameter(&quote!(gradients.bias));
            quote!(#bias += d.reduce_sum();)
        });
        let values = self.each_of_run(&quote! {
            #x
            let d = lanes::load(simd, &#d);
            #weight += (d * normal).reduce_sum();
            #bias
        });
        let bias_text = if self.has_bias() {
            "\n∂loss/∂bias[i] = Σ delta[i]"
        } else {
            ""
        };
        let doc = format!(
            "`{}` weight gradient. It is added to `gradients`.\n\n{}",
            site.group.name,
            formula(&format!(
                "∂loss/∂weight[i] = Σ delta[i] · (input[i] − mean) / √(variance + {}){bias_text}",
                self.epsilon()
            )),
        );
        let arguments = vec![site.input(), site.delta(), Argument::gradients(site.group)];
        let body = self.each_run(&quote!(#statistics #values));
        site.function("backward_weights", doc, arguments, body)
    }

    fn backward_input(&self) -> Function {
        let site = self.site;
        let (statistics, x, count) = (self.statistics(), self.normalized(), self.count());
        let (d, place) = (
            self.delta_element("delta"),
            self.delta_element("input_delta"),
        );
        let weight = self
            .has_weight()
            .then(|| self.parameter(&quote!(*parameters.weight)));
        let sums = self.each_of_run(&quote! {
            #x
            let g = lanes::load(simd, &#d) #weight;
            mean_g += g;
            mean_gx = g.mul_add(normal, mean_gx);
        });
        let deltas = self.each_of_run(&quote! {
            #x
            let g = lanes::load(simd, &#d) #weight;
            let d = (g - mean_g - normal * mean_gx) * scale;
            d.store_array(&mut #place);
        });
        let g = if self.has_weight() {
            "delta · weight"
        } else {
            "delta"
        };
        let doc = format!(
            "`{}` input delta: the delta without the parts that the mean and the variance take away.\n\n{}",
            site.group.name,
            formula(&format!(
                "input_delta[i] = (g[i] − mean(g) − x[i] · mean(g · x)) / √(variance + {})\n    \
                 where g = {g} and x = (input − mean) / √(variance + {})",
                self.epsilon(),
                self.epsilon()
            )),
        );
        let arguments = self.with_parameters([site.input(), site.delta(), site.input_delta()]);
        let body = self.each_run(&quote! {
            #statistics
            let (mut mean_g, mut mean_gx) = (lanes::splat(simd, 0.0), lanes::splat(simd, 0.0));
            #sums
            mean_g /= #count;
            mean_gx /= #count;
            #deltas
        });
        site.function("backward_input", doc, arguments, body)
    }

    /// The statements that give the mean of a run, and one over its deviation.
    fn statistics(&self) -> TokenStream {
        let (z, count, epsilon) = (self.input_element(), self.count(), self.epsilon());
        let sum = self.each_of_run(&quote!(mean += lanes::load(simd, &#z);));
        let squares = self.each_of_run(&quote! {
            let apart = lanes::load(simd, &#z) - mean;
            squares = apart.mul_add(apart, squares);
        });
        quote! {
            let mut mean = lanes::splat(simd, 0.0);
            #sum
            mean /= #count;
            let mut squares = lanes::splat(simd, 0.0);
            #squares
            let scale = lanes::splat(simd, 1.0) / (squares / #count + #epsilon).sqrt();
        }
    }

    /// The statements that give a value with mean zero and variance one.
    fn normalized(&self) -> TokenStream {
        let z = self.input_element();
        quote! {
            let z = lanes::load(simd, &#z);
            let normal = (z - mean) * scale;
        }
    }

    /// A parameter, or its gradient, at the indices of a value.
    fn parameter(&self, array: &TokenStream) -> TokenStream {
        let inner = self.axes().split_off(self.outer());
        let indices = inner.iter().map(|(name, _)| format_ident!("{name}"));
        quote!(#array #([#indices])*)
    }

    /// A value at the indices of the loops over its shape.
    fn element(&self, name: &str, id: ValueId) -> TokenStream {
        if self.shape().rank() == 2 {
            let name = format_ident!("{name}");
            let index = self
                .site
                .memory
                .index(id, [&quote!(c), &quote!(0), &quote!(x)]);
            return quote!(#name #index);
        }
        self.site.element(name, id)
    }

    fn input_element(&self) -> TokenStream {
        self.element("input", self.site.group.input)
    }

    /// A value's delta there.
    fn delta_element(&self, name: &str) -> TokenStream {
        let name = format_ident!("{name}");
        match self.shape().rank() {
            1 => quote!(#name[i]),
            2 => quote!(#name[c][0][x]),
            _ => quote!(#name[c][y][x]),
        }
    }

    /// For each run.
    fn each_run(&self, body: &TokenStream) -> TokenStream {
        loops(&self.axes()[..self.outer()], body)
    }

    /// For each value of a run.
    fn each_of_run(&self, body: &TokenStream) -> TokenStream {
        loops(&self.axes()[self.outer()..], body)
    }

    /// The shape as the network has it, in which a sequence has two dimensions.
    fn shape(&self) -> &Shape {
        let mut layers = self.site.plan.network.layers.iter();
        let layer = layers.find(|layer| layer.name == self.site.group.layer);
        layer.map_or(self.site.output_shape(), |layer| &layer.output_shape)
    }

    /// Its dimensions, each with the name of its index.
    fn axes(&self) -> Vec<(&'static str, usize)> {
        let names: &[_] = match self.shape().rank() {
            1 => &["i"],
            2 => &["c", "x"],
            _ => &["c", "y", "x"],
        };
        let dims = self.shape().dims().iter().copied();
        names.iter().copied().zip(dims).collect()
    }

    /// How many of the dimensions lead from run to run.
    fn outer(&self) -> usize {
        let shape = self.shape();
        shape.rank() - self.norm.normalized(shape).len()
    }

    /// Values that share a mean and a variance.
    fn run(&self) -> usize {
        self.norm.normalized(self.shape()).iter().product()
    }

    fn has_weight(&self) -> bool {
        self.norm.elementwise_affine
    }

    fn has_bias(&self) -> bool {
        self.norm.elementwise_affine && self.norm.bias
    }

    fn with_parameters<const N: usize>(&self, others: [Argument; N]) -> Vec<Argument> {
        let parameters = self
            .has_weight()
            .then(|| Argument::parameters(self.site.group));
        parameters.into_iter().chain(others).collect()
    }

    fn count(&self) -> Literal {
        real(self.run() as f64, Dtype::F32)
    }

    fn epsilon(&self) -> Literal {
        real(self.norm.epsilon, Dtype::F32)
    }
}
