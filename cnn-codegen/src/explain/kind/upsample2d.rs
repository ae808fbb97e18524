//! `upsample2d`: every value becomes a block.

use super::size::value;
use super::{Lesson, Tiny};
use cnn_spec::layer::{Pair, Upsample2d};

pub fn lesson(upsample: Upsample2d) -> Lesson {
    let factor = value(Pair {
        height: upsample.scale_factor.height.min(3),
        width: upsample.scale_factor.width.min(3),
    });
    let keys = format!("type = \"upsample2d\"\nscale_factor = {factor}");
    Lesson::new(
        Tiny::new([1, 2, 2], keys),
        "Every value becomes a block of copies of itself, so that maps grow; a convolution behind it smooths the \
         edges. There is nothing to learn.",
    )
    .input("A value reached the loss through each of its copies, so its delta is the sum over its block.")
}
