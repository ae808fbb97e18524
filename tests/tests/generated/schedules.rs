//! The runtime's schedules beside PyTorch's figures.

use cnn_runtime::Schedule;
use cnn_runtime::schedule::{Curve, LearningRate, OneCycle, Progress, ReduceOnPlateau, Warmup};
use serde::Deserialize;
use std::fs;

#[derive(Deserialize)]
struct Course {
    schedule: String,
    epochs: usize,
    /// In each epoch.
    steps: usize,
    rates: Vec<f64>,
    /// Of each epoch, where the schedule hears of it.
    losses: Option<Vec<f64>>,
}

/// The runtime's schedule for one of the specification.
fn schedule(text: &str) -> Schedule {
    use cnn_spec::training as spec;
    let toml = format!(
        "[network]\nname = \"Case\"\ninput = [1]\n[[layer]]\ntype = \"dense\"\nout_features = 1\n\
         [training]\nloss = \"mse\"\noptimizer = \"sgd\"\nschedule = {text}\n"
    );
    let network = cnn_spec::parse(&toml, text).unwrap_or_else(|report| panic!("{report}"));
    let schedule = network.training.expect("the network is trained").schedule;
    let curve = match schedule.curve {
        spec::Curve::Constant => Curve::Constant,
        spec::Curve::Step { step_size, gamma } => Curve::Step { step_size, gamma },
        spec::Curve::MultiStep { milestones, gamma } => Curve::MultiStep {
            milestones: milestones.leak(),
            gamma,
        },
        spec::Curve::Exponential { gamma } => Curve::Exponential { gamma },
        spec::Curve::Cosine { t_max, eta_min } => Curve::Cosine { t_max, eta_min },
        spec::Curve::Polynomial { total_iters, power } => Curve::Polynomial { total_iters, power },
        spec::Curve::OneCycle(cycle) => Curve::OneCycle(OneCycle {
            pct_start: cycle.pct_start,
            is_linear: cycle.anneal_strategy == spec::Anneal::Linear,
            div_factor: cycle.div_factor,
            final_div_factor: cycle.final_div_factor,
            three_phase: cycle.three_phase,
        }),
        spec::Curve::ReduceOnPlateau(plateau) => Curve::ReduceOnPlateau(ReduceOnPlateau {
            factor: plateau.factor,
            patience: plateau.patience,
            threshold: plateau.threshold,
            is_relative: plateau.threshold_mode == spec::ThresholdMode::Relative,
            cooldown: plateau.cooldown,
            min_lr: plateau.min_lr,
        }),
    };
    let warmup = schedule.warmup.map(|warmup| Warmup {
        steps: warmup.steps,
        start_factor: warmup.start_factor,
    });
    Schedule { warmup, curve }
}

#[test]
fn rates_are_pytorchs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch/schedules.json");
    let text = fs::read_to_string(path).expect("the figures can be read");
    let records: Vec<Course> = serde_json::from_str(&text).expect("figures are JSON");
    assert!(records.len() > 10);
    for record in records {
        let mut rate = LearningRate::new(schedule(&record.schedule), 0.1);
        for (step, theirs) in record.rates.iter().enumerate() {
            let ours = rate.at(Progress {
                epoch: step / record.steps,
                epochs: record.epochs,
                step,
                steps: record.epochs * record.steps,
            });
            assert!(
                (ours - theirs).abs() <= 1e-12 * theirs + 1e-17,
                "{}, step {step}: {ours} instead of {theirs}",
                record.schedule
            );
            if let Some(losses) = &record.losses {
                rate.observe(losses[step]);
            }
        }
    }
}
