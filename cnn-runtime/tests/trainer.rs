//! The command line, by way of the example `softmax_regression`.

mod command;

use command::{data, path, run, stderr, stdout, trainer};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::tempdir;

#[test]
fn the_last_line_is_the_test_accuracy() {
    let data = data();
    let output = run(&["--data", path(data.path()), "--epochs", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let last = text.lines().last().unwrap();
    let percent = last
        .strip_prefix("test accuracy ")
        .unwrap()
        .strip_suffix(" %")
        .unwrap();
    assert!((0.0..=100.0).contains(&percent.parse().unwrap()), "{last}");
    assert_eq!(percent.split_once('.').unwrap().1.len(), 2);
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("epoch "))
            .count(),
        2
    );
    assert!(text.contains("200 samples to learn, 50 to test"));
    assert!(text.contains("recall"));
    assert_eq!(stderr(&output), "", "no bar where there is no terminal");
}

#[test]
fn json_is_one_object_per_epoch_and_nothing_else() {
    let data = data();
    let output = run(&[
        "--data",
        path(data.path()),
        "--epochs",
        "3",
        "--json",
        "--learning-rate",
        "0.05",
    ]);
    let lines: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    for (index, line) in lines.iter().enumerate() {
        let object = line.as_object().unwrap();
        assert_eq!(object["epoch"], index + 1);
        assert_eq!(object["learning_rate"], 0.05);
        for key in [
            "train_loss",
            "train_accuracy",
            "test_loss",
            "test_accuracy",
            "seconds",
            "samples_per_s",
        ] {
            assert!(object[key].is_number(), "{key}");
        }
        assert_eq!(object.len(), 8);
    }
    assert!(
        stderr(&output)
            .lines()
            .last()
            .unwrap()
            .starts_with("test accuracy ")
    );
}

