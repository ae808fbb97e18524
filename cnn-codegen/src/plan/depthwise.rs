//! Which convolutions look at each map by itself, and how they go over it.

use super::tile::{self, Registers, Tile};
use cnn_spec::layer::{Conv2d, Padding, Pair};

/// Whether each kernel of a convolution sees one of several maps.
pub fn is_depthwise(conv: &Conv2d, maps: usize) -> bool {
    maps > 1 && conv.groups == maps
}

/// Whether the kernels on lanes work on each map of such a convolution from beginning to end before the next, so that it
/// stays in the nearest cache: the sums of a row of taps must fit the registers.
pub fn goes_map_by_map(conv: &Conv2d, maps: usize) -> bool {
    is_depthwise(conv, maps) && conv.kernel_size.width + 3 <= Registers::Narrow.count()
}

/// Whether neighbouring sums share most of the input under a row of taps, and few enough taps to keep their weights in
/// registers.
pub fn shares_inputs(conv: &Conv2d) -> bool {
    (2..=3).contains(&conv.kernel_size.width) && conv.stride.width == 1 && conv.dilation.width == 1
}

/// Registers left for sums beside a row of weights and the values that they meet.
fn left(taps: usize, registers: Registers) -> usize {
    /// Fewer sums wait for each other.
    const LEAST: usize = 7;
    registers.count().saturating_sub(2 * taps + 1).max(LEAST)
}

/// How many of `columns` windows of `positions` sums are computed at a time where they share their inputs.
pub fn of_windows(taps: usize, columns: usize, positions: usize, registers: Registers) -> usize {
    tile::even(columns, (left(taps, registers) / positions).max(1))
}

/// How many columns of an input delta are gathered at a time: whole steps of the stride.
pub fn of_inputs(taps: usize, columns: usize, stride: usize, registers: Registers) -> usize {
    let steps = (left(taps, registers) / stride).max(1);
    columns.min(stride * tile::even(columns.div_ceil(stride), steps))
}

/// The rows of taps that stay in registers together, each with its first, and how many columns of the delta they meet at
/// a time.
pub fn of_taps(kernel_size: Pair, columns: usize, registers: Registers) -> Vec<(usize, Tile)> {
    tile::of_rows(kernel_size.height, kernel_size.width, registers)
        .into_iter()
        .map(|[first, rows]| {
            // Beside the sums there are values of the input.
            let most = registers
                .count()
                .saturating_sub(rows * kernel_size.width + 3);
            let most = most.clamp(1, columns);
            let divisor = (2..=most).rev().find(|&size| columns.is_multiple_of(size));
            let columns = divisor.unwrap_or_else(|| tile::even(columns, most));
            (
                first,
                Tile {
                    maps: rows,
                    columns,
                },
            )
        })
        .collect()
}

/// What surrounds the delta of a map, so that every tap of the input delta meets something: zeros.
///
/// Given the padding of the convolution, and the height and width of what it pads and of its sums.
pub fn zeros(conv: &Conv2d, padding: Padding, source: [usize; 2], sums: [usize; 2]) -> Padding {
    let Pair { height, width } = conv.kernel_size;
    let [top, bottom] = along(
        conv.dilation.height * (height - 1),
        conv.stride.height,
        padding.top,
        [source[0], sums[0]],
    );
    let [left, right] = along(
        conv.dilation.width * (width - 1),
        conv.stride.width,
        padding.left,
        [source[1], sums[1]],
    );
    Padding {
        top,
        bottom,
        left,
        right,
    }
}

/// The zeros before and after one axis of a delta, for taps that reach so far.
fn along(reach: usize, stride: usize, padding: usize, [source, sums]: [usize; 2]) -> [usize; 2] {
    let before = reach.saturating_sub(padding).div_ceil(stride);
    let last = (source - 1 + padding) / stride;
    [before, (last + 1).saturating_sub(sums)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Along one axis: whatever tap of the input delta ends on a step of the stride meets a delta or a zero.
    #[test]
    fn every_tap_meets_something() {
        const SOURCE: usize = 9;
        for reach in 0..6 {
            for (stride, padding) in (1..4).flat_map(|s| (0..=reach).map(move |p| (s, p))) {
                let sums = (SOURCE + 2 * padding - reach) / stride + 1;
                let [before, after] = along(reach, stride, padding, [SOURCE, sums]);
                for position in 0..SOURCE {
                    for tap in 0..=reach {
                        let place = (position + padding + stride * before).checked_sub(tap);
                        let place = place.expect("no tap leads before the first zero");
                        assert!(place / stride < before + sums + after);
                    }
                }
            }
        }
    }
}
