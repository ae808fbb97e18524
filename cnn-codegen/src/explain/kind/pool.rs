//! `max_pool2d`, `avg_pool2d` and the same over sequences: one value for each window.

use super::size::{Slide, Slides};
use super::{Lesson, Tiny};
use cnn_spec::layer::{AvgPool2d, MaxPool2d, Pair, PoolWindow};

pub fn max(pool: &MaxPool2d) -> Lesson {
    let slides = slides(pool.window);
    Lesson::new(
        tiny("max_pool", slides).distinct(),
        "Of each window only the largest value goes on. What a kernel has found is kept, where exactly it was found \
         matters less, and the maps that follow are smaller and cheaper. There is nothing to learn.",
    )
    .idea_if(
        pool.window.padding != Pair::square(0),
        "Padding counts as −∞ and never wins.",
    )
    .input(
        "The output is one of the values of the window, the others had no part in it: moved a little, they would \
         change nothing. So the whole delta goes to the **argmax**, the place of the largest value, and the rest \
         gets zero. Where two are equal, the first in reading order is taken, as PyTorch does.",
    )
    .input(if overlaps(slides) {
        "Windows overlap here: a value that wins in several gets the sum of their deltas."
    } else {
        "Windows do not overlap here, so each value gets the delta of one window at most."
    })
}

pub fn mean(pool: &AvgPool2d) -> Lesson {
    let slides = slides(pool.window);
    Lesson::new(
        tiny("avg_pool", slides),
        "Each window becomes its mean. It is a convolution of each map by itself, whose weights are all one over the \
         size of the window, and are not learnt.",
    )
    .idea_if(
        pool.window.padding != Pair::square(0),
        "Padding counts as zeros, and in the size of the window, as in PyTorch.",
    )
    .input(
        "Every value of a window has the same share in its mean, and gets that share of the delta: the full \
         convolution of the delta with a kernel whose weights are all the same, so that turning it changes nothing.",
    )
    .input(if overlaps(slides) {
        "Windows overlap here: a value gets a share from each window that it is in."
    } else {
        "Windows do not overlap here, so each value gets one share at most."
    })
}

fn slides(window: PoolWindow) -> Slides {
    let axis = |of: fn(Pair) -> usize| Slide {
        kernel: of(window.kernel_size),
        stride: of(window.stride),
        dilation: 1,
        padding: [of(window.padding); 2],
    };
    Slides {
        dimensions: window.dimensions,
        rows: axis(|pair| pair.height),
        columns: axis(|pair| pair.width),
    }
}

fn overlaps(slides: Slides) -> bool {
    [slides.rows, slides.columns]
        .iter()
        .any(|slide| slide.stride < slide.kernel)
}

fn tiny(stem: &str, slides: Slides) -> Tiny {
    let slides = slides.small();
    let kernel = slides.value(|slide| slide.kernel);
    let keys = format!("type = \"{}\"\nkernel_size = {kernel}\n", slides.name(stem));
    let stride = slides.line("stride", |slide| slide.stride, &kernel);
    let padding = slides.line("padding", |slide| slide.padding[0], "0");
    Tiny::new(slides.input(1), keys + &stride + &padding)
}
