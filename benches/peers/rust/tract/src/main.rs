//! The workloads in tract: the ONNX file, optimized for its batch size.

use bench_protocol::{Measure, POOL, Request, pixels};
use std::error::Error;
use tract_onnx::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::from_env()?;
    if request.measure == Measure::Train {
        return Err("tract does not train".into());
    }
    let network = request.network()?;
    let batch = request.measure.samples();
    let file = format!("target/models/{}-{batch}.onnx", request.workload);
    let model = tract_onnx::onnx()
        .model_for_path(file)?
        .into_optimized()?
        .into_runnable()?;
    let mut state = model.spawn()?;

    let shape: Vec<usize> = [&[batch], network.input.dims()].concat();
    let pool = pixels(POOL * network.input.elements());
    let inputs: Vec<TValue> = pool
        .chunks_exact(shape.iter().product())
        .map(|values| Tensor::from_shape(&shape, values).map(TValue::from))
        .collect::<TractResult<_>>()?;
    let mut inputs = inputs.iter().cycle();
    request.serve(network.parameter_count(), batch, || {
        let input = inputs.next().cloned().expect("the pool is not empty");
        state.run(tvec![input]).expect("the model runs");
    })
}
