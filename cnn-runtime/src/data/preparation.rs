//! What is done to a picture before a network sees it.

use crate::model::Trainable;
use crate::settings::{Format, Task};

/// What is done to a picture that was not made for a network before that network sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trainer", derive(clap::ValueEnum))]
pub enum Preparation {
    /// What is drawn is found, dark or bright, and scaled and centred as the digits of MNIST are
    Mnist,
    /// The whole picture is scaled to the size that the network takes
    Resize,
    /// The picture must have that size
    None,
}

impl Preparation {
    /// What suits a network: [`Self::Mnist`] if it tells ten classes apart in 28×28 pixels of one channel and its file
    /// names no other format than MNIST's, else [`Self::Resize`].
    pub fn of<M: Trainable>() -> Self {
        let is_drawing = matches!(M::INPUT_SHAPE, [784] | [1, 28, 28]);
        let has_digits =
            M::DATA.task == Task::Classification && M::OUTPUT_SHAPE.iter().product::<usize>() == 10;
        let is_mnist = matches!(M::DATA.format, None | Some(Format::Idx));
        if is_drawing && has_digits && is_mnist {
            Self::Mnist
        } else {
            Self::Resize
        }
    }
}
