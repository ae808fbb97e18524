//! The first chapter: convolutions that are small enough for pencil and paper.

use super::document::{Document, fenced};
use super::figure::{Tensor, figure, number, sum};

/// A square of values.
#[derive(Clone, Debug, PartialEq)]
struct Square {
    name: &'static str,
    size: usize,
    values: Vec<f64>,
}

/// A square that is computed, and each of its values written out.
struct Computed {
    square: Square,
    lines: String,
}

impl Square {
    fn new(name: &'static str, values: impl Into<Vec<f64>>) -> Self {
        let values = values.into();
        Self {
            name,
            size: values.len().isqrt(),
            values,
        }
    }

    /// The last value first: rows and columns both change their order.
    fn turned(&self, name: &'static str) -> Self {
        let values: Vec<_> = self.values.iter().rev().copied().collect();
        Self::new(name, values)
    }

    /// The cross-correlation with a kernel, `margin` beyond the edges: 0 gives the valid one, and one less than the
    /// kernel's size the full one.
    fn slide(&self, name: &'static str, kernel: &Self, margin: usize) -> Computed {
        let size = self.size + 2 * margin + 1 - kernel.size;
        let products = |index: usize| {
            let taps = (0..kernel.values.len()).filter_map(|tap| {
                let row = (index / size + tap / kernel.size).checked_sub(margin)?;
                let column = (index % size + tap % kernel.size).checked_sub(margin)?;
                let is_inside = row < self.size && column < self.size;
                is_inside.then(|| [kernel.values[tap], self.values[row * self.size + column]])
            });
            taps.collect::<Vec<_>>()
        };
        let sums: Vec<_> = (0..size * size).map(products).collect();
        let values = sums
            .iter()
            .map(|products| products.iter().map(|[a, b]| a * b).sum());
        let square = Self::new(name, values.collect::<Vec<f64>>());
        let lines = sums.iter().enumerate().map(|(index, products)| {
            let element = square.tensor().element(index);
            format!("{element} = {}\n", sum(products, 0.0))
        });
        let lines = lines.collect();
        Computed { square, lines }
    }

    fn tensor(&self) -> Tensor {
        Tensor {
            name: self.name.to_owned(),
            dims: vec![self.size, self.size],
            values: self.values.clone(),
        }
    }
}

fn side_by_side(squares: &[&Square]) -> String {
    let tensors: Vec<_> = squares.iter().map(|square| square.tensor()).collect();
    fenced("text", &figure(&tensors))
}

fn written_out(computed: &Computed) -> String {
    fenced("text", &computed.lines)
}

