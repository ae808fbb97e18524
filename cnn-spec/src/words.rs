//! Words of the file in messages: quoted, and the known word that an unknown one stands for.

/// Words of other frameworks and habits, and what they are called here.
const ALIASES: &[(&str, &str)] = &[
    ("filters", "out_channels"),
    ("channels", "out_channels"),
    ("kernel", "kernel_size"),
    ("pool_size", "kernel_size"),
    ("size", "kernel_size"),
    ("units", "out_features"),
    ("outputs", "out_features"),
    ("features", "out_features"),
    ("inputs", "in_features"),
    ("lr", "learning_rate"),
    ("rate", "learning_rate"),
    ("eps", "epsilon"),
    ("l2", "weight_decay"),
    ("batch", "batch_size"),
    ("conv", "conv2d"),
    ("linear", "dense"),
    ("fc", "dense"),
    ("pool", "max_pool2d"),
    ("cross_entropy", "softmax_cross_entropy"),
    ("bce", "binary_cross_entropy"),
    ("mae", "l1"),
    ("float", "f32"),
    ("float32", "f32"),
    ("double", "f64"),
    ("float64", "f64"),
    ("model", "network"),
    ("train", "training"),
];

/// A word of the file in quotes, shortened and with control characters escaped.
pub(crate) fn quoted(word: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown = String::from("`");
    for letter in word.chars().take(SHOWN) {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    if word.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown + "`"
}

/// `did you mean …?`, or nothing if no known word is like `word`.
pub(crate) fn guess(word: &str, known: &[&str]) -> String {
    likely(word, known).map_or_else(String::new, |meant| format!("did you mean `{meant}`?"))
}

/// The known word that `word` most likely stands for.
pub(crate) fn likely<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let alias = ALIASES
        .iter()
        .filter(|(alias, _)| *alias == word)
        .find_map(|(_, meant)| known.iter().find(|known| *known == meant));
    // Of equals the first one: of `conv2d` and `conv1d` that which is meant more often.
    let alike = known
        .iter()
        .rev()
        .map(|candidate| (likeness(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.0)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate);
    alias.or(alike).copied()
}

/// How much a word is like a known one, up to 1; 0 if it is not.
fn likeness(word: &str, known: &str) -> f64 {
    const ALIKE: f64 = 0.85;
    let whole_part = word.len() >= 5 && known.contains(word);
    let swapped = strsim::osa_distance(word, known) == 1 && strsim::levenshtein(word, known) == 2;
    let likeness = strsim::jaro_winkler(word, known);
    if likeness > ALIKE {
        likeness
    } else if whole_part || swapped {
        ALIKE
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let keys = ["out_channels", "kernel_size", "stride", "padding"];
        assert_eq!(likely("kernal_size", &keys), Some("kernel_size"));
        assert_eq!(likely("strides", &keys), Some("stride"));
        assert_eq!(likely("Padding", &keys), Some("padding"));
        assert_eq!(
            likely("slope", &["type", "negative_slope"]),
            Some("negative_slope")
        );
        assert_eq!(likely("sdg", &["sgd", "adam"]), Some("sgd"));
        assert_eq!(likely("gelu", &["relu", "tanh"]), None);
        assert_eq!(likely("filters", &keys), Some("out_channels"));
        assert_eq!(likely("units", &keys), None);
        assert_eq!(likely("colour", &keys), None);
    }

    #[test]
    fn a_long_or_hostile_word_is_shown_short_and_harmless() {
        assert_eq!(quoted("relu"), "`relu`");
        assert_eq!(quoted("a\u{1b}[31m\n"), "`a\\u{1b}[31m\\n`");
        assert_eq!(quoted(&"x".repeat(41)), format!("`{}…`", "x".repeat(40)));
        assert_eq!(likely(&"x".repeat(1000), &["relu"]), None);
    }
}
