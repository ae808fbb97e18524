//! A group in its network: what its functions take, and by what names.

use super::function::{Argument, Function, flat_type, lanes_type, untiled};
use super::memory::Memory;
use crate::plan::fuse::Group;
use crate::plan::{Plan, ValueId};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// Where a kernel stands.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub plan: &'a Plan<'a>,
    pub group: &'a Group<'a>,
    pub memory: &'a Memory<'a>,
}

impl<'a> Site<'a> {
    pub fn shape(&self, id: ValueId) -> &'a Shape {
        &self.plan.value(id).shape
    }

    pub fn input_shape(&self) -> &'a Shape {
        self.shape(self.group.input)
    }

    pub fn output_shape(&self) -> &'a Shape {
        self.shape(self.group.output)
    }

    /// The shapes of what it reads and writes: `1×28×28 → 3×24×24`.
    pub fn shapes(&self) -> String {
        let inputs = self.group.inputs().map(|id| self.shape(id).to_string());
        let inputs: Vec<_> = inputs.collect();
        format!("{} → {}", inputs.join(", "), self.output_shape())
    }

    /// A function of the group, without a tile.
    pub fn function(
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

    /// The function that sends the delta on, if that is wanted.
    pub fn sent(&self, function: impl Fn() -> Function) -> Vec<Function> {
        let is_wanted = self.memory.needs_input_delta(self.group);
        is_wanted.then(function).into_iter().collect()
    }

    /// `name: &[…]`, a value with the zeros around it.
    pub fn read(&self, name: &str, id: ValueId) -> Argument {
        Argument::shared(name, &self.memory.array(id), &self.memory.activation(id))
    }

    /// `input: &[…]`.
    pub fn input(&self) -> Argument {
        self.read("input", self.group.input)
    }

    /// `input: &[…]`, all values in one row.
    pub fn input_row(&self) -> Argument {
        let place = self.memory.activation(self.group.input);
        Argument::shared("input", &flat_type(self.input_shape()), &place)
    }

    /// `output: &[…]`.
    pub fn output(&self) -> Argument {
        self.read("output", self.group.output)
    }

    /// `output: &mut […]`.
    pub fn output_mut(&self) -> Argument {
        let id = self.group.output;
        Argument::unique(
            "output",
            &self.memory.array(id),
            &self.memory.activation(id),
        )
    }

    /// `delta: &[…]`: the loss's gradient with respect to the output.
    pub fn delta(&self) -> Argument {
        self.delta_of("delta", self.group.output)
    }

    /// `name: &[…]`, the delta of a value.
    pub fn delta_of(&self, name: &str, id: ValueId) -> Argument {
        Argument::shared(name, &lanes_type(self.shape(id)), &self.memory.delta(id))
    }

    /// `input_delta: &mut […]`: the loss's gradient with respect to the input.
    pub fn input_delta(&self) -> Argument {
        self.delta_mut_of("input_delta", self.group.source)
    }

    /// `name: &mut […]`, the delta of a value.
    pub fn delta_mut_of(&self, name: &str, id: ValueId) -> Argument {
        Argument::unique(name, &lanes_type(self.shape(id)), &self.memory.delta(id))
    }

    /// A value at the indices of the loops over its shape: `input[c][y + 1][x + 1]` among zeros, `input[i]` of a vector.
    pub fn element(&self, name: &str, id: ValueId) -> TokenStream {
        let name = format_ident!("{name}");
        if self.shape(id).rank() == 1 {
            return quote!(#name[i]);
        }
        let index = self.memory.index(id, [&quote!(c), &quote!(y), &quote!(x)]);
        quote!(#name #index)
    }

    /// The input at those indices.
    pub fn input_element(&self) -> TokenStream {
        self.element("input", self.group.input)
    }

    /// The output at those indices.
    pub fn output_element(&self) -> TokenStream {
        self.element("output", self.group.output)
    }
}
