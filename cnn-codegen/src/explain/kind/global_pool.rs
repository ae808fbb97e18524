//! `global_avg_pool2d`, `global_max_pool2d` and the same over sequences: one value for each map.

use super::{Lesson, Tiny};
use cnn_spec::layer::{Dimensions, GlobalPool, Reduction};

pub fn lesson(pool: GlobalPool) -> Lesson {
    let (reduction, idea, input) = match pool.reduction {
        Reduction::Mean => (
            "avg",
            "Each map becomes one number, its mean: how much of what the map stands for is in the picture, wherever it \
             is. A classifier behind it needs few weights.",
            "Every position of a map had the same share in its mean, and gets that share of the delta.",
        ),
        Reduction::Max => (
            "max",
            "Each map becomes one number, its largest: whether what the map stands for is anywhere in the picture.",
            "The whole delta of a map goes to the place of its largest value, the rest gets zero.",
        ),
    };
    let (dimensions, shape) = match pool.dimensions {
        Dimensions::One => ("1d", vec![2, 4]),
        Dimensions::Two => ("2d", vec![2, 2, 2]),
    };
    let keys = format!("type = \"global_{reduction}_pool{dimensions}\"");
    Lesson::new(Tiny::new(shape, keys), idea).input(input)
}
