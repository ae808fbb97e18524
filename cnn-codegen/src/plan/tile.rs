//! How much of its output a kernel on lanes computes at a time: as much as there are registers for.
//!
//! A multiply-add takes four cycles and two begin in each, so that eight sums must be under way; two loads begin in a
//! cycle, so that what is loaded must serve several sums. The choice is the one that takes the fewest cycles by this
//! count.

use super::runs;

/// Values in a page: whole pages apart, values share few places in the nearest cache,
const PAGE: usize = 1024;
/// so many.
const WAYS: usize = 8;

/// Whether rows of `stride` values share their places in the nearest cache.
pub fn shares_places(stride: usize) -> bool {
    stride.is_multiple_of(PAGE)
}

/// How much slower a sum is that has no register.
const SPILLED: f64 = 4.0;

/// The registers that kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registers {
    /// 16 registers of at most eight lanes.
    Narrow,
    /// 32 registers of sixteen lanes.
    Wide,
}

impl Registers {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Narrow => 16,
            Self::Wide => 32,
        }
    }

    /// Registers that hold sixteen values.
    fn chunk(self) -> usize {
        match self {
            Self::Narrow => 2,
            Self::Wide => 1,
        }
    }

    /// Lines of the cache, of sixteen values, that the samples of a block take: each has `values`.
    pub fn lines(self, values: usize) -> usize {
        values.div_ceil(self.chunk())
    }
}

/// Two sizes of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Output channels or features.
    pub maps: usize,
    /// Columns or chunks.
    pub columns: usize,
}

/// Some maps, in tiles of one size.
pub type Run = runs::Run<Tile>;

/// How a convolution goes over its output: so many columns at a time, and its maps in runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Columns of a tile.
    pub columns: usize,
    /// The maps.
    pub runs: Vec<Run>,
}

/// Half cycles for the sums and loads of a tile at one tap; infinite where the registers do not suffice.
///
/// Three more sums than the eight hide what else there is to do; a loop takes at least one half cycle itself. Some loads
/// wait for others in the same bank of the cache.
fn cost(sums: usize, loads: usize, others: usize, registers: Registers) -> f64 {
    if sums > 1 && sums + others > registers.count() {
        return f64::INFINITY;
    }
    (sums as f64).max(1.25 * loads as f64).max(11.0) + 1.0
}

fn best(tiles: impl Iterator<Item = (f64, Tile)>) -> (f64, Tile) {
    let one = Tile {
        maps: 1,
        columns: 1,
    };
    tiles
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .unwrap_or((f64::INFINITY, one))
}

/// Splits `maps` into runs of tiles, given the best tile of each number of maps and what it costs.
fn runs(maps: usize, registers: Registers, tile: impl Fn(usize) -> (f64, Tile)) -> Vec<Run> {
    let tiles: Vec<_> = (1..=maps.min(registers.count())).map(tile).collect();
    runs::runs(maps, &tiles)
}

/// Tiles of `maps` times `columns`, each of which is `width` sums; the last columns may overlap the ones before.
pub fn of_maps(maps: usize, columns: usize, width: usize, registers: Registers) -> Vec<Run> {
    /// Zeros as wide as a tile stand beside what it reads: of two that are as fast the narrower is better.
    const WIDTH: f64 = 0.01;
    runs(maps, registers, |m| {
        best((1..=columns.min(registers.count())).map(|c| {
            let positions = c * width;
            // With one map each input serves one sum, straight from memory.
            let inputs = if m == 1 { 1 } else { positions };
            let cost = cost(m * positions, m + positions, inputs + 2, registers);
            (
                cost * columns.div_ceil(c) as f64 + WIDTH * c as f64,
                Tile {
                    maps: m,
                    columns: c,
                },
            )
        }))
    })
}

/// How to go over `columns` windows of `positions` sums each, for every one of `maps`; the last windows of a row may
/// overlap the ones before.
pub fn of_windows(maps: usize, columns: usize, positions: usize, registers: Registers) -> Slide {
    let slide = |c: usize| {
        let cost = |m: usize| {
            let sums = m * c * positions;
            // With one map each input serves one sum, straight from memory.
            let held = if m == 1 { 1 } else { m + 1 };
            if sums + held > registers.count() {
                return sums as f64 * SPILLED;
            }
            (sums.max(m + c * positions).max(8) + 1) as f64
        };
        let tile = |maps| Tile { maps, columns: c };
        let runs = runs(maps, registers, |m| (cost(m), tile(m)));
        let costs = runs
            .iter()
            .map(|run| cost(run.tile.maps) * ((run.end - run.start) / run.tile.maps) as f64);
        let cost = costs.sum::<f64>() * columns.div_ceil(c) as f64;
        (cost, Slide { columns: c, runs })
    };
    (1..=columns.min(registers.count()))
        .map(slide)
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(|| slide(1).1, |(_, slide)| slide)
}

