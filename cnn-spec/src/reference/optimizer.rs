//! The update rules as PyTorch's documentation states them, and what else belongs to a step.

use super::Tensor;
use crate::Network;
use crate::network::{Layer, Parameter};
use crate::training::{AdamSettings, Clip, MuonSettings, Optimizer as Rule};

/// An update rule and what it remembers from step to step.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    clip: Option<Clip>,
    ema_decay: Option<f64>,
    steps: i32,
    /// `μ₁ ⋯ μₜ` of `NAdam`.
    product: f64,
    tensors: Vec<State>,
}

/// What there is to know of one tensor.
#[derive(Clone, Debug)]
struct State {
    /// The rows of a matrix.
    rows: Option<usize>,
    learning_rate_factor: f64,
    is_learnt: bool,
    is_frozen: bool,
    /// What is remembered of each value, by whatever rule.
    memories: Vec<[f64; 3]>,
    average: Vec<f64>,
}

impl State {
    fn new(layer: &Layer, parameter: &Parameter) -> Self {
        let elements = parameter.shape.elements();
        Self {
            rows: parameter.is_matrix().then(|| parameter.shape.dims()[0]),
            learning_rate_factor: layer.learning_rate_factor,
            is_learnt: parameter.is_learnt(),
            is_frozen: layer.is_frozen || !parameter.is_learnt(),
            memories: vec![[0.0; 3]; elements],
            average: vec![0.0; elements],
        }
    }
}

impl Optimizer {
    /// The rule of a network that is trained, before its first step.
    ///
    /// # Panics
    /// If the network is not trained.
    pub fn new(network: &Network) -> Self {
        let training = network.training.as_ref().expect("the network is trained");
        let layers = network.layers.iter();
        let states = layers.flat_map(|layer| {
            let parameters = layer.parameters.iter();
            parameters.map(move |parameter| State::new(layer, parameter))
        });
        Self {
            rule: training.optimizer,
            clip: training.clip,
            ema_decay: training.ema_decay,
            steps: 0,
            product: 1.0,
            tensors: states.collect(),
        }
    }

    /// Moves the parameters one step.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], learning_rate: f64) {
        self.steps += 1;
        let gradients = self.clipped(gradients);
        let moment = Moment::new(&self.rule, self.steps, &mut self.product);
        let tensors = parameters.iter_mut().zip(&gradients).zip(&mut self.tensors);
        for ((tensor, gradient), state) in tensors.filter(|(_, state)| !state.is_frozen) {
            let rate = learning_rate * state.learning_rate_factor;
            let values = &mut tensor.values;
            if let (Rule::Muon(settings), Some(rows)) = (&self.rule, state.rows) {
                muon(settings, rows, rate, values, gradient, &mut state.memories);
                continue;
            }
            let values = values.iter_mut().zip(gradient).zip(&mut state.memories);
            for ((value, gradient), memory) in values {
                *value = moved(&self.rule, &moment, rate, *value, *gradient, memory);
            }
        }
        if let Some(decay) = self.ema_decay {
            let fade = if self.steps == 1 { 1.0 } else { 1.0 - decay };
            for (tensor, state) in parameters.iter().zip(&mut self.tensors) {
                // Running averages are not averaged once more.
                let fade = if state.is_learnt { fade } else { 1.0 };
                for (average, value) in state.average.iter_mut().zip(&tensor.values) {
                    *average += fade * (value - *average);
                }
            }
        }
    }

    /// What is evaluated and saved: the parameters, or their average.
    pub fn averaged(&self, parameters: &[Tensor]) -> Vec<Tensor> {
        let mut averaged = parameters.to_vec();
        if self.ema_decay.is_some() {
            for (tensor, state) in averaged.iter_mut().zip(&self.tensors) {
                tensor.values.clone_from(&state.average);
            }
        }
        averaged
    }

    fn clipped(&self, gradients: &[Tensor]) -> Vec<Vec<f64>> {
        let all = || gradients.iter().flat_map(|tensor| &tensor.values);
        let clip = |gradient: f64| match self.clip {
            None => gradient,
            Some(Clip::Value(limit)) => gradient.clamp(-limit, limit),
            Some(Clip::Norm(limit)) => {
                let norm = all().map(|g| g * g).sum::<f64>().sqrt();
                gradient * (limit / (norm + 1e-6)).min(1.0)
            }
        };
        let clipped = |tensor: &Tensor| {
            tensor
                .values
                .iter()
                .map(|&gradient| clip(gradient))
                .collect()
        };
        gradients.iter().map(clipped).collect()
    }
}

