//! `conv1d`: a small kernel slides along every channel of a sequence.
//!
//! It is a convolution over maps of one row.

use super::conv2d::{Keys, border_words};
use super::{Conv2d, Dimensions, Kind};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};

const KEYS: Keys = Keys {
    kernel_size: Key::required("kernel_size", Form::SIZE, "Length of each kernel."),
    stride: Key::or(
        "stride",
        Form::SIZE,
        "1",
        "Positions from one output to the next.",
    ),
    padding: Key::or(
        "padding",
        Form::Either(&Form::MARGIN, &Form::Words(border_words)),
        "0",
        "Zeros before and after the input.",
    ),
    dilation: Key::or(
        "dilation",
        Form::SIZE,
        "1",
        "Positions from one tap of the kernel to the next.",
    ),
};

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "conv1d",
        doc: "A small kernel slides along every channel of a sequence.",
        keys: &KEYS.all(),
    },
    read: |fields| Conv2d::read(fields, Dimensions::One, &KEYS).map(Kind::Conv2d),
}];
