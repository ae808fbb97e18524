//! The bare-machine library, run on this one.

use no_std::Learner;
use no_std::net::Input;

/// A bar through row or column `place`: class 0 is horizontal, class 1 vertical.
fn bar(class: usize, place: usize) -> Input {
    let mut input = [[[0.0; 8]; 8]; 1];
    for along in 0..8 {
        let (row, column) = [(place, along), (along, place)][class];
        input[0][row][column] = 1.0;
    }
    input
}

#[test]
fn the_learner_tells_bars_apart_that_it_was_not_shown() {
    let learner = Learner::take().expect("nobody else took it");
    assert!(Learner::take().is_none());

    let inputs = [
        bar(0, 1),
        bar(1, 1),
        bar(0, 4),
        bar(1, 4),
        bar(0, 6),
        bar(1, 6),
    ];
    let targets = [0, 1, 0, 1, 0, 1];
    let first = learner.step(&inputs, &targets).loss;
    for _ in 0..100 {
        learner.step(&inputs, &targets);
    }
    let last = learner.step(&inputs, &targets).loss;
    assert!(last < first / 10.0, "the loss went from {first} to {last}");

    for class in 0..2 {
        for place in [2, 3, 5] {
            assert_eq!(
                learner.classify(&bar(class, place)),
                class,
                "class {class} at {place}"
            );
        }
    }
}
