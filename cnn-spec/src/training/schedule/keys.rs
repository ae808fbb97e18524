//! How a schedule is written: its keys, what they take, and how they are read.

use super::{Anneal, Curve, OneCycle, ReduceOnPlateau, Schedule, ThresholdMode, Warmup};
use crate::fields::{Fields, Type};
use crate::grammar::{
    Form, Key, KeyInfo, Limits, MAX_SIZE, Presence, Tagged, TypeInfo, Word, Words,
};
use crate::refusal::Refusal;
use crate::training::up_to_1000;
use std::ops::Bound;

pub const SCHEDULE: Key<Schedule> = Key::optional(
    "schedule",
    Form::Tagged(&Tagged {
        noun: "schedule",
        common: &[WARMUP],
        types: || SCHEDULES.iter().map(|known| known.info).collect(),
        open: &[],
        elsewhere: &[],
    }),
    "`\"constant\"`",
    "How the learning rate changes.",
);

const EPOCHS: Form = Form::Whole {
    min: 1,
    max: 1_000_000,
};
const WARMUP: KeyInfo = KeyInfo {
    name: "warmup",
    form: Form::Table(&[STEPS.info, START_FACTOR.info]),
    presence: Presence::Optional("there is none"),
    doc: "A factor that grows to 1 over the first steps.",
};
const STEPS: Key<usize> = Key::required(
    "steps",
    Form::Whole {
        min: 1,
        max: 1_000_000_000,
    },
    "The steps that the warm-up takes.",
);
const START_FACTOR: Key<f64> = Key::or(
    "start_factor",
    Form::Number(Limits::UNIT),
    "0.3333333333333333",
    "The first factor.",
);
const GAMMA: Key<f64> = Key::or("gamma", FACTOR, "0.1", "The factor of a step.");
const GAMMA_OF_EPOCHS: Key<f64> = Key::required("gamma", FACTOR, "The factor of an epoch.");
const FACTOR: Form = Form::Number(Limits {
    from: Bound::Excluded(0.0),
    to: Bound::Included(1.0),
});
const STEP_SIZE: Key<usize> = Key::required("step_size", EPOCHS, "The epochs between two steps.");
const MILESTONES: Key<Vec<usize>> = Key::required(
    "milestones",
    Form::List(&EPOCHS),
    "The epochs after which the rate is multiplied.",
);
const T_MAX: Key<usize> = Key::optional(
    "t_max",
    EPOCHS,
    "all epochs",
    "The epochs down to the smallest rate.",
);
const ETA_MIN: Key<f64> = Key::or("eta_min", RATE, "0.0", "The smallest rate.");
const RATE: Form = up_to_1000(Bound::Included(0.0));
const TOTAL_ITERS: Key<usize> = Key::optional(
    "total_iters",
    EPOCHS,
    "all epochs",
    "The epochs down to zero.",
);
const POWER: Key<f64> = Key::or(
    "power",
    up_to_1000(Bound::Excluded(0.0)),
    "1.0",
    "The power of what is left of the epochs.",
);
const PCT_START: Key<f64> = Key::or(
    "pct_start",
    Form::Number(Limits::UNIT),
    "0.3",
    "The share of all steps in which the rate grows.",
);
const ANNEAL_STRATEGY: Key<Anneal> = Key::or(
    "anneal_strategy",
    Form::words::<Anneal>(),
    "\"cos\"",
    "How the rate goes from one to the next.",
);
const DIVISOR: Form = Form::Number(Limits {
    from: Bound::Included(1.0),
    to: Bound::Included(1e12),
});
const DIV_FACTOR: Key<f64> = Key::or(
    "div_factor",
    DIVISOR,
    "25.0",
    "How many times smaller than the optimizer's rate the first one is.",
);
const FINAL_DIV_FACTOR: Key<f64> = Key::or(
    "final_div_factor",
    DIVISOR,
    "10000.0",
    "How many times smaller than the first rate the last one is.",
);
const THREE_PHASE: Key<bool> = Key::or(
    "three_phase",
    Form::Boolean,
    "false",
    "Whether it comes down as it went up before it goes to the last rate.",
);
const PLATEAU_FACTOR: Key<f64> = Key::or(
    "factor",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Excluded(1.0),
    }),
    "0.1",
    "What the rate is multiplied by.",
);
const PATIENCE: Key<usize> = Key::or(
    "patience",
    COUNT,
    "10",
    "How many epochs in a row may bring nothing.",
);
const COUNT: Form = Form::Whole {
    min: 0,
    max: MAX_SIZE,
};
const THRESHOLD: Key<f64> = Key::or(
    "threshold",
    Form::Number(Limits::UNIT),
    "1e-4",
    "By how much the loss must fall to count.",
);
const THRESHOLD_MODE: Key<ThresholdMode> = Key::or(
    "threshold_mode",
    Form::words::<ThresholdMode>(),
    "\"rel\"",
    "What the threshold is measured in.",
);
const COOLDOWN: Key<usize> = Key::or(
    "cooldown",
    COUNT,
    "0",
    "The epochs after a reduction that do not count.",
);
const MIN_LR: Key<f64> = Key::or("min_lr", RATE, "0.0", "The smallest rate.");

impl Words for Anneal {
    const WORDS: &'static [(Self, Word)] = &[
        (Self::Cos, Word::new("cos", "Along half a cosine.")),
        (Self::Linear, Word::new("linear", "Along a line.")),
    ];
}

impl Words for ThresholdMode {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Relative,
            Word::new("rel", "In parts of the best loss."),
        ),
        (Self::Absolute, Word::new("abs", "As a difference.")),
    ];
}

