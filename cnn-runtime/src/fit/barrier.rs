//! Where threads wait for each other, made for waits of microseconds.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// How often a thread looks before it goes to sleep: about ten microseconds.
const SPINS: usize = 1 << 8;

/// Lets threads pass only all together; usable again at once.
///
/// A thread that waits looks for a while, since the others are seldom late, and then sleeps.
pub struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
    sleepers: Mutex<usize>,
    wake: Condvar,
}

impl Barrier {
    pub fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            sleepers: Mutex::new(0),
            wake: Condvar::new(),
        }
    }

    /// Waits until all threads have come here.
    ///
    /// # Panics
    /// If another thread panicked and will not come.
    pub fn wait(&self) {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.open();
        } else if !self.look(round) {
            self.sleep(round);
        }
        assert!(
            !self.broken.load(Ordering::Acquire),
            "another thread panicked"
        );
    }

    /// Breaks the barrier if the calling thread panics while it holds the guard, lest the others wait for ever.
    pub fn guard(&self) -> impl Drop {
        Guard(self)
    }

    fn open(&self) {
        let sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        self.round.fetch_add(1, Ordering::Release);
        if *sleepers > 0 {
            self.wake.notify_all();
        }
    }

    fn look(&self, round: usize) -> bool {
        (0..SPINS).any(|_| {
            hint::spin_loop();
            self.is_open(round)
        })
    }

    fn sleep(&self, round: usize) {
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        *sleepers += 1;
        while !self.is_open(round) {
            sleepers = self
                .wake
                .wait(sleepers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *sleepers -= 1;
    }

    /// Whether a thread that came in this round may pass: a broken barrier holds nobody, even who comes later.
    fn is_open(&self, round: usize) -> bool {
        self.round.load(Ordering::Acquire) != round || self.broken.load(Ordering::Acquire)
    }
}

struct Guard<'a>(&'a Barrier);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
            self.0.open();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each round, every thread adds one; between two waits, all see the same sum.
    #[test]
    fn nobody_passes_before_the_last_one() {
        const THREADS: usize = 3;
        const ROUNDS: usize = 2_000;
        let barrier = Barrier::new(THREADS);
        let sum = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for round in 1..=ROUNDS {
                        sum.fetch_add(1, Ordering::Relaxed);
                        barrier.wait();
                        assert_eq!(sum.load(Ordering::Relaxed), round * THREADS);
                        barrier.wait();
                    }
                });
            }
        });
    }

    /// Whether the waiting thread comes first or the panic does.
    #[test]
    fn a_panic_lets_the_others_go() {
        for panic_first in [false, true] {
            let barrier = Barrier::new(2);
            let waited = thread::scope(|scope| {
                let wait = || scope.spawn(|| barrier.wait());
                let panic = || {
                    let panicking = scope.spawn(|| {
                        let _guard = barrier.guard();
                        panic!("as a test");
                    });
                    assert!(panicking.join().is_err());
                };
                if panic_first {
                    panic();
                    return wait().join();
                }
                let waiting = wait();
                panic();
                waiting.join()
            });
            assert!(waited.is_err());
        }
    }
}
