//! Reading CSV files, whole and damaged.

mod support;

use cnn_runtime::Split;
use cnn_runtime::data::{Sample, Targets, csv};
use cnn_runtime::settings::Task;
use support::{complaint, folder};

const HOUSES: &str = "area,rooms,price,age\n100,4,2.5,10\n\n 80 , 3.5,1e1,-2\n";

fn load(train: &[u8], test: &[u8], task: Task, targets: &[&str]) -> Result<Split, String> {
    let folder = folder(&[("train.csv", train), ("test.csv", test)]);
    let targets: Vec<_> = targets.iter().map(|&name| name.to_owned()).collect();
    match csv::load(folder.path(), task, &targets) {
        Ok(split) => Ok(split),
        error => Err(complaint(folder.path(), error)),
    }
}

fn problem(train: &str) -> String {
    load(train.as_bytes(), b"1,2,0\n", Task::Classification, &[]).unwrap_err()
}

#[test]
fn targets_are_named_by_the_first_line() {
    let houses = HOUSES.as_bytes();
    for targets in [["price", "area"], ["3", "1"]] {
        let split = load(houses, houses, Task::Regression, &targets).unwrap();
        assert_eq!(split.train.shape(), [2]);
        assert_eq!(split.train.sample(0), Sample::Numbers(&[4.0, 10.0]));
        assert_eq!(split.train.sample(1), Sample::Numbers(&[3.5, -2.0]));
        let expected = Targets::Numbers {
            values: vec![100.0, 2.5, 80.0, 10.0],
            size: 2,
        };
        assert_eq!(split.test.targets(), &expected);
    }
}

#[test]
fn the_last_column_is_the_target_unless_told_otherwise() {
    let split = load(b"1,2,0\n3,4,2\n", b"5,6,1\n", Task::Classification, &[]).unwrap();
    assert_eq!(split.train.labels(), [0, 2]);
    assert_eq!((split.train.classes(), split.test.classes()), (3, 3));
    assert_eq!(split.test.sample(0), Sample::Numbers(&[5.0, 6.0]));
}

#[test]
fn all_columns_are_reconstructed() {
    let split = load(b"1,2,0\n", b"1,2,0.5\n", Task::Reconstruction, &[]).unwrap();
    assert_eq!(split.test.sample(0), Sample::Numbers(&[1.0, 2.0, 0.5]));
    assert_eq!(split.test.targets(), &Targets::Inputs);
}

#[test]
fn spreadsheets_write_marks_and_carriage_returns() {
    let text = "\u{feff}\"a\",\"b c\"\r\n1,0\r\n".as_bytes();
    let split = load(text, text, Task::Classification, &["b c"]).unwrap();
    assert_eq!(split.train.sample(0), Sample::Numbers(&[1.0]));
}

#[test]
fn what_is_wrong_has_line_and_column() {
    for (text, expected) in [
        ("", "DIR/train.csv: the file is empty"),
        (" \n\n", "DIR/train.csv: the file is empty"),
        (
            "1,2,0\n\n3,4\n",
            "DIR/train.csv: line 3 has 2 columns, but the first line has 3",
        ),
        (
            "1,2,0\n3,x4,1\n",
            "DIR/train.csv: line 2, column 2: \"x4\" is not a number",
        ),
        (
            "1,2,0\n3,,1\n",
            "DIR/train.csv: line 2, column 2: \"\" is not a number",
        ),
        (
            "1,2,0\n3,nan,1\n",
            "DIR/train.csv: line 2, column 2: \"nan\" is not a number",
        ),
        (
            "1,2,0\n3,1e99,1\n",
            "DIR/train.csv: line 2, column 2: \"1e99\" is not a number",
        ),
        (
            "1,2,0\n1,2,256\n",
            "DIR/train.csv: line 2, column 3: 256 is not a class",
        ),
        (
            "1,2,0\n1,2,-1\n",
            "DIR/train.csv: line 2, column 3: -1 is not a class",
        ),
        (
            "1,2,0\n1,2,0.5\n",
            "DIR/train.csv: line 2, column 3: 0.5 is not a class",
        ),
        (
            "1\n",
            "DIR/train.csv: all columns are targets, and none is left to learn from",
        ),
    ] {
        assert_eq!(problem(text), expected, "{text:?}");
    }
}

/// Lines without commas look like a column's name, then like numbers that are none.
#[test]
fn other_separators_are_refused() {
    let text = b"a;b\n1;2\n";
    assert_eq!(
        load(text, text, Task::Classification, &[]).unwrap_err(),
        "DIR/train.csv: line 2, column 1: \"1;2\" is not a number"
    );
}

#[test]
fn both_files_must_agree() {
    let names = b"a,b\n1,0\n";
    for (test, expected) in [
        (
            &b"b,a\n1,0\n"[..],
            "DIR/test.csv: the columns are not those of DIR/train.csv",
        ),
        (b"a,b\n", "DIR/test.csv: no samples"),
        (
            b"a,b\n1,1\n",
            "DIR: a test label is 1, but the training labels go up to 0",
        ),
        (b"\xff\xfe", "DIR/test.csv: this is not text"),
    ] {
        let problem = load(names, test, Task::Classification, &[]).unwrap_err();
        assert_eq!(problem, expected);
    }
    let problem = load(b"1,2,0\n", b"1,0\n", Task::Classification, &[]).unwrap_err();
    assert_eq!(
        problem,
        "DIR: the test samples are 1, but the training samples are 2"
    );
}

#[test]
fn columns_that_are_not_there_are_refused() {
    let problem = |text: &str, targets: &[&str]| {
        load(text.as_bytes(), text.as_bytes(), Task::Regression, targets).unwrap_err()
    };
    assert_eq!(
        problem(HOUSES, &["prise"]),
        "DIR/train.csv: there is no column \"prise\""
    );
    assert_eq!(
        problem(HOUSES, &["5"]),
        "DIR/train.csv: there is no column \"5\""
    );
    assert_eq!(
        problem("1,2\n", &["0"]),
        "DIR/train.csv: there is no column \"0\""
    );
    assert_eq!(
        problem(HOUSES, &["price", "3"]),
        "DIR/train.csv: \"3\" names a column twice"
    );
    assert_eq!(
        problem("1,2\n", &["1", "2"]),
        "DIR/train.csv: all columns are targets, and none is left to learn from"
    );
}
