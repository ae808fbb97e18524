//! `max_pool2d` that no convolution takes in: rows first, which are vectors, then columns.

use super::function::{Function, shapes};
use crate::emit::axis::Window;
use crate::emit::tokens::{formula, loops, number};
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::layer::{MaxPool2d, Pair};
use quote::quote;

/// The largest value of each window.
pub fn forward(pool: &MaxPool2d, schedule: &Schedule, stage: &Stage) -> Function {
    let [input, output] = [stage.input, stage.output].map(|tensor| &schedule.tensors[tensor].shape);
    let [rows, columns] = Window::of_pool(pool.window).axes(input);
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let Pair { height, width } = pool.window.kernel_size;
    let doc = format!(
        "`{}` forward, {}: the largest value of each {height}×{width} window, found row by row, then column by \
         column.\n\n{}",
        stage.name,
        shapes(schedule, stage),
        formula(&format!(
            "output[c][y][x] = max input[c][{}][{}]    over ky, kx",
            rows.formula("y", "ky"),
            columns.formula("x", "kx"),
        )),
    );
    let in_columns = loops(
        &[("kx", width)],
        &quote!(#bind_column if largest < in_rows[#column] { largest = in_rows[#column]; }),
    );
    let in_rows = loops(
        &[("ky", height)],
        &quote! {
            #bind_row
            let values = &input[c][#row];
            for (largest, value) in in_rows.iter_mut().zip(values) {
                if *largest < *value {
                    *largest = *value;
                }
            }
        },
    );
    let input_width = number(input.dims()[2]);
    let each = loops(
        &[("x", output.dims()[2])],
        &quote! {
            let mut largest = f32::NEG_INFINITY;
            #in_columns
            output[c][y][x] = largest;
        },
    );
    let body = loops(
        &[("c", output.dims()[0]), ("y", output.dims()[1])],
        &quote! {
            let mut in_rows = [f32::NEG_INFINITY; #input_width];
            #in_rows
            #each
        },
    );
    Function::new(schedule, stage, doc, body)
}
