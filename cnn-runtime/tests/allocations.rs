//! A training step takes nothing from the heap.

mod linear;

use cnn_runtime::fit::StepReport;
use cnn_runtime::{Dataset, EpochReport, Error, Fit, Observer, Split};
use linear::Linear;
use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The allocations so far, seen after the first step and after the last one.
#[derive(Default)]
struct Seen {
    first: usize,
    last: usize,
}

impl Observer for &mut Seen {
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        self.last = ALLOCATIONS.load(Ordering::Relaxed);
        if report.step == 1 {
            self.first = self.last;
        }
        Ok(())
    }

    fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
        Ok(())
    }
}

fn samples(count: usize) -> Dataset {
    let labels = (0..count).map(|index| (index % 2) as u8).collect();
    Dataset::new("points", &[2], vec![7; 2 * count], labels, 2).unwrap()
}

/// Without the usual harness, whose own threads would be counted too.
fn main() {
    let data = Split {
        train: samples(500 * 64 + 17),
        test: samples(64),
    };
    for threads in [1, 2, 4] {
        let fit = Fit {
            epochs: 1,
            threads: NonZeroUsize::new(threads).unwrap(),
            ..Fit::new::<Linear<2, 2>>()
        };
        let mut parameters = fit.initialize::<Linear<2, 2>>();
        let mut seen = Seen::default();
        fit.run::<Linear<2, 2>>(&mut parameters, &data, &mut seen)
            .unwrap();
        assert!(seen.first > 0, "the counter does not count");
        assert_eq!(seen.last, seen.first, "{threads} threads");
    }
}
