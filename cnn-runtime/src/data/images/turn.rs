//! How a camera was held: pictures are stored as its sensor lay, and say how they are to be turned.

use exif::{In, Reader, Tag};

/// Where the rows and columns of what is seen are in what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Turn {
    /// Rows are seen as columns.
    swaps: bool,
    /// What is seen first is in the last stored row.
    from_bottom: bool,
    /// What is seen first is in the last stored column.
    from_right: bool,
}

impl Turn {
    /// The orientation in a picture's EXIF data (CIPA DC-008, 4.6.4); none if it does not say.
    pub fn of(data: Option<&[u8]>) -> Self {
        let data = data.and_then(|data| Reader::new().read_raw(data.to_vec()).ok());
        let field = data.as_ref();
        let field = field.and_then(|data| data.get_field(Tag::Orientation, In::PRIMARY));
        let orientation = field.and_then(|field| field.value.get_uint(0)).unwrap_or(1);
        Self {
            swaps: matches!(orientation, 5..=8),
            from_bottom: matches!(orientation, 3 | 4 | 6 | 7),
            from_right: matches!(orientation, 2 | 3 | 7 | 8),
        }
    }

    /// The height and width that are seen, of those that are stored.
    pub fn size(self, [height, width]: [usize; 2]) -> [usize; 2] {
        if self.swaps {
            [width, height]
        } else {
            [height, width]
        }
    }

    /// Pixels of so many bytes as they are seen; `size` is what is seen.
    pub fn apply(self, stored: Vec<u8>, size: [usize; 2], bytes: usize) -> Vec<u8> {
        if self == Self::default() {
            return stored;
        }
        // Turned twice, a size is what it was.
        let [height, width] = self.size(size);
        let from = |is_reversed, index, length| {
            if is_reversed {
                length - 1 - index
            } else {
                index
            }
        };
        let mut seen = Vec::with_capacity(stored.len());
        for y in 0..size[0] {
            for x in 0..size[1] {
                let [row, column] = if self.swaps { [x, y] } else { [y, x] };
                let row = from(self.from_bottom, row, height);
                let column = from(self.from_right, column, width);
                seen.extend_from_slice(&stored[(row * width + column) * bytes..][..bytes]);
            }
        }
        seen
    }
}
