//! What a network is, in a table: shapes, parameters, work and memory of every layer, and every setting.

mod table;

use crate::grammar::Words;
use crate::network::{Distribution, Layer, Network, Source};
use crate::receptive_field::receptive_fields;
use crate::shape::Shape;
use crate::training::{Clip, Objective, Target, Training};

/// A network's table; prints as aligned text in 120 columns, with `{:#}` in as many as it takes, and as Markdown by
/// [`Summary::markdown`].
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The name and what holds for the whole network: `Digits: f32, input 1×28×28`.
    pub title: String,
    /// One row for each layer, in order.
    pub rows: Vec<Row>,
    /// The sums of the rows.
    pub totals: Costs,
    /// How it is trained, with every hyperparameter that was set or has a default; then a line for each section on the
    /// samples that says anything.
    pub training: String,
}

/// What one layer is and costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The layer's name.
    pub name: String,
    /// What it computes, with each option that is not the default: `conv2d 5×5, stride 2×2`.
    pub kind: String,
    /// The shapes of what it reads.
    pub inputs: Vec<Shape>,
    /// The shape of what it puts out.
    pub output: Shape,
    /// The largest part of the input that a value which it puts out depends on: rows and columns, or the length of a
    /// sequence or vector.
    pub receptive_field: Vec<usize>,
    /// The distribution of its first weights and biases; empty without any.
    pub first_values: String,
    /// Its share of the totals.
    pub costs: Costs,
}

/// Sizes and work for one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Values that are learnt.
    pub parameters: u64,
    /// Multiply-adds with learnt weights in a forward pass to the network's output.
    pub forward: u64,
    /// Multiply-adds in a training step: forward, weight gradient, and input gradient where a layer that
    /// learns comes before.
    pub training: u64,
    /// Bytes of what is learnt.
    pub weight_bytes: u64,
    /// Bytes of what is put out for one sample.
    pub activation_bytes: u64,
    /// Bytes of the gradient of what is learnt.
    pub gradient_bytes: u64,
}

impl Summary {
    /// Tabulates a network.
    pub fn new(network: &Network) -> Self {
        let gradients = gradients(network);
        let needed = network.needed_for_output();
        let layers = network.layers.iter().zip(receptive_fields(network));
        let rows: Vec<Row> = layers
            .enumerate()
            .map(|(index, (layer, receptive_field))| Row {
                name: layer.name.clone(),
                kind: kind(index, network)
                    + if needed[index] {
                        ""
                    } else {
                        ", only in training"
                    },
                inputs: layer.input_shapes.clone(),
                output: layer.output_shape.clone(),
                receptive_field,
                first_values: first_values(layer),
                costs: costs(layer, network, &gradients, needed[index]),
            })
            .collect();
        let totals = rows.iter().fold(Costs::default(), |sum, row| Costs {
            parameters: sum.parameters + row.costs.parameters,
            forward: sum.forward + row.costs.forward,
            training: sum.training + row.costs.training,
            weight_bytes: sum.weight_bytes + row.costs.weight_bytes,
            activation_bytes: sum.activation_bytes + row.costs.activation_bytes,
            gradient_bytes: sum.gradient_bytes + row.costs.gradient_bytes,
        });
        Self {
            title: format!(
                "{}: {}, input {}",
                network.name,
                network.dtype.word(),
                network.input
            ),
            rows,
            totals,
            training: network
                .training
                .as_ref()
                .map_or("inference only".to_owned(), |training| {
                    format!("{}; {}", losses(network), settings(training))
                })
                + &samples(network),
        }
    }
}

/// For each layer, whether something learns in it or before it, so that a delta must come back to it.
fn gradients(network: &Network) -> Vec<bool> {
    let mut wanted: Vec<bool> = Vec::new();
    for layer in &network.layers {
        wanted.push(layer.learns() || reads_wanted(layer, &wanted));
    }
    wanted
}

fn reads_wanted(layer: &Layer, wanted: &[bool]) -> bool {
    layer.inputs.iter().any(|source| match source {
        Source::Input => false,
        Source::Layer(index) => wanted[*index],
    })
}

