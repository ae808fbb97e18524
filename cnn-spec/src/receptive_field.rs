//! How much of the network's input a value depends on.
//!
//! Along each axis, every position of a value stands for a range of positions of the input; a layer joins the ranges
//! that it reads. At a border a range is cut off, so that this is exact.

use crate::layer::{Padding, Pair};
use crate::network::{Layer, Network, Source};
use crate::shape::Shape;
use std::ops::Range;

/// One of the two directions in a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Rows,
    Columns,
}

/// Which positions of its input a layer reads for each position of its output.
pub(crate) enum Reach {
    /// The one at the same place.
    Same,
    /// All of them, for every output.
    Whole,
    /// A window for each output; it may end outside of the input.
    Windows(Vec<Range<usize>>),
}

impl Axis {
    /// The number of rows or columns.
    pub fn of(self, pair: Pair) -> usize {
        match self {
            Self::Rows => pair.height,
            Self::Columns => pair.width,
        }
    }

    /// The zeros before the first row or column.
    pub fn before(self, padding: Padding) -> usize {
        match self {
            Self::Rows => padding.top,
            Self::Columns => padding.left,
        }
    }

    /// The number of positions in a value; a vector is a single row.
    pub fn size(self, shape: &Shape) -> usize {
        let [_, height, width] = shape.maps().unwrap_or([1, 1, shape.elements()]);
        self.of(Pair { height, width })
    }
}

impl Reach {
    /// Windows that begin `stride` apart, the first one `before` the input.
    pub fn sliding(outputs: usize, stride: usize, extent: usize, before: usize) -> Self {
        let window = |position: usize| {
            let start = position * stride;
            start.saturating_sub(before)..(start + extent).saturating_sub(before)
        };
        Self::Windows((0..outputs).map(window).collect())
    }
}

/// The largest part of the input that a value of each layer's output depends on: rows and columns, or the length of a
/// sequence or vector.
pub(crate) fn receptive_fields(network: &Network) -> Vec<Vec<usize>> {
    let axes: &[Axis] = match network.input.rank() {
        3 => &[Axis::Rows, Axis::Columns],
        _ => &[Axis::Columns],
    };
    let fields: Vec<Vec<usize>> = axes.iter().map(|axis| along(*axis, network)).collect();
    let layers = 0..network.layers.len();
    layers
        .map(|layer| fields.iter().map(|field| field[layer]).collect())
        .collect()
}

/// The longest range of each layer.
fn along(axis: Axis, network: &Network) -> Vec<usize> {
    let size = axis.size(&network.input);
    let input: Vec<_> = (0..size).map(|position| position..position + 1).collect();
    let mut values: Vec<Vec<Range<usize>>> = Vec::new();
    for layer in &network.layers {
        let read = layer.inputs.iter().map(|source| match source {
            Source::Input => &input,
            Source::Layer(index) => &values[*index],
        });
        let value = read.map(|ranges| seen(axis, layer, ranges)).reduce(joined);
        values.push(value.unwrap_or_default());
    }
    let longest = |value: &Vec<Range<usize>>| value.iter().map(Range::len).max().unwrap_or(0);
    values.iter().map(longest).collect()
}

/// What each position of a layer's output sees through one of its inputs.
fn seen(axis: Axis, layer: &Layer, input: &[Range<usize>]) -> Vec<Range<usize>> {
    match layer
        .kind
        .reach(axis, layer.input_shape(), &layer.output_shape)
    {
        Reach::Same => input.to_vec(),
        Reach::Whole => vec![hull(input)],
        // Where all positions see the same, there may be more of them than are told apart.
        Reach::Windows(_) if input.len() == 1 => input.to_vec(),
        Reach::Windows(windows) => {
            let within = |window: Range<usize>| {
                let end = window.end.min(input.len());
                hull(&input[window.start.min(end)..end])
            };
            windows.into_iter().map(within).collect()
        }
    }
}

/// What is seen through two inputs.
fn joined(first: Vec<Range<usize>>, second: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if first.len() == second.len() {
        let pairs = first.into_iter().zip(second);
        pairs.map(|(a, b)| hull(&[a, b])).collect()
    } else {
        vec![hull(&[hull(&first), hull(&second)])]
    }
}