/// What a rule has of its own in each step.
struct Moment {
    steps: i32,
    /// What `NAdam` multiplies the gradient and the first moment by.
    shares: [f64; 2],
}

impl Moment {
    fn new(rule: &Rule, steps: i32, product: &mut f64) -> Self {
        let mut shares = [0.0; 2];
        if let Rule::NAdam {
            betas: [beta1, _],
            momentum_decay,
            ..
        } = rule
        {
            let mu = |t: i32| beta1 * (1.0 - 0.5 * 0.96_f64.powf(f64::from(t) * momentum_decay));
            *product *= mu(steps);
            shares = [
                (1.0 - mu(steps)) / (1.0 - *product),
                mu(steps + 1) / (1.0 - *product * mu(steps + 1)),
            ];
        }
        Self { steps, shares }
    }
}

/// A value after a step.
fn moved(
    rule: &Rule,
    moment: &Moment,
    rate: f64,
    value: f64,
    gradient: f64,
    memory: &mut [f64; 3],
) -> f64 {
    let penalised = |weight_decay: &f64| gradient + weight_decay * value;
    match rule {
        Rule::Sgd {
            momentum,
            nesterov,
            weight_decay,
            ..
        } => {
            let gradient = penalised(weight_decay);
            let [velocity, ..] = memory;
            *velocity = momentum * *velocity + gradient;
            if *nesterov {
                value - rate * (gradient + momentum * *velocity)
            } else {
                value - rate * *velocity
            }
        }
        Rule::Adam(settings) => {
            let gradient = penalised(&settings.weight_decay);
            value - rate * adam(settings, moment.steps, gradient, memory)
        }
        Rule::AdamW(settings) => adamw(settings, moment.steps, rate, value, gradient, memory),
        Rule::Muon(MuonSettings {
            learning_rate,
            adamw: settings,
            ..
        }) => {
            let rate = rate / learning_rate * settings.learning_rate;
            adamw(settings, moment.steps, rate, value, gradient, memory)
        }
        Rule::NAdam {
            betas: [beta1, beta2],
            epsilon,
            weight_decay,
            ..
        } => {
            let gradient = penalised(weight_decay);
            let [m, v, _] = memory;
            *m = beta1 * *m + (1.0 - beta1) * gradient;
            *v = beta2 * *v + (1.0 - beta2) * gradient * gradient;
            let root = (*v / (1.0 - beta2.powi(moment.steps))).sqrt() + epsilon;
            let [of_gradient, of_moment] = moment.shares;
            value - rate * (of_gradient * gradient + of_moment * *m) / root
        }
        Rule::RmsProp {
            alpha,
            epsilon,
            weight_decay,
            momentum,
            centered,
            ..
        } => {
            let gradient = penalised(weight_decay);
            let [square, mean, velocity] = memory;
            *square = alpha * *square + (1.0 - alpha) * gradient * gradient;
            *mean = alpha * *mean + (1.0 - alpha) * gradient;
            let variance = if *centered {
                *square - *mean * *mean
            } else {
                *square
            };
            *velocity = momentum * *velocity + gradient / (variance.sqrt() + epsilon);
            value - rate * *velocity
        }
        Rule::Adagrad {
            learning_rate_decay,
            epsilon,
            weight_decay,
            ..
        } => {
            let gradient = penalised(weight_decay);
            let [sum, ..] = memory;
            *sum += gradient * gradient;
            let rate = rate / (1.0 + f64::from(moment.steps - 1) * learning_rate_decay);
            value - rate * gradient / (sum.sqrt() + epsilon)
        }
        Rule::Lion {
            betas: [beta1, beta2],
            weight_decay,
            ..
        } => {
            let [m, ..] = memory;
            let step = beta1 * *m + (1.0 - beta1) * gradient;
            *m = beta2 * *m + (1.0 - beta2) * gradient;
            let sign = if step == 0.0 { 0.0 } else { step.signum() };
            value - rate * (sign + weight_decay * value)
        }
    }
}

