//! `conv_transpose2d`: what a convolution does backward, as a layer.

use super::size::{Slide, Slides, value};
use super::{Lesson, Tiny};
use cnn_spec::layer::{ConvTranspose2d, Dimensions, Pair};
use cnn_spec::network::Layer;

pub fn lesson(conv: &ConvTranspose2d, layer: &Layer) -> Lesson {
    Lesson::new(
        tiny(conv),
        "What a convolution does backward, this layer does forward: every input value puts a copy of the kernel, times \
         itself, into the output, and where copies overlap they are added. So it makes small maps large, in a way that \
         is learnt.",
    )
    .idea(
        "The stride is the distance between copies in the output, and the padding is cut off around it: the output has \
         `(H − 1) s − p + k` rows, where `p` is what is cut off in all, `k` what the kernel covers and `s` the stride.",
    )
    .idea_if(
        conv.output_padding != Pair::square(0),
        "An output padding adds rows and columns at the end, which several sizes of output would otherwise share.",
    )
    .idea_if(
        layer.input_shape().dims()[0] > conv.groups,
        "Each output map gets copies from every input map of its group, from each with kernels of its own.",
    )
    .weights(
        "A weight met every input value, and its product went to the output at that value's place. Its gradient is the \
         sum over all input values of the value times the delta where the product went: the valid cross-correlation \
         again, in which input and delta have changed places.",
    )
    .input(
        "The delta of an input value is the dot product of the kernel with the delta under its copy. That is the \
         forward pass of a convolution: what goes back through a transposed convolution goes forward through the plain \
         one.",
    )
}

fn tiny(conv: &ConvTranspose2d) -> Tiny {
    let axis = |of: fn(Pair) -> usize| Slide {
        kernel: of(conv.kernel_size),
        stride: of(conv.stride),
        dilation: of(conv.dilation),
        padding: [of(conv.padding).min((of(conv.kernel_size) - 1) * of(conv.dilation) / 2); 2],
    };
    let slides = Slides {
        dimensions: Dimensions::Two,
        rows: axis(|pair| pair.height),
        columns: axis(|pair| pair.width),
    }
    .small();
    let groups = conv.groups.min(2);
    let added = |slide: Slide, added: usize| added.min(slide.stride.max(slide.dilation) - 1);
    let output_padding = value(Pair {
        height: added(slides.rows, conv.output_padding.height),
        width: added(slides.columns, conv.output_padding.width),
    });
    let mut keys = format!(
        "type = \"conv_transpose2d\"\nout_channels = {groups}\nkernel_size = {}\n",
        slides.value(|slide| slide.kernel)
    );
    keys += &slides.line("stride", |slide| slide.stride, "1");
    keys += &slides.line("padding", |slide| slide.padding[0], "0");
    if output_padding != "0" {
        keys.extend(["output_padding = ", &output_padding, "\n"]);
    }
    keys += &slides.line("dilation", |slide| slide.dilation, "1");
    if groups > 1 {
        keys += "groups = 2\n";
    }
    if !conv.bias {
        keys += "bias = false\n";
    }
    Tiny::new([groups, 2, 2], keys)
}
