//! Pools on lanes that no convolution takes in: `max_pool2d` with overlapping or padded windows, and `avg_pool2d`.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::axis::{Window, each_output, each_tap};
use crate::emit::tokens::{formula, number, real};
use cnn_spec::layer::{AvgPool2d, MaxPool2d, Pair};
use cnn_spec::network::Dtype;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a max pool.
pub fn max_functions(pool: &MaxPool2d, site: Site) -> Functions {
    let window = Window::of_pool(pool.window);
    let pool = Pool { window, site };
    Functions::of(pool.max_forward(), site.sent(|| pool.max_backward()))
}

/// The functions of an average pool.
pub fn avg_functions(pool: &AvgPool2d, site: Site) -> Functions {
    let window = Window::of_pool(pool.window);
    let pool = Pool { window, site };
    Functions::of(pool.avg_forward(), site.sent(|| pool.avg_backward()))
}

struct Pool<'a> {
    window: Window,
    site: Site<'a>,
}

impl Pool<'_> {
    /// For each input value of a window, given its row and its column.
    fn each_value(&self, body: impl Fn([&TokenStream; 3]) -> TokenStream) -> TokenStream {
        let axes = self.window.axes(self.site.input_shape());
        each_tap(axes, |row, column| {
            body([&quote!(c), &quote!(#row), &quote!(#column)])
        })
    }

    fn each_output(&self, body: &TokenStream) -> TokenStream {
        each_output(self.site.output_shape(), body)
    }

    fn formula(&self) -> String {
        let [rows, columns] = self.window.axes(self.site.input_shape());
        format!(
            "input[c][{}][{}]",
            rows.formula("y", "ky"),
            columns.formula("x", "kx")
        )
    }

    /// Values in a window.
    fn count(&self) -> usize {
        let Pair { height, width } = self.window.kernel_size;
        height * width
    }

    fn max_forward(&self) -> Function {
        let at = self.site.output_element();
        let window = self.each_value(|index| {
            let index = self.site.memory.index(self.site.group.input, index);
            quote!(let value = lanes::load(simd, &input #index); largest = largest.max(value);)
        });
        let body = self.each_output(&quote! {
            let mut largest = lanes::splat(simd, f32::NEG_INFINITY);
            #window
            largest.store_array(&mut #at);
        });
        let doc = format!(
            "`{}` forward, {}: the largest value of each {} window.\n\n{}",
            self.site.group.name,
            self.site.shapes(),
            self.window.kernel_size,
            formula(&format!(
                "output[c][y][x] = max {}    over ky, kx",
                self.formula()
            )),
        );
        self.site.function(
            "forward",
            doc,
            vec![self.site.input(), self.site.output_mut()],
            body,
        )
    }

    /// The statement that adds what a window sends to a `place` of the input delta, which is in no other window unless they
    /// overlap.
    fn send(&self, sent: &TokenStream) -> TokenStream {
        if self.window.overlaps() {
            quote!((lanes::load(simd, place) + #sent).store_array(place);)
        } else {
            quote!(#sent.store_array(place);)
        }
    }

    /// What comes before all windows: a value that is in several of them, or in none, begins with zero.
    fn clear(&self) -> Option<TokenStream> {
        let is_whole = !self.window.overlaps() && self.window.covers(self.site.input_shape());
        (!is_whole).then(|| {
            quote! {
                let values = input_delta.as_flattened_mut().as_flattened_mut();
                lanes::clear(simd, values);
            }
        })
    }

    fn max_backward(&self) -> Function {
        let send = self.send(&quote!(routed));
        let at = self.site.output_element();
        let window = self.each_value(|[c, row, column]| {
            let index = self
                .site
                .memory
                .index(self.site.group.input, [c, row, column]);
            quote! {
                let place = &mut input_delta[#c][#row][#column];
                let value = lanes::load(simd, &input #index);
                let is_largest = value.simd_eq(largest);
                let routed = is_largest.select(rest, zero);
                #send
                rest -= routed;
            }
        });
        let each = self.each_output(&quote! {
            let largest = lanes::load(simd, &#at);
            let zero = lanes::splat(simd, 0.0);
            let mut rest = lanes::load(simd, &delta[c][y][x]);
            #window
        });
        let doc = format!(
            "`{}` input delta: the delta of each window goes to its argmax, the first position that holds the largest \
             value; the others had no part in the output and get zero.",
            self.site.group.name
        );
        let clear = self.clear();
        let body = quote!(#clear #each);
        self.site.function(
            "backward_input",
            doc,
            vec![
                self.site.input(),
                self.site.output(),
                self.site.delta(),
                self.site.input_delta(),
            ],
            body,
        )
    }

    fn share(&self) -> TokenStream {
        let share = 1.0 / self.count() as f64;
        let share = real(share, Dtype::F32);
        quote!(#share)
    }

    fn avg_forward(&self) -> Function {
        let at = self.site.output_element();
        let share = self.share();
        let window = self.each_value(|index| {
            let index = self.site.memory.index(self.site.group.input, index);
            quote!(sum += lanes::load(simd, &input #index);)
        });
        let body = self.each_output(&quote! {
            let mut sum = lanes::splat(simd, 0.0);
            #window
            (sum * #share).store_array(&mut #at);
        });
        let count = number(self.count());
        let doc = format!(
            "`{}` forward, {}: the mean of each {} window, a convolution with fixed weights.\n\n{}",
            self.site.group.name,
            self.site.shapes(),
            self.window.kernel_size,
            formula(&format!(
                "output[c][y][x] = Σ {} / {count}    over ky, kx",
                self.formula()
            )),
        );
        self.site.function(
            "forward",
            doc,
            vec![self.site.input(), self.site.output_mut()],
            body,
        )
    }

    fn avg_backward(&self) -> Function {
        let (share, send) = (self.share(), self.send(&quote!(share)));
        let window = self.each_value(|[c, row, column]| {
            quote! {
                let place = &mut input_delta[#c][#row][#column];
                #send
            }
        });
        let each = self
            .each_output(&quote!(let share = lanes::load(simd, &delta[c][y][x]) * #share; #window));
        let doc = format!(
            "`{}` input delta: every value of a window gets an equal share of the window's delta.",
            self.site.group.name
        );
        let clear = self.clear();
        let body = quote!(#clear #each);
        self.site.function(
            "backward_input",
            doc,
            vec![self.site.delta(), self.site.input_delta()],
            body,
        )
    }
}
