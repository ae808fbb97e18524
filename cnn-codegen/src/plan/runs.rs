//! Maps in runs of tiles: as few sizes of tiles as make the work cheapest.

/// Some maps, in tiles of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<Tile> {
    /// The first map.
    pub start: usize,
    /// The map after the last.
    pub end: usize,
    /// The tile; its maps divide the run.
    pub tile: Tile,
}

/// The runs of tiles that cost the least in all, the largest tiles first; `tiles` has the best tile of each number of
/// maps, from one on, and what it costs.
pub fn runs<Tile: Copy>(maps: usize, tiles: &[(f64, Tile)]) -> Vec<Run<Tile>> {
    let mut start = 0;
    let sizes = sizes(maps, tiles);
    let runs = sizes.chunk_by(|one, next| one == next).map(|sizes| {
        let run = Run {
            start,
            end: start + sizes.iter().sum::<usize>(),
            tile: tiles[sizes[0] - 1].1,
        };
        start = run.end;
        run
    });
    runs.collect()
}

/// The maps of each tile, the largest first.
fn sizes<Tile>(maps: usize, tiles: &[(f64, Tile)]) -> Vec<usize> {
    // The least that each number of maps costs, and the maps of one of its tiles.
    let mut plans = vec![(0.0, 0)];
    for maps in 1..=maps {
        let plan = (1..=maps.min(tiles.len()))
            .map(|m| (tiles[m - 1].0 + plans[maps - m].0, m))
            .min_by(|(one, _), (other, _)| one.total_cmp(other));
        plans.extend(plan);
    }
    let mut left = maps;
    let mut sizes = Vec::new();
    while left > 0 {
        let (_, m) = plans[left];
        sizes.push(m);
        left -= m;
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_small_tiles_may_be_cheaper_than_a_large_one_and_a_rest() {
        let tiles = [(9.0, 'a'), (9.0, 'b'), (13.0, 'c')];
        let run = |start, end, tile| Run { start, end, tile };
        assert_eq!(runs(64, &tiles), [run(0, 60, 'c'), run(60, 64, 'b')]);
        assert_eq!(runs(6, &tiles), [run(0, 6, 'c')]);
        assert_eq!(runs(1, &tiles), [run(0, 1, 'a')]);
        assert_eq!(runs(0, &tiles), []);
    }
}
