//! The schedule of the learning rate, as a constant of the runtime's types.

use super::tokens::{number, real};
use cnn_spec::network::Dtype;
use cnn_spec::training::{
    Anneal, Curve, OneCycle, ReduceOnPlateau, Schedule, ThresholdMode, Warmup,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// `cnn_runtime::Schedule { … }`.
pub fn literal(schedule: &Schedule) -> TokenStream {
    let warmup = match schedule.warmup {
        None => quote!(None),
        Some(Warmup {
            steps,
            start_factor,
        }) => {
            let (steps, start_factor) = (number(steps), double(start_factor));
            quote! {
                Some(cnn_runtime::Warmup {
                    steps: #steps,
                    start_factor: #start_factor,
                })
            }
        }
    };
    let curve = curve(&schedule.curve);
    quote! {
        cnn_runtime::Schedule {
            warmup: #warmup,
            curve: cnn_runtime::Curve::#curve,
        }
    }
}

fn curve(curve: &Curve) -> TokenStream {
    match curve {
        Curve::Constant => quote!(Constant),
        Curve::Step { step_size, gamma } => {
            let (step_size, gamma) = (number(*step_size), double(*gamma));
            quote!(Step { step_size: #step_size, gamma: #gamma })
        }
        Curve::MultiStep { milestones, gamma } => {
            let milestones = milestones.iter().map(|&epoch| number(epoch));
            let gamma = double(*gamma);
            quote!(MultiStep { milestones: &[#(#milestones),*], gamma: #gamma })
        }
        Curve::Exponential { gamma } => {
            let gamma = double(*gamma);
            quote!(Exponential { gamma: #gamma })
        }
        Curve::Cosine { t_max, eta_min } => {
            let (t_max, eta_min) = (option(*t_max), double(*eta_min));
            quote!(Cosine { t_max: #t_max, eta_min: #eta_min })
        }
        Curve::Polynomial { total_iters, power } => {
            let (total_iters, power) = (option(*total_iters), double(*power));
            quote!(Polynomial { total_iters: #total_iters, power: #power })
        }
        Curve::OneCycle(cycle) => one_cycle(cycle),
        Curve::ReduceOnPlateau(plateau) => reduce_on_plateau(plateau),
    }
}

fn one_cycle(cycle: &OneCycle) -> TokenStream {
    let pct_start = double(cycle.pct_start);
    let is_linear = cycle.anneal_strategy == Anneal::Linear;
    let (div_factor, final_div_factor) = (double(cycle.div_factor), double(cycle.final_div_factor));
    let three_phase = cycle.three_phase;
    quote! {
        OneCycle(cnn_runtime::OneCycle {
            pct_start: #pct_start,
            is_linear: #is_linear,
            div_factor: #div_factor,
            final_div_factor: #final_div_factor,
            three_phase: #three_phase,
        })
    }
}

fn reduce_on_plateau(plateau: &ReduceOnPlateau) -> TokenStream {
    let (factor, patience) = (double(plateau.factor), number(plateau.patience));
    let threshold = double(plateau.threshold);
    let is_relative = plateau.threshold_mode == ThresholdMode::Relative;
    let (cooldown, min_lr) = (number(plateau.cooldown), double(plateau.min_lr));
    quote! {
        ReduceOnPlateau(cnn_runtime::ReduceOnPlateau {
            factor: #factor,
            patience: #patience,
            threshold: #threshold,
            is_relative: #is_relative,
            cooldown: #cooldown,
            min_lr: #min_lr,
        })
    }
}

fn option(epochs: Option<usize>) -> TokenStream {
    match epochs {
        None => quote!(None),
        Some(epochs) => {
            let epochs = number(epochs);
            quote!(Some(#epochs))
        }
    }
}

fn double(value: f64) -> Literal {
    real(value, Dtype::F64)
}