pub const SCHEDULES: &[Type<Schedule>] = &[
    Type {
        info: TypeInfo {
            name: "constant",
            doc: "The same rate in every epoch.",
            keys: &[],
        },
        read: |fields| read(fields, |_| Ok(Curve::Constant)),
    },
    Type {
        info: TypeInfo {
            name: "step",
            doc: "The rate is multiplied by gamma every so many epochs.",
            keys: &[STEP_SIZE.info, GAMMA.info],
        },
        read: |fields| {
            read(fields, |fields| {
                Ok(Curve::Step {
                    step_size: fields.get(&STEP_SIZE)?,
                    gamma: fields.get(&GAMMA)?,
                })
            })
        },
    },
    Type {
        info: TypeInfo {
            name: "multi_step",
            doc: "The rate is multiplied by gamma after each of some epochs.",
            keys: &[MILESTONES.info, GAMMA.info],
        },
        read: |fields| read(fields, read_multi_step),
    },
    Type {
        info: TypeInfo {
            name: "exponential",
            doc: "The rate is multiplied by gamma in every epoch.",
            keys: &[GAMMA_OF_EPOCHS.info],
        },
        read: |fields| {
            read(fields, |fields| {
                let gamma = fields.get(&GAMMA_OF_EPOCHS)?;
                Ok(Curve::Exponential { gamma })
            })
        },
    },
    Type {
        info: TypeInfo {
            name: "cosine",
            doc: "Half a cosine down: ½ (1 + cos(π epoch / epochs)).",
            keys: &[T_MAX.info, ETA_MIN.info],
        },
        read: |fields| {
            read(fields, |fields| {
                Ok(Curve::Cosine {
                    t_max: fields.find(&T_MAX),
                    eta_min: fields.get(&ETA_MIN)?,
                })
            })
        },
    },
    Type {
        info: TypeInfo {
            name: "polynomial",
            doc: "A power of what is left of the epochs.",
            keys: &[TOTAL_ITERS.info, POWER.info],
        },
        read: |fields| {
            read(fields, |fields| {
                Ok(Curve::Polynomial {
                    total_iters: fields.find(&TOTAL_ITERS),
                    power: fields.get(&POWER)?,
                })
            })
        },
    },
    Type {
        info: TypeInfo {
            name: "one_cycle",
            doc: "Up to the optimizer's rate and down again, step by step.",
            keys: &[
                PCT_START.info,
                ANNEAL_STRATEGY.info,
                DIV_FACTOR.info,
                FINAL_DIV_FACTOR.info,
                THREE_PHASE.info,
            ],
        },
        read: |fields| read(fields, read_one_cycle),
    },
    Type {
        info: TypeInfo {
            name: "reduce_on_plateau",
            doc: "The rate is multiplied when the loss no longer falls.",
            keys: &[
                PLATEAU_FACTOR.info,
                PATIENCE.info,
                THRESHOLD.info,
                THRESHOLD_MODE.info,
                COOLDOWN.info,
                MIN_LR.info,
            ],
        },
        read: |fields| read(fields, read_reduce_on_plateau),
    },
];

fn read(
    fields: Fields<'_>,
    curve: fn(Fields<'_>) -> Result<Curve, Refusal>,
) -> Result<Schedule, Refusal> {
    let warmup = |fields: Fields<'_>| {
        Ok(Warmup {
            steps: fields.get(&STEPS)?,
            start_factor: fields.get(&START_FACTOR)?,
        })
    };
    Ok(Schedule {
        warmup: fields.section(WARMUP.name).map(warmup).transpose()?,
        curve: curve(fields)?,
    })
}

fn read_multi_step(fields: Fields<'_>) -> Result<Curve, Refusal> {
    let milestones = fields.get(&MILESTONES)?;
    if !milestones.is_sorted_by(|earlier, later| earlier < later) {
        return Err(Refusal::new("the milestones of a schedule must grow")
            .key(MILESTONES.info.name)
            .label("each epoch once, in order")
            .help("write them as in `milestones = [30, 60, 80]`"));
    }
    Ok(Curve::MultiStep {
        milestones,
        gamma: fields.get(&GAMMA)?,
    })
}

fn read_one_cycle(fields: Fields<'_>) -> Result<Curve, Refusal> {
    let three_phase = fields.get(&THREE_PHASE)?;
    let pct_start = fields.get(&PCT_START)?;
    if three_phase && pct_start > 0.5 {
        return Err(Refusal::new(
            "the rate cannot take as long down as up: more than half of the steps go up",
        )
        .key(PCT_START.info.name)
        .label("needs 0.5 at most, since `three_phase` is true")
        .help("make `pct_start` smaller, or drop `three_phase`"));
    }
    Ok(Curve::OneCycle(OneCycle {
        pct_start,
        anneal_strategy: fields.get(&ANNEAL_STRATEGY)?,
        div_factor: fields.get(&DIV_FACTOR)?,
        final_div_factor: fields.get(&FINAL_DIV_FACTOR)?,
        three_phase,
    }))
}

fn read_reduce_on_plateau(fields: Fields<'_>) -> Result<Curve, Refusal> {
    Ok(Curve::ReduceOnPlateau(ReduceOnPlateau {
        factor: fields.get(&PLATEAU_FACTOR)?,
        patience: fields.get(&PATIENCE)?,
        threshold: fields.get(&THRESHOLD)?,
        threshold_mode: fields.get(&THRESHOLD_MODE)?,
        cooldown: fields.get(&COOLDOWN)?,
        min_lr: fields.get(&MIN_LR)?,
    }))
}
