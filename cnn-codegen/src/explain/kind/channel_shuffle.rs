//! `channel_shuffle`: groups get to see each other.

use super::{Lesson, Tiny};

pub fn lesson() -> Lesson {
    Lesson::new(
        Tiny::new([4, 1, 2], "type = \"channel_shuffle\"\ngroups = 2".to_owned()),
        "The channels are dealt out like cards: the first of each group, then the second of each. A convolution in groups \
         sees only the channels of its own; after a shuffle each group has some of all others. No value changes, and \
         there is nothing to learn.",
    )
    .input("Each delta goes to the channel that its value came from: the same shuffle the other way round.")
}
