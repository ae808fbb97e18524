//! Pools on lanes that no convolution takes in: `max_pool2d` with overlapping or padded windows, and `avg_pool2d`.

use super::function::{Argument, Function, lanes_type, untiled};
use super::memory::Memory;
use crate::emit::axis::{Window, each_output};
use crate::emit::tokens::{formula, loops, number, real};
use crate::plan::Plan;
use crate::plan::fuse::Group;
use cnn_spec::layer::{AvgPool2d, MaxPool2d, Pair};
use cnn_spec::network::Dtype;
use proc_macro2::TokenStream;
use quote::quote;

/// What differs between the pools.
pub struct Pool<'a> {
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    plan: &'a Plan<'a>,
    group: &'a Group<'a>,
    memory: &'a Memory<'a>,
}

impl<'a> Pool<'a> {
    pub fn max(
        pool: &MaxPool2d,
        plan: &'a Plan<'a>,
        group: &'a Group<'a>,
        memory: &'a Memory<'a>,
    ) -> Self {
        Self {
            kernel_size: pool.kernel_size,
            stride: pool.stride,
            padding: pool.padding,
            plan,
            group,
            memory,
        }
    }

    pub fn avg(
        pool: &AvgPool2d,
        plan: &'a Plan<'a>,
        group: &'a Group<'a>,
        memory: &'a Memory<'a>,
    ) -> Self {
        Self {
            kernel_size: pool.kernel_size,
            stride: pool.stride,
            padding: pool.padding,
            plan,
            group,
            memory,
        }
    }

