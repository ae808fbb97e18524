//! Zeros around feature maps: the border is never written, so that it stays zero.

use super::function::{Argument, Function, lanes_type, sum, untiled};
use super::memory::Memory;
use crate::emit::tokens::number;
use crate::plan::Plan;
use crate::plan::fuse::Group;
use cnn_spec::layer::Padding;
use quote::quote;

/// Copies the input into the border.
pub fn forward(padding: Padding, plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let (input, output) = (
        &plan.value(group.input).shape,
        &plan.value(group.output).shape,
    );
    let dims = input.dims();
    let (maps, rows) = (number(dims[0]), number(dims[1]));
    let row = sum(&[(1, "y")], padding.top);
    let (first, end) = (number(padding.left), number(padding.left + dims[2]));
    Function {
        name: format!("{}_forward_lanes", group.name),
        doc: format!(
            "`{}` forward, {input} → {output}: the input with a border, which stays zero.",
            group.name
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("input", &lanes_type(input), &memory.activation(group.input)),
            Argument::unique(
                "output",
                &lanes_type(output),
                &memory.activation(group.output),
            ),
        ],
        body: quote! {
            for c in 0..#maps {
                for y in 0..#rows {
                    let row = &mut output[c][#row][#first..#end];
                    for (place, value) in row.iter_mut().zip(&input[c][y]) {
                        lanes::load(simd, value).store_array(place);
                    }
                }
            }
        },
        calls: untiled(),
    }
}
