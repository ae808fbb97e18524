//! `conv2d` on lanes, with the activation and the max pool that follow it, and in inference the batch norm: one file for
//! each direction.

mod backward_input;
mod backward_output;
mod backward_weights;
mod depthwise;
mod forward;
mod routed;

use super::Functions;
use super::function::{Argument, lanes_type};
use super::memory::Memory;
use super::site::Site;
use crate::emit::tokens::{ident, number};
use crate::plan::fuse::{FoldedNorm, Group};
use crate::plan::{Plan, ValueId};
use cnn_spec::layer::{Activation, Conv2d, ConvMode, MaxPool2d, Padding, Pair};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A convolution with what is fused to it.
struct Emitter<'a> {
    conv: &'a Conv2d,
    norm: Option<FoldedNorm<'a>>,
    activation: Option<Activation>,
    pool: Option<&'a MaxPool2d>,
    plan: &'a Plan<'a>,
    group: &'a Group<'a>,
    memory: &'a Memory<'a>,
}

/// The functions of a convolution.
pub fn functions(
    conv: &Conv2d,
    norm: Option<FoldedNorm>,
    activation: Option<Activation>,
    pool: Option<&MaxPool2d>,
    site: Site,
) -> Functions {
    let Site {
        plan,
        group,
        memory,
    } = site;
    let emitter = Emitter {
        conv,
        norm,
        activation,
        pool,
        plan,
        group,
        memory,
    };
    let inference = Functions {
        tile: Some(emitter.tile()),
        ..Functions::of(emitter.forward(), Vec::new())
    };
    if norm.is_some() {
        return inference;
    }
    if emitter.is_depthwise() {
        return emitter.depthwise_functions(inference);
    }
    let mut backward: Vec<_> = emitter.backward_output().into_iter().collect();
    backward.push(emitter.backward_weights());
    backward.extend(site.sent(|| emitter.backward_input()));
    Functions {
        weight_tile: Some(emitter.weight_tile()),
        finish: Some(emitter.finish_weights()),
        backward,
        ..inference
    }
}