/// From the first position to the last; what is empty sees only zeros.
fn hull(ranges: &[Range<usize>]) -> Range<usize> {
    let ranges = ranges.iter().filter(|range| !range.is_empty());
    let hull = ranges
        .cloned()
        .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    hull.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(input: &str, layers: &str) -> Vec<Vec<usize>> {
        let text = format!("[network]\nname = \"Net\"\ninput = {input}\n{layers}");
        let network = crate::parse(&text, "net.toml").unwrap_or_else(|report| panic!("{report}"));
        receptive_fields(&network)
    }

    /// A table for each layer, whose keys are separated by semicolons.
    fn layers(tables: &[&str]) -> String {
        let tables = tables.iter().map(|keys| keys.replace("; ", "\n"));
        let tables = tables.map(|keys| format!("[[layer]]\ntype = {keys}\n"));
        tables.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_chain_follows_the_well_known_recurrence() {
        // r += (k − 1) j, j *= s; the second pool leaves out the last row and column, and so two of the input.
        let found = fields(
            "[1, 32, 32]",
            &layers(&[
                "\"conv2d\"; out_channels = 1; kernel_size = 5; activation = \"relu\"",
                "\"max_pool2d\"; kernel_size = 2",
                "\"conv2d\"; out_channels = 1; kernel_size = [5, 3]; dilation = [1, 2]",
                "\"avg_pool2d\"; kernel_size = 3; stride = 2",
                "\"flatten\"",
                "\"dense\"; out_features = 2",
            ]),
        );
        let expected = [
            [5, 5],
            [5, 5],
            [6, 6],
            [14, 14],
            [18, 18],
            [18, 18],
            [30, 30],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_is_seen_beyond_the_border() {
        let found = fields(
            "[1, 4, 9]",
            &layers(&[
                "\"zero_pad2d\"; padding = 3",
                "\"conv2d\"; out_channels = 1; kernel_size = 7",
                "\"conv2d\"; out_channels = 1; kernel_size = 3; padding = 1",
            ]),
        );
        assert_eq!(found, [[1, 1], [4, 7], [4, 9]]);
    }

    #[test]
    fn what_is_made_larger_sees_no_more() {
        let pool = "\"max_pool2d\"; kernel_size = 2";
        // A kernel of 3 covers two blocks that each are a value of the pool.
        let upsampled = [
            pool,
            "\"upsample2d\"; scale_factor = 2",
            "\"conv2d\"; out_channels = 1; kernel_size = 3",
        ];
        let found = fields("[1, 8, 8]", &layers(&upsampled));
        assert_eq!(found, [[2, 2], [2, 2], [4, 4]]);
        // Kernels of 4 that are put 2 apart overlap in pairs.
        let transposed = [
            pool,
            "\"conv_transpose2d\"; out_channels = 1; kernel_size = 4; stride = 2; padding = 1",
        ];
        let found = fields("[1, 8, 8]", &layers(&transposed));
        assert_eq!(found, [[2, 2], [4, 4]]);
    }

    #[test]
    fn a_join_sees_what_its_branches_see() {
        let found = fields(
            "[2, 20]",
            &layers(&[
                "\"conv1d\"; out_channels = 2; kernel_size = 5; padding = 2",
                "\"conv1d\"; input = \"input\"; out_channels = 2; kernel_size = 3; padding = 2; dilation = 2",
                "\"add\"; inputs = [\"conv1\", \"conv2\"]",
                "\"layer_norm\"; normalized_shape = [20]",
                "\"global_avg_pool1d\"",
            ]),
        );
        assert_eq!(found, [[5], [5], [5], [20], [20]]);
    }

    #[test]
    fn a_vector_is_seen_as_a_whole_or_value_by_value() {
        let found = fields(
            "[12]",
            &layers(&[
                "\"tanh\"",
                "\"softmax\"",
                "\"reshape\"; shape = [1, 3, 4]",
                "\"conv2d\"; out_channels = 1; kernel_size = 2",
            ]),
        );
        assert_eq!(found, [[1], [12], [12], [12]]);
    }

    #[test]
    fn adaptive_windows_are_as_pytorch_cuts_them() {
        // ⌊y · 7 / 3⌋ to ⌈(y + 1) · 7 / 3⌉: 0 to 3, 2 to 5, 4 to 7; of 5 columns, the whole.
        let found = fields(
            "[1, 7, 5]",
            &layers(&["\"adaptive_avg_pool2d\"; output_size = [3, 1]"]),
        );
        assert_eq!(found, [[3, 5]]);
    }
}
