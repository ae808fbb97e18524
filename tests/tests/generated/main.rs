//! Generated code in all that it does. The tests are one program, so that those which wait for a build of their own run
//! side by side with the others.

mod batches;
mod build_script;
mod checkpoints;
mod compile;
mod determinism;
mod extremes;
mod figures;
mod mutants;
mod origin;
mod random;
mod reading;
mod runs;
mod schedules;
mod single_precision;
mod witnesses;
