//! How samples are varied each time they are learnt.

use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo, Limits};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::fmt;
use std::ops::Bound;

/// The `[augmentation]` section, checked; by default nothing is varied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// The largest angle in degrees, to either side.
    pub rotate: f64,
    /// The smallest and the largest factor.
    pub scale: [f64; 2],
    /// The largest angle in degrees by which columns lean, to either side.
    pub shear: f64,
    /// The largest way in pixels, in each direction.
    pub shift: f64,
    /// How likely left and right are exchanged.
    pub horizontal_flip: f64,
    /// Rows and columns of black around the picture, from which one of its size is cut out.
    pub crop_padding: usize,
    /// A random field that moves every pixel.
    pub elastic: Option<Elastic>,
    /// The side in pixels of a square that is set to zero.
    pub cutout: usize,
    /// The standard deviation of what is added to every value.
    pub noise: f64,
}

/// The elastic distortion of Simard, Steinkraus and Platt (2003).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// The strength: pixels that a field of ones would move.
    pub alpha: f64,
    /// The standard deviation in pixels of the Gaussian that smooths the field.
    pub sigma: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            rotate: 0.0,
            scale: [1.0, 1.0],
            shear: 0.0,
            shift: 0.0,
            horizontal_flip: 0.0,
            crop_padding: 0,
            elastic: None,
            cutout: 0,
            noise: 0.0,
        }
    }
}

const fn between(from: f64, to: f64) -> Limits {
    Limits {
        from: Bound::Included(from),
        to: Bound::Included(to),
    }
}

const ROTATE: Key<f64> = Key::or(
    "rotate",
    Form::Number(between(0.0, 180.0)),
    "0.0",
    "Turns by a random angle: up to so many degrees, to either side.",
);
const SCALE: Key<[f64; 2]> = Key::or(
    "scale",
    Form::Numbers(between(0.1, 10.0)),
    "[1.0, 1.0]",
    "Enlarges by a random factor between these.",
);
const SHEAR: Key<f64> = Key::or(
    "shear",
    Form::Number(between(0.0, 80.0)),
    "0.0",
    "Leans columns by a random angle: up to so many degrees, to either side.",
);
const SHIFT: Key<f64> = Key::or(
    "shift",
    Form::Number(between(0.0, 1000.0)),
    "0.0",
    "Moves by a random way: up to so many pixels, in each direction.",
);
const HORIZONTAL_FLIP: Key<f64> = Key::or(
    "horizontal_flip",
    Form::Number(Limits::UNIT),
    "0.0",
    "How likely left and right are exchanged.",
);
const CROP_PADDING: Key<usize> = Key::or(
    "crop_padding",
    Form::Whole { min: 0, max: 1000 },
    "0",
    "Puts so many black pixels around the picture and cuts one of its size out, at a random place.",
);
const ELASTIC: Key<Elastic> = Key::optional(
    "elastic",
    Form::Table(&[ALPHA.info, SIGMA.info]),
    "nothing is distorted",
    "Moves every pixel by a smooth random field: Simard, Steinkraus and Platt (2003).",
);
const ALPHA: Key<f64> = Key::required(
    "alpha",
    Form::Number(between(0.0, 10_000.0)),
    "How strongly.",
);
const SIGMA: Key<f64> = Key::required(
    "sigma",
    Form::Number(between(0.5, 100.0)),
    "How smoothly: the standard deviation of the Gaussian, in pixels.",
);
const CUTOUT: Key<usize> = Key::or(
    "cutout",
    Form::Whole { min: 0, max: 1000 },
    "0",
    "Sets a square of so many pixels to zero, around a random pixel.",
);
const NOISE: Key<f64> = Key::or(
    "noise",
    Form::Number(between(0.0, 1000.0)),
    "0.0",
    "Adds normal noise of this standard deviation to every value that enters the network.",
);

/// The keys of `[augmentation]`.
pub(crate) const KEYS: &[KeyInfo] = &[
    ROTATE.info,
    SCALE.info,
    SHEAR.info,
    SHIFT.info,
    HORIZONTAL_FLIP.info,
    CROP_PADDING.info,
    ELASTIC.info,
    CUTOUT.info,
    NOISE.info,
];

