//! `conv2d` and `conv1d`: a sliding dot product.

use super::size::{Slide, Slides};
use super::{Lesson, Tiny};
use cnn_spec::layer::{Conv2d, ConvBias, ConvMode};
use cnn_spec::network::Layer;

pub fn lesson(conv: &Conv2d, layer: &Layer) -> Lesson {
    let slides = slides(conv);
    let either = |has: fn(Slide) -> bool| has(slides.rows) || has(slides.columns);
    Lesson::new(
        tiny(conv),
        "A kernel slides over the maps. At each position the output is the dot product of the kernel with the window \
         under it: large where the window looks like the kernel. The same few weights serve every position, so a \
         pattern is found wherever it stands; and each kernel gives a map of its own, a feature map.",
    )
    .idea(match conv.mode {
        ConvMode::CrossCorrelation => {
            "Strictly this is a cross-correlation. A convolution, as mathematics has it, turns the kernel by 180° \
             first; for weights that are learnt the two are equally good."
        }
        ConvMode::Convolution => {
            "This one is a true convolution: the kernel is turned by 180° as it meets the input, its last tap on the \
             window's first value. It learns the same as a cross-correlation would, turned."
        }
    })
    .idea_if(
        layer.input_shape().dims()[0] > conv.groups,
        "Each kernel has a plane of weights for every map that it reads, and the products of all planes are added up.",
    )
    .idea_if(
        conv.groups > 1,
        "The channels are in groups that do not see each other: a kernel reads the maps of its own group alone.",
    )
    .idea_if(
        either(|slide| slide.dilation > 1),
        "With a dilation, the taps of a kernel stand apart: it looks at more of the input with as many weights.",
    )
    .idea(
        "How large the output is, follows from where the kernel fits: at `(H + p − k) / s + 1` positions, rounded \
         down, for an input of `H` with `p` zeros around it in all, a kernel that covers `k`, and a stride of `s`.",
    )
    .idea(positions(&slides, layer))
    .weights(
        "A weight meets one input value at each position of the kernel, and each time its product goes into the output \
         there. So its gradient is the sum over all positions of the delta there times the input value that it met. \
         Written out, the delta slides over the input as if it were a kernel, and fits at exactly as many positions as \
         there are weights: the **valid cross-correlation of the input with the delta**. It is a sum because the \
         positions share the weights.",
    )
    .weights(match conv.bias {
        ConvBias::Channel => {
            "The bias is added at every position of its map, so its gradient is the sum of the map's delta."
        }
        ConvBias::Position => {
            "Each position has a bias of its own, `b[i,j]`, and its gradient is the delta there."
        }
        ConvBias::None => "It has no bias.",
    })
    .input(
        "An input value was met by several positions of the kernel, by each with another weight. What comes back to it \
         is the sum of the deltas there, each times that weight.",
    )
    .input(match conv.mode {
        ConvMode::CrossCorrelation => {
            "Seen from the input, the kernel, turned by 180°, slides over the delta, and begins where the two \
             overlap by a single value: the **full convolution of the delta with the kernel**. It has to be turned \
             because the last tap is what met an input value first. The code goes the other way round and sends \
             every delta back through each tap, which adds up the same products."
        }
        ConvMode::Convolution => {
            "Seen from the input, the kernel slides over the delta, and begins where the two overlap by a single \
             value: the **full cross-correlation of the delta with the kernel**. It was turned on the way forward, \
             so it is not on the way back. The code goes the other way round and sends every delta back through each \
             tap, which adds up the same products."
        }
    })
    .input(if either(|slide| slide.stride > 1) {
        "Since the kernel moves by more than one, the deltas stand apart in the input, as if there were zeros between \
         them."
    } else {
        "With a stride of one, the delta grows back to the size of the input."
    })
}

/// How often the kernel fits, for this very layer.
fn positions(slides: &Slides, layer: &Layer) -> String {
    let (input, output) = (layer.input_shape().dims(), layer.output_shape.dims());
    let axis = |slide: &Slide, (input, output): (&usize, &usize)| {
        let Slide {
            stride, padding, ..
        } = slide;
        let zeros: usize = padding.iter().sum();
        let padding = match zeros {
            0 => String::new(),
            zeros => format!(" + {zeros}"),
        };
        format!(
            "({input}{padding} − {}) / {stride} + 1 = {output}",
            slide.reach()
        )
    };
    let sums: Vec<_> = [slides.rows, slides.columns][3 - output.len()..]
        .iter()
        .zip(input[1..].iter().zip(&output[1..]))
        .map(|(slide, sizes)| axis(slide, sizes))
        .collect();
    let places = match &sums[..] {
        [rows, columns] if rows != columns => {
            format!("`{rows}` rows and `{columns}` columns")
        }
        [along, _] => format!("`{along}` positions along each side"),
        _ => format!("`{}` positions", sums.concat()),
    };
    format!("Here it fits at {places}.")
}

fn slides(conv: &Conv2d) -> Slides {
    let (kernel, stride, dilation, padding) =
        (conv.kernel_size, conv.stride, conv.dilation, conv.padding);
    Slides {
        dimensions: conv.dimensions,
        rows: Slide {
            kernel: kernel.height,
            stride: stride.height,
            dilation: dilation.height,
            padding: [padding.top, padding.bottom],
        },
        columns: Slide {
            kernel: kernel.width,
            stride: stride.width,
            dilation: dilation.width,
            padding: [padding.left, padding.right],
        },
    }
}

fn tiny(conv: &Conv2d) -> Tiny {
    let original = slides(conv);
    let slides = original.small();
    let groups = conv.groups.min(2);
    let is_even = original.rows.is_even() && original.columns.is_even();
    let mut keys = format!(
        "type = \"{}\"\nout_channels = {groups}\nkernel_size = {}\n",
        slides.name("conv"),
        slides.value(|slide| slide.kernel)
    );
    keys += &slides.line("stride", |slide| slide.stride, "1");
    keys += &if is_even {
        slides.line("padding", |slide| slide.padding[0], "0")
    } else {
        "padding = \"same\"\n".to_owned()
    };
    keys += &slides.line("dilation", |slide| slide.dilation, "1");
    if groups > 1 {
        keys += "groups = 2\n";
    }
    keys += match conv.bias {
        ConvBias::Channel => "",
        ConvBias::Position => "bias = \"position\"\n",
        ConvBias::None => "bias = false\n",
    };
    if conv.mode == ConvMode::Convolution {
        keys += "mode = \"convolution\"\n";
    }
    Tiny::new(slides.input(groups), keys)
}
