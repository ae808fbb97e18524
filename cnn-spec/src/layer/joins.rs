//! What the layers that join several inputs share.

use super::{ACTIVATION, INPUTS};
use crate::grammar::KeyInfo;

/// The keys of such a layer.
pub(super) const KEYS: &[KeyInfo] = &[INPUTS.info, ACTIVATION.info];
