//! What a network says of a class, in words.

use super::chart::round;
use crate::settings::Outputs;

/// What it is called.
pub fn noun(outputs: Outputs) -> &'static str {
    match outputs {
        Outputs::Values => "output",
        _ => "probability",
    }
}

/// `99.8 %`, or `0.713` where it is no probability.
pub fn word(outputs: Outputs, said: f64) -> String {
    match outputs {
        Outputs::Values => round(said),
        _ => percent(said),
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
    fn certainty_is_not_claimed() {
        assert_eq!(percent(0.999_999), "> 99.9 %");
        assert_eq!(percent(0.000_001), "< 0.1 %");
        assert_eq!(percent(0.123_4), "12.3 %");
        assert_eq!([percent(0.0), percent(1.0)], ["0.0 %", "100.0 %"]);
    }

    #[test]
    fn outputs_are_no_percentages() {
        assert_eq!(word(Outputs::Values, 0.5), "0.5");
        assert_eq!(word(Outputs::Logits, 0.5), "50.0 %");
    }
}
