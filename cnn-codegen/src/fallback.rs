//! A network that stands in for one whose file is wrong, so that code around it does not err as well.

use crate::Options;
use crate::source::Source;
use proc_macro2::TokenStream;
use toml::de::{DeTable, DeValue};

/// The smallest network, with the input, the output and the loss of `text` as far as they can be made out; `None` if it
/// cannot be called so.
pub(crate) fn tokens(text: &str, options: &Options) -> Option<TokenStream> {
    let file = DeTable::parse_recoverable(text).0.into_inner();
    [&file, &DeTable::new()].into_iter().find_map(|file| {
        let network = Source::new(network(file), "fallback.toml");
        Some(network.compile(options).ok()?.tokens().clone())
    })
}

fn network(file: &DeTable) -> String {
    let input = input(file).unwrap_or_else(|| vec![1]);
    let dtype = word(file, "network", "dtype", &["f32", "f64"]);
    let loss = word(
        file,
        "training",
        "loss",
        &["softmax_cross_entropy", "mse", "quadratic"],
    );
    let out_features = out_features(file).unwrap_or(2);
    format!(
        r#"
[network]
name = "Fallback"
input = {input:?}
dtype = "{dtype}"
[[layer]]
type = "dense"
out_features = {out_features}
[training]
loss = "{loss}"
optimizer = {{ type = "sgd", learning_rate = 1.0 }}
epochs = 1
batch_size = 1
seed = 0
"#
    )
}

fn input(file: &DeTable) -> Option<Vec<usize>> {
    let shape = file
        .get("network")?
        .get_ref()
        .get("input")?
        .get_ref()
        .as_array()?;
    shape.iter().map(|size| number(size.get_ref())).collect()
}

fn out_features(file: &DeTable) -> Option<usize> {
    let layers = file.get("layer")?.get_ref().as_array()?;
    let mut sizes = layers
        .iter()
        .rev()
        .filter_map(|layer| layer.get_ref().get("out_features"));
    number(sizes.next()?.get_ref())
}

/// The value of a key if it is one of the known words, otherwise the first of them.
fn word<'a>(file: &DeTable, section: &str, key: &str, known: &[&'a str]) -> &'a str {
    let value = file
        .get(section)
        .and_then(|section| section.get_ref().get(key)?.get_ref().as_str());
    known
        .iter()
        .find(|word| Some(**word) == value)
        .unwrap_or(&known[0])
}

fn number(value: &DeValue) -> Option<usize> {
    value.as_integer()?.as_str().parse().ok()
}
