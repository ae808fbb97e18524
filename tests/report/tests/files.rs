//! Where a report goes, by way of the trainer.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::{TempDir, tempdir};

/// A data set as small as MNIST's format allows.
fn data() -> TempDir {
    let folder = tempdir().unwrap();
    for (part, count) in [("train", 40_usize), ("t10k", 20)] {
        let labels: Vec<u8> = (0..10).cycle().take(count).collect();
        let mut images = vec![0, 0, 8, 3];
        for size in [count, 28, 28] {
            images.extend((size as u32).to_be_bytes());
        }
        images.extend(labels.iter().flat_map(|label| [label * 28; 784]));
        let mut file = vec![0, 0, 8, 1];
        file.extend((count as u32).to_be_bytes());
        file.extend(labels);
        let path = |kind| folder.path().join(format!("{part}-{kind}-ubyte"));
        fs::write(path("images-idx3"), images).unwrap();
        fs::write(path("labels-idx1"), file).unwrap();
    }
    folder
}

fn train(folder: &Path, report: &str) -> Output {
    train_with(folder, &["--epochs", "1", "--report", report])
}

fn train_with(folder: &Path, flags: &[&str]) -> Output {
    let data = data();
    Command::new(env!("CARGO_BIN_EXE_cnn-report-tests"))
        .current_dir(folder)
        .args(flags)
        .arg("--data")
        .arg(data.path())
        .output()
        .unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_folder_gets_a_page_and_its_pictures() {
    let folder = tempdir().unwrap();
    let output = train(folder.path(), "a/b");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the report is a/b/report.html\n"), "{said}");
    let folder = folder.path().join("a/b");
    assert_eq!(
        files(&folder),
        ["report-curves.png", "report-kernels.png", "report.html"]
    );
    for picture in ["report-curves.png", "report-kernels.png"] {
        let file = fs::File::open(folder.join(picture)).unwrap();
        let mut reader = png::Decoder::new(std::io::BufReader::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let is_coloured = |pixel: &[u8]| pixel[0].abs_diff(pixel[2]) > 64;
        assert!(pixels.chunks(4).any(is_coloured), "{picture}");
    }
}

#[test]
fn a_page_has_any_name() {
    let folder = tempdir().unwrap();
    let name = "<b>&'\"é.html";
    assert!(train(folder.path(), name).status.success());
    let page = fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..100]);
    assert!(page.trim_end().ends_with("</html>"));
    assert_eq!(files(folder.path()).len(), 3);
}

#[test]
fn a_report_that_cannot_be_written_is_told_of_before_the_training() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    fs::create_dir(folder.path().join("folder.html")).unwrap();
    let cases = [
        ("file", "error: cannot create file: "),
        ("file/x.html", "error: cannot create file: "),
        (
            "folder.html",
            "error: folder.html: it is a folder, where a report is to be written\n help: choose another name",
        ),
    ];
    for (report, expected) in cases {
        let output = train(folder.path(), report);
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(expected), "{error}");
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_default();
        assert!(last.starts_with("data: "), "it has begun: {text}");
    }
    assert_eq!(files(folder.path()), ["file", "folder.html"]);
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"mine");
}

#[test]
fn an_older_report_is_replaced() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("report.html"), "old").unwrap();
    assert!(train(folder.path(), ".").status.success());
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_resumed_training_has_the_curves_of_all_its_epochs() {
    let folder = tempdir().unwrap();
    let flags = ["--epochs", "3", "--out", "out", "--checkpoint-every", "2"];
    assert!(train_with(folder.path(), &flags).status.success());
    let resumed = [&flags[..], &["--resume", "--report", "."]].concat();
    let output = train_with(folder.path(), &resumed);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    for epoch in 1..=3 {
        let dot = format!("epoch {epoch}, training: ");
        assert!(page.contains(&dot), "{epoch}");
    }
}