impl Emitter<'_> {
    /// Channels that one kernel sees.
    fn inputs(&self) -> usize {
        self.input_dims()[0] / self.conv.groups
    }

    /// Kernels that see the same channels.
    fn kernels(&self) -> usize {
        self.conv.out_channels / self.conv.groups
    }

    fn input_dims(&self) -> [usize; 3] {
        self.dims(self.group.input)
    }

    fn sums_dims(&self) -> [usize; 3] {
        self.dims(self.group.sums)
    }

    fn dims(&self, id: ValueId) -> [usize; 3] {
        self.plan
            .value(id)
            .shape
            .maps()
            .expect("a convolution is between feature maps")
    }

    fn pool_size(&self) -> Pair {
        self.pool
            .map_or(Pair::square(1), |pool| pool.window.kernel_size)
    }

    /// `input[i]`, or the channel of the group.
    fn channel(&self) -> TokenStream {
        match (self.conv.groups, self.inputs()) {
            (1, _) => quote!(i),
            (_, 1) => quote!(group),
            (_, inputs) => {
                let inputs = number(inputs);
                quote!(group * #inputs + i)
            }
        }
    }

    /// The indices of a tap: `[ky][kx]`, turned where the mode is a true convolution.
    fn tap(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let index = |tap: TokenStream, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => {
                let last = number(taps - 1);
                quote!(#last - #tap)
            }
            _ => tap,
        };
        let (ky, kx) = (index(quote!(ky), height), index(quote!(kx), width));
        quote!([#ky][#kx])
    }

    /// Goes over the groups of channels, if there are several.
    fn each_group(&self, body: &TokenStream) -> TokenStream {
        if self.conv.groups == 1 {
            return body.clone();
        }
        let groups = number(self.conv.groups);
        quote!(for group in 0..#groups { #body })
    }

    /// The first of a tile's kernels or channels, of which a group has `count`.
    fn in_group(&self, index: &TokenStream, count: usize) -> TokenStream {
        if self.conv.groups == 1 {
            return index.clone();
        }
        let is_one = count == 1;
        let count = number(count);
        if is_one {
            return quote!(group + #index);
        }
        quote!(group * #count + #index)
    }

    fn array(&self, id: ValueId) -> TokenStream {
        lanes_type(&self.plan.value(id).shape)
    }

    /// What the kernels slide over, with the zeros around it.
    fn input(&self) -> Argument {
        let id = self.group.input;
        Argument::shared("input", &self.memory.array(id), &self.memory.activation(id))
    }

    /// Where in it they begin.
    fn origin(&self) -> [usize; 2] {
        self.memory.origin(self.group.input)
    }

    /// The zeros around what it sends a delta to.
    fn padding(&self) -> Padding {
        self.group.padding(self.conv)
    }

    fn delta(&self) -> Argument {
        Argument::shared(
            "delta",
            &self.delta_array(),
            &self.memory.sums_delta(self.group),
        )
    }

    fn delta_array(&self) -> TokenStream {
        lanes_type(&self.memory.sums_shape(self.group))
    }

    fn is_routed(&self) -> bool {
        self.memory.is_routed(self.group)
    }

    fn weight_text(&self) -> String {
        let Pair { height, width } = self.conv.kernel_size;
        let tap = |tap: &str, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => format!("{} − {tap}", taps - 1),
            _ => tap.to_owned(),
        };
        let channel = if self.is_depthwise() { "0" } else { "i" };
        let [ky, kx] = [tap("ky", height), tap("kx", width)];
        format!("weight[o][{channel}][{ky}][{kx}]")
    }

    /// The channel that map `o` looks at.
    fn channel_text(&self) -> String {
        match self.kernels() {
            _ if !self.is_depthwise() => "i".to_owned(),
            1 => "o".to_owned(),
            kernels => format!("o / {kernels}"),
        }
    }

    /// Whether it learns, and is not frozen.
    fn learns(&self) -> bool {
        let mut steps = self.plan.steps.iter();
        steps.any(|step| step.name == self.group.layer && step.learns)
    }
}

/// `2y + ky`: the position that a tap meets.
fn affine(stride: usize, position: &str, dilation: usize, tap: &str) -> String {
    let product = |factor: usize, name: &str| match factor {
        1 => name.to_owned(),
        factor => format!("{factor}{name}"),
    };
    format!("{} + {}", product(stride, position), product(dilation, tap))
}

/// Binds `name` to a place in the input, given one among `padding`, or continues where that is no place in it.
pub fn inside(name: &str, place: &TokenStream, padding: [usize; 2], size: usize) -> TokenStream {
    let (padded, name) = (format_ident!("padded_{name}"), ident(name));
    let (first, end, size) = (number(padding[0]), number(padding[0] + size), number(size));
    match padding {
        [0, 0] => quote!(let #name = #place;),
        [0, _] => quote!(let #name = #place; if #name >= #size { continue; }),
        _ => quote! {
            let #padded = #place;
            if !(#first..#end).contains(&#padded) {
                continue;
            }
            let #name = #padded - #first;
        },
    }
}

/// Binds `name` to the first of `size` things, tile by tile; the last tile may overlap the one before.
pub fn tiles(name: &str, count: usize, size: &str, body: &TokenStream) -> TokenStream {
    let (name, size) = (ident(name), ident(size));
    let suffixed = proc_macro2::Literal::usize_suffixed(count);
    let count = number(count);
    quote! {
        for tile in 0..#suffixed.div_ceil(#size) {
            let #name = (tile * #size).min(#count - #size);
            #body
        }
    }
}

/// Goes over the maps of a call, a tile at a time.
fn each_map(first: &str, body: &TokenStream) -> TokenStream {
    let first = ident(first);
    quote!(for #first in maps.clone().step_by(MAPS) { #body })
}
