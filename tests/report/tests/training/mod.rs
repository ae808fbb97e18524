//! Small trainings to tell of.

use cnn_runtime::data::{Dataset, Split};
use cnn_runtime::profile::Profiled;
use cnn_runtime::report::Report;
use cnn_runtime::trainer::Insight;
use cnn_runtime::{EpochReport, Fit, Rng, Score, Trainable};

/// A network that was trained for a short while.
pub struct Trained<M: Trainable> {
    pub parameters: Box<M::Parameters>,
    pub data: Split,
    pub fit: Fit,
    pub epochs: Vec<EpochReport>,
    pub score: Score,
    pub insight: Insight<M>,
    pub command: Vec<String>,
}

impl<M: Profiled> Trained<M> {
    pub fn new(insight: Insight<M>, data: Split, epochs: usize) -> Self {
        let fit = Fit {
            epochs,
            ..Fit::new::<M>()
        };
        let mut parameters = fit.initialize::<M>();
        let mut reports = Vec::new();
        let observer = |report: &EpochReport| reports.push(*report);
        let score = fit.run::<M>(&mut parameters, &data, observer).unwrap();
        Self {
            parameters,
            data,
            fit,
            epochs: reports,
            score,
            insight: insight.with_profile(),
            command: ["trainer", "--epochs", "3"].map(str::to_owned).into(),
        }
    }

    pub fn report(&self) -> Report<'_, M> {
        Report {
            parameters: &self.parameters,
            data: &self.data,
            fit: &self.fit,
            epochs: &self.epochs,
            score: self.score,
            insight: Some(&self.insight),
            command: &self.command,
        }
    }

    pub fn html(&self) -> String {
        self.report().html().unwrap()
    }
}

/// Random pictures of some classes: 40 to learn, 23 to test.
pub fn pictures(shape: &[usize], classes: usize) -> Split {
    let part = |name: &str, count: usize, seed| {
        let mut rng = Rng::new(seed);
        let mut byte = || rng.below(256) as u8;
        let pixels: Vec<u8> = (0..count * shape.iter().product::<usize>())
            .map(|_| byte())
            .collect();
        let labels = (0..count).map(|sample| (sample % classes) as u8).collect();
        Dataset::new(name, shape, pixels, labels, classes).unwrap()
    };
    Split {
        train: part("training pictures", 40, 1),
        test: part("test pictures", 23, 2),
    }
}
