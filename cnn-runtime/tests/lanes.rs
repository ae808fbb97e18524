//! The vectors of the simd kernels, on this machine's instruction set and on the one of every machine of its kind.
#![cfg(feature = "simd")]
#![allow(clippy::float_cmp, clippy::inline_always)]

use cnn_runtime::lanes::{self, Lanes, Level, MOST, Room, Simd, SimdBase, Vector};

fn levels() -> [Level; 2] {
    [lanes::level(), Level::baseline()]
}

/// A function of one value, on all lanes.
trait Function: Copy {
    fn of<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s;
}

macro_rules! functions {
    ($($name:ident: $function:path),*) => {$(
        #[derive(Clone, Copy)]
        struct $name;

        impl Function for $name {
            #[inline(always)]
            fn of<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
                $function(simd, x)
            }
        }
    )*};
}

functions!(Exp: lanes::exp, Sigmoid: lanes::sigmoid, Tanh: lanes::tanh);

fn apply(function: impl Function, level: Level, values: &mut [f32]) {
    #[inline(always)]
    fn each<S: Lanes>(simd: S, function: impl Function, values: &mut [f32]) {
        for values in values.chunks_exact_mut(S::COUNT) {
            let result = function.of(simd, S::f32s::from_slice(simd, values));
            result.store_slice(values);
        }
    }
    lanes::dispatch!(level, simd => simd.vectorize(#[inline(always)] || each(simd, function, values)));
}

/// The largest error in units in the last place of the exact result, over values evenly spread in `range`.
fn largest_error(
    function: impl Function,
    level: Level,
    range: [f32; 2],
    exact: fn(f64) -> f64,
) -> f64 {
    const COUNT: usize = 1 << 20;
    let step = (f64::from(range[1]) - f64::from(range[0])) / COUNT as f64;
    let inputs: Vec<_> = (0..COUNT)
        .map(|index| (f64::from(range[0]) + step * index as f64) as f32)
        .collect();
    let mut outputs = inputs.clone();
    apply(function, level, &mut outputs);
    inputs
        .iter()
        .zip(outputs)
        .fold(0.0, |largest, (input, output)| {
            let exact = exact(f64::from(*input));
            let ulp = f64::from((exact as f32).abs().next_up()) - f64::from((exact as f32).abs());
            ((f64::from(output) - exact).abs() / ulp).max(largest)
        })
}

#[test]
fn functions_are_as_accurate_as_documented() {
    for level in levels() {
        let errors = [
            largest_error(Exp, level, [-87.0, 88.0], f64::exp),
            largest_error(Sigmoid, level, [-80.0, 80.0], |x| 1.0 / (1.0 + (-x).exp())),
            largest_error(Tanh, level, [-10.0, 10.0], f64::tanh),
            largest_error(Tanh, level, [-0.01, 0.01], f64::tanh),
        ];
        assert!(
            errors
                .iter()
                .zip([2.0, 4.0, 3.0, 3.0])
                .all(|(error, most)| *error <= most),
            "{errors:?} units in the last place with {level:?}"
        );
    }
}

#[test]
fn functions_keep_to_their_limits_far_out() {
    for level in levels() {
        let mut values = [-1e30; 2 * MOST];
        values[MOST..].fill(1e30);
        let far = values;
        apply(Sigmoid, level, &mut values);
        assert!(values[0] < 1e-37 && values[MOST] == 1.0);
        values = far;
        apply(Tanh, level, &mut values);
        assert_eq!([values[3], values[2 * MOST - 1]], [-1.0, 1.0]);
        values.fill(0.0);
        apply(Exp, level, &mut values);
        assert_eq!(values, [1.0; 2 * MOST]);
    }
}

/// What `gather` makes of `COUNT` values of some samples, and `scatter` of that.
fn there_and_back<S: Lanes, const COUNT: usize>(
    simd: S,
    samples: &[&[f32]],
) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let mut room = [Room::default(); COUNT];
    let block: &mut [Vector<S>] = bytemuck::cast_slice_mut(&mut room);
    let block = &mut block[..COUNT];
    let mut rows = [[Room::default(); 3]; MOST];
    lanes::gather(simd, &samples[..samples.len().min(S::COUNT)], 2, block);
    lanes::scatter(simd, block, &mut rows);
    let columns =
        (0..S::COUNT).map(|lane| block.iter().map(|value| value.as_ref()[lane]).collect());
    let rows = rows[..S::COUNT]
        .iter()
        .map(|row| lanes::view::<[f32; 48]>(row).to_vec());
    (columns.collect(), rows.collect())
}

fn are_put_side_by_side_and_back<const COUNT: usize>() {
    for (level, samples) in levels()
        .into_iter()
        .flat_map(|level| [1, 3, 16].map(|samples| (level, samples)))
    {
        let inputs: Vec<Vec<f32>> = (0..samples)
            .map(|sample| {
                (0..COUNT + 2)
                    .map(|value| (sample * 100 + value) as f32)
                    .collect()
            })
            .collect();
        let slices: Vec<&[f32]> = inputs.iter().map(|input| &input[..]).collect();
        let (columns, rows) =
            lanes::dispatch!(level, simd => there_and_back::<_, COUNT>(simd, &slices));
        for (lane, (column, row)) in columns.iter().zip(&rows).enumerate() {
            let input = &inputs[if lane < samples { lane } else { 0 }][2..];
            assert_eq!(column, input);
            assert_eq!(&row[..COUNT], input);
        }
    }
}

#[test]
fn samples_are_put_side_by_side_and_back() {
    are_put_side_by_side_and_back::<37>();
    are_put_side_by_side_and_back::<8>();
    are_put_side_by_side_and_back::<5>();
}

#[test]
fn a_sum_is_over_all_lanes_of_all_values() {
    fn sum<S: Lanes>(simd: S) -> [f32; 2] {
        let mut room = [Room::default(); 19];
        let values: &mut [Vector<S>; 19] = lanes::view_mut(&mut room);
        for (index, value) in values.iter_mut().enumerate() {
            for (lane, value) in value.as_mut().iter_mut().enumerate() {
                *value = (100 * index + lane) as f32;
            }
        }
        [lanes::sum(simd, values), S::COUNT as f32]
    }
    for level in levels() {
        let [sum, lanes] = lanes::dispatch!(level, simd => sum(simd));
        assert_eq!(sum, lanes * 17_100.0 + 19.0 * lanes * (lanes - 1.0) / 2.0);
    }
}
