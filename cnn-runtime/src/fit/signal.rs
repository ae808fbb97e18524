//! How threads wait for each other, made for waits of microseconds.

use std::hint;
use std::sync::{Condvar, Mutex, PoisonError};

/// How often a thread looks before it goes to sleep.
const SPINS: usize = 1 << 11;

/// Lets threads wait for something that others bring about.
///
/// A thread that waits looks for a while, since the others are seldom late, and then sleeps.
#[derive(Default)]
pub struct Signal {
    sleepers: Mutex<usize>,
    wake: Condvar,
}

impl Signal {
    /// Waits until `happened` is true; who makes it so calls [`Signal::notify`] afterwards.
    pub fn wait_until(&self, happened: impl Fn() -> bool) {
        let is_seen = (0..SPINS).any(|_| {
            hint::spin_loop();
            happened()
        });
        if !is_seen {
            self.sleep_until(happened);
        }
    }

    /// Wakes those that sleep.
    pub fn notify(&self) {
        let sleepers = *self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        if sleepers > 0 {
            self.wake.notify_all();
        }
    }

    fn sleep_until(&self, happened: impl Fn() -> bool) {
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        *sleepers += 1;
        while !happened() {
            sleepers = self
                .wake
                .wait(sleepers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *sleepers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// Two threads take turns; now and then one is so late that the other sleeps.
    #[test]
    fn nobody_misses_a_turn() {
        const TURNS: usize = 2_000;
        let turn = AtomicUsize::new(0);
        let signals = [Signal::default(), Signal::default()];
        let play = |me: usize| {
            for mine in (me..TURNS).step_by(2) {
                signals[me].wait_until(|| turn.load(Ordering::Acquire) == mine);
                if mine % 500 < 2 {
                    thread::sleep(std::time::Duration::from_millis(5));
                }
                turn.store(mine + 1, Ordering::Release);
                signals[1 - me].notify();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| play(0));
            play(1);
        });
        assert_eq!(turn.into_inner(), TURNS);
    }
}
