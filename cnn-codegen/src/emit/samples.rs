//! What the file says of the samples and of what is put out for them, as constants: each only where it differs from what
//! holds without it.

use super::tokens::{ident, number};
use cnn_spec::augmentation::{Augmentation, Elastic};
use cnn_spec::data::{Data, Normalization};
use cnn_spec::layer::{Activation, Kind};
use cnn_spec::network::Network;
use cnn_spec::training::Loss;
use cnn_spec::validation::Validation;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Whether there are any such constants.
pub fn are_set(network: &Network) -> bool {
    network.training.is_some() && !constants(network).is_empty()
}

/// The constants `DATA`, `OUTPUTS`, `AUGMENTATION` and `VALIDATION` of `Trainable`.
pub fn constants(network: &Network) -> TokenStream {
    let data = (network.data != Data::default()).then(|| data(&network.data));
    let outputs = outputs(network);
    let augmentation = (network.augmentation != Augmentation::default())
        .then(|| augmentation(&network.augmentation));
    let validation = network.validation.as_ref().map(validation);
    quote!(#data #outputs #augmentation #validation)
}

/// What the values of the output say; nothing where they are logits of classes.
fn outputs(network: &Network) -> Option<TokenStream> {
    let loss = &network.training.as_ref()?.loss;
    let last = &network.layers.last()?.kind;
    let outputs = match (loss, last) {
        (loss, last) if loss.includes(last) => "Probabilities",
        (Loss::SoftmaxCrossEntropy(_), _) => return None,
        (Loss::Nll(_), _) => "LogProbabilities",
        (Loss::BinaryCrossEntropy { .. }, _) => "BinaryLogits",
        (_, Kind::Softmax(_) | Kind::Activation(Activation::Sigmoid)) => "Probabilities",
        _ => "Values",
    };
    let outputs = ident(outputs);
    Some(quote!(const OUTPUTS: settings::Outputs = settings::Outputs::#outputs;))
}

fn data(data: &Data) -> TokenStream {
    let path = data.path.iter().map(|path| quote!(path: Some(#path),));
    let format = data.format.iter().map(|format| {
        let format = ident(&format!("{format:?}"));
        quote!(format: Some(settings::Format::#format),)
    });
    let task = (data.task != Data::default().task).then(|| {
        let task = ident(&format!("{:?}", data.task));
        quote!(task: settings::Task::#task,)
    });
    let columns = &data.targets;
    let targets = (!columns.is_empty()).then(|| quote!(targets: &[#(#columns),*],));
    let normalize = normalize(&data.normalization)
        .map(|normalize| quote!(normalize: settings::Normalize::#normalize,));
    quote! {
        const DATA: settings::Data = settings::Data {
            #(#path)*
            #(#format)*
            #task
            #targets
            #normalize
            ..settings::Data::DEFAULT
        };
    }
}

fn normalize(normalization: &Normalization) -> Option<TokenStream> {
    match normalization {
        Normalization::None => None,
        Normalization::Computed => Some(quote!(Computed)),
        Normalization::Given { mean, std } => {
            let [mean, std] = [mean, std].map(|values| values.iter().map(|value| real(*value)));
            Some(quote!(Given { mean: &[#(#mean),*], std: &[#(#std),*] }))
        }
    }
}

fn augmentation(augmentation: &Augmentation) -> TokenStream {
    let strength = |name: &str, value: f64| {
        let (name, number) = (ident(name), real(value));
        (value > 0.0).then(|| quote!(#name: #number,))
    };
    let pixels = |name: &str, value: usize| {
        let (name, number) = (ident(name), number(value));
        (value > 0).then(|| quote!(#name: #number,))
    };
    let [from, to] = augmentation.scale;
    let scale = (from < 1.0 || to > 1.0).then(|| {
        let [from, to] = [from, to].map(real);
        quote!(scale: [#from, #to],)
    });
    let elastic = augmentation.elastic.map(|Elastic { alpha, sigma }| {
        let [alpha, sigma] = [alpha, sigma].map(real);
        quote!(elastic: Some(settings::Elastic { alpha: #alpha, sigma: #sigma }),)
    });
    let fields = [
        strength("rotate", augmentation.rotate),
        scale,
        strength("shear", augmentation.shear),
        strength("shift", augmentation.shift),
        strength("horizontal_flip", augmentation.horizontal_flip),
        pixels("crop_padding", augmentation.crop_padding),
        elastic,
        pixels("cutout", augmentation.cutout),
        strength("noise", augmentation.noise),
    ];
    let fields = fields.into_iter().flatten();
    quote! {
        const AUGMENTATION: settings::Augmentation = settings::Augmentation {
            #(#fields)*
            ..settings::Augmentation::NONE
        };
    }
}

fn validation(validation: &Validation) -> TokenStream {
    let [fraction, min_delta] = [validation.fraction, validation.min_delta].map(real);
    let monitor = ident(&format!("{:?}", validation.monitor));
    let patience = validation.patience.map(number);
    let patience = patience.map_or_else(|| quote!(None), |epochs| quote!(Some(#epochs)));
    let keep_best = validation.keep_best;
    quote! {
        const VALIDATION: Option<settings::Validation> = Some(settings::Validation {
            fraction: #fraction,
            monitor: settings::Monitor::#monitor,
            patience: #patience,
            min_delta: #min_delta,
            keep_best: #keep_best,
        });
    }
}

/// A number with its sign.
fn real(value: f64) -> TokenStream {
    let number: Literal = format!("{:?}", value.abs())
        .parse()
        .expect("settings are finite");
    if value < 0.0 {
        quote!(-#number)
    } else {
        quote!(#number)
    }
}