fn adamw(
    settings: &AdamSettings,
    steps: i32,
    rate: f64,
    value: f64,
    gradient: f64,
    memory: &mut [f64; 3],
) -> f64 {
    let decayed = value - rate * settings.weight_decay * value;
    decayed - rate * adam(settings, steps, gradient, memory)
}

/// `m̂ / (√v̂ + ε)` after taking `gradient` into the moments `m` and `v`; with `amsgrad` the largest `v` so far counts.
fn adam(settings: &AdamSettings, steps: i32, gradient: f64, memory: &mut [f64; 3]) -> f64 {
    let [m, v, largest] = memory;
    let [beta1, beta2] = settings.betas;
    *m = beta1 * *m + (1.0 - beta1) * gradient;
    *v = beta2 * *v + (1.0 - beta2) * gradient * gradient;
    *largest = largest.max(*v);
    let second = if settings.amsgrad { *largest } else { *v };
    let mean = *m / (1.0 - beta1.powi(steps));
    let square = second / (1.0 - beta2.powi(steps));
    mean / (square.sqrt() + settings.epsilon)
}

/// Moves a matrix along its momentum, made orthogonal.
fn muon(
    settings: &MuonSettings,
    rows: usize,
    rate: f64,
    values: &mut [f64],
    gradients: &[f64],
    memories: &mut [[f64; 3]],
) {
    let momentum = settings.momentum;
    let follow = |(gradient, [mean, ..]): (&f64, &mut [f64; 3])| {
        *mean = momentum * *mean + (1.0 - momentum) * gradient;
        if settings.nesterov {
            momentum * *mean + (1.0 - momentum) * gradient
        } else {
            *mean
        }
    };
    let step = gradients.iter().zip(memories).map(follow).collect();
    let columns = values.len() / rows;
    let step = orthogonal(
        settings,
        Matrix {
            columns,
            values: step,
        },
    );
    let factor = settings.adjustment.factor(rows, columns);
    for (value, step) in values.iter_mut().zip(step.values) {
        *value -= rate * (settings.weight_decay * *value + factor * step);
    }
}

/// `X ← a X + (b A + c A²) X` with `A = X Xᵀ`, a few times, from a matrix of norm 1 that has no more rows than columns.
fn orthogonal(settings: &MuonSettings, step: Matrix) -> Matrix {
    let is_high = step.values.len() / step.columns > step.columns;
    let mut x = if is_high { step.transposed() } else { step };
    let norm = x
        .values
        .iter()
        .map(|value| value * value)
        .sum::<f64>()
        .sqrt();
    x = x.scaled(1.0 / norm.max(settings.epsilon));
    let [a, b, c] = MuonSettings::NEWTON_SCHULZ;
    for _ in 0..settings.ns_steps {
        let gram = x.times(&x.transposed());
        let polynomial = gram.scaled(b).plus(&gram.times(&gram).scaled(c));
        x = x.scaled(a).plus(&polynomial.times(&x));
    }
    if is_high { x.transposed() } else { x }
}

struct Matrix {
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    fn transposed(&self) -> Self {
        let column = |x| self.values.iter().copied().skip(x).step_by(self.columns);
        Self {
            columns: self.values.len() / self.columns,
            values: (0..self.columns).flat_map(column).collect(),
        }
    }

    fn times(&self, other: &Self) -> Self {
        let other = other.transposed();
        let dot =
            |row: &[f64], column: &[f64]| row.iter().zip(column).map(|(a, b)| a * b).sum::<f64>();
        let columns = || other.values.chunks(other.columns);
        let product = |row| columns().map(move |column| dot(row, column));
        Self {
            columns: columns().len(),
            values: self.values.chunks(self.columns).flat_map(product).collect(),
        }
    }

    fn scaled(&self, factor: f64) -> Self {
        Self {
            columns: self.columns,
            values: self.values.iter().map(|value| factor * value).collect(),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        let sums = self.values.iter().zip(&other.values).map(|(a, b)| a + b);
        Self {
            columns: self.columns,
            values: sums.collect(),
        }
    }
}
