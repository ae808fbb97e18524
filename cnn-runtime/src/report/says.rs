//! What a network's outputs say of classes.

use crate::model::Trainable;
use crate::target::Target;

/// How outputs are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// They are probabilities, or become so by a softmax.
    Probabilities,
    /// They are what they are.
    Outputs,
}

impl Says {
    /// A loss for classes reads outputs as probabilities; one for numbers does not.
    pub fn of<M: Trainable>() -> Self {
        if M::Target::TAKES_NUMBERS {
            Self::Outputs
        } else {
            Self::Probabilities
        }
    }

    /// What is said of each class.
    pub fn read(self, outputs: Vec<f64>) -> Vec<f64> {
        let is_said = outputs.iter().all(|output| *output >= 0.0)
            && (outputs.iter().sum::<f64>() - 1.0).abs() < 1e-4;
        if self == Self::Outputs || is_said {
            return outputs;
        }
        // Of logits and of logarithms of probabilities alike.
        let largest = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers = outputs.iter().map(|output| (output - largest).exp());
        let powers: Vec<_> = powers.collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }

    /// What it is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Probabilities => "probability",
            Self::Outputs => "output",
        }
    }

    /// In words: `99.8 %`, or `0.713`.
    pub fn word(self, said: f64) -> String {
        match self {
            Self::Probabilities => percent(said),
            Self::Outputs => super::chart::round(said),
        }
    }
}

/// `99.8 %`; what is nearly all is not called all, and what is hardly anything is not called nothing.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if share < 1.0 && percent > 99.9 {
        "> 99.9 %".to_owned()
    } else if share > 0.0 && percent < 0.1 {
        "< 0.1 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_and_probabilities_and_their_logarithms_say_the_same() {
        let probabilities = [0.7, 0.2, 0.1];
        for shift in [0.0, 3.0, -800.0] {
            let logits = probabilities.map(|p: f64| p.ln() + shift).to_vec();
            let said = Says::Probabilities.read(logits);
            for (said, expected) in said.iter().zip(probabilities) {
                assert!((said - expected).abs() < 1e-12);
            }
        }
        let said = Says::Probabilities.read(probabilities.to_vec());
        assert_eq!(said, probabilities);
        assert_eq!(Says::Outputs.read(vec![3.0, -1.0]), [3.0, -1.0]);
    }

    #[test]
    fn certainty_is_not_claimed() {
        assert_eq!(percent(0.999_999), "> 99.9 %");
        assert_eq!(percent(0.000_001), "< 0.1 %");
        assert_eq!(percent(0.123_4), "12.3 %");
        assert_eq!([percent(0.0), percent(1.0)], ["0.0 %", "100.0 %"]);
    }
}
