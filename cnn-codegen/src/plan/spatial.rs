//! Which positions of which maps a convolution of one sample computes at a time: as many as there are registers for.
//!
//! A tile is some maps by some rows by some vectors of neighbouring columns. At each tap it loads one weight for each map
//! and one vector for each position, and begins a multiply-add for each pair. Two multiply-adds and two loads begin in a
//! cycle, and a multiply-add takes four, so that eight sums must be under way.

use super::runs;

/// The sizes of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Output channels.
    pub maps: usize,
    /// Rows.
    pub rows: usize,
    /// Vectors of columns.
    pub vectors: usize,
}

/// Some maps, in tiles of one size.
pub type Run = runs::Run<Tile>;

/// What a convolution computes.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Kernels that see the same channels.
    pub maps: usize,
    /// Rows of sums.
    pub rows: usize,
    /// Columns of sums.
    pub columns: usize,
    /// Weights of a kernel.
    pub taps: usize,
    /// Whether the largest of each 2×2 window is kept.
    pub is_pooled: bool,
}

/// The widths of vectors that code is made for.
pub const WIDTHS: [usize; 3] = [4, 8, 16];

/// The widest of them.
pub const WIDEST: usize = 16;

/// The runs of tiles that take the least time in all, for vectors of this width.
pub fn runs(work: Work, width: usize) -> Vec<Run> {
    let most = work.maps.min(registers(width) / 2);
    let tiles: Vec<_> = (1..=most).map(|maps| best(work, maps, width)).collect();
    runs::runs(work.maps, &tiles)
}

/// The time that all positions of some maps take, in half cycles.
pub fn time(work: Work, width: usize) -> f64 {
    runs(work, width)
        .iter()
        .map(|run| {
            let tile_maps = run.tile.maps;
            best(work, tile_maps, width).0 * ((run.end - run.start) / tile_maps) as f64
        })
        .sum()
}

/// Machines with vectors of 16 values have 32 registers.
fn registers(width: usize) -> usize {
    if width == WIDEST { 32 } else { 16 }
}

/// The rows and vectors that serve a tile of so many maps best, and the time that all its positions take.
fn best(work: Work, maps: usize, width: usize) -> (f64, Tile) {
    let step = if work.is_pooled { 2 } else { 1 };
    let rows = (step..=work.rows.min(16)).step_by(step);
    let vectors = work.columns / width;
    rows.flat_map(|rows| {
        (1..=vectors.clamp(1, 16)).map(move |vectors| Tile {
            maps,
            rows,
            vectors,
        })
    })
    .filter(|tile| {
        let sums = maps * tile.rows * tile.vectors;
        sums + maps < registers(width) || sums == step
    })
    .map(|tile| {
        (
            tile_time(work, tile) * tiles(work, tile, width) as f64,
            tile,
        )
    })
    .min_by(|one, other| one.0.total_cmp(&other.0))
    .unwrap_or((
        f64::INFINITY,
        Tile {
            maps,
            rows: step,
            vectors: 1,
        },
    ))
}

/// How many tiles cover the positions.
fn tiles(work: Work, tile: Tile, width: usize) -> usize {
    work.rows.div_ceil(tile.rows) * work.columns.div_ceil(tile.vectors * width)
}

/// Half cycles that a tile takes.
fn tile_time(work: Work, tile: Tile) -> f64 {
    /// Half of the vectors do not lie in one cache line, and load twice.
    const LOADS: f64 = 1.5;
    /// Sums that keep the machine busy.
    const BUSY: f64 = 11.0;
    /// To begin a tile, and to store it.
    const OTHER: f64 = 50.0;
    let positions = (tile.rows * tile.vectors) as f64;
    let maps = tile.maps as f64;
    // Where the tap is has to be loaded as well, and the loop takes a half cycle.
    let loads = 1.0 + maps + LOADS * positions;
    work.taps as f64 * ((maps * positions).max(loads).max(BUSY) + 1.0) + OTHER
}
