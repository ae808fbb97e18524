//! `upsample2d`: every value becomes a block of itself.

use super::{ACTIVATION, Dimensions, Kind, LayerKind, Pair};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// Nearest neighbour: `out[c, y, x] = in[c, ⌊y / f⌋, ⌊x / g⌋]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample2d {
    /// Rows and columns that each value becomes.
    pub scale_factor: Pair,
}

const SCALE_FACTOR: Key<Pair> = Key::required(
    "scale_factor",
    Form::SIZES,
    "Rows and columns that each value becomes.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "upsample2d",
        doc: "Every value becomes a block of itself: the nearest neighbour.",
        keys: &[SCALE_FACTOR.info, ACTIVATION.info],
    },
    read: |fields| {
        let scale_factor = fields.get(&SCALE_FACTOR)?;
        Ok(Kind::Upsample2d(Upsample2d { scale_factor }))
    },
}];

impl LayerKind for Upsample2d {
    fn stem(&self) -> &'static str {
        "upsample"
    }

    fn describe(&self) -> String {
        format!("upsample2d {}", self.scale_factor)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = Dimensions::Two.maps("upsample", input)?;
        let rows = height.saturating_mul(self.scale_factor.height);
        let columns = width.saturating_mul(self.scale_factor.width);
        Dimensions::Two.shape(channels, rows, columns)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        let factor = axis.of(self.scale_factor);
        let window = |output| output / factor..output / factor + 1;
        Reach::Windows((0..axis.size(output)).map(window).collect())
    }
}
