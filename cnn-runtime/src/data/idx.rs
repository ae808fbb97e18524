//! MNIST's own file format: a header of big-endian sizes, then bytes; plain or gzipped.

use super::{Dataset, Split, Targets};
use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Deflate shrinks data to no less than this part of its size.
const GZIP_MAX_RATIO: u64 = 1032;
/// The type code for unsigned bytes.
const BYTES: u8 = 0x08;

/// Reads MNIST, or another data set in its format, from a folder.
///
/// The folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each as it is or gzipped with `.gz` added. There are as many classes as the largest
/// training label says.
///
/// # Errors
/// If a file is missing, damaged, or does not belong to the others.
pub fn load(folder: &Path) -> Result<Split, Error> {
    let train = load_pair(folder, "train")?;
    let test = load_pair(folder, "t10k")?;
    Split::of(folder, train, test)
}

/// Reads a file of images, which have no targets but themselves.
///
/// # Errors
/// If the file cannot be read, is damaged or of another kind.
pub fn images(path: &Path) -> Result<Dataset, Error> {
    let ([_, height, width], values) = read::<3>(path)?;
    let shape = [1, height, width];
    Dataset::with_targets(path.display().to_string(), &shape, values, Targets::Inputs)
}

/// The images and labels of one part: `train` or `t10k`.
fn load_pair(folder: &Path, part: &str) -> Result<Dataset, Error> {
    let images_path = find(folder, &format!("{part}-images-idx3-ubyte"))?;
    let labels_path = find(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let (sizes, values) = read::<3>(&images_path)?;
    let (counts, labels) = read::<1>(&labels_path)?;
    let [count, height, width] = sizes;
    if counts != [count] {
        return Err(Error::content(
            &labels_path,
            format!("{} labels for {count} images", counts[0]),
            format!(
                "take both files from one data set; the images are in {}",
                images_path.display()
            ),
        ));
    }
    let classes = labels
        .iter()
        .max()
        .map_or(0, |label| usize::from(*label) + 1);
    Dataset::new(
        images_path.display().to_string(),
        &[1, height, width],
        values,
        labels,
        classes,
    )
}

/// The file itself, or else its gzipped form.
pub(super) fn find(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let plain = folder.join(name);
    let gzipped = folder.join(format!("{name}.gz"));
    [&plain, &gzipped]
        .into_iter()
        .find(|path| path.exists())
        .cloned()
        .ok_or_else(|| {
            Error::content(
                folder,
                format!("there is no {name} and no {name}.gz"),
                "name a folder with the four files of MNIST",
            )
        })
}

/// Reads an IDX file of bytes with `N` dimensions: its sizes and its values.
///
/// No more memory is taken than the file can fill, whatever its header claims.
///
/// # Errors
/// If the file cannot be read, is of another kind, or is shorter or longer than its header says.
pub fn read<const N: usize>(path: &Path) -> Result<([usize; N], Vec<u8>), Error> {
    let cannot_read = || Error::file("read", path);
    let file = File::open(path).map_err(cannot_read())?;
    let length = file.metadata().map_err(cannot_read())?.len();
    let contents = unpacked(file).map_err(cannot_read())?;
    parse(contents, length.saturating_mul(GZIP_MAX_RATIO)).map_err(|flaw| match flaw {
        Flaw::Io(source) if source.raw_os_error().is_some() => cannot_read()(source),
        Flaw::Io(source) => Error::content(
            path,
            format!("the gzip data are damaged: {source}"),
            "fetch the file again",
        ),
        Flaw::Content { problem, help } => Error::content(path, problem, help),
    })
}

/// The contents of a file, whether it is gzipped or not.
pub(super) fn unpacked<'a>(mut file: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::with_capacity(GZIP.len());
    file.by_ref()
        .take(GZIP.len() as u64)
        .read_to_end(&mut start)?;
    let gzipped = start == GZIP;
    let whole = BufReader::new(io::Cursor::new(start).chain(file));
    Ok(if gzipped {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

enum Flaw {
    Io(io::Error),
    Content { problem: String, help: &'static str },
}

impl Flaw {
    fn new(problem: impl Into<String>, help: &'static str) -> Self {
        let problem = problem.into();
        Self::Content { problem, help }
    }
}

/// Reads header and values; `limit` bounds how many bytes there can be.
fn parse<const N: usize>(mut file: impl Read, limit: u64) -> Result<([usize; N], Vec<u8>), Flaw> {
    let magic: [u8; 4] = header(&mut file)?;
    check_magic(magic, N as u8)?;
    let mut sizes = [0; N];
    for size in &mut sizes {
        *size = u32::from_be_bytes(header(&mut file)?) as usize;
    }
    let expected = sizes
        .iter()
        .try_fold(1_u64, |product, size| product.checked_mul(*size as u64))
        .ok_or_else(|| Flaw::new("the sizes in the header overflow", "fetch the file again"))?;
    if expected == 0 {
        return Err(Flaw::new(
            "the file is empty: a size in its header is 0",
            "fetch the file again",
        ));
    }

    let mut values = Vec::with_capacity(expected.min(limit) as usize);
    let found = file
        .by_ref()
        .take(expected)
        .read_to_end(&mut values)
        .map_err(Flaw::Io)? as u64;
    if found < expected {
        let problem = format!("truncated: {found} of {expected} bytes after the header");
        return Err(Flaw::new(problem, "fetch the file again"));
    }
    if file.read(&mut [0]).map_err(Flaw::Io)? > 0 {
        let problem = format!("there is more after the {expected} bytes that the header announces");
        return Err(Flaw::new(problem, "fetch the file again"));
    }
    Ok((sizes, values))
}

/// The next four bytes of the header.
fn header(file: &mut impl Read) -> Result<[u8; 4], Flaw> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Flaw::new(
                "truncated: the header is not complete",
                "fetch the file again",
            ),
            _ => Flaw::Io(error),
        })?;
    Ok(bytes)
}

fn check_magic(magic: [u8; 4], dimensions: u8) -> Result<(), Flaw> {
    match magic {
        [0, 0, BYTES, found] if found == dimensions => Ok(()),
        [0, 0, BYTES, 1] => Err(Flaw::new(
            "these are labels, not images",
            "the files of images and labels look swapped: exchange their names",
        )),
        [0, 0, BYTES, 3] => Err(Flaw::new(
            "these are images, not labels",
            "the files of images and labels look swapped: exchange their names",
        )),
        _ => Err(Flaw::new(
            format!(
                "not an IDX file of bytes: it starts with {magic:02x?}, not [00, 00, 08, {dimensions:02x}]"
            ),
            "fetch the file again",
        )),
    }
}