/// The chapter.
pub fn write(document: &mut Document) {
    let input = Square::new("X", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    let filter = Square::new("W", [1.0, -2.0, 0.0, 3.0]);
    document.chapter(
        "By hand first",
        "All that a convolution does in training fits on a sheet of paper, if it is small. The layers of this \
         network do the same with more numbers.",
    );
    document.section("One filter", one_filter(&input, &filter));
    document.section("Two filters", two_filters(&input, &filter));
    document.section("A convolution is a dense layer", as_dense(&input, &filter));
}

fn one_filter(input: &Square, filter: &Square) -> String {
    let target = Square::new("Y", [11.0, 12.0, 20.0, 19.0]);
    let output = input.slide("O", filter, 0);
    let difference = output.square.values.iter().zip(&target.values);
    let delta: Vec<f64> = difference.map(|(output, target)| output - target).collect();
    let cost: f64 = delta.iter().map(|delta| 0.5 * delta * delta).sum();
    let delta = Square::new("δ", delta);
    let gradient = input.slide("∂E/∂W", &delta, 0);
    let turned = filter.turned("W turned");
    let input_delta = delta.slide("∂E/∂X", &turned, 1);
    [
        "An input `X` of 3×3, one filter `W` of 2×2, and what the output should be, `Y`.\n\n".to_owned(),
        side_by_side(&[input, filter, &target]),
        "**Forward.** The filter slides over the input, `O = X ⋆ W`. At each of the four places where it fits, it is \
         multiplied with what lies under it, value by value, and the products are added up.\n\n"
            .to_owned(),
        written_out(&output),
        format!(
            "**The error.** `E = ½ Σ (O − Y)²` is {} here. Its derivative with respect to each output is the \
             difference itself, `δ = ∂E/∂O = O − Y`: the delta.\n\n",
            number(cost)
        ),
        side_by_side(&[&output.square, &target, &delta]),
        "**The filter's gradient.** `W[0][0]` was in all four sums above: it met `X[0][0]` in the first, `X[0][1]` \
         in the second, and so on. A change of it moves each output by the value that it met, and the error by the \
         delta times that. So its gradient is the sum of the four. For all weights together, the delta slides over \
         the input as the filter did: `∂E/∂W = X ⋆ δ`, the valid cross-correlation.\n\n"
            .to_owned(),
        written_out(&gradient),
        "**The input's gradient.** `X[1][1]` was in all four sums too, each time under another weight, and a corner \
         was in one alone. Each value collects the deltas of the sums that it was in, times its weight there. That \
         is what comes out if the filter, turned by 180°, slides over the delta, from where the two overlap by a \
         single value: the full convolution.\n\n"
            .to_owned(),
        side_by_side(&[&delta, &turned, &input_delta.square]),
        written_out(&input_delta),
    ]
    .concat()
}

fn two_filters(input: &Square, filter: &Square) -> String {
    let second = Square::new("V", [2.0, -1.0, 1.0, -1.0]);
    let hidden = input.slide("H", filter, 0);
    let output = hidden.square.slide("o", &second, 0);
    let (value, target) = (output.square.values[0], 5.0);
    let delta = Square::new("∂E/∂o", [2.0 * (value - target)]);
    let second_gradient = hidden.square.slide("∂E/∂V", &delta, 0);
    let hidden_delta = delta.slide("∂E/∂H", &second.turned("V turned"), 1);
    let gradient = input.slide("∂E/∂W", &hidden_delta.square, 0);
    [
        format!(
            "A second filter `V` reads what the first one puts out, now called `H`, and puts out a single value `o`. \
             It should be {}, and the error is `E = (o − y)²`.\n\n",
            number(target)
        ),
        side_by_side(&[input, filter, &hidden.square, &second]),
        written_out(&output),
        format!(
            "The delta is `∂E/∂o = 2 (o − y) = {}`. The second filter's gradient follows from it as before, with `H` \
             for the input.\n\n",
            number(delta.values[0])
        ),
        written_out(&second_gradient),
        "To get any further, the first filter needs the delta of its own output. That is the second filter's input \
         gradient: the full convolution of the delta with `V` turned. This is all there is to backpropagation: each \
         layer turns the delta of its output into that of its input, and the layer before goes on from there.\n\n"
            .to_owned(),
        written_out(&hidden_delta),
        "From here on the first filter knows nothing of the second. Its delta slides over its input.\n\n".to_owned(),
        written_out(&gradient),
    ]
    .concat()
}

fn as_dense(input: &Square, filter: &Square) -> String {
    let size = input.size + 1 - filter.size;
    let weight = |output: usize, place: usize| {
        let row = (place / input.size).checked_sub(output / size)?;
        let column = (place % input.size).checked_sub(output % size)?;
        let is_inside = row < filter.size && column < filter.size;
        is_inside.then(|| filter.values[row * filter.size + column])
    };
    let values = (0..size * size).flat_map(|output| {
        (0..input.values.len()).map(move |place| weight(output, place).unwrap_or(0.0))
    });
    let matrix = Tensor {
        name: "the filter as a matrix".to_owned(),
        dims: vec![size * size, input.values.len()],
        values: values.collect(),
    };
    [
        "Lay the input out as a vector of nine values, and the first example is a dense layer: a matrix with a row \
         for each output, whose weights are zero outside the window, and otherwise the same four in every row, moved \
         along.\n\n"
            .to_owned(),
        fenced("text", &figure(&[matrix])),
        "Its gradient has an entry for each entry of the matrix. Those where the same weight stands are tied: added \
         up, they are the filter's gradient. The delta of its input is the matrix on its side times the delta: the \
         full convolution, in other words.\n\n"
            .to_owned(),
    ]
    .concat()
}
