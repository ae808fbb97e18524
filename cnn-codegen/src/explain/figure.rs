//! Numbers as text: matrices side by side, vectors below each other, sums written out.

/// The widest line of a figure: what a phone shows of it without moving it.
const MAX_WIDTH: usize = 52;
/// Below this is what is left of a sum that should be zero.
const NOISE: f64 = 1e-12;
/// What stands between matrices.
const GAP: &str = "    ";

/// Values with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// `input`, `weight`, `∂loss/∂weight`, …
    pub name: String,
    /// Its dimensions.
    pub dims: Vec<usize>,
    /// Its values in reading order.
    pub values: Vec<f64>,
}

impl Tensor {
    /// Values in one dimension.
    pub fn vector(name: &str, values: &[f64]) -> Self {
        Self {
            name: name.to_owned(),
            dims: vec![values.len()],
            values: values.to_vec(),
        }
    }

    /// `weight[0][1][2]`: the name of one of its values.
    pub fn element(&self, index: usize) -> String {
        self.name.clone() + &indices(&self.dims, index)
    }

    /// Its last two dimensions, once for each index of those before.
    fn matrices(&self) -> Vec<Block> {
        let split = self.dims.len().saturating_sub(2);
        let (before, last) = self.dims.split_at(split);
        let columns = last.last().copied().unwrap_or(1);
        let size = last.iter().product();
        let count: usize = before.iter().product();
        let title = |index| match count {
            1 => self.name.clone(),
            _ => self.name.clone() + &indices(before, index),
        };
        self.values
            .chunks(size)
            .enumerate()
            .map(|(index, values)| Block::new(title(index), values, columns))
            .collect()
    }
}

/// `[0][1][2]`.
fn indices(dims: &[usize], index: usize) -> String {
    let mut rest = index;
    let mut places: Vec<_> = dims
        .iter()
        .rev()
        .map(|size| {
            let place = rest % size;
            rest /= size;
            format!("[{place}]")
        })
        .collect();
    places.reverse();
    places.concat()
}

/// Lines of one width.
struct Block(Vec<String>);

impl Block {
    fn new(title: String, values: &[f64], columns: usize) -> Self {
        let numbers: Vec<_> = values.iter().map(|&value| number(value)).collect();
        let width = numbers.iter().map(|number| width(number)).max();
        let width = width.unwrap_or(0);
        let rows = numbers.chunks(columns).map(|row| {
            let cells = row.iter().map(|number| format!("{number:>width$}"));
            cells.collect::<Vec<_>>().join("  ")
        });
        Self([title].into_iter().chain(rows).collect())
    }

    fn width(&self) -> usize {
        self.0.iter().map(|line| width(line)).max().unwrap_or(0)
    }
}

/// A picture of tensors: vectors below each other where there is nothing else, or matrices side by side.
pub fn figure(tensors: &[Tensor]) -> String {
    if tensors.iter().all(|tensor| tensor.dims.len() == 1) {
        return rows(tensors);
    }
    let mut text = String::new();
    let mut line: Vec<Block> = Vec::new();
    for block in tensors.iter().flat_map(Tensor::matrices) {
        let used: usize = line.iter().map(|block| block.width() + GAP.len()).sum();
        if !line.is_empty() && used + block.width() > MAX_WIDTH {
            text += &side_by_side(&line);
            text.push('\n');
            line.clear();
        }
        line.push(block);
    }
    text + &side_by_side(&line)
}

/// A line for each vector, behind its name; numbers stand below each other.
pub fn rows(tensors: &[Tensor]) -> String {
    let numbers = tensors.iter().flat_map(|tensor| &tensor.values);
    let cell = numbers.map(|&value| width(&number(value))).max();
    let cell = cell.unwrap_or(0);
    let name = tensors.iter().map(|tensor| width(&tensor.name)).max();
    let name = name.unwrap_or(0);
    let row = |tensor: &Tensor| {
        let cells = tensor.values.iter();
        let cells = cells.map(|&value| format!("  {:>cell$}", number(value)));
        format!("{:<name$}{}\n", tensor.name, cells.collect::<String>())
    };
    tensors.iter().map(row).collect()
}

fn side_by_side(blocks: &[Block]) -> String {
    let height = blocks.iter().map(|block| block.0.len()).max();
    let line = |index: usize| {
        let cells = blocks.iter().map(|block| {
            let line = block.0.get(index).map_or("", String::as_str);
            let width = block.width();
            format!("{line:<width$}")
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        line.trim_end().to_owned() + "\n"
    };
    (0..height.unwrap_or(0)).map(line).collect()
}

/// `2·3 − 1·4 = 2`: products, their sum, and nothing if there are none.
pub fn sum(products: &[[f64; 2]], rest: f64) -> String {
    let mut text = String::new();
    for [factor, value] in products {
        let [factor, value] = [rounded(*factor), rounded(*value)];
        text += match (text.is_empty(), factor < 0.0) {
            (true, true) => "−",
            (true, false) => "",
            (false, true) => " − ",
            (false, false) => " + ",
        };
        let (factor, value) = (number(factor.abs()), in_brackets(value));
        text.extend([&factor, "·", &value]);
    }
    if rest != 0.0 {
        text += if rest < 0.0 { " − " } else { " + " };
        text += &number(rest.abs());
    }
    let total: f64 = products.iter().map(|[factor, value]| factor * value).sum();
    let are_exact = products.iter().flatten().all(|&value| is_short(value));
    let sign = if are_exact && is_short(total + rest) {
        "="
    } else {
        "≈"
    };
    format!("{text} {sign} {}", number(total + rest))
}

/// A number behind a sign.
fn in_brackets(value: f64) -> String {
    let text = number(value);
    if value < 0.0 {
        format!("({text})")
    } else {
        text
    }
}

/// A number with up to four digits behind the point, or with three that count where it is small.
pub fn number(value: f64) -> String {
    if (NOISE..1e-3).contains(&value.abs()) {
        return format!("{value:.2e}").replace('-', "−");
    }
    let text = format!("{:.4}", rounded(value));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', "−")
}

/// To four digits; zero has no sign.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// Whether a number is shown as it is.
fn is_short(value: f64) -> bool {
    (value - rounded(value)).abs() < 1e-12
}

fn width(text: &str) -> usize {
    text.chars().count()
}
