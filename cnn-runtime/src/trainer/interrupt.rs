//! Ctrl-C.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// What shells expect of a program that was interrupted.
pub const EXIT_CODE: u8 = 130;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Takes note of Ctrl-C and of requests to end, so that the training can save itself; the second one ends the program at
/// once.
pub fn watch() {
    let interrupt = || {
        if IS_INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(EXIT_CODE.into());
        }
    };
    // A program that listens by itself decides by itself.
    let _ = ctrlc::try_set_handler(interrupt);
}

/// Whether there was one.
pub fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::Relaxed)
}
