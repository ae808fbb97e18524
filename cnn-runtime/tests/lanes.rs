//! The vectors of the simd kernels, on this machine's instruction set and on the one of every machine of its kind.
#![cfg(feature = "simd")]
#![allow(clippy::float_cmp, clippy::inline_always)]

use cnn_runtime::lanes::{self, LANES, Lanes, Level, Simd};

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

fn apply(function: impl Function, level: Level, block: &mut [Lanes]) {
    #[inline(always)]
    fn each<S: Simd>(simd: S, function: impl Function, block: &mut [Lanes]) {
        for lanes in block {
            for part in 0..lanes::parts::<S>() {
                let value = function.of(simd, lanes.load(simd, part));
                lanes.store(simd, part, value);
            }
        }
    }
    lanes::dispatch!(level, simd => each(simd, function, block));
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
    let (chunks, _) = inputs.as_chunks::<LANES>();
    let mut block: Vec<_> = chunks.iter().map(|chunk| Lanes(*chunk)).collect();
    apply(function, level, &mut block);
    let outputs = block.iter().flat_map(|lanes| lanes.0);
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
        let mut lanes = [Lanes([-1e30; LANES]), Lanes([1e30; LANES])];
        apply(Sigmoid, level, &mut lanes);
        assert!(lanes[0].0[0] < 1e-37 && lanes[1].0[0] == 1.0);
        let mut lanes = [Lanes([-1e30; LANES]), Lanes([1e30; LANES])];
        apply(Tanh, level, &mut lanes);
        assert_eq!([lanes[0].0[3], lanes[1].0[15]], [-1.0, 1.0]);
        let mut lanes = [Lanes([0.0; LANES])];
        apply(Exp, level, &mut lanes);
        assert_eq!(lanes[0].0, [1.0; LANES]);
    }
}

#[test]
fn samples_are_put_side_by_side_and_back() {
    const VALUES: usize = 37;
    for (level, samples) in levels()
        .into_iter()
        .flat_map(|level| [1, 5, 16].map(|samples| (level, samples)))
    {
        let inputs: Vec<[f32; VALUES]> = (0..samples)
            .map(|sample| std::array::from_fn(|value| (sample * 100 + value) as f32))
            .collect();
        let slices: Vec<&[f32]> = inputs.iter().map(|input| &input[..]).collect();
        let mut block = [Lanes::default(); VALUES];
        let mut rows = [[Lanes::default(); 3]; LANES];
        lanes::dispatch!(level, simd => {
            lanes::gather(simd, &slices, &mut block);
            lanes::scatter(simd, &block, &mut rows);
        });
        for lane in 0..LANES {
            let input = &inputs[if lane < samples { lane } else { 0 }];
            let values: Vec<_> = block.iter().map(|lanes| lanes.0[lane]).collect();
            assert_eq!(values, input);
            let row: Vec<_> = rows[lane].iter().flat_map(|chunk| chunk.0).collect();
            assert_eq!(row[..VALUES], input[..]);
            assert!(row[VALUES..].iter().all(|value| *value == 0.0));
        }
    }
}

#[test]
fn a_sum_is_over_all_lanes_of_all_values() {
    let block: Vec<_> = (0..7)
        .map(|value| Lanes(std::array::from_fn(|lane| (100 * value + lane) as f32)))
        .collect();
    for level in levels() {
        let sum = lanes::dispatch!(level, simd => lanes::sum(simd, &block));
        assert_eq!(sum, (16 * 2100 + 7 * 120) as f32);
    }
}
