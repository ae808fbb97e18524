//! Small pictures: samples, kernels and feature maps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Encoder, EncodingError};

/// The colours of numbers, told apart by people who do not see all colours: above zero and below.
const POSITIVE: [u8; 3] = [213, 94, 0];
const NEGATIVE: [u8; 3] = [0, 114, 178];

/// Pixels of red, green, blue and opacity, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 4]>,
}

impl Picture {
    /// Numbers in rows of `width`: the larger they are beside `largest`, the more opaque. Nothing is seen of zeros, and
    /// what is missing in the last row is transparent too.
    pub fn of_numbers(width: usize, numbers: &[f64], largest: f64) -> Self {
        let height = numbers.len().div_ceil(width);
        let color = |number: &f64| {
            let [r, g, b] = if *number < 0.0 { NEGATIVE } else { POSITIVE };
            let opacity = if largest > 0.0 {
                (number.abs() / largest).min(1.0)
            } else {
                0.0
            };
            [r, g, b, byte(opacity)]
        };
        let mut pixels: Vec<_> = numbers.iter().map(color).collect();
        pixels.resize(width * height, [0; 4]);
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Brightnesses in `0..=1`, row by row; three channels are red, green and blue.
    pub fn of_channels(width: usize, channels: &[&[f64]; 3]) -> Self {
        let [red, green, blue] = channels;
        let pixels = red
            .iter()
            .zip(*green)
            .zip(*blue)
            .map(|((red, green), blue)| [byte(*red), byte(*green), byte(*blue), 255]);
        Self {
            width,
            height: red.len() / width,
            pixels: pixels.collect(),
        }
    }

    /// As a PNG file.
    pub fn png(&self) -> Result<Vec<u8>, EncodingError> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(file)
    }

    /// As an address that holds the whole picture.
    pub fn address(&self) -> Result<String, EncodingError> {
        Ok(format!(
            "data:image/png;base64,{}",
            STANDARD.encode(self.png()?)
        ))
    }
}

/// `0..=1` as `0..=255`; whatever is no number is 0.
fn byte(value: f64) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_coloured_by_sign_and_opaque_by_size() {
        let picture = Picture::of_numbers(2, &[2.0, -1.0, 0.0], 2.0);
        assert_eq!([picture.width, picture.height], [2, 2]);
        let [r, g, b] = POSITIVE;
        assert_eq!(picture.pixels[0], [r, g, b, 255]);
        let [r, g, b] = NEGATIVE;
        assert_eq!(picture.pixels[1], [r, g, b, 128]);
        assert_eq!(picture.pixels[2][3], 0);
        assert_eq!(picture.pixels[3], [0; 4]);
    }

    #[test]
    fn pictures_survive_a_file() {
        let picture = Picture::of_channels(2, &[&[0.0, 1.0], &[0.5, 1.0], &[1.0, f64::NAN]]);
        let file = picture.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 128, 255, 255, 255, 255, 0, 255]);
        assert!(
            picture
                .address()
                .unwrap()
                .starts_with("data:image/png;base64,iVBORw0KGgo")
        );
    }
}
