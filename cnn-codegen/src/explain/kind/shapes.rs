//! `flatten` and `reshape`: the same values in another shape.

use super::{Lesson, Tiny};

pub fn flatten() -> Lesson {
    Lesson::new(
        Tiny::new([2, 2, 2], "type = \"flatten\""),
        "The maps become one vector, row by row, map by map. No value changes.",
    )
    .input("The delta gets the shape of the input back; no value changes.")
}

pub fn reshape() -> Lesson {
    Lesson::new(
        Tiny::new([4], "type = \"reshape\"\nshape = [1, 2, 2]"),
        "The same values in the same order get another shape. No value changes.",
    )
    .input("The delta gets the shape of the input back; no value changes.")
}
