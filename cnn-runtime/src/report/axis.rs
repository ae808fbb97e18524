//! Axes: numbers and where they are drawn.

use serde::Serialize;

/// About as many ticks as an axis has.
const TICKS: f64 = 5.0;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tick {
    pub place: f64,
    pub label: String,
}

/// A range of numbers, drawn between two places.
pub struct Axis {
    pub range: [f64; 2],
    places: [f64; 2],
    /// From one tick to the next: 1, 2 or 5 times a power of ten.
    step: f64,
}

impl Axis {
    /// An axis that is as long as the range, with ticks at whole numbers.
    pub fn whole(range: [f64; 2], places: [f64; 2]) -> Self {
        Self {
            range,
            places,
            step: step(range[1] - range[0]).max(1.0),
        }
    }

    /// An axis that begins and ends with a tick.
    pub fn around([low, high]: [f64; 2], places: [f64; 2]) -> Self {
        let [low, high] = with_room([low, high]);
        let step = step(high - low);
        Self {
            // What is rounded is no reason for another tick.
            range: [
                (low / step + 1e-6).floor() * step,
                (high / step - 1e-6).ceil() * step,
            ],
            places,
            step,
        }
    }

    /// Where a number is drawn.
    pub fn place(&self, value: f64) -> f64 {
        let ([low, high], [from, to]) = (self.range, self.places);
        from + (value - low) / (high - low) * (to - from)
    }

    /// The marks, from the smallest.
    pub fn ticks(&self) -> Vec<Tick> {
        let [low, high] = self.range;
        let room = 1e-6 * self.step;
        let first = ((low - room) / self.step).ceil();
        let count = ((high + room) / self.step - first).floor() as usize;
        let decimals = -self.step.log10().floor() as i32;
        (0..=count)
            .map(|index| (first + index as f64) * self.step)
            .map(|value| Tick {
                place: self.place(value),
                label: label(value, decimals),
            })
            .collect()
    }
}

/// Room around numbers that hardly differ, so that their ticks do; more of it around a single number.
fn with_room([low, high]: [f64; 2]) -> [f64; 2] {
    let largest = low.abs().max(high.abs()).max(1e-9);
    let share = if high > low { 0.005 } else { 0.1 };
    let missing = (share * largest - (high - low)).max(0.0);
    [low - missing / 2.0, high + missing / 2.0]
}

/// With so many digits behind the point, or a power of ten where they were many.
fn label(value: f64, decimals: i32) -> String {
    // The sum of steps is not quite zero.
    if value.abs() < 1e-6 * 10_f64.powi(-decimals) {
        return "0".to_owned();
    }
    if decimals > 4 || value.abs() >= 1e6 {
        let digits = (value.abs() * 1.000_001).log10().floor() as i32 + decimals;
        return format!("{value:.0$e}", digits.clamp(0, 4) as usize);
    }
    format!("{value:.0$}", decimals.max(0) as usize)
}

/// A step that a person would choose for so wide a range.
fn step(span: f64) -> f64 {
    let rough = span / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let chosen = steps.into_iter().find(|step| *step >= rough * 0.999);
    chosen.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_around_what_is_shown() {
        let axis = Axis::around([0.031, 0.26], [100.0, 0.0]);
        assert_eq!(
            labels(&axis),
            ["0", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]
        );
        assert!((axis.place(0.0) - 100.0).abs() < 1e-9);
        assert!(axis.place(0.3).abs() < 1e-9);
    }

    #[test]
    fn a_single_number_has_an_axis() {
        for value in [0.0, 0.05, -3.0, 1e9] {
            let axis = Axis::around([value; 2], [0.0, 1.0]);
            let mut labels = labels(&axis);
            assert!((2..=8).contains(&labels.len()), "{labels:?}");
            let count = labels.len();
            labels.dedup();
            assert_eq!(labels.len(), count, "{labels:?}");
            assert!((0.0..=1.0).contains(&axis.place(value)), "{value}");
        }
    }

    #[test]
    fn small_numbers_have_short_labels() {
        let axis = Axis::around([0.0, 1e-5], [0.0, 1.0]);
        let expected = ["0", "2e-6", "4e-6", "6e-6", "8e-6", "1.0e-5"];
        assert_eq!(labels(&axis), expected);
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(labels(&Axis::whole([0.5, 1.5], [0.0, 1.0])), ["1"]);
        assert_eq!(
            labels(&Axis::whole([1.0, 10.0], [0.0, 1.0])),
            ["2", "4", "6", "8", "10"]
        );
    }
}
