//! `predict`, by way of the example `softmax_regression`.

mod command;

use command::{data, path, run, stderr, stdout};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::{TempDir, tempdir};

/// A sample of class `label`, as those that are learnt: all pixels alike.
fn shade(label: u8) -> Vec<u8> {
    vec![label * 28; 784]
}

/// A folder with `weights.safetensors` that tell black from white, trained on normalised samples.
fn trained() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let (data, out) = (data(), tempdir().unwrap());
        let flags = ["--normalize", "--learning-rate", "0.0005"];
        let length = ["--epochs", "60", "--checkpoint-every", "60"];
        let places = ["--data", path(data.path()), "--out", path(out.path())];
        let output = run(&[&flags[..], &length, &places].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        out
    });
    folder.path()
}

/// Runs `predict` with these weights on files that are written to a folder of their own.
fn predict_with(
    weights: &str,
    flags: &[&str],
    files: &[(&str, &[u8])],
) -> (Option<i32>, String, String) {
    let folder = tempdir().unwrap();
    let mut arguments = vec![
        "predict".to_owned(),
        "--weights".to_owned(),
        weights.to_owned(),
    ];
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    for (name, bytes) in files {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        arguments.push(path(&file).to_owned());
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = run(&arguments);
    let in_it = format!("{}/", folder.path().display());
    let bare = |text: String| text.replace(&in_it, "");
    (
        output.status.code(),
        bare(stdout(&output)),
        bare(stderr(&output)),
    )
}

fn predict(flags: &[&str], files: &[(&str, &[u8])]) -> (Option<i32>, String, String) {
    let weights = trained().join("weights.safetensors");
    predict_with(path(&weights), flags, files)
}

fn png(size: [u32; 2], values: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size[1], size[0]);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(values).unwrap();
    drop(writer);
    file
}

fn idx(labels: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3];
    for size in [labels.len() as u32, 28, 28] {
        file.extend(size.to_be_bytes());
    }
    file.extend(labels.iter().flat_map(|label| shade(*label)));
    file
}

fn npy(labels: &[u8]) -> Vec<u8> {
    let shape = format!("({}, 784)", labels.len());
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(labels.iter().flat_map(|label| shade(*label)));
    file
}

/// Lines of numbers as the network sees them after the normalisation that comes with the weights; with a target or not.
fn csv(labels: &[u8], has_target: bool) -> Vec<u8> {
    let line = |label: &u8| {
        let value = f32::from(label * 28) / 255.0;
        let mut fields = vec![value.to_string(); 784];
        if has_target {
            fields.push("3".to_owned());
        }
        fields.join(",")
    };
    let lines: Vec<_> = labels.iter().map(line).collect();
    lines.join("\n").into_bytes()
}

/// The classes that were named first, one for each line.
fn first(text: &str) -> Vec<&str> {
    let verdicts = text.lines().map(|line| line.split_once(": ").unwrap().1);
    verdicts
        .map(|verdict| verdict.split_once(" (").unwrap().0)
        .collect()
}

#[test]
fn every_kind_of_file_is_read() {
    let white = png([28, 28], &shade(9));
    let files: [(&str, &[u8]); 6] = [
        ("white.png", &white),
        ("t10k-images-idx3-ubyte", &idx(&[0, 9, 0])),
        ("x.npy", &npy(&[9, 0])),
        ("without.csv", &csv(&[0, 9], false)),
        ("with.CSV", &csv(&[9, 9], true)),
        ("single.npy", &npy(&[9])),
    ];
    let (code, text, errors) = predict(&["--prepare", "none"], &files);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let classes = ["9", "0", "9", "0", "9", "0", "0", "9", "9", "9", "9"];
    assert_eq!(first(&text), classes);
    let names = text.lines().map(|line| line.split_once(": ").unwrap().0);
    let expected = [
        "white.png",
        "t10k-images-idx3-ubyte[0]",
        "t10k-images-idx3-ubyte[1]",
        "t10k-images-idx3-ubyte[2]",
        "x.npy[0]",
        "x.npy[1]",
        "without.csv[0]",
        "without.csv[1]",
        "with.CSV[0]",
        "with.CSV[1]",
        "single.npy",
    ];
    assert!(names.eq(expected), "{text}");
}

/// A black picture that is taken as it is; one with a dot would be a drawing, which is prepared without the flag.
#[test]
fn pictures_are_prepared_unless_told_otherwise() {
    let mut dotted = vec![0; 56 * 56];
    dotted[1000] = 255;
    let dotted = png([56, 56], &dotted);
    let (_, whole, _) = predict(&["--prepare", "resize"], &[("dot.png", &dotted)]);
    assert_ne!(first(&whole), ["9"], "it is black but for a dot");
    let (code, text, errors) = predict(&["--prepare", "none"], &[("dot.png", &dotted)]);
    assert_eq!((code, text.as_str()), (Some(1), ""));
    assert!(
        errors.starts_with(
            "error: dot.png: the picture is 1×56×56, and the network takes 784\n help: "
        ),
        "{errors}"
    );
    let blank = png([56, 56], &[255; 56 * 56]);
    let (code, _, errors) = predict(&[], &[("blank.png", &blank)]);
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("there is nothing to be seen in the picture"),
        "{errors}"
    );
}