/// A tile of features, whose weights lie `stride` values apart.
pub fn of_features(features: usize, stride: usize, registers: Registers) -> Tile {
    let most = if shares_places(stride) {
        WAYS
    } else {
        registers.count()
    };
    let tiles = (1..=features.min(most)).map(|m| {
        // An input, a weight, and two to spare: with none the compiler moves sums to and fro.
        let cost = cost(m, m + 1, 4, registers);
        (
            cost * features.div_ceil(m) as f64,
            Tile {
                maps: m,
                columns: 1,
            },
        )
    });
    best(tiles).1
}

/// How many of `count` rows of `stride` values are best gone along together: as many as the nearest cache can keep a
/// piece of.
pub fn rows(count: usize, stride: usize) -> usize {
    if shares_places(stride) {
        count.min(WAYS)
    } else {
        count
    }
}

/// A tile of features by chunks of sixteen inputs, of which there are `chunks`.
pub fn of_chunks(features: usize, chunks: usize, registers: Registers) -> Tile {
    let chunk = registers.chunk();
    let tiles = (1..=features.min(registers.count())).flat_map(|m| {
        (1..=chunks.clamp(1, 3))
            .filter(move |c| chunks.is_multiple_of(*c))
            .map(move |c| {
                let inputs = c * chunk;
                let cost = cost(m * inputs, m + inputs, inputs + 1, registers);
                let count = features.div_ceil(m) * chunks / c;
                (
                    cost * count as f64,
                    Tile {
                        maps: m,
                        columns: c,
                    },
                )
            })
    });
    best(tiles).1
}

/// Maps in tiles of one size, and the taps that each has sums for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRun {
    /// The maps.
    pub maps: Run,
    /// The taps: the columns of the tiles.
    pub taps: Vec<Run>,
}

/// Tiles of maps by `taps`: those of all rows and input channels stand in one row.
pub fn of_taps(maps: usize, taps: usize, registers: Registers) -> Vec<TapRun> {
    let tile = |m: usize, t: usize| {
        let tile = Tile {
            maps: m,
            columns: t,
        };
        (cost(m * t, m + t, m.min(t) + 1, registers), tile)
    };
    let taps_of = |m: usize| runs(taps, registers, |t| tile(m, t));
    let price = |m: usize| {
        let of_run = |run: &Run| {
            let t = run.tile.columns;
            tile(m, t).0 * ((run.end - run.start) / t) as f64
        };
        taps_of(m).iter().map(of_run).sum()
    };
    let runs = runs(maps, registers, |m| (price(m), tile(m, 1).1));
    runs.into_iter()
        .map(|maps| TapRun {
            taps: taps_of(maps.tile.maps),
            maps,
        })
        .collect()
}

/// Rows of taps that stay in registers while deltas are followed one by one: each run's first row and how many.
///
/// The sums share the registers with the delta.
pub fn of_rows(height: usize, width: usize, registers: Registers) -> Vec<[usize; 2]> {
    let most = ((registers.count() - 1) / width).clamp(1, height);
    parts_of(height, height.div_ceil(most))
}

/// Where each of some parts of about the same size begins, and its size.
fn parts_of(count: usize, parts: usize) -> Vec<[usize; 2]> {
    (0..parts)
        .map(|part| {
            let [start, end] = [part, part + 1].map(|part| (part * count).div_ceil(parts));
            [start, end - start]
        })
        .collect()
}

/// Bytes that stay in the nearest cache, of 32 KiB, beside what they meet.
const NEAR: usize = 22 * 1024;

/// Bytes of a vector that the cache is reckoned with.
const VECTOR: usize = 32;

/// Whether so many values of a block stay in the nearest cache while they are used again and again.
pub fn is_near(values: usize) -> bool {
    values * VECTOR <= NEAR
}

/// How many rows of a delta stay in the nearest cache while every tap is led over them.
///
/// A tile takes up to four maps; the sums go to memory and back for each band, so that it must not be too short.
pub fn band(rows: usize, columns: usize) -> usize {
    let most = (NEAR / (4 * VECTOR * columns)).clamp(4, rows.max(4));
    even(rows, most)
}

/// How many rows of all maps' deltas stay there, in steps of `step` rows, of which there are `steps`: none if these are
/// too few to be worth it.
pub fn band_of_all(maps: usize, steps: usize, step: usize, columns: usize) -> Option<usize> {
    let most = NEAR / (maps * step * VECTOR * columns);
    (most * step >= 4).then(|| even(steps, most))
}

/// The size of parts of about the same size, at most so large.
pub(super) fn even(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most))
}

/// A tile of maps by columns, each of which it divides.
pub fn of_positions(maps: usize, columns: usize, registers: Registers) -> Tile {
    let divisors = |count: usize| (1..=count).filter(move |size| count.is_multiple_of(*size));
    let tiles = divisors(maps).flat_map(|m| {
        divisors(columns).map(move |c| {
            let cost = cost(m * c, m + c, c + 2, registers);
            let count = (maps / m) * (columns / c);
            let tile = Tile {
                maps: m,
                columns: c,
            };
            (cost * count as f64, tile)
        })
    });
    best(tiles).1
}
