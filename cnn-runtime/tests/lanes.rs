//! The vectors of the simd kernels, on this machine's instruction set and on the one of every machine of its kind.
#![cfg(feature = "simd")]
#![allow(clippy::float_cmp, clippy::inline_always)]

use cnn_runtime::lanes::{self, Lanes, Level, MOST, Room, Route, Simd, SimdBase, Vector};

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

functions!(
    Exp: lanes::exp,
    ExpM1: lanes::exp_m1,
    Ln: lanes::ln,
    Ln1p: lanes::ln_1p,
    Sigmoid: lanes::sigmoid,
    Softplus: lanes::softplus,
    Tanh: lanes::tanh,
    Erf: lanes::erf,
    Normal: lanes::normal
);

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

/// Numbers whose size is between two, evenly spread over the bits, so that there are as many small ones as large ones.
fn of_size(from: f32, to: f32) -> Vec<f32> {
    const COUNT: usize = 1 << 17;
    let (first, last) = (from.to_bits(), to.to_bits());
    let step = ((last - first) as usize / COUNT).max(1);
    let bits = (first..=last).step_by(step).chain([last]);
    let mut numbers: Vec<_> = bits.map(f32::from_bits).collect();
    numbers.resize(numbers.len().next_multiple_of(MOST), to);
    numbers
}

fn negative(numbers: Vec<f32>) -> Vec<f32> {
    numbers.into_iter().map(|number| -number).collect()
}

