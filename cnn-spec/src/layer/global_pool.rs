//! `global_avg_pool2d`, `global_max_pool2d` and the same over sequences: one value for each channel.

use super::{ACTIVATION, Dimensions, Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{KeyInfo, TypeInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// Each map becomes its mean, or its largest value: `[C, H, W]` becomes `[C]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalPool {
    /// Over maps or sequences.
    pub dimensions: Dimensions,
    /// What a map becomes.
    pub reduction: Reduction,
}

/// What a [`GlobalPool`] makes of each map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The mean of its values.
    Mean,
    /// The largest; the first in reading order where several are equal.
    Max,
}

const KEYS: &[KeyInfo] = &[ACTIVATION.info];

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "global_avg_pool2d",
            doc: "The mean of each feature map; the output is a vector.",
            keys: KEYS,
        },
        read: |_| Ok(kind(Dimensions::Two, Reduction::Mean)),
    },
    Type {
        info: TypeInfo {
            name: "global_max_pool2d",
            doc: "The largest value of each feature map; the output is a vector.",
            keys: KEYS,
        },
        read: |_| Ok(kind(Dimensions::Two, Reduction::Max)),
    },
    Type {
        info: TypeInfo {
            name: "global_avg_pool1d",
            doc: "The mean of each channel of a sequence; the output is a vector.",
            keys: KEYS,
        },
        read: |_| Ok(kind(Dimensions::One, Reduction::Mean)),
    },
    Type {
        info: TypeInfo {
            name: "global_max_pool1d",
            doc: "The largest value of each channel of a sequence; the output is a vector.",
            keys: KEYS,
        },
        read: |_| Ok(kind(Dimensions::One, Reduction::Max)),
    },
];

fn kind(dimensions: Dimensions, reduction: Reduction) -> Kind {
    Kind::GlobalPool(GlobalPool {
        dimensions,
        reduction,
    })
}

impl GlobalPool {
    fn name(self) -> &'static str {
        match self.reduction {
            Reduction::Mean => "global_avg_pool",
            Reduction::Max => "global_max_pool",
        }
    }
}

impl LayerKind for GlobalPool {
    fn stem(&self) -> &'static str {
        super::pool::STEM
    }

    fn describe(&self) -> String {
        self.dimensions.named(self.name())
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, _, _] = self.dimensions.maps(self.name(), input)?;
        Shape::of("output", [channels])
    }

    fn reach(&self, _axis: Axis, _input: &Shape, _output: &Shape) -> Reach {
        Reach::Whole
    }
}
