//! Pictures, a folder of them for each class.

mod ink;
mod mnist;
mod picture;
mod single;
mod turn;

pub use single::read;

use super::{Dataset, Shape, Split};
use crate::error::Error;
use picture::Picture;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The endings of files that are taken for pictures.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The most classes that labels can name.
const MAX_CLASSES: usize = 256;

/// Reads `train/CLASS/*.png` and `test/CLASS/*.png` from a folder; JPEG files as well.
///
/// Classes are numbered in the order of their names. `input` is the shape that the network takes: with one channel, the
/// pictures are read in shades of grey, with three in colour; a network that takes a vector gets them as they are.
///
/// # Errors
/// If a folder is missing or empty, a file is no picture, or a picture is of another size.
pub fn load(folder: &Path, input: &[usize]) -> Result<Split, Error> {
    let [train, test] = ["train", "test"].map(|part| folder.join(part));
    let classes = names(&train)?;
    if classes.is_empty() || classes.len() > MAX_CLASSES {
        return Err(Error::content(
            &train,
            format!("there are {} folders of classes", classes.len()),
            format!(
                "put the pictures of each class into a folder of its own, {MAX_CLASSES} at most"
            ),
        ));
    }
    if let Some(foreign) = names(&test)?.iter().find(|name| !classes.contains(name)) {
        return Err(Error::content(
            &test,
            format!(
                "the class {} is not among those of {}",
                foreign.display(),
                train.display()
            ),
            "give both folders the same classes",
        ));
    }
    let mut album = Album::new(input)?;
    let train = album.read(&train, &classes)?;
    let mut split = Split::of(folder, train, album.read(&test, &classes)?)?;
    let names: Vec<_> = classes.iter().map(|class| printable(class)).collect();
    for data in [&mut split.train, &mut split.test] {
        data.name_classes(&names);
    }
    Ok(split)
}

/// A folder's name as the name of a class, on one line.
fn printable(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    name.replace(char::is_control, "\u{fffd}")
}

/// What all pictures have in common.
struct Album {
    /// One for grey, three for colour; `None` until the first picture tells.
    channels: Option<usize>,
    /// The first picture, with its height and width.
    first: Option<(PathBuf, [usize; 2])>,
    /// No picture may have more pixels.
    most: usize,
}

impl Album {
    fn new(input: &[usize]) -> Result<Self, Error> {
        let channels = match input {
            [channels @ (1 | 3), _, _] => Some(*channels),
            [channels, _, _] => {
                return Err(Error::mismatch(
                    format!("the network takes {channels} channels, and pictures have 1 or 3"),
                    "set `input = [1, height, width]` for grey or `[3, height, width]` for colour",
                ));
            }
            _ => None,
        };
        Ok(Self {
            channels,
            first: None,
            most: input.iter().product(),
        })
    }

    /// The pictures of all classes; a class may be missing.
    fn read(&mut self, folder: &Path, classes: &[OsString]) -> Result<Dataset, Error> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (label, class) in classes.iter().enumerate() {
            for path in pictures(&folder.join(class))? {
                self.append(&path, &mut pixels)?;
                labels.push(label as u8);
            }
        }
        let (channels, [height, width]) = match (self.channels, &self.first) {
            (Some(channels), Some((_, size))) if !labels.is_empty() => (channels, *size),
            _ => {
                let help = "put PNG or JPEG files into the folders of the classes";
                return Err(Error::content(folder, "there are no pictures", help));
            }
        };
        let name = folder.display().to_string();
        Dataset::new(
            name,
            &[channels, height, width],
            pixels,
            labels,
            classes.len(),
        )
    }

    fn append(&mut self, path: &Path, pixels: &mut Vec<u8>) -> Result<(), Error> {
        let picture = Picture::open(path)?;
        let channels = if picture.has_color { 3 } else { 1 };
        let channels = *self.channels.get_or_insert(channels);
        self.check(path, channels, picture.size)?;
        pixels.extend(picture.channels(path, channels)?);
        Ok(())
    }

    /// Refuses a picture before it is unpacked, so that it takes no more memory than the network's input.
    fn check(&mut self, path: &Path, channels: usize, size: [usize; 2]) -> Result<(), Error> {
        let [height, width] = size;
        let shape = [channels, height, width];
        match &self.first {
            Some((_, expected)) if *expected == size => Ok(()),
            Some((first, [rows, columns])) => Err(Error::content(
                path,
                format!(
                    "the picture is {height}×{width}, but {} is {rows}×{columns}",
                    first.display()
                ),
                "bring all pictures to one size",
            )),
            None if shape.iter().product::<usize>() != self.most => Err(Error::content(
                path,
                format!(
                    "the picture is {}, which is not what the network takes",
                    Shape(&shape)
                ),
                format!(
                    "set `input = {shape:?}` in the network's file, or change the pictures' size"
                ),
            )),
            None => {
                self.first = Some((path.into(), size));
                Ok(())
            }
        }
    }
}

/// The folders in a folder, in order; hidden ones do not count.
fn names(folder: &Path) -> Result<Vec<OsString>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let entry = entry.map_err(Error::file("read", folder))?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.path().is_dir() && !is_hidden {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

/// The pictures in a folder, in order; none if there is no such folder.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let is_picture = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| {
            ENDINGS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(ending))
        })
    };
    let entries = fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let paths = paths.map_err(Error::file("read", folder))?;
    let mut pictures: Vec<_> = paths.into_iter().filter(is_picture).collect();
    pictures.sort();
    Ok(pictures)
}