#[test]
fn as_many_classes_are_printed_as_wanted() {
    let files: [(&str, &[u8]); 1] = [("x.npy", &npy(&[0]))];
    let count = |flags: &[&str]| predict(flags, &files).1.matches(" %)").count();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--top", "1"]), 1);
    assert_eq!(count(&["--top", "99"]), 10);
}

#[test]
fn json_has_all_classes() {
    let (code, text, _) = predict(&["--json", "--top", "1"], &[("x.npy", &npy(&[9, 0]))]);
    assert_eq!(code, Some(0));
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    assert_eq!(lines.len(), 2);
    for (sample, (line, class)) in lines.iter().zip(["9", "0"]).enumerate() {
        assert_eq!(line["file"], "x.npy");
        assert_eq!(line["sample"], sample);
        assert_eq!(line["class"], class);
        let all = line["probabilities"].as_object().unwrap();
        assert_eq!(all.len(), 10);
        assert_eq!(all[class], line["probability"]);
        let sum: f64 = all.values().map(|value| value.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}

#[test]
fn a_checkpoint_serves_as_well() {
    let checkpoint = trained().join("checkpoint.safetensors");
    let files: [(&str, &[u8]); 1] = [("x.npy", &npy(&[9, 0, 5]))];
    let (code, text, errors) = predict_with(path(&checkpoint), &[], &files);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(text, predict(&[], &files).1);
}

/// What is wrong with a file is said, and the others are predicted.
#[test]
fn broken_files_are_left_out() {
    let white = png([28, 28], &shade(9));
    let files: [(&str, &[u8]); 7] = [
        ("first.npy", &npy(&[9])),
        ("empty.png", b""),
        ("text.png", b"what is this"),
        ("cut.png", &white[..white.len() / 2]),
        ("cut.npy", &npy(&[9])[..700]),
        ("short.csv", b"1,2,3\n"),
        ("last.npy", &npy(&[0])),
    ];
    let (code, text, errors) = predict(&["--prepare", "none"], &files);
    assert_eq!(code, Some(1));
    assert_eq!(first(&text), ["9", "0"]);
    let lines: Vec<_> = errors.lines().collect();
    let expected = [
        "error: empty.png: the file is empty",
        " help: check that it was written to its end",
        "error: text.png: this is neither a picture nor another file of samples",
        " help: name a PNG or JPEG file",
        "error: cut.png: not a whole picture: ",
        " help: save it again as PNG or JPEG",
        "error: cut.npy: ",
        " help: save it again with `numpy.save`, in C order",
        "error: short.csv: there are 3 columns, and the network takes 784 values",
        " help: give every line the values of one sample, with or without its targets",
        "error: 5 of 7 files were left out",
        " help: mend them as is said above, and name them again",
    ];
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn samples_of_another_shape_are_refused() {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 5), }\n";
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend([header.as_bytes(), &[1; 5]].concat());
    let (code, text, errors) = predict(&[], &[("x.npy", &file)]);
    assert_eq!((code, text.as_str()), (Some(1), ""));
    let problem = "error: x.npy: samples are 5, but the network `Linear` takes 784\n help: ";
    assert!(errors.starts_with(problem), "{errors}");
}

#[test]
fn weights_must_be_there_and_of_this_network() {
    let files: [(&str, &[u8]); 1] = [("x.npy", &npy(&[9]))];
    let (code, _, errors) = predict_with("no/such/file", &[], &files);
    assert_eq!(code, Some(1));
    assert!(
        errors.starts_with("error: cannot read no/such/file"),
        "{errors}"
    );
    let pytorch = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/pytorch/weights.safetensors"
    );
    let (code, text, errors) = predict_with(pytorch, &[], &files);
    assert_eq!((code, text.as_str()), (Some(1), ""));
    assert!(
        errors.contains("these are not weights of the network `Linear`"),
        "{errors}"
    );
}

#[test]
fn folders_are_no_files() {
    let folder = tempdir().unwrap();
    let weights = trained().join("weights.safetensors");
    let output = run(&["predict", "--weights", path(&weights), path(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("this is a folder\n help: name the files in it"));
}

#[test]
fn wrong_flags_exit_with_2() {
    for flags in [
        &["predict"][..],
        &["predict", "x.png"],
        &["predict", "--weights", "w"],
        &["predict", "--weights", "w", "--prepare", "crop", "x.png"],
        &["predict", "--weights", "w", "--top", "0", "x.png"],
        &["--epochs", "1", "predict", "--weights", "w", "x.png"],
        &["predict", "--weights", "w", "--epochs", "1", "x.png"],
    ] {
        let output = run(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).starts_with("error: "), "{flags:?}");
    }
}

#[test]
fn help_says_what_is_done_without_flags() {
    let output = run(&["predict", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = stdout(&output);
    for word in [
        "--weights",
        "--prepare",
        "--top",
        "--json",
        "the default for ten classes",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
}
