//! Lines, text and pictures on white.

use super::picture::Picture;
use noto_sans_mono_bitmap::{
    FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width,
};
use zeno::{Cap, Join, Mask, Stroke, Transform};

const FONT: (FontWeight, RasterHeight) = (FontWeight::Regular, RasterHeight::Size24);

/// The size of a letter's box in pixels.
pub const LETTER_WIDTH: usize = get_raster_width(FONT.0, FONT.1);
pub const LETTER_HEIGHT: usize = 24;

const WHITE: [u8; 4] = [255; 4];

/// A colour without transparency.
pub type Color = [u8; 3];

/// Paper to draw on.
pub struct Canvas {
    picture: Picture,
}

impl Canvas {
    /// White paper of so many pixels.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            picture: Picture {
                width,
                height,
                pixels: vec![WHITE; width * height],
            },
        }
    }

    /// What was drawn.
    pub fn into_picture(self) -> Picture {
        self.picture
    }

    /// Draws a path in the words of SVG, `scale` times as large, from this pixel on.
    pub fn line(&mut self, path: &str, [x, y]: [usize; 2], scale: f64, width: f64, color: Color) {
        let mut stroke = Stroke::new((width * scale) as f32);
        // The width is in pixels already.
        stroke.cap(Cap::Round).join(Join::Round).scale(false);
        let scale = scale as f32;
        let transform = Transform::scale(scale, scale).then_translate(x as f32, y as f32);
        let (mask, place) = Mask::new(path)
            .style(stroke)
            .transform(Some(transform))
            .render();
        let rows = mask.chunks(place.width.max(1) as usize);
        for (row, y) in rows.zip(place.top..) {
            for (opacity, x) in row.iter().zip(place.left..) {
                if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                    self.blend([x, y], color, *opacity);
                }
            }
        }
    }

    /// Writes a text whose first letter's box begins at this pixel; what the font does not have becomes `?`.
    pub fn text(&mut self, text: &str, [x, y]: [usize; 2], color: Color) {
        for (index, letter) in text.chars().enumerate() {
            let raster =
                get_raster(letter, FONT.0, FONT.1).or_else(|| get_raster('?', FONT.0, FONT.1));
            let rows = raster.iter().flat_map(RasterizedChar::rows);
            let left = x + index * LETTER_WIDTH;
            for (row, y) in rows.zip(y..) {
                for (opacity, x) in row.iter().zip(left..) {
                    self.blend([x, y], color, *opacity);
                }
            }
        }
    }

    /// Puts a picture there, each of its pixels `scale` pixels wide and high.
    pub fn picture(&mut self, picture: &Picture, [left, top]: [usize; 2], scale: usize) {
        for y in 0..picture.height * scale {
            for x in 0..picture.width * scale {
                let [r, g, b, opacity] = picture.pixels[y / scale * picture.width + x / scale];
                self.blend([left + x, top + y], [r, g, b], opacity);
            }
        }
    }

    /// Lays a colour over a pixel; what is off the paper is lost.
    fn blend(&mut self, [x, y]: [usize; 2], color: Color, opacity: u8) {
        let Picture { width, height, .. } = self.picture;
        if x >= width || y >= height {
            return;
        }
        let pixel = &mut self.picture.pixels[y * width + x];
        for (under, over) in pixel.iter_mut().zip(color) {
            let sum = u32::from(*under) * (255 - u32::from(opacity))
                + u32::from(over) * u32::from(opacity);
            *under = (sum / 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Color = [0; 3];

    fn ink(canvas: &Canvas) -> Vec<[usize; 2]> {
        let picture = &canvas.picture;
        let is_dark = |index: &usize| picture.pixels[*index][0] < 128;
        let indices = (0..picture.pixels.len()).filter(is_dark);
        indices
            .map(|index| [index % picture.width, index / picture.width])
            .collect()
    }

    #[test]
    fn lines_are_where_they_should_be() {
        let mut canvas = Canvas::new(20, 10);
        canvas.line("M1,2L6,2", [3, 1], 2.0, 1.0, BLACK);
        let ink = ink(&canvas);
        assert!(ink.contains(&[10, 4]) && ink.contains(&[10, 5]), "{ink:?}");
        assert!(
            ink.iter()
                .all(|[x, y]| (4..=16).contains(x) && (4..=5).contains(y))
        );
    }

    #[test]
    fn what_is_off_the_paper_is_lost() {
        let mut canvas = Canvas::new(4, 4);
        canvas.line("M-9,2L99,2", [0, 0], 1.0, 1.0, BLACK);
        canvas.text("A→", [2, 2], BLACK);
        canvas.picture(&Picture::of_numbers(1, &[1.0], 1.0), [3, 3], 9);
        assert_eq!(canvas.picture.pixels.len(), 16);
    }
}
