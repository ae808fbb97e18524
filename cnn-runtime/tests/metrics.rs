//! Numbers worked out by hand.

use cnn_runtime::{Confusion, Dataset, EpochReport, Regression, Score, Totals};

/// Rows are true classes: 0 was taken for 0, 0 and 2; 1 always for 1; 2 never occurred.
fn confusion() -> Confusion {
    let mut confusion = Confusion::new(3);
    for (truth, prediction) in [(0, 0), (0, 2), (1, 1), (0, 0)] {
        confusion.count(truth, prediction);
    }
    for _ in 0..1_000 {
        confusion.count(1, 1);
    }
    confusion
}

#[test]
fn confusion_counts_by_truth_and_prediction() {
    let confusion = confusion();
    assert_eq!(
        (
            confusion.get(0, 2),
            confusion.get(2, 0),
            confusion.get(1, 1)
        ),
        (1, 0, 1_001)
    );
    assert_eq!(
        [0, 1, 2].map(|class| confusion.recall(class)),
        [Some(2.0 / 3.0), Some(1.0), None]
    );
    assert!((confusion.accuracy() - 1_003.0 / 1_004.0).abs() < 1e-15);

    let mut twice = confusion.clone();
    twice.add(&confusion);
    assert_eq!(twice.get(0, 0), 4);
}

#[test]
fn confusion_prints_an_aligned_table() {
    let expected = "
          0     1     2   recall
    0     2     0     1  66.67 %
    1     0  1001     0 100.00 %
    2     0     0     0        -
";
    assert_eq!(format!("\n{}", confusion()), expected);
}

#[test]
fn scores_are_means() {
    let mut totals = Totals {
        loss: 1.5,
        correct: 1,
        samples: 2,
        weight: 3.0,
    };
    totals += Totals {
        loss: 0.5,
        correct: 2,
        samples: 2,
        weight: 5.0,
    };
    assert_eq!(totals.scale().to_bits(), 0.5_f64.to_bits());
    let expected = Score {
        loss: 0.25,
        accuracy: Some(0.75),
        regression: None,
    };
    assert_eq!(Score::from(totals), expected);
}

fn found(loss: f64, accuracy: f64) -> Score {
    Score {
        loss,
        accuracy: Some(accuracy),
        regression: None,
    }
}

const REPORT: EpochReport = EpochReport {
    epoch: 7,
    train: Score {
        loss: 0.123_44,
        accuracy: None,
        regression: None,
    },
    validation: None,
    test: None,
    is_best: None,
    skipped: 0,
    learning_rate: 0.1,
    seconds: 1.25,
    samples_per_s: 48_000.4,
};

#[test]
fn an_epoch_is_one_line() {
    let classes = EpochReport {
        train: found(0.123_44, 0.987_65),
        test: Some(found(0.5, 1.0)),
        ..REPORT
    };
    assert_eq!(
        classes.to_string(),
        "epoch   7  train loss 0.1234, accuracy  98.77 %  test loss 0.5000, accuracy 100.00 %  1.25 s, 48000 samples/s"
    );
    let validated = EpochReport {
        train: found(0.123_44, 0.987_65),
        validation: Some(found(0.25, 0.5)),
        is_best: Some(true),
        ..REPORT
    };
    assert_eq!(
        validated.to_string(),
        "epoch   7  train loss 0.1234, accuracy  98.77 %  validation loss 0.2500, accuracy  50.00 % (best)  1.25 s, \
         48000 samples/s"
    );
    let numbers = EpochReport {
        test: Some(Score {
            regression: Some(Regression {
                mean_absolute_error: 0.5,
                r2: 0.75,
            }),
            ..REPORT.train
        }),
        ..REPORT
    };
    assert_eq!(
        numbers.to_string(),
        "epoch   7  train loss 0.1234  test loss 0.1234, mean absolute error 0.5000, R² 0.7500  1.25 s, 48000 samples/s"
    );
    let spoilt = EpochReport {
        skipped: 3,
        ..REPORT
    };
    assert_eq!(
        spoilt.to_string(),
        "epoch   7  train loss 0.1234  3 steps left out  1.25 s, 48000 samples/s"
    );
}

#[test]
fn data_that_do_not_fit_together_are_refused() {
    let new = |shape: &[usize], values: usize, labels: &[u8]| {
        Dataset::new("spots", shape, vec![0; values], labels.to_vec(), 2)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(new(&[2], 0, &[]), "spots: no samples");
    assert_eq!(new(&[2, 0], 0, &[0]), "spots: no samples");
    assert_eq!(
        new(&[1, 2], 3, &[0, 1]),
        "spots: 3 values are not 2 samples of 1×2"
    );
    assert_eq!(
        new(&[2], 4, &[0, 2]),
        "spots: sample 1 has label 2, but there are 2 classes"
    );
}
