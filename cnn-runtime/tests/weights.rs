//! Weights to and from safetensors files; `tests/pytorch/weights.py` wrote the one that is read here.

mod linear;

use cnn_runtime::data::{Dataset, Normalization};
use cnn_runtime::{Fit, Zeroed, weights};
use linear::{Linear, Weights};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

type Small = Linear<2, 3>;

const PYTORCH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/pytorch/weights.safetensors"
);

fn known() -> Weights<2, 3> {
    Weights {
        weight: [[0.5, -1.25], [2.0, 3.5], [-0.0625, 1024.0]],
        bias: [1.0, -2.0, 0.1],
    }
}

/// What loading these bytes says.
fn complaint(bytes: &[u8]) -> String {
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    fs::write(&path, bytes).unwrap();
    let start = known();
    let mut weights = start.clone();
    let error = weights::load::<Small>(&mut weights, &path).unwrap_err();
    assert_eq!(
        weights, start,
        "nothing is changed by a file that is not right"
    );
    let text = error.to_string();
    text.strip_prefix(&format!("{}: ", path.display()))
        .unwrap()
        .to_owned()
}

/// A safetensors file with this header and as many zero bytes.
fn file(header: &str, zeros: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + zeros, 0);
    bytes
}

#[test]
fn reads_what_pytorch_wrote() {
    let mut weights = Weights::boxed();
    weights::load::<Small>(&mut weights, Path::new(PYTORCH)).unwrap();
    assert_eq!(*weights, known());
}

/// The tensors are the very bytes that PyTorch writes; the header differs in the network's name alone.
#[test]
fn writes_what_pytorch_reads() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    weights::save::<Small>(&known(), None, &path).unwrap();

    let [ours, pytorch] = [path.as_path(), Path::new(PYTORCH)].map(|path| {
        let bytes = fs::read(path).unwrap();
        let (length, rest) = bytes.split_first_chunk().unwrap();
        let (header, values) = rest.split_at(u64::from_le_bytes(*length) as usize);
        (String::from_utf8(header.to_vec()).unwrap(), values.to_vec())
    });
    assert_eq!(ours.1, pytorch.1);
    assert_eq!(
        ours.0
            .replace(r#""__metadata__":{"network":"Linear"},"#, "")
            .trim_end(),
        pytorch.0.trim_end()
    );
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the temporary file is gone");
}

#[test]
fn the_same_weights_give_the_same_bytes() {
    let folder = tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| {
        let path = folder.path().join(name);
        weights::save::<Small>(&known(), None, &path).unwrap();
        fs::read(path).unwrap()
    });
    assert_eq!(first, second);
}

#[test]
fn a_round_trip_keeps_every_bit() {
    type Big = Linear<784, 10>;
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let saved = Fit::new::<Big>().initialize::<Big>();
    weights::save::<Big>(&saved, None, &path).unwrap();
    let mut loaded = Weights::boxed();
    weights::load::<Big>(&mut loaded, &path).unwrap();
    assert_eq!(saved, loaded);
}

#[test]
fn what_samples_were_normalised_by_comes_back() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    // A third has no end in binary: no digit may be lost.
    let normalization = Normalization::new(vec![1.0 / 3.0, -2.0], vec![0.1, 7.0]).unwrap();
    let mut samples = Dataset::new("one", &[2], vec![0, 1], vec![0], 3).unwrap();
    samples.normalize(normalization.clone()).unwrap();
    weights::save::<Small>(&known(), Some(&samples), &path).unwrap();
    let mut loaded = Weights::boxed();
    let found = weights::load::<Small>(&mut loaded, &path).unwrap();
    assert_eq!((*loaded, found), (known(), Some(normalization)));
    let pytorch = weights::load::<Small>(&mut known(), Path::new(PYTORCH)).unwrap();
    assert_eq!(pytorch, None);
}

#[test]
fn names_of_classes_come_back() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    weights::save::<Small>(&known(), None, &path).unwrap();
    assert_eq!(weights::class_names(&path).unwrap(), [""; 0]);
    assert_eq!(weights::class_names(Path::new(PYTORCH)).unwrap(), [""; 0]);
    fs::write(&path, "nonsense").unwrap();
    assert!(weights::class_names(&path).is_err());
}

#[test]
fn a_normalisation_that_cannot_be_is_refused() {
    let complaint = |tensors: &str, values: &[f64]| {
        let weights = r#"{"dense1.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},
            "dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},"#;
        let mut bytes = file(&format!("{weights}{tensors}}}"), 36);
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        complaint(&bytes)
    };
    let mean = r#""normalization.mean":{"dtype":"F64","shape":[1],"data_offsets":[36,44]}"#;
    let std = r#""normalization.std":{"dtype":"F64","shape":[1],"data_offsets":[44,52]}"#;
    let both = format!("{mean},{std}");
    assert_eq!(
        complaint(mean, &[0.0]),
        "normalization.mean and normalization.std are not both there as F64 values"
    );
    assert_eq!(
        complaint(&both.replace("F64", "I64"), &[0.0, 0.0]),
        "normalization.mean and normalization.std are not both there as F64 values"
    );
    assert_eq!(
        complaint(&both, &[0.5, 0.0]),
        "normalization.mean and normalization.std: a mean of 0.5 and a standard deviation of 0"
    );
    let three = both
        .replace("[1]", "[3]")
        .replace("44", "60")
        .replace("52", "84");
    assert_eq!(
        complaint(&three, &[1.0; 6]),
        "3 means do not divide an input of 2"
    );
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let whole = fs::read(PYTORCH).unwrap();
    for length in 0..whole.len() {
        let complaint = complaint(&whole[..length]);
        assert!(
            complaint.starts_with("not a whole safetensors file: "),
            "{length}: {complaint}"
        );
    }
    let longer = [whole.as_slice(), &[0]].concat();
    assert!(complaint(&longer).starts_with("not a whole safetensors file: "));
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let header = r#"{"dense1.weight":{"dtype":"F32","shape":[3,3],"data_offsets":[0,36]},
        "dense2.bias":{"dtype":"F32","shape":[1],"data_offsets":[36,40]}}"#;
    assert_eq!(
        complaint(&file(header, 40)),
        "these are not weights of the network `Linear`\n  \
         dense1.weight is 3×3, not 3×2\n  \
         dense1.bias is missing\n  \
         \"dense2.bias\" is not part of the network"
    );
}

#[test]
fn another_type_of_values_is_refused() {
    let header = r#"{"dense1.weight":{"dtype":"F64","shape":[3,2],"data_offsets":[0,48]},
        "dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]}}"#;
    assert_eq!(
        complaint(&file(header, 60)),
        "these are not weights of the network `Linear`\n  dense1.weight holds F64 values, not F32"
    );
}

#[test]
fn a_header_that_claims_much_is_refused() {
    let huge = u64::MAX.to_le_bytes();
    assert!(complaint(&huge).starts_with("not a whole safetensors file: "));
    let header =
        r#"{"dense1.weight":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#;
    assert!(complaint(&file(header, 8)).starts_with("not a whole safetensors file: "));
}

#[test]
fn a_missing_file_is_named() {
    let error = weights::load::<Small>(&mut known(), Path::new("no/such/file")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read no/such/file: "),
        "{error}"
    );
    assert_eq!(error.help(), "check the path");
}

#[test]
fn a_failed_save_leaves_the_old_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    // A folder of that name cannot be replaced by a file.
    fs::create_dir(&path).unwrap();
    fs::write(path.join("old"), "old").unwrap();
    let error = weights::save::<Small>(&known(), None, &path).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "the temporary file is gone"
    );
}
