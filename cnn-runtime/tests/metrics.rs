//! Numbers worked out by hand.

use cnn_runtime::{Confusion, Dataset, EpochReport, Score, Totals};

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
    assert_eq!(totals.scale(), 0.5);
    let expected = Score {
        loss: 0.25,
        accuracy: 0.75,
    };
    assert_eq!(Score::from(totals), expected);
}

#[test]
fn an_epoch_is_one_line() {
    let report = EpochReport {
        epoch: 7,
        train_loss: 0.123_44,
        train_accuracy: 0.987_65,
        test_loss: 0.5,
        test_accuracy: 1.0,
        learning_rate: 0.1,
        seconds: 1.25,
        samples_per_s: 48_000.4,
    };
    assert_eq!(
        report.to_string(),
        "epoch   7  train loss 0.1234, accuracy  98.77 %  test loss 0.5000, accuracy 100.00 %  1.25 s, 48000 samples/s"
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
