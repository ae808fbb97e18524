//! Digits that were drawn, in many kinds of files, and what weights make of them that were trained on MNIST.
//!
//! `drawings/draw.py` drew them and computed what they must become; the weights are what
//! `cargo run --release -p mnist -- --download --out DIR` leaves.

use cnn_runtime::data::{Preparation, images};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("drawings")
}

/// Each file with the pixels that it must become.
fn prepared() -> Vec<(PathBuf, Vec<i32>)> {
    let text = fs::read_to_string(folder().join("prepared.txt")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let drawings = lines.chunks_exact(29).map(|drawing| {
        let rows = drawing[1..].iter().flat_map(|row| row.split(' '));
        let pixels = rows.map(|pixel| pixel.parse().unwrap()).collect();
        (folder().join(drawing[0]), pixels)
    });
    let drawings: Vec<_> = drawings.collect();
    assert_eq!(drawings.len(), 20);
    drawings
}

/// Bytes are rounded in other places: by the file's own depth, and where grey is mixed from colours.
#[test]
fn drawings_are_prepared_as_computed_elsewhere() {
    for (file, expected) in prepared() {
        let data = images::read(&file, &[1, 28, 28], Preparation::Mnist).unwrap();
        let pixels = data.sample(0).pixels().unwrap();
        let differences = pixels.iter().zip(&expected).map(|(pixel, expected)| {
            let difference = i32::from(*pixel) - expected;
            difference.abs()
        });
        let differences: Vec<_> = differences.collect();
        let most = *differences.iter().max().unwrap();
        let sum: i32 = differences.iter().sum();
        assert!(most <= 2, "{}: {most}", file.display());
        assert!(sum <= 120, "{}: {sum}", file.display());
    }
}

#[test]
fn every_drawing_is_read_as_the_digit_that_was_drawn() {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights.safetensors");
    let files: Vec<_> = prepared().into_iter().map(|(file, _)| file).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_mnist"))
        .args(["predict", "--top", "1", "--weights"])
        .arg(weights)
        .args(&files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), files.len());
    for (line, file) in lines.into_iter().zip(files) {
        let digit = &file.file_name().unwrap().to_str().unwrap()[..1];
        let start = format!("{}: {digit} (", file.display());
        assert!(line.starts_with(&start), "{line}");
    }
}
