//! A depthwise convolution of one sample: each map with its zeros is one row of neighbours, over which the taps are led at
//! all places at once.
//!
//! Between two rows of sums, and between two of their columns where the stride is larger than one, there are places that
//! nobody asks for. To compute those too takes less time than to copy the input without them.

use super::depthwise;
use super::spatial::{WIDEST, Work};
use super::stage::Sums;
use cnn_spec::layer::{ConvBias, ConvMode, Padding};

/// The values of a map that stays in the nearest cache, with what is computed from it.
const NEAR: usize = 4096;

/// How such a convolution is computed.
pub struct Plane<'p> {
    /// What is computed at each place.
    pub sums: Sums<'p>,
    /// The zeros around a map.
    pub padding: Padding,
    /// Kernels that see the same map.
    pub kernels: usize,
    /// Values from one row of a map to the next.
    pub pitch: usize,
    /// Rows with the same remainder under the stride, which lie one after the other.
    pub rows: usize,
    /// Where the value under each weight is for the first sum.
    pub taps: Vec<usize>,
    /// The values of a map, with what a vector reads beyond its end.
    pub length: usize,
    /// What is to be computed for each map.
    pub work: Work,
}

impl<'p> Plane<'p> {
    /// That of a convolution from maps to maps of sums; none if it is not depthwise, if it has a bias for each position, or
    /// if its maps are large.
    pub fn new(
        sums: Sums<'p>,
        padding: Padding,
        [maps, height, width]: [usize; 3],
        [kernels, rows, columns]: [usize; 3],
    ) -> Option<Self> {
        let conv = sums.conv;
        if !depthwise::is_depthwise(conv, maps) || conv.bias == ConvBias::Position {
            return None;
        }
        let pitch = padding.left + width + padding.right;
        let stride = conv.stride;
        let of_phase = (padding.top + height + padding.bottom).div_ceil(stride.height);
        let place = |ky: usize, kx: usize| {
            let row = ky * conv.dilation.height;
            let row = row % stride.height * of_phase + row / stride.height;
            row * pitch + kx * conv.dilation.width
        };
        let kernel = conv.kernel_size;
        let taps = (0..kernel.height).flat_map(|ky| (0..kernel.width).map(move |kx| (ky, kx)));
        let mut taps: Vec<_> = taps.map(|(ky, kx)| place(ky, kx)).collect();
        let last = taps.iter().copied().max().unwrap_or(0);
        if conv.mode == ConvMode::Convolution {
            taps.reverse();
        }
        let places = ((rows - 1) * pitch + (columns - 1) * stride.width + 1).max(WIDEST);
        let length = (last + places).max(stride.height * of_phase * pitch);
        let work = Work {
            maps: 1,
            rows: 1,
            columns: places,
            taps: taps.len(),
            is_pooled: false,
        };
        (length <= NEAR).then_some(Self {
            sums,
            padding,
            kernels: kernels / maps,
            pitch,
            rows: of_phase,
            taps,
            length,
            work,
        })
    }
}
