//! A convolution that looks at each map by itself, with the activation that follows it: on vectors of neighbours in the
//! padded map.

use super::activation;
use super::function::{Call, Function, shapes};
use crate::emit::batch_norm;
use crate::emit::function::parameters_pattern;
use crate::emit::simd::sum;
use crate::emit::tokens::{formula, loops, number};
use crate::plan::Plan;
use crate::plan::plane::Plane;
use crate::plan::spatial::{self, WIDTHS};
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::layer::{ConvBias, ConvMode, Padding};
use proc_macro2::TokenStream;
use quote::quote;

/// The dot product of each kernel with each window of its map, and what is done to it.
pub fn forward(plane: &Plane, plan: &Plan, schedule: &Schedule, stage: &Stage) -> Function {
    let [input, output] = [stage.input, stage.output].map(|tensor| {
        let shape = &schedule.tensors[tensor].shape;
        shape.maps().expect("a convolution is between feature maps")
    });
    let emitter = Emitter {
        plane,
        input,
        output,
    };
    let norm = plane.sums.norm;
    let folded = norm.map(|folded| batch_norm::folded(folded.norm, plane.sums.conv.out_channels));
    let pattern = parameters_pattern(plan, &stage.layer);
    let (taps, maps) = (emitter.taps(), emitter.maps());
    Function {
        layer: Some(stage.layer.clone()),
        norm: norm.map(|folded| plan.value(folded.output).name.clone()),
        sizes: vec!["VECTORS"],
        calls: WIDTHS.map(|width| {
            let runs = spatial::runs(plane.work, width);
            let call = |run: &spatial::Run| Call {
                sizes: vec![run.tile.vectors],
                maps: None,
            };
            runs.iter().map(call).collect()
        }),
        ..Function::new(
            schedule,
            stage,
            emitter.doc(schedule, stage),
            quote!(#taps let #pattern = parameters; #folded #maps),
        )
    }
}

struct Emitter<'a> {
    plane: &'a Plane<'a>,
    input: [usize; 3],
    output: [usize; 3],
}

impl Emitter<'_> {
    /// `STARTS`: where the value under each weight is.
    fn taps(&self) -> TokenStream {
        let taps = self.plane.taps.iter().map(|&tap| number(tap));
        let count = number(self.plane.taps.len());
        quote!(const STARTS: [usize; #count] = [#(#taps),*];)
    }

    /// For each map, its sums.
    fn maps(&self) -> TokenStream {
        let Plane {
            kernels,
            work,
            length,
            ..
        } = *self.plane;
        let [channels, ..] = self.input;
        let (length, places) = (number(length), number(work.columns));
        let (copy, sums) = (self.copy(), self.sums());
        let each = if kernels == 1 {
            loops(&[("o", channels)], &quote!(#copy #sums))
        } else {
            let o = sum(&[(kernels, "i"), (1, "m")], 0);
            let sums = loops(&[("m", kernels)], &quote!(let o = #o; #sums));
            loops(&[("i", channels)], &quote!(#copy #sums))
        };
        quote! {
            let mut map = [0.0; #length];
            let mut values = [0.0; #places];
            #each
        }
    }

    /// A map goes among its zeros, rows with the same remainder under the stride one after the other.
    fn copy(&self) -> TokenStream {
        let Plane {
            padding: Padding { top, left, .. },
            pitch,
            rows,
            ..
        } = *self.plane;
        let [_, height, width] = self.input;
        let padded = sum(&[(1, "y")], top);
        let (bind, row) = match self.plane.sums.conv.stride.height {
            1 => (quote!(), padded.to_string()),
            stride => {
                let [stride, rows] = [stride, rows].map(number);
                let bind = quote! {
                    let padded = #padded;
                    let row = padded % #stride * #rows + padded / #stride;
                };
                (bind, "row".to_owned())
            }
        };
        let channel = if self.plane.kernels == 1 {
            quote!(o)
        } else {
            quote!(i)
        };
        let start = sum(&[(pitch, &row)], left);
        let width = number(width);
        loops(
            &[("y", height)],
            &quote! {
                #bind
                map[#start..][..#width].copy_from_slice(&input[#channel][y]);
            },
        )
    }

    /// The sums of map `o`.
    fn sums(&self) -> TokenStream {
        let Plane {
            sums, pitch, work, ..
        } = self.plane;
        let [_, rows, columns] = self.output;
        let bias = if sums.conv.bias == ConvBias::None {
            quote!(0.0)
        } else {
            quote!(bias[o])
        };
        let norm = sums.norm.map(|_| {
            quote! {
                let (factor, shift) = (lanes::splat(simd, factor[o]), lanes::splat(simd, shift[o]));
                let z = z.mul_add(factor, shift);
            }
        });
        let value = activation::value(sums.activation, &quote!(z));
        let pitch = number(*pitch);
        let copy = if sums.conv.stride.width == 1 {
            let columns = number(columns);
            quote!(output[o][y].copy_from_slice(&values[#pitch * y..][..#columns]);)
        } else {
            let stride = number(sums.conv.stride.width);
            quote! {
                let row = values[#pitch * y..].iter().step_by(#stride);
                for (place, value) in output[o][y].iter_mut().zip(row) {
                    *place = *value;
                }
            }
        };
        let copy = loops(&[("y", rows)], &copy);
        let places = number(work.columns);
        quote! {
            for x in rows::starts(#places, VECTORS * S::COUNT) {
                let mut sums = [[[lanes::splat(simd, #bias); VECTORS]; 1]; 1];
                rows::correlate(simd, &weight[o..=o], &STARTS, &[0], &map[x..], 0, &mut sums);
                for v in 0..VECTORS {
                    let z = sums[0][0][v];
                    #norm
                    #value.store_slice(&mut values[x + v * S::COUNT..][..S::COUNT]);
                }
            }
            #copy
        }
    }

    fn doc(&self, schedule: &Schedule, stage: &Stage) -> String {
        let sums = &self.plane.sums;
        let mode = match sums.conv.mode {
            ConvMode::CrossCorrelation => "a cross-correlation",
            ConvMode::Convolution => "a true convolution: the kernel is turned by 180°",
        };
        let bias = if sums.conv.bias == ConvBias::None {
            ""
        } else {
            "bias[o] + "
        };
        let sum = format!("{bias}Σ weight[o][k] · window[k]");
        let (sum, where_) = match sums.norm {
            None => (sum, String::new()),
            Some(folded) => (
                format!("factor[o] · ({sum}) + shift[o]"),
                format!("\n    where {}", batch_norm::folded_text(folded.norm)),
            ),
        };
        format!(
            "`{}` forward, {}: each kernel slides over its map ({mode}). The map with its zeros is one row of neighbours, of \
             which `VECTORS` vectors are computed at a time; what lies between the windows is left out of the output. \
             `STARTS` says where in a window the value under each weight is.\n\n{}",
            stage.name,
            shapes(schedule, stage),
            formula(&format!(
                "output[o][y][x] = {}    over k{where_}",
                activation::value_text(sums.activation, &sum)
            )),
        )
    }
}