/// The largest error in units in the last place of the exact result.
fn largest_error(
    function: impl Function,
    level: Level,
    inputs: &[f32],
    exact: fn(f64) -> f64,
) -> f64 {
    let mut outputs = inputs.to_vec();
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

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn functions_are_as_accurate_as_documented() {
    const TINY: f32 = 1e-30;
    const HUGE: f32 = 1e30;
    for level in levels() {
        let is_accurate = |name: &str, most: f64, errors: [f64; 2]| {
            let error = errors[0].max(errors[1]);

            assert!(
                error <= most,
                "{name}: {error} units in the last place with {level:?}"
            );
        };
        macro_rules! both_signs {
            ($function:expr, $below:expr, $above:expr, $exact:expr) => {
                [
                    largest_error($function, level, &negative(of_size(TINY, $below)), $exact),
                    largest_error($function, level, &of_size(TINY, $above), $exact),
                ]
            };
        }
        is_accurate("exp", 1.1, both_signs!(Exp, 87.0, 88.0, f64::exp));
        is_accurate("exp_m1", 1.6, both_signs!(ExpM1, 1000.0, 88.0, f64::exp_m1));
        is_accurate("sigmoid", 2.5, both_signs!(Sigmoid, 80.0, HUGE, sigmoid));
        is_accurate("softplus", 2.1, both_signs!(Softplus, 80.0, HUGE, softplus));
        is_accurate("tanh", 1.4, both_signs!(Tanh, HUGE, HUGE, f64::tanh));
        is_accurate("erf", 1.4, both_signs!(Erf, HUGE, HUGE, libm::erf));
        let positive = of_size(TINY, HUGE);
        is_accurate("ln", 0.9, [largest_error(Ln, level, &positive, f64::ln); 2]);
        is_accurate(
            "ln_1p",
            2.0,
            [largest_error(Ln1p, level, &positive, f64::ln_1p); 2],
        );
    }
}

#[test]
fn the_normal_distribution_is_exact_to_seven_digits() {
    for level in levels() {
        let sizes = of_size(1e-30, 1e30);
        for inputs in [negative(sizes.clone()), sizes] {
            let mut outputs = inputs.clone();
            apply(Normal, level, &mut outputs);
            for (input, output) in inputs.iter().zip(outputs) {
                let exact = 0.5 * libm::erfc(-f64::from(*input) * core::f64::consts::FRAC_1_SQRT_2);
                assert!((f64::from(output) - exact).abs() < 1e-7, "{input} {output}");
            }
        }
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

/// Exchanges samples and channels of six maps of 3×4 values, from row 1 and column 2 on.
fn exchanged<S: Lanes>(simd: S) {
    const CHANNELS: usize = 6;
    let value = |channel, y, x, lane| (1 + channel + 10 * y + 100 * x + 1000 * lane) as f32;
    let (mut from, mut to) = (
        [Room::default(); 12 * CHANNELS],
        [Room::default(); 4 * MOST],
    );
    let from: &mut [[[Vector<S>; 4]; 3]; CHANNELS] = lanes::view_mut(&mut from);
    let to: &mut [[[Vector<S>; 2]; 2]; MOST] = lanes::view_mut(&mut to);
    for (channel, map) in from.iter_mut().enumerate() {
        for (index, vector) in map.as_flattened_mut().iter_mut().enumerate() {
            for (lane, place) in vector.as_mut().iter_mut().enumerate() {
                *place = value(channel, index / 4, index % 4, lane);
            }
        }
    }
    lanes::exchange(simd, &*from, [1, 2], to);
    for (lane, sample) in to.iter().enumerate().take(S::COUNT) {
        for (index, vector) in sample.as_flattened().iter().enumerate() {
            for (channel, &found) in vector.as_ref().iter().enumerate() {
                let here = value(channel, 1 + index / 2, 2 + index % 2, lane);
                assert_eq!(found, if channel < CHANNELS { here } else { 0.0 });
            }
        }
    }
}

#[test]
fn samples_and_channels_change_places() {
    for level in levels() {
        lanes::dispatch!(level, simd => exchanged(simd));
    }
}

/// Lists the deltas of two maps, every third of which is not zero in each lane.
fn listed<S: Lanes>(simd: S) {
    let delta = |lane: usize, index: usize| {
        if (lane + index).is_multiple_of(3) {
            (10 * lane + index + 1) as f32
        } else {
            0.0
        }
    };
    let mut routes = [[[Route::default(); 2 * MOST + 1]; 2]; MOST];
    for map in 0..2 {
        let mut counts = [0; MOST];
        for round in 0..2 {
            let (mut offsets, mut deltas) = (
                [lanes::splat(simd, 0.0); MOST],
                [lanes::splat(simd, 0.0); MOST],
            );
            let begins: Vec<_> = (0..S::COUNT)
                .map(|k| (round * S::COUNT + k) as f32)
                .collect();
            for k in 0..S::COUNT {
                let index = round * S::COUNT + k;
                offsets[k] = lanes::splat(simd, (100 * map) as f32);
                let values: Vec<_> = (0..S::COUNT).map(|lane| delta(lane, index)).collect();
                deltas[k] = S::f32s::from_slice(simd, &values);
            }
            let begins = S::f32s::from_slice(simd, &begins);
            lanes::route::<S, _, _>(begins, offsets, deltas, map, &mut routes, &mut counts);
        }
        lanes::end_routes(simd, map, &mut routes, &counts);
    }
    for (lane, maps) in routes.iter().enumerate().take(S::COUNT) {
        for (map, list) in maps.iter().enumerate() {
            let expected = (0..2 * S::COUNT)
                .filter(|&index| delta(lane, index) != 0.0)
                .map(|index| Route {
                    position: (100 * map + index) as u32,
                    delta: delta(lane, index),
                });
            let expected: Vec<_> = expected.chain([Route::END]).collect();
            assert_eq!(list[..expected.len()], expected);
        }
    }
}

#[test]
fn deltas_that_are_not_zero_are_listed() {
    for level in levels() {
        lanes::dispatch!(level, simd => listed(simd));
    }
}

#[test]
fn the_end_of_a_list_leads_nowhere() {
    let mut sample = [1, 2, 3, 4];
    assert_eq!(lanes::window(&sample, 1), Some(&[2, 3, 4]));
    assert_eq!(lanes::window::<_, 3>(&sample, 2), None);
    assert_eq!(lanes::window_mut(&mut sample, 3), Some(&mut [4]));
    assert_eq!(
        lanes::window_mut::<_, 1>(&mut sample, Route::END.position),
        None
    );
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
