//! The workloads in burn, on its backend in Rust for processors.

use bench_protocol::{Measure, POOL, Request, labels, pixels};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use cnn_spec::Network;
use cnn_spec::layer::Kind;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::from_env()?;
    let network = request.network()?;
    let device = match request.measure {
        Measure::Train => Device::flex().autodiff(),
        Measure::One | Measure::Batch => Device::flex(),
    };
    let model = Net::new(&network, &device);
    let parameters = model.num_params();
    let samples = request.measure.samples();
    let pool = batches(&request, &network, &device);
    let mut pool = pool.iter().cloned().cycle();
    if request.measure == Measure::Train {
        let mut optimizer = SgdConfig::new().init();
        let loss = CrossEntropyLossConfig::new().init(&device);
        let mut model = Some(model);
        request.serve(parameters, samples, || {
            let (Some((images, labels)), Some(current)) = (pool.next(), model.take()) else {
                return;
            };
            let loss = loss.forward(current.forward(images), labels);
            let gradients = GradientsParams::from_grads(loss.backward(), &current);
            model = Some(optimizer.step(0.05, current, gradients));
        })
    } else {
        request.serve(parameters, samples, || {
            let Some((images, _)) = pool.next() else {
                return;
            };
            model.forward(images);
        })
    }
}

/// The pool, batch by batch: images and their classes.
fn batches(
    request: &Request,
    network: &Network,
    device: &Device,
) -> Vec<(Tensor<4>, Tensor<1, Int>)> {
    let samples = request.measure.samples();
    let pixels = pixels(POOL * network.input.elements());
    let labels: Vec<i64> = labels().map(|label| label as i64).collect();
    let shape = [&[samples], network.input.dims()].concat();
    let images = pixels.chunks_exact(samples * network.input.elements());
    images
        .zip(labels.chunks_exact(samples))
        .map(|(images, labels)| {
            let images = TensorData::new(images.to_vec(), shape.clone());
            let labels = TensorData::new(labels.to_vec(), [samples]);
            (
                Tensor::from_data(images, device),
                Tensor::from_data(labels, device),
            )
        })
        .collect()
}

/// Convolutions, each with its activation and perhaps a pool; then dense layers with one between them.
#[derive(Module, Debug)]
struct Net {
    convolutions: Vec<Conv2d>,
    pools: Vec<Option<MaxPool2d>>,
    dense: Vec<Linear>,
}

impl Net {
    fn new(network: &Network, device: &Device) -> Self {
        let (mut convolutions, mut pools, mut dense) = (Vec::new(), Vec::new(), Vec::new());
        for layer in &network.layers {
            match &layer.kind {
                Kind::Conv2d(conv) => {
                    let channels = [layer.input_shape.dims()[0], conv.out_channels];
                    let kernel_size = [conv.kernel_size.height, conv.kernel_size.width];
                    let [vertical, horizontal] = [conv.padding.top, conv.padding.left];
                    let padding =
                        PaddingConfig2d::Explicit(vertical, horizontal, vertical, horizontal);
                    let config = Conv2dConfig::new(channels, kernel_size).with_padding(padding);
                    convolutions.push(config.init(device));
                    pools.push(None);
                }
                Kind::MaxPool2d(pool) => {
                    let size = [pool.kernel_size.height, pool.kernel_size.width];
                    if let Some(last) = pools.last_mut() {
                        *last = Some(MaxPool2dConfig::new(size).with_strides(size).init());
                    }
                }
                Kind::Dense(layer_dense) => {
                    let features = layer.input_shape.elements();
                    dense.push(LinearConfig::new(features, layer_dense.out_features).init(device));
                }
                _ => {}
            }
        }
        Self {
            convolutions,
            pools,
            dense,
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut maps = images;
        for (convolution, pool) in self.convolutions.iter().zip(&self.pools) {
            maps = relu(convolution.forward(maps));
            if let Some(pool) = pool {
                maps = pool.forward(maps);
            }
        }
        let mut values = maps.flatten(1, 3);
        for (index, dense) in self.dense.iter().enumerate() {
            values = dense.forward(if index == 0 { values } else { relu(values) });
        }
        values
    }
}