#[test]
fn weights_and_metrics_are_written_and_weights_read() {
    let data = data();
    let out: PathBuf = data.path().join("runs/first");
    let first = run(&[
        "--data",
        path(data.path()),
        "--epochs",
        "2",
        "--out",
        path(&out),
        "--json",
    ]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert_eq!(
        fs::read_to_string(out.join("metrics.jsonl")).unwrap(),
        stdout(&first)
    );

    let weights = out.join("weights.safetensors");
    let again = run(&[
        "--data",
        path(data.path()),
        "--epochs",
        "0",
        "--weights",
        path(&weights),
    ]);
    assert_eq!(stdout(&again).lines().last(), stderr(&first).lines().last());

    fs::write(&weights, "nonsense").unwrap();
    let broken = run(&["--data", path(data.path()), "--weights", path(&weights)]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(stderr(&broken).contains("not a whole safetensors file"));
}

#[test]
fn validation_leaves_the_test_set_to_the_end() {
    let data = data();
    let flags = [
        "--validation",
        "0.25",
        "--patience",
        "1",
        "--min-delta",
        "100",
        "--monitor",
        "loss",
    ];
    let data_flags = ["--data", path(data.path()), "--json", "--epochs", "9"];
    let output = run(&[&data_flags[..], &flags[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "nothing is 100 better");
    for (line, is_best) in lines.iter().zip([true, false]) {
        assert_eq!(line["is_best"], is_best);
        assert!(line["validation_loss"].is_number() && line["validation_accuracy"].is_number());
        assert_eq!(line.get("test_loss"), None);
    }
    let text = stderr(&output);
    assert!(
        text.contains("150 samples to learn, 50 to validate, 50 to test"),
        "{text}"
    );
    assert!(
        text.contains("the parameters are those of the best epoch"),
        "{text}"
    );
    assert!(text.lines().last().unwrap().starts_with("test accuracy "));

    let last = run(&[&data_flags[..], &["--keep-last", "--validation", "0.25"]].concat());
    assert!(!stderr(&last).contains("best epoch"));
    let without = run(&[&data_flags[..], &["--patience", "3", "--validation", "0"]].concat());
    assert!(stderr(&without).contains("200 samples to learn, 50 to test"));
}

#[test]
fn a_normalisation_is_kept_with_the_weights() {
    let data = data();
    let out = data.path().join("out");
    let data_flags = ["--data", path(data.path()), "--epochs"];
    let first = run(&[&data_flags[..], &["2", "--normalize", "--out", path(&out)]].concat());
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let weights = out.join("weights.safetensors");
    let bytes = fs::read(&weights).unwrap();
    let header = String::from_utf8_lossy(&bytes[..600]);
    assert!(header.contains("normalization.mean"), "{header}");
    // Nothing but the weights says how samples are to be seen.
    let again = run(&[&data_flags[..], &["0", "--weights", path(&weights)]].concat());
    assert_eq!(stdout(&again).lines().last(), stdout(&first).lines().last());
}

#[test]
fn other_formats_are_read() {
    let folder = tempdir().unwrap();
    let line = |label: usize| vec![label.to_string(); 785].join(",");
    let csv: Vec<_> = (0..40).map(|index| line(index % 10)).collect();
    let csv = csv.join("\n");
    for name in ["train.csv", "test.csv"] {
        fs::write(folder.path().join(name), &csv).unwrap();
    }
    let flags = ["--data", path(folder.path()), "--epochs", "1"];
    let output = run(&[&flags[..], &["--targets", "1"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("40 samples to learn, 40 to test"));
    let output = run(&[&flags[..], &["--format", "npy"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("x_train.npy"),
        "{}",
        stderr(&output)
    );
    let output = run(&[&flags[..], &["--targets", "first"]].concat());
    assert!(
        stderr(&output).contains("there is no column \"first\""),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_same_seed_gives_the_same_weights_for_any_number_of_threads() {
    let data = data();
    let weights = |seed: &str, threads: &str| {
        let out = data.path().join(format!("{seed}-{threads}"));
        let flags = ["--epochs", "1", "--seed", seed, "--threads", threads];
        let output = run(&[
            &["--data", path(data.path()), "--out", path(&out)],
            &flags[..],
        ]
        .concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        fs::read(out.join("weights.safetensors")).unwrap()
    };
    assert_eq!(weights("5", "1"), weights("5", "3"));
    assert_ne!(weights("5", "2"), weights("6", "2"));
}

#[test]
fn a_target_ends_the_run_or_fails() {
    let data = data();
    let run = |target| {
        let flags = [
            "--epochs",
            "1",
            "--learning-rate",
            "1e-9",
            "--target-accuracy",
            target,
        ];
        run(&[&["--data", path(data.path())], &flags[..]].concat())
    };
    let missed = run("99.5");
    assert_eq!(missed.status.code(), Some(1));
    assert!(
        stdout(&missed)
            .lines()
            .last()
            .unwrap()
            .starts_with("test accuracy ")
    );
    assert_eq!(
        stderr(&missed),
        "error: the test accuracy did not reach the target of 99.5 %\n help: train for longer with `--epochs`, or change \
         the network\n"
    );
    assert_eq!(
        run("1.5").status.code(),
        Some(0),
        "one class of ten is always hit"
    );
}

#[test]
fn wrong_flags_exit_with_2() {
    for flags in [
        &["--epochs", "many"][..],
        &["--batch-size", "0"],
        &["--learning-rate", "nan"],
        &["--learning-rate", "-1"],
        &["--threads", "0"],
        &["--seed", "-1"],
        &["--target-accuracy", "0.97"],
        &["--target-accuracy", "101"],
        &["--validation", "1"],
        &["--validation", "-0.1"],
        &["--patience", "0"],
        &["--min-delta", "-1"],
        &["--monitor", "lost"],
        &["--format", "gif"],
        &["--epoch", "1"],
        &["--resume"],
        &["--checkpoint-every", "1"],
        &["--checkpoint-every", "0", "--out", "out"],
        &["--checkpoint-every", "5minutes", "--out", "out"],
        &["--resume", "--weights", "file", "--out", "out"],
        &["extra"],
    ] {
        let output = run(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(
            stderr(&output).starts_with("error: "),
            "{}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn failures_exit_with_1_and_say_how_to_mend_them() {
    let data = data();
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    for (flags, problem) in [
        (
            &["--data", "no/such/folder"][..],
            "no/such/folder: there is no such folder",
        ),
        (&["--weights", "no/such/file"], "cannot read no/such/file"),
        (&["--out", path(&file)], "cannot create "),
        (
            &["--data", path(data.path()), "--learning-rate", "1e60"],
            "the loss is no longer a finite number in epoch 1, step 2",
        ),
    ] {
        let output = run(flags);
        assert_eq!(output.status.code(), Some(1), "{flags:?}");
        let text = stderr(&output);
        assert!(text.starts_with(&format!("error: {problem}")), "{text}");
        assert!(
            text.lines().last().unwrap().starts_with(" help: "),
            "{text}"
        );
    }
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let data = data();
    let mut child = trainer(&["--data", path(data.path()), "--epochs", "50"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(0), "")
    );
}

#[test]
fn help_names_every_flag() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = stdout(&output);
    for flag in [
        "data",
        "format",
        "targets",
        "normalize",
        "no-augmentation",
        "validation",
        "monitor",
        "patience",
        "min-delta",
        "keep-last",
        "weights",
        "epochs",
        "batch-size",
        "learning-rate",
        "seed",
        "threads",
        "out",
        "target-accuracy",
        "skip-not-finite",
        "checkpoint-every",
        "resume",
        "json",
    ] {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
    }
}

#[cfg(feature = "download")]
#[test]
fn download_says_so_when_there_is_no_connection() {
    let folder = tempdir().unwrap();
    let [data, out] = ["data/mnist", "out"].map(|name| folder.path().join(name));
    // Port 9 discards; nobody listens there.
    let output = trainer(&["--download", "--data", path(&data), "--out", path(&out)])
        .env("MNIST_MIRROR", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.starts_with(
            "error: cannot download train-images-idx3-ubyte.gz\n  http://127.0.0.1:9/"
        ),
        "{text}"
    );
    assert!(
        text.contains("help: check the network connection"),
        "{text}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
