//! Which training a checkpoint is of.

use crate::data::{Dataset, Split, Targets, Values};
use crate::fit::Fit;
use crate::model::Trainable;
use crate::tensor_file;
use crate::weights;
use flate2::Crc;

/// The entry of the file's metadata.
pub const KEY: &str = "training";
/// The line with the names of the classes.
const CLASSES: &str = "classes";

/// What a training's bits depend on, one line for each thing: its name, then what it is; and what its classes are called.
///
/// Threads do not change bits, and a target accuracy only says when it is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    /// That of a training.
    pub fn of<M: Trainable>(fit: &Fit, data: &Split) -> Self {
        let Fit {
            epochs,
            batch_size,
            accumulation_steps,
            learning_rate,
            schedule,
            seed,
            augmentation,
            validation,
            skips_not_finite,
            ..
        } = fit;
        let names = data.train.class_names();
        let classes =
            (!names.is_empty()).then(|| format!("{CLASSES}: {}", names.join(weights::SEPARATOR)));
        let lines = [
            format!("version: {}", env!("CARGO_PKG_VERSION")),
            format!("network: {}", M::NAME),
            format!("layers: {:08x}", crc(M::SUMMARY.as_bytes())),
            format!("epochs: {epochs}"),
            format!("batch size: {batch_size}"),
            format!("accumulation steps: {accumulation_steps}"),
            format!("learning rate: {learning_rate}"),
            format!("schedule: {schedule:?}"),
            format!("seed: {seed}"),
            format!("augmentation: {augmentation:?}"),
            format!("validation: {validation:?}"),
            format!("skips steps that are not finite: {skips_not_finite}"),
            format!("training samples: {}", samples(&data.train)),
            format!("test samples: {}", samples(&data.test)),
        ];
        let lines: Vec<_> = lines.into_iter().chain(classes).collect();
        Self(lines.join("\n"))
    }

    /// That in a file; nothing if the file does not say.
    pub fn read(bytes: &[u8]) -> Self {
        Self(tensor_file::metadata(bytes, KEY).unwrap_or_default())
    }

    /// The names of the classes, if they have any.
    pub fn class_names(&self) -> Option<&str> {
        self.find(CLASSES)
    }

    fn find(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// As it stands in a file.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is different now, one line each.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let then = |name: &str| self.find(name).unwrap_or("not known");
        let lines = now.0.lines().filter_map(|line| line.split_once(": "));
        // What a class is called changes no bit.
        let differences = lines.filter(|(name, value)| *name != CLASSES && then(name) != *value);
        differences
            .map(|(name, value)| format!("  {name}: {} then, {value} now", then(name)))
            .collect()
    }
}

/// How many samples there are, and a checksum of them as the network sees them.
fn samples(data: &Dataset) -> String {
    let mut sum = Crc::new();
    match data.values() {
        Values::Pixels(bytes) => sum.update(bytes),
        Values::Numbers(numbers) => add(&mut sum, numbers.iter().copied().map(f64::from)),
    }
    match data.targets() {
        Targets::Classes { labels, .. } => sum.update(labels),
        Targets::Numbers { values, .. } => add(&mut sum, values.iter().copied().map(f64::from)),
        Targets::Inputs => {}
    }
    if let Some(normalization) = data.normalization() {
        add(&mut sum, normalization.mean().iter().copied());
        add(&mut sum, normalization.std().iter().copied());
    }
    format!("{}, checksum {:08x}", data.len(), sum.sum())
}

fn add(sum: &mut Crc, values: impl Iterator<Item = f64>) {
    for value in values {
        sum.update(&value.to_le_bytes());
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum()
}
