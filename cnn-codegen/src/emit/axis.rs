//! One axis of a window that slides over an input: which input index a tap meets.

use super::tokens::{ident, loops, number};
use cnn_spec::layer::{Pair, PoolWindow};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The rows, or the columns, of a sliding window.
#[derive(Clone, Copy)]
pub struct Axis {
    /// `row` or `column`: the name of an index into the padded input.
    name: &'static str,
    /// Input positions.
    input: usize,
    /// Taps of the window.
    pub taps: usize,
    /// Input positions from one output position to the next.
    stride: usize,
    /// Input positions from one tap to the next.
    dilation: usize,
    /// Padding before the first input position.
    padding: usize,
}

/// A window: what slides, and how.
#[derive(Clone, Copy)]
pub struct Window {
    /// Taps.
    pub kernel_size: Pair,
    /// From one output position to the next.
    pub stride: Pair,
    /// From one tap to the next.
    pub dilation: Pair,
    /// Around the input.
    pub padding: Pair,
}

impl Window {
    /// A pool's window, whose taps lie side by side.
    pub fn of_pool(pool: PoolWindow) -> Self {
        Self {
            kernel_size: pool.kernel_size,
            stride: pool.stride,
            dilation: Pair::square(1),
            padding: pool.padding,
        }
    }

    /// The rows and columns of this window over an input.
    pub fn axes(self, input: &Shape) -> [Axis; 2] {
        let rows = Axis {
            name: "row",
            input: input.dims()[1],
            taps: self.kernel_size.height,
            stride: self.stride.height,
            dilation: self.dilation.height,
            padding: self.padding.height,
        };
        let columns = Axis {
            name: "column",
            input: input.dims()[2],
            taps: self.kernel_size.width,
            stride: self.stride.width,
            dilation: self.dilation.width,
            padding: self.padding.width,
        };
        [rows, columns]
    }

    /// Whether some position is in more than one window whose taps lie side by side.
    pub fn overlaps(self) -> bool {
        let Pair { height, width } = self.stride;
        height < self.kernel_size.height || width < self.kernel_size.width
    }

    /// Whether every position of an input is in such a window, and none reaches beyond.
    pub fn covers(self, input: &Shape) -> bool {
        self.axes(input).iter().all(|axis| {
            axis.padding == 0
                && axis.stride <= axis.taps
                && (axis.input - axis.taps).is_multiple_of(axis.stride)
        })
    }
}

/// For each value of the maps that a window leaves.
pub fn each_output(maps: &Shape, body: &TokenStream) -> TokenStream {
    let dims = maps.dims();
    loops(&[("c", dims[0]), ("y", dims[1]), ("x", dims[2])], body)
}

/// For each tap of the window at output position `y`, `x`.
pub fn each_tap(
    [rows, columns]: [Axis; 2],
    body: impl FnOnce(&Index, &Index) -> TokenStream,
) -> TokenStream {
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let body = body(&row, &column);
    let in_row = loops(&[("kx", columns.taps)], &quote!(#bind_column #body));
    loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row))
}

/// An index, to be used after its binding.
pub struct Index {
    /// Statements that name the index, and go on to the loop's next round where the tap meets padding.
    pub binding: TokenStream,
    index: TokenStream,
}

impl ToTokens for Index {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.index.to_tokens(tokens);
    }
}

impl Axis {
    /// The input index that `tap` meets at output position `position`.
    pub fn index(&self, position: &str, tap: &str) -> Index {
        let name = ident(self.name);
        let (position, tap) = (times(self.stride, position), times(self.dilation, tap));
        let sum = quote!(#position + #tap);
        if self.padding > 0 {
            let (first, end) = (number(self.padding), number(self.padding + self.input));
            let binding = quote! {
                let #name = #sum;
                if !(#first..#end).contains(&#name) {
                    continue;
                }
            };
            return Index {
                binding,
                index: quote!(#name - #first),
            };
        }
        if self.stride > 1 || self.dilation > 1 {
            return Index {
                binding: quote!(let #name = #sum;),
                index: quote!(#name),
            };
        }
        Index {
            binding: TokenStream::new(),
            index: sum,
        }
    }

    /// The same index as a formula: `2y + ky − 1`.
    pub fn formula(&self, position: &str, tap: &str) -> String {
        let product = |factor, name: &str| match factor {
            1 => name.to_owned(),
            factor => format!("{factor}{name}"),
        };
        let sum = format!(
            "{} + {}",
            product(self.stride, position),
            product(self.dilation, tap)
        );
        if self.padding == 0 {
            sum
        } else {
            format!("{sum} − {}", self.padding)
        }
    }
}

fn times(factor: usize, name: &str) -> TokenStream {
    let name = ident(name);
    if factor == 1 {
        return quote!(#name);
    }
    let factor = number(factor);
    quote!(#factor * #name)
}
