//! `softmax` and `log_softmax`: scores become probabilities.

use super::{Lesson, Tiny};

pub fn lesson() -> Lesson {
    Lesson::new(
        Tiny::new([3], "type = \"softmax\"").signed(),
        "Scores become probabilities: each is made positive by a power of e, then divided by the sum of all, so that \
         they add up to one. The largest score gets the most, and more so the further it is ahead.",
    )
    .input(
        "Raising one score raises its own probability and lowers all others, in proportion. So the delta of a score \
         is what its probability's delta is above the mean of all deltas, weighted by the probabilities, times its \
         probability. They add up to zero: raising all scores alike changes nothing.",
    )
}

pub fn log_lesson() -> Lesson {
    Lesson::new(
        Tiny::new([3], "type = \"log_softmax\"").signed(),
        "Scores become the logarithms of probabilities: what a softmax gives, without powers that may overflow.",
    )
    .input(
        "Each score appears in its own logarithm, and in the sum that is taken off all of them, there in the share \
         that is its probability. So the sum of all deltas is taken off in that share.",
    )
}
