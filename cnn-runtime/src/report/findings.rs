//! What the test set shows of a network: how often which class is taken for which, and where it fails most.

use crate::data::{Dataset, Targets};
use crate::evaluate::each_output;
use crate::math::Real;
use crate::meaning::meaning;
use crate::metrics::Confusion;
use crate::model::Trainable;
use crate::settings::Outputs;
use crate::target::{Target, argmax};
use crate::tensor::Tensor;

/// As many failures are told of.
const FAILURES: usize = 24;

/// As many points are drawn, at most.
const POINTS: usize = 500;

/// What came out for a test set.
pub enum Findings {
    Classes(Classes),
    Numbers(Numbers),
}

/// What came out where targets are classes.
pub struct Classes {
    pub confusion: Confusion,
    pub mistakes: Worst<Mistake>,
    /// What is said of classes.
    pub outputs: Outputs,
}

/// A sample that was taken for another class.
pub struct Mistake {
    pub sample: usize,
    pub class: usize,
    pub prediction: usize,
    /// What the network says of the prediction, and of the class.
    pub of_prediction: f64,
    pub of_class: f64,
}

/// What came out where targets are numbers.
pub struct Numbers {
    pub deviations: Worst<Deviation>,
    /// The first target and the first output of samples spread over the set.
    pub points: Vec<[f64; 2]>,
}

/// What was put out for a sample beside what should have been.
pub struct Deviation {
    pub sample: usize,
    /// The mean of the absolute differences.
    pub mean: f64,
    pub target: Vec<f64>,
    pub output: Vec<f64>,
}

impl Findings {
    /// Looks at every sample of a test set that fits the network.
    pub fn of<M: Trainable>(parameters: &M::Parameters, data: &Dataset) -> Self {
        match data.targets() {
            Targets::Classes { labels, classes } => {
                Self::Classes(Classes::of::<M>(parameters, data, labels, *classes))
            }
            Targets::Numbers { .. } | Targets::Inputs => {
                Self::Numbers(Numbers::of::<M>(parameters, data))
            }
        }
    }
}

impl Classes {
    fn of<M: Trainable>(
        parameters: &M::Parameters,
        data: &Dataset,
        labels: &[u8],
        classes: usize,
    ) -> Self {
        let mut confusion = Confusion::new(classes);
        let mut mistakes = Worst::default();
        each::<M>(parameters, data, |sample, _, output| {
            let (class, prediction) = (usize::from(labels[sample]), argmax(output));
            confusion.count(class, prediction);
            if class != prediction {
                let said = meaning(M::OUTPUTS, output.values());
                let (of_prediction, of_class) = (said[prediction], said[class]);
                mistakes.offer(of_prediction - of_class, || Mistake {
                    sample,
                    class,
                    prediction,
                    of_prediction,
                    of_class,
                });
            }
        });
        Self {
            confusion,
            mistakes,
            outputs: M::OUTPUTS,
        }
    }
}

impl Numbers {
    fn of<M: Trainable>(parameters: &M::Parameters, data: &Dataset) -> Self {
        let mut deviations = Worst::default();
        let mut points = Vec::new();
        let stride = data.len().div_ceil(POINTS);
        each::<M>(parameters, data, |sample, target, output| {
            let (target, output) = (target.numbers().collect::<Vec<_>>(), numbers(output));
            let differences = target.iter().zip(&output);
            let sum: f64 = differences.map(|(y, a)| (a - y).abs()).sum();
            let mean = sum / output.len() as f64;
            if sample % stride == 0 {
                points.push([target[0], output[0]]);
            }
            deviations.offer(mean, || Deviation {
                sample,
                mean,
                target,
                output,
            });
        });
        Self { deviations, points }
    }
}

/// The worst of what was offered.
pub struct Worst<T> {
    /// How bad, and what; the worst first.
    items: Vec<(f64, T)>,
}

impl<T> Default for Worst<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Worst<T> {
    /// Takes it if it is bad enough; of what is equally bad, the first.
    fn offer(&mut self, badness: f64, item: impl FnOnce() -> T) {
        let place = self.items.partition_point(|(known, _)| *known >= badness);
        if place < FAILURES {
            self.items.insert(place, (badness, item()));
            self.items.truncate(FAILURES);
        }
    }

    /// The worst first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }
}

/// Visits all samples: the index, what should be put out, and what is.
fn each<M: Trainable>(
    parameters: &M::Parameters,
    data: &Dataset,
    mut visit: impl FnMut(usize, &M::Target, &M::Output),
) {
    let mut target = M::Target::from_label(0);
    each_output::<M>(parameters, data, 0..data.len(), |sample, input, output| {
        data.gather_target(sample, input, &mut target);
        visit(sample, &target, output);
    });
}

fn numbers<T: Tensor>(tensor: &T) -> Vec<f64> {
    tensor.values().iter().map(|value| value.to_f64()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_are_kept_in_order() {
        let mut worst = Worst::default();
        for number in 0..100 {
            worst.offer(f64::from(number % 50), || number);
        }
        let kept: Vec<_> = worst.iter().copied().collect();
        assert_eq!(kept.len(), FAILURES);
        assert_eq!(kept[..4], [49, 99, 48, 98]);
        assert_eq!(kept[FAILURES - 1], 88);
    }
}
