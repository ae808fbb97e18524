//! One channel of a picture as numbers, and its reduction.

/// Values row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// The height in pixels.
    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// The same picture with other numbers of rows and columns: every new pixel is the mean of the area that it covers,
    /// and so neither thin lines nor fine patterns are lost.
    pub fn resize(&self, [height, width]: [usize; 2]) -> Self {
        if [height, width] == [self.height(), self.width] {
            return self.clone();
        }
        let columns = overlaps(self.width, width);
        let rows = overlaps(self.height(), height);
        let narrow: Vec<f64> = self
            .values
            .chunks_exact(self.width)
            .flat_map(|row| {
                let mean = |shares: &Vec<(usize, f64)>| {
                    let parts = shares.iter().map(|(x, share)| f64::from(row[*x]) * share);
                    parts.sum::<f64>()
                };
                columns.iter().map(mean)
            })
            .collect();
        let values = rows.iter().flat_map(|shares| {
            let narrow = &narrow;
            (0..width).map(move |x| {
                let parts = shares
                    .iter()
                    .map(|(y, share)| narrow[y * width + x] * share);
                parts.sum::<f64>() as f32
            })
        });
        Self {
            width,
            values: values.collect(),
        }
    }
}

/// For each of `new` equal parts of a line of `old` pixels: the pixels that it touches, each with its share of the part.
fn overlaps(old: usize, new: usize) -> Vec<Vec<(usize, f64)>> {
    // In units of which a new pixel has `old` and an old pixel has `new`, all ends are whole numbers.
    let part = |index: usize| {
        let (from, to) = (index * old, (index + 1) * old);
        let touched = from / new..to.div_ceil(new);
        let share = |pixel: usize| {
            let length = to.min((pixel + 1) * new) - from.max(pixel * new);
            (pixel, length as f64 / old as f64)
        };
        touched.map(share).collect()
    };
    (0..new).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width: usize, values: &[f32]) -> Plane {
        Plane {
            width,
            values: values.into(),
        }
    }

    /// Three pixels in two: each new one has one and a half of the old ones.
    #[test]
    fn pixels_are_means_of_areas() {
        let small = plane(3, &[0.0, 30.0, 90.0]).resize([1, 2]);
        assert_eq!(small, plane(2, &[10.0, 70.0]));
        let large = plane(2, &[1.0, 3.0]).resize([2, 3]);
        assert_eq!(large, plane(3, &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]));
    }

    #[test]
    fn shares_fill_every_part() {
        for (old, new) in [(1, 1), (7, 3), (3, 7), (1000, 20), (13, 28), (1, 9)] {
            for shares in overlaps(old, new) {
                let sum: f64 = shares.iter().map(|(_, share)| share).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{old} {new}");
                assert!(
                    shares
                        .iter()
                        .all(|(pixel, share)| *pixel < old && *share > 0.0)
                );
            }
        }
    }
}
