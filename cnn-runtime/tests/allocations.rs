//! A training step takes nothing from the heap.

mod linear;

use cnn_runtime::{Dataset, EpochReport, Fit, Split};
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

fn samples(count: usize) -> Dataset {
    let labels = (0..count).map(|index| (index % 2) as u8).collect();
    Dataset::new("points", &[2], vec![7; 2 * count], labels, 2).unwrap()
}

/// What a run of one epoch takes from the heap.
fn allocations(steps: usize, batch_size: usize, threads: usize) -> usize {
    let data = Split {
        train: samples(steps * batch_size),
        test: samples(64),
    };
    let fit = Fit {
        epochs: 1,
        batch_size: NonZeroUsize::new(batch_size).unwrap(),
        threads: NonZeroUsize::new(threads).unwrap(),
        ..Fit::new::<Linear<2, 2>>()
    };
    let mut parameters = fit.initialize::<Linear<2, 2>>();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    fit.run::<Linear<2, 2>>(&mut parameters, &data, |_: &EpochReport| {})
        .unwrap();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Without the usual harness, whose own threads would be counted too.
fn main() {
    // What is set up once in a process.
    allocations(1, 1, 2);
    for batch_size in [1, 64, 300] {
        for threads in [1, 2, 3, 4] {
            let [few, many] = [1, 500].map(|steps| allocations(steps, batch_size, threads));
            assert!(few > 0, "the counter does not count");
            assert_eq!(many, few, "batch size {batch_size}, {threads} threads");
        }
    }
}
