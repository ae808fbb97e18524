//! Reading one file of any format, for a network to be put to use.

use super::{Dataset, Preparation, Reader, csv, idx, npy};
use crate::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a file holds.
enum Kind {
    Picture,
    Idx,
    Npy,
    Csv,
}

/// Each kind, with the first bytes of its files.
const SIGNS: [(Kind, &[u8]); 5] = [
    (Kind::Picture, b"\x89PNG"),
    (Kind::Picture, b"\xff\xd8"),
    (Kind::Idx, b"\0\0\x08"),
    (Kind::Idx, b"\x1f\x8b"),
    (Kind::Npy, b"\x93NUMPY"),
];

impl Reader {
    /// Reads the samples of one file: a picture, which is prepared, or a file of images in MNIST's format, an array of
    /// `NumPy`, or a table.
    ///
    /// They have no targets but themselves; what a table says of targets is left out.
    ///
    /// # Errors
    /// If it is a file of another kind, or whatever the reader of its kind has to say.
    pub fn samples(&self, path: &Path, preparation: Preparation) -> Result<Dataset, Error> {
        let mut data = match kind(path)? {
            Kind::Picture => picture(path, &self.input, preparation)?,
            Kind::Idx => idx::images(path)?,
            Kind::Npy => npy::samples(path)?,
            Kind::Csv => {
                let size = self.input.iter().product();
                csv::samples(path, size, self.task, &self.targets)?
            }
        };
        data.reshape(&self.input);
        Ok(data)
    }
}

/// Looks at a file's first bytes; only a table has none of its own.
fn kind(path: &Path) -> Result<Kind, Error> {
    if path.is_dir() {
        let help = "name the files in it";
        return Err(Error::content(path, "this is a folder", help));
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(8).read_to_end(&mut start))
        .map_err(Error::file("read", path))?;
    if start.is_empty() {
        let help = "check that it was written to its end";
        return Err(Error::content(path, "the file is empty", help));
    }
    if let Some((kind, _)) = SIGNS.into_iter().find(|(_, sign)| start.starts_with(sign)) {
        return Ok(kind);
    }
    if path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("csv"))
    {
        return Ok(Kind::Csv);
    }
    Err(Error::content(
        path,
        "this is neither a picture nor another file of samples",
        "name a PNG or JPEG file, a file of images in MNIST's format, an array of NumPy, or a table that ends in .csv",
    ))
}

#[cfg(feature = "images")]
fn picture(path: &Path, input: &[usize], preparation: Preparation) -> Result<Dataset, Error> {
    super::images::read(path, input, preparation)
}

#[cfg(not(feature = "images"))]
fn picture(path: &Path, _: &[usize], _: Preparation) -> Result<Dataset, Error> {
    Err(Error::content(
        path,
        "this program was built without what reads pictures",
        "write the samples into a NumPy or CSV file",
    ))
}