impl Augmentation {
    pub(crate) fn read(fields: Fields<'_>, input: &Shape) -> Result<Self, Refusal> {
        refuse_vector(fields, input)?;
        let scale = fields.get(&SCALE)?;
        if scale[0] > scale[1] {
            let [from, to] = scale;
            return Err(
                Refusal::new("`scale` goes from the smaller factor to the larger")
                    .key(SCALE.info.name)
                    .help(format!("write `scale = [{to}, {from}]`")),
            );
        }
        Ok(Self {
            rotate: fields.get(&ROTATE)?,
            scale,
            shear: fields.get(&SHEAR)?,
            shift: fields.get(&SHIFT)?,
            horizontal_flip: fields.get(&HORIZONTAL_FLIP)?,
            crop_padding: within(fields, &CROP_PADDING, input)?,
            elastic: elastic(fields)?,
            cutout: within(fields, &CUTOUT, input)?,
            noise: fields.get(&NOISE)?,
        })
    }
}

/// Only noise can be added to what is not a picture.
fn refuse_vector(fields: Fields<'_>, input: &Shape) -> Result<(), Refusal> {
    if input.rank() == 3 {
        return Ok(());
    }
    let mut names = KEYS.iter().map(|key| key.name);
    let picture = names.find(|name| *name != NOISE.info.name && fields.span(name).is_some());
    picture.map_or(Ok(()), |name| {
        Err(Refusal::new(format!(
            "`{name}` is for pictures, and the input is {input}"
        ))
        .key(name)
        .help("set `input = [channels, height, width]`, or drop it"))
    })
}

/// A number of pixels that leaves something of the picture.
fn within(fields: Fields<'_>, key: &Key<usize>, input: &Shape) -> Result<usize, Refusal> {
    let pixels = fields.get(key)?;
    let side = input.dims().iter().skip(1).min().copied();
    match side {
        Some(side) if pixels >= side => {
            let name = key.info.name;
            Err(
                Refusal::new(format!("`{name}` leaves nothing of a picture of {input}"))
                    .key(name)
                    .label(format!("must be below {side}"))
                    .help("choose fewer pixels"),
            )
        }
        _ => Ok(pixels),
    }
}

fn elastic(fields: Fields<'_>) -> Result<Option<Elastic>, Refusal> {
    let read = |fields: Fields<'_>| {
        Ok(Elastic {
            alpha: fields.get(&ALPHA)?,
            sigma: fields.get(&SIGMA)?,
        })
    };
    fields.section(ELASTIC.info.name).map(read).transpose()
}

/// One line with everything that is varied, or nothing.
impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rotate,
            scale: [from, to],
            shear,
            shift,
            horizontal_flip,
            crop_padding,
            elastic,
            cutout,
            noise,
        } = *self;
        let elastic_words = elastic.map_or_else(String::new, |Elastic { alpha, sigma }| {
            format!("elastic distortion by {alpha} with σ {sigma}")
        });
        let words = [
            (rotate > 0.0, format!("rotation up to ±{rotate}°")),
            (from < 1.0 || to > 1.0, format!("scale {from} to {to}")),
            (shear > 0.0, format!("shear up to ±{shear}°")),
            (shift > 0.0, format!("shift up to ±{shift} pixels")),
            (
                horizontal_flip > 0.0,
                format!("horizontal flip of {horizontal_flip}"),
            ),
            (
                crop_padding > 0,
                format!("crop after padding by {crop_padding}"),
            ),
            (elastic.is_some(), elastic_words),
            (cutout > 0, format!("cutout of {cutout}×{cutout}")),
            (noise > 0.0, format!("noise σ {noise}")),
        ];
        let words: Vec<_> = words
            .into_iter()
            .filter(|(is_on, _)| *is_on)
            .map(|(_, words)| words)
            .collect();
        f.write_str(&words.join(", "))
    }
}
