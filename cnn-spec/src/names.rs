//! Which names the generated code can carry.

/// Rust's keywords, also those that are only reserved.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "Self",
];

/// Types that the generated code defines, or names without a path.
const TYPES: &[&str] = &[
    "Input",
    "Insight",
    "Output",
    "Target",
    "Parameters",
    "Activations",
    "Deltas",
    "Sample",
    "Statistics",
    "Workspace",
    "Optimizer",
    "Model",
    "Trainable",
    "Real",
    "Rng",
    "Settings",
    "TensorInfo",
    "Totals",
    "Schedule",
    "Tensor",
    "Zeroed",
    "Gradients",
    "Moments",
    "Learnt",
    "Matrices",
    "Others",
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "Box",
    "Vec",
    "String",
    "Clone",
    "Copy",
    "Send",
    "Sync",
    "Sized",
    "Drop",
    "Fn",
    "FnMut",
    "FnOnce",
    "Default",
    "Debug",
    "Iterator",
    "From",
    "Into",
    "AsRef",
    "AsMut",
    "ToOwned",
    "ToString",
    "Extend",
    "Eq",
    "PartialEq",
    "Ord",
    "PartialOrd",
    "Hash",
    "TryFrom",
    "TryInto",
    "IntoIterator",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "FromIterator",
];

/// Variables, fields and functions of the generated code.
const VALUES: &[&str] = &[
    "input",
    "output",
    "target",
    "parameters",
    "gradients",
    "activations",
    "deltas",
    "optimizer",
    "forward",
    "backward",
    "loss",
    "update",
    "inputs",
    "targets",
    "initialize",
    "evaluate",
    "settings",
    "workspace",
    "rng",
    "batch_size",
    "learning_rate",
    "totals",
    "sample",
    "samples",
    "statistics",
    "sums",
    "masks",
    "phase",
    "track",
    "values",
    "values_mut",
    "core",
    "std",
    "alloc",
    "cnn_runtime",
];

/// Words that generated names put behind a layer's: `conv1_forward`, `conv1_padded`, `relu1_from_conv2`, `dense1_loss`.
const SUFFIXES: &[&str] = &[
    "forward",
    "backward",
    "padded",
    "lanes",
    "sums",
    "rows",
    "argmax",
    "fork",
    "from",
    "statistics",
    "loss",
];

/// Short enough that a reference to a layer's field fits on a line of generated code.
const MAX_LENGTH: usize = 32;

/// Why a network cannot be called so.
pub(crate) fn refuse_network(name: &str) -> Option<String> {
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Some("a network's name begins with a capital letter from A to Z".to_owned());
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Some("a network's name has only letters from A to Z and digits".to_owned());
    }
    refuse(name)
}

/// Why a layer cannot be called so.
pub(crate) fn refuse_layer(name: &str) -> Option<String> {
    let is_lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("a layer's name begins with a lowercase letter".to_owned());
    }
    if !name.chars().all(is_lower) {
        return Some("a layer's name has only lowercase letters, digits and `_`".to_owned());
    }
    if name.split('_').any(str::is_empty) {
        return Some("a `_` stands between two words".to_owned());
    }
    if let Some(word) = name.split('_').find(|word| SUFFIXES.contains(word)) {
        return Some(format!("`{word}` would look like a part of another layer"));
    }
    refuse(name)
}

/// Why generated code cannot have this name.
fn refuse(name: &str) -> Option<String> {
    let reason = if name.len() > MAX_LENGTH {
        "a name has at most 32 characters"
    } else if KEYWORDS.contains(&name) {
        "this is a keyword of Rust"
    } else if VALUES.contains(&name) || TYPES.contains(&type_name(name).as_str()) {
        "the generated code uses this name itself"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

/// The generated type of a layer: `LeakyRelu1` for `leaky_relu1`.
pub fn type_name(layer: &str) -> String {
    let capitalised = layer.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    capitalised.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_welcome() {
        for name in [
            "conv1",
            "stem",
            "block_2_conv",
            "a",
            "leaky_relu1",
            "input_conv",
            "first",
        ] {
            assert_eq!(refuse_layer(name), None, "{name}");
        }
        for name in ["Digits", "LeNet5", "N"] {
            assert_eq!(refuse_network(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_break_the_generated_code_are_refused() {
        let layers = [
            "",
            "1a",
            "_a",
            "Conv",
            "a-b",
            "a b",
            "größe",
            "fn",
            "self",
            "gen",
            "input",
            "loss",
            "conv1_forward",
            "backward_pass",
            "conv1_padded",
            "relu1_from_conv2",
            "relu1_fork",
            "a__b",
            "a_",
            "rng",
            "string",
            "option",
            "a\0",
            "r#fn",
        ];
        for name in layers {
            assert!(refuse_layer(name).is_some(), "{name}");
        }
        for name in [
            "", "Self", "_N", "5", "Box", "net", "My_Net", "Größe", "A::B", "impl", "Real",
        ] {
            assert!(refuse_network(name).is_some(), "{name}");
        }
        assert_eq!(refuse_network(&"N".repeat(32)), None);
        assert!(refuse_network(&"N".repeat(33)).is_some());
    }

    #[test]
    fn types_are_named_in_camel_case() {
        assert_eq!(type_name("conv1"), "Conv1");
        assert_eq!(type_name("leaky_relu1"), "LeakyRelu1");
        assert_eq!(type_name("a__b_"), "AB");
        assert_eq!(type_name("größe_ß"), "Größeß");
    }
}
