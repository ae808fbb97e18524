//! `add` and `concat`: several values become one.

use super::{Lesson, Tiny};

pub fn add() -> Lesson {
    Lesson::new(
        tiny("add"),
        "The values of several layers are added, place by place. In a residual block a layer's input is added to \
         what a few layers make of it, so that they only have to learn the difference.",
    )
    .input(
        "A sum passes every change on as it is, so each input gets the whole delta. That is what makes deep networks \
         learn: through the sums, the delta reaches the first layers without having been weakened by those between.",
    )
}

pub fn concat() -> Lesson {
    Lesson::new(
        tiny("concat"),
        "The channels of several layers are put one after the other, so that the next layer sees all of them.",
    )
    .input("Each input gets back the part of the delta that stands where its values stood.")
}

/// A join of two vectors that come from one.
fn tiny(kind: &str) -> Tiny {
    let before = "[[layer]]\nname = \"a\"\ntype = \"leaky_relu\"\nnegative_slope = 0.5\n\n\
                  [[layer]]\nname = \"b\"\ntype = \"relu\"\ninput = \"input\"\n\n";
    Tiny {
        before: before.to_owned(),
        ..Tiny::new([3], format!("type = \"{kind}\"\ninputs = [\"a\", \"b\"]")).signed()
    }
}
