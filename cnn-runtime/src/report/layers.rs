//! Kernels and feature maps as pictures.

use super::look::{Look, largest};
use super::page::called;
use super::picture::Picture;
use crate::data::{Dataset, Shape};
use crate::math::Real;
use crate::model::{Model, Parameters};
use crate::trainer::Insight;
use crate::zeroed::Zeroed;
use png::EncodingError;
use serde::Serialize;

/// As many feature maps of a layer are shown, at most.
const MAPS: usize = 32;

/// The numbers of a vector that stand in a row.
const ROW: usize = 32;

/// As many samples are followed through the layers.
const SAMPLES: usize = 3;

/// The kernels of the first convolution.
pub struct Kernels {
    /// `conv1.weight`.
    pub name: &'static str,
    pub shape: &'static [usize],
    /// For each output, a picture for each input.
    pub pictures: Vec<Vec<Picture>>,
    /// The largest weight, whatever its sign: it has the full colour.
    pub largest: f64,
}

impl Kernels {
    /// Those that the network's insight names.
    pub fn of<M: Model>(parameters: &M::Parameters, insight: &Insight<M>) -> Option<Self> {
        let is_named = |index: &usize| Some(M::Parameters::TENSORS[*index].name) == insight.kernels;
        let index = (0..M::Parameters::TENSORS.len()).find(is_named)?;
        let info = &M::Parameters::TENSORS[index];
        let [_, inputs, window @ ..] = info.shape else {
            return None;
        };
        let (width, size) = (*window.last()?, window.iter().product::<usize>());
        let weights = numbers(parameters.tensor(index));
        let largest = largest(&weights);
        let pictures = weights
            .chunks(inputs * size)
            .map(|kernel| {
                kernel
                    .chunks(size)
                    .map(|slice| Picture::of_numbers(width, slice, largest))
                    .collect()
            })
            .collect();
        Some(Self {
            name: info.name,
            shape: info.shape,
            pictures,
            largest,
        })
    }
}

/// What the layers make of a sample.
#[derive(Serialize)]
pub struct Journey {
    pub sample: usize,
    /// None where there are no classes.
    pub class: Option<String>,
    pub look: Look,
    pub layers: Vec<Layer>,
}

/// What one layer puts out.
#[derive(Serialize)]
pub struct Layer {
    pub name: String,
    pub shape: String,
    /// Whether it is a vector or a sequence.
    pub is_flat: bool,
    /// The pixels of a row.
    pub width: usize,
    /// The addresses of pictures.
    pub maps: Vec<String>,
    /// How many maps are not shown.
    pub hidden: usize,
}

/// A few samples of different classes on their way through the layers.
pub fn journeys<M: Model>(
    parameters: &M::Parameters,
    data: &Dataset,
    insight: &Insight<M>,
) -> Result<Vec<Journey>, EncodingError> {
    let mut input = M::Input::boxed();
    chosen(data)
        .into_iter()
        .map(|sample| {
            data.gather(sample, &mut *input);
            let mut layers = Vec::new();
            (insight.show_layers)(parameters, &input, &mut |name, shape, values| {
                layers.push(layer(name, shape, &numbers(values)));
            });
            Ok(Journey {
                sample,
                class: data
                    .labels()
                    .get(sample)
                    .map(|label| called(data, (*label).into())),
                look: Look::of_sample(data, sample)?,
                layers: layers.into_iter().collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

/// The first sample of each of the first classes; the first samples where there are no classes.
fn chosen(data: &Dataset) -> Vec<usize> {
    let labels = data.labels();
    let mut seen = Vec::new();
    (0..data.len())
        .filter(|sample| match labels.get(*sample) {
            Some(label) if seen.contains(label) => false,
            Some(label) => {
                seen.push(*label);
                true
            }
            None => true,
        })
        .take(SAMPLES)
        .collect()
}

fn layer(name: &str, shape: &[usize], values: &[f64]) -> Result<Layer, EncodingError> {
    let largest = largest(values);
    // A sequence has a row for each channel.
    let is_flat = shape.len() < 3 || shape[1] == 1;
    let (width, size) = match *shape {
        [_, 1, length] if length > 1 => (length, values.len()),
        [_, height, width] if !is_flat => (width, height * width),
        _ => (ROW.min(values.len()), values.len()),
    };
    let maps = values.chunks(size);
    Ok(Layer {
        name: name.to_owned(),
        shape: Shape(shape).to_string(),
        is_flat,
        width,
        hidden: maps.len().saturating_sub(MAPS),
        maps: maps
            .take(MAPS)
            .map(|map| Picture::of_numbers(width, map, largest).address())
            .collect::<Result<_, _>>()?,
    })
}

fn numbers<R: Real>(values: &[R]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}
