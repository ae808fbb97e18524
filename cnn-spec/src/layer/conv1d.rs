//! `conv1d`: a small kernel slides along every channel of a sequence.
//!
//! It is a convolution over maps of one row.

use super::conv2d::{BIAS, Border, GROUPS, MODE, OUT_CHANNELS, Sizes, border_words};
use super::{ACTIVATION, Conv2d, Dimensions, Kind, Pair};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};
use crate::initialization::INITIALIZATION;

const KERNEL_SIZE: Key<Pair> = Key::required("kernel_size", Form::SIZE, "Length of each kernel.");
const STRIDE: Key<Pair> = Key::or(
    "stride",
    Form::SIZE,
    "1",
    "Positions from one output to the next.",
);
const PADDING: Key<Border> = Key::or(
    "padding",
    Form::Either(&Form::MARGIN, &Form::Words(border_words)),
    "0",
    "Zeros before and after the input.",
);
const DILATION: Key<Pair> = Key::or(
    "dilation",
    Form::SIZE,
    "1",
    "Positions from one tap of the kernel to the next.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "conv1d",
        doc: "A small kernel slides along every channel of a sequence.",
        keys: &[
            OUT_CHANNELS.info,
            KERNEL_SIZE.info,
            STRIDE.info,
            PADDING.info,
            DILATION.info,
            GROUPS.info,
            BIAS.info,
            MODE.info,
            ACTIVATION.info,
            INITIALIZATION.info,
        ],
    },
    read: |fields| {
        let sizes = Sizes {
            kernel_size: fields.get(&KERNEL_SIZE)?,
            stride: fields.get(&STRIDE)?,
            dilation: fields.get(&DILATION)?,
            border: fields.get(&PADDING)?,
        };
        Conv2d::read(fields, Dimensions::One, sizes).map(Kind::Conv2d)
    },
}];