/// What a layer computes, and of what, if that is not the layer before it.
fn kind(index: usize, network: &Network) -> String {
    let Layer { kind, inputs, .. } = &network.layers[index];
    let before = index.checked_sub(1).map_or(Source::Input, Source::Layer);
    if *inputs == [before] {
        return kind.describe();
    }
    let name = |source: &Source| match source {
        Source::Input => "input",
        Source::Layer(index) => &network.layers[*index].name,
    };
    let names: Vec<_> = inputs.iter().map(name).collect();
    format!("{} of {}", kind.describe(), names.join(", "))
}

fn costs(layer: &Layer, network: &Network, gradients: &[bool], is_needed: bool) -> Costs {
    let forward = layer
        .kind
        .multiply_adds(layer.input_shape(), &layer.output_shape);
    let passes = 1 + u64::from(layer.learns()) + u64::from(reads_wanted(layer, gradients));
    let learnt = layer.parameters.iter().filter(|p| p.is_learnt());
    let parameters: usize = learnt.map(|p| p.shape.elements()).sum();
    let bytes = |values: usize| (values * network.dtype.bytes()) as u64;
    let has_gradient = network.training.is_some() && layer.learns();
    Costs {
        parameters: parameters as u64,
        forward: if is_needed { forward } else { 0 },
        training: passes * forward,
        weight_bytes: bytes(parameters),
        activation_bytes: bytes(layer.output_shape.elements()),
        gradient_bytes: if has_gradient { bytes(parameters) } else { 0 },
    }
}

/// `uniform ±0.2`, or `uniform ±0.2, bias zero`.
fn first_values(layer: &Layer) -> String {
    let in_words = |distribution| match distribution {
        Distribution::Constant { value: 0.0 } => "zero".to_owned(),
        Distribution::Constant { value } => value.to_string(),
        Distribution::Uniform { bound } => format!("uniform ±{bound:.4}"),
        Distribution::Normal { standard_deviation } => format!("normal σ {standard_deviation:.4}"),
    };
    let mut learnt = layer.parameters.iter().filter(|p| p.is_learnt());
    let Some(first) = learnt.next() else {
        return String::new();
    };
    let mut words = in_words(first.distribution);
    for other in learnt.filter(|other| other.distribution != first.distribution) {
        words = format!("{words}, {} {}", other.name, in_words(other.distribution));
    }
    words
}

/// `loss mse`, or a sum: `loss mse of dense2 + 0.3 mse of dense1 beside the input`.
fn losses(network: &Network) -> String {
    let term = |objective: &Objective| {
        let weight = match objective.weight {
            1.0 => String::new(),
            weight => format!("{weight} "),
        };
        let target = match objective.target {
            Target::Label => "",
            Target::Input => " beside the input",
        };
        let loss = objective.loss.describe();
        format!("{weight}{loss} of {}{target}", objective.name)
    };
    match network.objectives.as_slice() {
        [
            Objective {
                weight: 1.0, loss, ..
            },
        ] => format!("loss {}", loss.describe()),
        all => format!(
            "loss {}",
            all.iter().map(term).collect::<Vec<_>>().join(" + ")
        ),
    }
}

/// One line with every other hyperparameter.
fn settings(training: &Training) -> String {
    let Training {
        optimizer,
        clip,
        ema_decay,
        schedule,
        epochs,
        batch_size,
        accumulation_steps,
        seed,
    } = training;
    let clip = match clip {
        None => String::new(),
        Some(Clip::Norm(norm)) => format!(", gradients clipped to a norm of {norm}"),
        Some(Clip::Value(value)) => format!(", gradients clipped to values of {value}"),
    };
    let average = ema_decay.map_or_else(String::new, |decay| {
        format!(", weights averaged with decay {decay}")
    });
    let accumulation = match accumulation_steps {
        1 => String::new(),
        batches => format!(", an update every {batches} batches"),
    };
    format!(
        "{}{clip}{average}; schedule {}; epochs {epochs}, batch size {batch_size}{accumulation}, seed {seed}",
        optimizer.describe(),
        schedule.describe(),
    )
}

