//! How much of its output a kernel on lanes computes at a time: as much as there are registers for.
//!
//! A multiply-add takes four cycles and two begin in each, so that eight sums must be under way; two loads begin in a
//! cycle, so that what is loaded must serve several sums. The choice is the one that takes the fewest cycles by this
//! count.

/// The registers that kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registers {
    /// 16 registers, two of which (with AVX2) or more hold a block's lanes.
    Narrow,
    /// 32 registers, one of which holds a block's lanes.
    Wide,
}

impl Registers {
    fn count(self) -> usize {
        match self {
            Self::Narrow => 16,
            Self::Wide => 32,
        }
    }

    /// Registers that are best worked on together where nothing else is to be shared.
    pub fn vectors(self) -> usize {
        match self {
            Self::Narrow => 2,
            Self::Wide => 1,
        }
    }
}

/// Two sizes of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Output channels or features.
    pub maps: usize,
    /// Columns, vectors or chunks.
    pub columns: usize,
}

/// Some maps, in tiles of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first map.
    pub start: usize,
    /// The map after the last.
    pub end: usize,
    /// The tile; its maps divide the run.
    pub tile: Tile,
}

/// Half cycles for the sums and loads of a tile at one tap; infinite where the registers do not suffice.
fn cost(sums: usize, loads: usize, others: usize, registers: Registers) -> f64 {
    if sums > 1 && sums + others > registers.count() {
        return f64::INFINITY;
    }
    sums.max(loads).max(8) as f64
}

fn best(tiles: impl Iterator<Item = (f64, Tile)>) -> Tile {
    tiles
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or(
            Tile {
                maps: 1,
                columns: 1,
            },
            |(_, tile)| tile,
        )
}

/// A tile of `maps` times `columns`, each of which is `width` sums; tiles at the end may overlap the ones before.
pub fn of_maps(maps: usize, columns: usize, width: usize, registers: Registers) -> Tile {
    let most = registers.count();
    let tiles = (1..=maps.min(most)).flat_map(|m| {
        (1..=columns.min(most)).map(move |c| {
            let positions = c * width;
            // With one map each input serves one sum, straight from memory.
            let inputs = if m == 1 { 1 } else { positions };
            let cost = cost(m * positions, m + positions, inputs + 2, registers);
            let count = maps.div_ceil(m) * columns.div_ceil(c);
            (
                cost * count as f64,
                Tile {
                    maps: m,
                    columns: c,
                },
            )
        })
    });
    best(tiles)
}

/// A tile of features by the vectors of a block.
pub fn of_features(features: usize, registers: Registers) -> Tile {
    let vectors = registers.vectors();
    let tiles = (1..=features.min(registers.count())).map(|m| {
        let cost = cost(m * vectors, m + vectors, vectors + 1, registers);
        (
            cost * features.div_ceil(m) as f64,
            Tile {
                maps: m,
                columns: vectors,
            },
        )
    });
    best(tiles)
}

/// A tile of features by chunks of sixteen inputs, of which there are `chunks`.
pub fn of_chunks(features: usize, chunks: usize, registers: Registers) -> Tile {
    let vectors = registers.vectors();
    let tiles = (1..=features.min(registers.count())).flat_map(|m| {
        (1..=chunks.clamp(1, 3))
            .filter(move |c| chunks.is_multiple_of(*c))
            .map(move |c| {
                let inputs = c * vectors;
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
    best(tiles)
}

/// Tiles of maps by vectors, each of which has a sum for each of `taps`; they do not overlap.
pub fn of_taps(maps: usize, taps: usize, registers: Registers) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = 0;
    while start < maps {
        let left = maps - start;
        let tiles = (1..=left.min(registers.count())).flat_map(|m| {
            (1..=registers.vectors()).map(move |v| {
                let sums = m * v * taps;
                let cost = cost(sums, v * (m + taps), m * v + 1, registers);
                (
                    cost / (m * v) as f64,
                    Tile {
                        maps: m,
                        columns: v,
                    },
                )
            })
        });
        let tile = best(tiles);
        let end = maps - left % tile.maps;
        runs.push(Run { start, end, tile });
        start = end;
    }
    runs
}

/// The largest divisor of `count` that is at most `most`.
pub fn divisor(count: usize, most: usize) -> usize {
    (1..=most)
        .rev()
        .find(|size| count.is_multiple_of(*size))
        .unwrap_or(1)
}
