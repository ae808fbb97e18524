//! `channel_shuffle`: the maps of all groups, one of each in turn (Zhang et al., `ShuffleNet`, 2018).

use super::conv2d::divides;
use super::{ACTIVATION, Dimensions, Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// `out[c] = in[(c mod g) · C / g + ⌊c / g⌋]`, where `g` are the groups and `C` the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelShuffle {
    /// Groups of channels, of which the output has one channel after the other.
    pub groups: usize,
}

const GROUPS: Key<usize> = Key::required(
    "groups",
    Form::SIZE,
    "Groups of channels that lie side by side; divides the number of channels.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "channel_shuffle",
        doc: "The first channel of each group, then the second of each, and so on: grouped convolutions before and after \
              it see each other's channels.",
        keys: &[GROUPS.info, ACTIVATION.info],
    },
    read: |fields| {
        let groups = fields.get(&GROUPS)?;
        Ok(Kind::ChannelShuffle(ChannelShuffle { groups }))
    },
}];

impl LayerKind for ChannelShuffle {
    fn stem(&self) -> &'static str {
        "shuffle"
    }

    fn describe(&self) -> String {
        format!("channel_shuffle, {} groups", self.groups)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, ..] = Dimensions::Two.maps("shuffle", input)?;
        divides(self.groups, channels, "channels of the input").map_err(|refusal| {
            refusal.help("choose `groups` so that it divides the channels of the input")
        })?;
        Ok(input.clone())
    }
}