    /// For each input value of a window: `row` and `column` are its indices.
    fn each_value(&self, body: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
        let window = Window {
            kernel_size: self.kernel_size,
            stride: self.stride,
            dilation: Pair::square(1),
            padding: self.padding,
        };
        let [rows, columns] = window.axes(&self.plan.value(self.group.input).shape);
        let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
        let (bind_row, bind_column) = (&row.binding, &column.binding);
        let body = body(quote!([c][#row][#column]));
        let in_row = loops(&[("kx", columns.taps)], &quote!(#bind_column #body));
        loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row))
    }

    fn formula(&self) -> String {
        let window = Window {
            kernel_size: self.kernel_size,
            stride: self.stride,
            dilation: Pair::square(1),
            padding: self.padding,
        };
        let [rows, columns] = window.axes(&self.plan.value(self.group.input).shape);
        format!(
            "input[c][{}][{}]",
            rows.formula("y", "ky"),
            columns.formula("x", "kx")
        )
    }

    fn each_output(&self, body: &TokenStream) -> TokenStream {
        each_output(&self.plan.value(self.group.output).shape, body)
    }

    fn array(&self, is_input: bool) -> TokenStream {
        let id = if is_input {
            self.group.input
        } else {
            self.group.output
        };
        lanes_type(&self.plan.value(id).shape)
    }

    fn output_index(&self) -> TokenStream {
        self.memory
            .index(self.group.output, [&quote!(c), &quote!(y), &quote!(x)])
    }

    fn shared_input(&self) -> Argument {
        Argument::shared(
            "input",
            &self.array(true),
            &self.memory.activation(self.group.input),
        )
    }

    fn input_delta(&self) -> Argument {
        Argument::unique(
            "input_delta",
            &self.array(true),
            &self.memory.delta(self.group.source),
        )
    }

    fn delta(&self) -> Argument {
        Argument::shared(
            "delta",
            &self.array(false),
            &self.memory.delta(self.group.output),
        )
    }

    fn function(
        &self,
        end: &str,
        doc: String,
        arguments: Vec<Argument>,
        body: TokenStream,
    ) -> Function {
        Function {
            name: format!("{}_{end}_lanes", self.group.name),
            doc,
            sizes: &[],
            arguments,
            body,
            calls: untiled(),
        }
    }

    fn shapes(&self) -> String {
        format!(
            "{} → {}",
            self.plan.value(self.group.input).shape,
            self.plan.value(self.group.output).shape
        )
    }

    pub fn max_forward(&self) -> Function {
        let at = self.output_index();
        let window =
            self.each_value(|index| quote!(let value = lanes::load(simd, &input #index); largest = largest.max(value);));
        let body = self.each_output(&quote! {
            let mut largest = lanes::splat(simd, f32::NEG_INFINITY);
            #window
            largest.store_array(&mut output #at);
        });
        let doc = format!(
            "`{}` forward, {}: the largest value of each {} window.\n\n{}",
            self.group.name,
            self.shapes(),
            self.kernel_size,
            formula(&format!(
                "output[c][y][x] = max {}    over ky, kx",
                self.formula()
            )),
        );
        let output = Argument::unique(
            "output",
            &self.memory.array(self.group.output),
            &self.memory.activation(self.group.output),
        );
        self.function("forward", doc, vec![self.shared_input(), output], body)
    }

    pub fn max_backward(&self) -> Function {
        let at = self.output_index();
        let window = self.each_value(|index| {
            quote! {
                let place = &mut input_delta #index;
                let value = lanes::load(simd, &input #index);
                let is_largest = value.simd_eq(largest);
                let routed = is_largest.select(rest, zero);
                (lanes::load(simd, place) + routed).store_array(place);
                rest -= routed;
            }
        });
        let each = self.each_output(&quote! {
            let largest = lanes::load(simd, &output #at);
            let zero = lanes::splat(simd, 0.0);
            let mut rest = lanes::load(simd, &delta[c][y][x]);
            #window
        });
        let doc = format!(
            "`{}` input delta: the delta of each window goes to its argmax, the first position that holds the largest \
             value; the others had no part in the output and get zero.",
            self.group.name
        );
        let output = Argument::shared(
            "output",
            &self.memory.array(self.group.output),
            &self.memory.activation(self.group.output),
        );
        let body = quote!(let values = input_delta.as_flattened_mut().as_flattened_mut();
        lanes::clear(simd, values); #each);
        self.function(
            "backward_input",
            doc,
            vec![
                self.shared_input(),
                output,
                self.delta(),
                self.input_delta(),
            ],
            body,
        )
    }

    fn share(&self) -> TokenStream {
        let share = 1.0 / (self.kernel_size.height * self.kernel_size.width) as f64;
        let share = real(share, Dtype::F32);
        quote!(#share)
    }

    pub fn avg_forward(&self) -> Function {
        let at = self.output_index();
        let share = self.share();
        let window = self.each_value(|index| quote!(sum += lanes::load(simd, &input #index);));
        let body = self.each_output(&quote! {
            let mut sum = lanes::splat(simd, 0.0);
            #window
            (sum * #share).store_array(&mut output #at);
        });
        let count = number(self.kernel_size.height * self.kernel_size.width);
        let doc = format!(
            "`{}` forward, {}: the mean of each {} window, a convolution with fixed weights.\n\n{}",
            self.group.name,
            self.shapes(),
            self.kernel_size,
            formula(&format!(
                "output[c][y][x] = Σ {} / {count}    over ky, kx",
                self.formula()
            )),
        );
        let output = Argument::unique(
            "output",
            &self.memory.array(self.group.output),
            &self.memory.activation(self.group.output),
        );
        self.function("forward", doc, vec![self.shared_input(), output], body)
    }

    pub fn avg_backward(&self) -> Function {
        let share = self.share();
        let window = self.each_value(|index| {
            quote! {
                let place = &mut input_delta #index;
                (lanes::load(simd, place) + share).store_array(place);
            }
        });
        let each = self
            .each_output(&quote!(let share = lanes::load(simd, &delta[c][y][x]) * #share; #window));
        let doc = format!(
            "`{}` input delta: every value of a window gets an equal share of the window's delta.",
            self.group.name
        );
        let body = quote!(let values = input_delta.as_flattened_mut().as_flattened_mut();
        lanes::clear(simd, values); #each);
        self.function(
            "backward_input",
            doc,
            vec![self.delta(), self.input_delta()],
            body,
        )
    }
}
