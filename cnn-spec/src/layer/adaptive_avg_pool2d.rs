//! `adaptive_avg_pool2d`: the mean of windows that are chosen so that the output has a given size.

use super::{ACTIVATION, Dimensions, Kind, LayerKind, Pair};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The mean of each window; window `y` of `rows` covers rows `⌊y H / rows⌋` to `⌈(y + 1) H / rows⌉`, and columns likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveAvgPool2d {
    /// Height and width of the output.
    pub output_size: Pair,
}

const OUTPUT_SIZE: Key<Pair> = Key::required(
    "output_size",
    Form::SIZES,
    "Height and width of the output.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: NAME,
        doc: "The mean of windows that are chosen so that the output has a given size.",
        keys: &[OUTPUT_SIZE.info, ACTIVATION.info],
    },
    read: |fields| {
        let output_size = fields.get(&OUTPUT_SIZE)?;
        Ok(Kind::AdaptiveAvgPool2d(AdaptiveAvgPool2d { output_size }))
    },
}];

const NAME: &str = "adaptive_avg_pool2d";

impl LayerKind for AdaptiveAvgPool2d {
    fn stem(&self) -> &'static str {
        super::pool::STEM
    }

    fn describe(&self) -> String {
        format!("{NAME} to {}", self.output_size)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, ..] = Dimensions::Two.maps("adaptive_avg_pool", input)?;
        let Pair { height, width } = self.output_size;
        Dimensions::Two.shape(channels, height, width)
    }

    fn reach(&self, axis: Axis, input: &Shape, output: &Shape) -> Reach {
        let (inputs, outputs) = (axis.size(input), axis.size(output));
        let window =
            |output: usize| output * inputs / outputs..((output + 1) * inputs).div_ceil(outputs);
        Reach::Windows((0..outputs).map(window).collect())
    }
}