/// A line for each section that changes what is learnt.
fn samples(network: &Network) -> String {
    let validation = network.validation.map(|validation| validation.to_string());
    let sections = [
        ("data", network.data.to_string()),
        ("augmentation", network.augmentation.to_string()),
        ("validation", validation.unwrap_or_default()),
    ];
    let spoken = sections.iter().filter(|(_, words)| !words.is_empty());
    let lines = spoken.map(|(section, words)| format!("\n{section}: {words}"));
    lines.collect::<Vec<_>>().concat()
}

/// A number as people read it: `99,360`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NET: &str = r#"
        [network]
        name = "Net"
        input = [2, 8, 8]
        dtype = "f64"
        initialization = "kaiming_normal"

        [[layer]]
        type = "avg_pool2d"
        kernel_size = 2
        stride = 1

        [[layer]]
        type = "conv2d"
        out_channels = 4
        kernel_size = [3, 1]
        padding = [1, 0]
        groups = 2
        bias = "position"
        mode = "convolution"
        activation = { type = "leaky_relu", negative_slope = 0.25 }

        [[layer]]
        type = "dense"
        out_features = 5
        bias = false
        initialization = "xavier_uniform"

        [training]
        loss = "mse"
        optimizer = "adamw"
    "#;

    pub fn summary() -> Summary {
        Summary::new(&crate::parse(NET, "net.toml").unwrap())
    }

    #[test]
    fn costs_are_as_counted_by_hand() {
        let rows = summary().rows;
        // The pool has no weights, and nothing before it learns.
        assert_eq!(rows[0].costs.training, 0);
        // 4 maps of 7×7, each value from one channel (two groups of two) and three taps.
        assert_eq!(rows[1].costs.forward, 4 * 49 * 3);
        assert_eq!(rows[1].costs.training, 2 * 4 * 49 * 3);
        // 4·1·3·1 weights and a bias for each of 4·7·7 positions.
        assert_eq!(rows[1].costs.parameters, 12 + 196);
        assert_eq!(rows[1].costs.activation_bytes, 196 * 8);
        assert_eq!(rows[1].costs.weight_bytes, (12 + 196) * 8);
        assert_eq!(rows[1].costs.gradient_bytes, (12 + 196) * 8);
        assert_eq!(rows[3].costs.training, 3 * 196 * 5);
    }

    #[test]
    fn the_text_shows_everything_that_changes_the_mathematics() {
        let text = format!("{:#}", summary());
        for words in [
            "Net: f64, input 2×8×8",
            "avg_pool2d 2×2, stride 1×1",
            "conv2d 3×1, padding 1×0, 2 groups, bias per position, kernel turned",
            "leaky_relu, negative slope 0.25",
            "dense, no bias",
            // √(2 / 3), and √(6 / (196 + 5)).
            "normal σ 0.8165, bias zero",
            "uniform ±0.1728",
            "loss mse; adamw, learning rate 0.001, betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01; \
             schedule constant; epochs 10, batch size 64, seed 0",
        ] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
    }

    #[test]
    fn sections_on_the_samples_are_shown_where_they_say_anything() {
        let sections = r#"
            [data]
            task = "reconstruction"
            normalize = true

            [augmentation]
            rotate = 10
            scale = [0.9, 1.1]
            shear = 5
            shift = 1.5
            horizontal_flip = 0.5
            crop_padding = 1
            elastic = { alpha = 34, sigma = 4 }
            cutout = 3
            noise = 0.1

            [validation]
            patience = 3
        "#;
        let net = NET.replace("out_features = 5", "out_features = 128");
        let summary = Summary::new(&crate::parse(&(net + sections), "net.toml").unwrap());
        let lines: Vec<&str> = summary.training.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "data: reconstruction, normalised by the training data",
                "augmentation: rotation up to ±10°, scale 0.9 to 1.1, shear up to ±5°, shift up to ±1.5 pixels, \
                 horizontal flip of 0.5, crop after padding by 1, elastic distortion by 34 with σ 4, cutout of 3×3, \
                 noise σ 0.1",
                "validation: 0.1 of the training set, monitor loss, patience 3, min delta 0, keep the best",
            ]
        );
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(99_360), "99,360");
        assert_eq!(grouped(1_131_960), "1,131,960");
    }
}
