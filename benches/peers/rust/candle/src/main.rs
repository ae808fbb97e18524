//! The workloads in candle.

use bench_protocol::{Measure, POOL, Request, labels, pixels};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::optim::{Optimizer, SGD};
use candle_nn::{Conv2dConfig, Module, Sequential, VarBuilder, VarMap, conv2d, linear, loss, seq};
use cnn_spec::Network;
use cnn_spec::layer::Kind;
use std::error::Error;

const DEVICE: Device = Device::Cpu;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let request = Request::from_env()?;
    let network = request.network()?;
    let variables = VarMap::new();
    let model = model(
        &network,
        &VarBuilder::from_varmap(&variables, DType::F32, &DEVICE),
    )?;
    let parameters = variables
        .all_vars()
        .iter()
        .map(|variable| variable.elem_count())
        .sum();

    let samples = request.measure.samples();
    let shape = [&[POOL], network.input.dims()].concat();
    let pool = Tensor::from_vec(pixels(shape.iter().product()), shape, &DEVICE)?;
    let labels = Tensor::from_iter(labels().map(|label| label as u32), &DEVICE)?;
    let mut batches = (0..POOL / samples).map(|batch| batch * samples).cycle();
    let mut optimizer = SGD::new(variables.all_vars(), 0.05)?;
    let mut step = || -> Result<()> {
        let start = batches.next().unwrap_or(0);
        let output = model.forward(&pool.narrow(0, start, samples)?)?;
        if request.measure == Measure::Train {
            let loss = loss::cross_entropy(&output, &labels.narrow(0, start, samples)?)?;
            optimizer.backward_step(&loss)?;
        }
        Ok(())
    };
    request.serve(parameters, samples, || step().expect("the step runs"))
}

fn model(network: &Network, variables: &VarBuilder) -> Result<Sequential> {
    let mut model = seq();
    for layer in &network.layers {
        let variables = variables.pp(&layer.name);
        model = match &layer.kind {
            Kind::Conv2d(conv) => {
                let [channels, _, _] = layer.input_shape.dims() else {
                    unreachable!()
                };
                let config = Conv2dConfig {
                    padding: conv.padding.top,
                    ..Conv2dConfig::default()
                };
                model.add(conv2d(
                    *channels,
                    conv.out_channels,
                    conv.kernel_size.height,
                    config,
                    variables,
                )?)
            }
            Kind::MaxPool2d(pool) => {
                let size = (pool.kernel_size.height, pool.kernel_size.width);
                model.add_fn(move |x| x.max_pool2d(size))
            }
            Kind::Dense(dense) => {
                let features = layer.input_shape.elements();
                model.add_fn(|x| x.flatten_from(1)).add(linear(
                    features,
                    dense.out_features,
                    variables,
                )?)
            }
            Kind::Activation(_) => model.add_fn(Tensor::relu),
            _ => candle_core::bail!("no workload has this layer"),
        };
    }
    Ok(model)
}
