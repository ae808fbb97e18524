//! How a network is trained: loss, optimizer, schedule, epochs, batch and seed.

/// The `[training]` section, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// What is minimised.
    pub loss: Loss,
    /// How the parameters follow the gradient.
    pub optimizer: Optimizer,
    /// How the learning rate changes from epoch to epoch.
    pub schedule: Schedule,
    /// How often the training set is gone through.
    pub epochs: usize,
    /// Samples per update.
    pub batch_size: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

/// The cost of an output `a` beside its target `y`; a batch's cost is the mean over its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `−ln softmax(a)[label]`; PyTorch's `cross_entropy` on logits.
    SoftmaxCrossEntropy,
    /// `mean((a − y)²)` over the outputs; PyTorch's `mse_loss`.
    Mse,
    /// `½ Σ (a − y)²`: the textbook's quadratic cost.
    Quadratic,
}

/// An update rule with its hyperparameters, defined as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent (`torch.optim.SGD`, dampening 0).
    Sgd {
        /// The step along the gradient.
        learning_rate: f64,
        /// How much of the last step is kept.
        momentum: f64,
        /// Whether the gradient is taken ahead of the momentum's step.
        nesterov: bool,
        /// The L2 penalty added to the gradient.
        weight_decay: f64,
    },
    /// Adam (`torch.optim.Adam`): Kingma and Ba, 2015.
    Adam(AdamSettings),
    /// Adam with decoupled weight decay (`torch.optim.AdamW`): Loshchilov and Hutter, 2019.
    AdamW(AdamSettings),
}

/// The hyperparameters that [`Optimizer::Adam`] and [`Optimizer::AdamW`] share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamSettings {
    /// The length of a step.
    pub learning_rate: f64,
    /// The decay rates of the first and second moment.
    pub betas: [f64; 2],
    /// Keeps the division finite.
    pub epsilon: f64,
    /// L2 penalty (Adam) or decay of the weights themselves (AdamW).
    pub weight_decay: f64,
}

impl Optimizer {
    /// The learning rate that the schedule starts from.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd { learning_rate, .. } => *learning_rate,
            Self::Adam(settings) | Self::AdamW(settings) => settings.learning_rate,
        }
    }
}

/// The learning rate from epoch to epoch, as a factor of the optimizer's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// The same in every epoch.
    #[default]
    Constant,
    /// `½ (1 + cos(π epoch / epochs))`: PyTorch's `CosineAnnealingLR` with `T_max = epochs`.
    Cosine,
}
