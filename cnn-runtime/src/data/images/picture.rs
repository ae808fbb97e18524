//! One PNG or JPEG file.

use super::ink::Shade;
use super::turn::Turn;
use crate::error::Error;
use png::{ColorType, Transformations};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The first bytes of a JPEG file.
const JPEG: [u8; 2] = [0xff, 0xd8];

/// A picture whose size is known, and whose pixels are still packed.
pub struct Picture {
    /// In pixels, as it is seen: height and width.
    pub size: [usize; 2],
    turn: Turn,
    /// Whether it is more than shades of grey.
    pub has_color: bool,
    packed: Packed,
}

enum Packed {
    Png(Box<png::Reader<Cursor<Vec<u8>>>>),
    Jpeg(Box<JpegDecoder<ZCursor<Vec<u8>>>>),
}

impl Picture {
    /// Reads a file, whatever its ending, as far as its header.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(Error::file("read", path))?;
        let picture = if bytes.starts_with(&JPEG) {
            Self::jpeg(bytes)
        } else {
            Self::png(bytes)
        };
        picture.map_err(|problem| damaged(path, &problem))
    }

    fn png(bytes: Vec<u8>) -> Result<Self, String> {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let reader = decoder.read_info().map_err(|error| error.to_string())?;
        let info = reader.info();
        let turn = Turn::of(info.exif_metadata.as_deref());
        Ok(Self {
            size: turn.size([info.height, info.width].map(|side| side as usize)),
            turn,
            has_color: !matches!(
                info.color_type,
                ColorType::Grayscale | ColorType::GrayscaleAlpha
            ),
            packed: Packed::Png(Box::new(reader)),
        })
    }

    fn jpeg(bytes: Vec<u8>) -> Result<Self, String> {
        let options = DecoderOptions::default().set_strict_mode(true);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder
            .decode_headers()
            .map_err(|error| error.to_string())?;
        let info = decoder.info().ok_or("there is no header")?;
        let has_color = decoder.input_colorspace() != Some(ColorSpace::Luma);
        let out = if has_color {
            ColorSpace::RGB
        } else {
            ColorSpace::Luma
        };
        decoder.set_options(options.jpeg_set_out_colorspace(out));
        let turn = Turn::of(decoder.exif().map(Vec::as_slice));
        Ok(Self {
            size: turn.size([info.height, info.width].map(usize::from)),
            turn,
            has_color,
            packed: Packed::Jpeg(Box::new(decoder)),
        })
    }

    /// The pixels channel by channel, as networks take them: one channel of grey, or red, green and blue.
    ///
    /// Transparency does not count.
    pub fn channels(self, path: &Path, channels: usize) -> Result<Vec<u8>, Error> {
        let (bytes, size) = self.unpack(path)?;
        let pixels = || bytes.chunks_exact(size).map(colors);
        Ok(match channels {
            1 => pixels().map(grey).collect(),
            _ => (0..3)
                .flat_map(|channel| pixels().map(move |pixel| pixel[channel]))
                .collect(),
        })
    }

    /// How grey each pixel is, and how opaque.
    pub fn shades(self, path: &Path) -> Result<Vec<Shade>, Error> {
        let (bytes, size) = self.unpack(path)?;
        let shade = |pixel: &[u8]| {
            let alpha = match *pixel {
                [_, alpha] | [_, _, _, alpha] => alpha,
                _ => u8::MAX,
            };
            [grey(colors(pixel)), alpha]
        };
        Ok(bytes.chunks_exact(size).map(shade).collect())
    }

    /// The values pixel by pixel as they are seen, and how many each has.
    fn unpack(self, path: &Path) -> Result<(Vec<u8>, usize), Error> {
        let unpacked = self.packed.unpack();
        let (stored, bytes) = unpacked.map_err(|problem| damaged(path, &problem))?;
        Ok((self.turn.apply(stored, self.size, bytes), bytes))
    }
}

impl Packed {
    fn unpack(self) -> Result<(Vec<u8>, usize), String> {
        match self {
            Self::Png(mut reader) => {
                let size = reader.output_buffer_size().ok_or("it is too large")?;
                let mut bytes = vec![0; size];
                let frame = reader
                    .next_frame(&mut bytes)
                    .map_err(|error| error.to_string())?;
                bytes.truncate(frame.buffer_size());
                Ok((bytes, frame.color_type.samples()))
            }
            Self::Jpeg(mut decoder) => {
                let bytes = decoder.decode().map_err(|error| error.to_string())?;
                let size = decoder
                    .output_colorspace()
                    .map_or(3, |space| space.num_components());
                Ok((bytes, size))
            }
        }
    }
}

/// Red, green and blue of a pixel that is written as grey or in colour, with or without its opacity.
fn colors(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [grey] | [grey, _] => [grey; 3],
        [red, green, blue, ..] => [red, green, blue],
        [] => [0; 3],
    }
}

/// Luma as in ITU-R BT.601: the formula of `convert("L")` of Pillow, which PyTorch's loaders use.
fn grey([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 19595 * u32::from(red) + 38470 * u32::from(green) + 7471 * u32::from(blue) + 0x8000;
    (sum >> 16) as u8
}

fn damaged(path: &Path, problem: &str) -> Error {
    let problem = format!("not a whole picture: {problem}");
    Error::content(path, problem, "save it again as PNG or JPEG")
}
