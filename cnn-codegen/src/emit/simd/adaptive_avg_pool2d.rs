//! `adaptive_avg_pool2d` on lanes: the mean of windows that divide the input as evenly as can be.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::adaptive_avg_pool2d::{window_of, window_text};
use crate::emit::axis::each_output;
use crate::emit::tokens::formula;
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use quote::quote;

/// The functions of an adaptive average pool.
pub fn functions(site: Site) -> Functions {
    Functions::of(forward(site), site.sent(|| backward(site)))
}

fn shapes(site: Site<'_>) -> [&Shape; 2] {
    [site.input_shape(), site.output_shape()]
}

fn forward(site: Site) -> Function {
    let (window, place) = (window_of(shapes(site), Dtype::F32), site.output_element());
    let input = site.memory.index(
        site.group.input,
        [&quote!(c), &quote!(row), &quote!(column)],
    );
    let body = each_output(
        site.output_shape(),
        &quote! {
            #window
            let mut sum = lanes::splat(simd, 0.0);
            for row in rows {
                for column in columns.clone() {
                    sum += lanes::load(simd, &input #input);
                }
            }
            (sum / count).store_array(&mut #place);
        },
    );
    let doc = format!(
        "`{}` forward, {}: the mean of each window.\n\n{}",
        site.group.name,
        site.shapes(),
        formula(&format!(
            "output[c][y][x] = Σ input[c][row][column] / count\n    {}",
            window_text(shapes(site))
        )),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn backward(site: Site) -> Function {
    let window = window_of(shapes(site), Dtype::F32);
    let shares = each_output(
        site.output_shape(),
        &quote! {
            #window
            let share = lanes::load(simd, &delta[c][y][x]) / count;
            for row in rows {
                for column in columns.clone() {
                    let place = &mut input_delta[c][row][column];
                    (lanes::load(simd, place) + share).store_array(place);
                }
            }
        },
    );
    let doc = format!(
        "`{}` input delta: every value of a window gets an equal share of the window's delta; windows may overlap.",
        site.group.name
    );
    let arguments = vec![site.delta(), site.input_delta()];
    let body = quote! {
        lanes::clear(simd, input_delta.as_flattened_mut().as_flattened_mut());
        #shares
    };
    site.function("backward_input", doc, arguments, body)
}
