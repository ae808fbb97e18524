//! The learning rate from epoch to epoch.

/// A factor of the optimizer's learning rate for each epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// The same in every epoch.
    #[default]
    Constant,
    /// `½ (1 + cos(π epoch / epochs))`: PyTorch's `CosineAnnealingLR` with `T_max = epochs`.
    Cosine,
}

impl Schedule {
    /// The factor in `epoch` (from zero) of `epochs`.
    pub fn factor(self, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let progress = epoch as f64 / epochs.max(1) as f64;
                0.5 * (1.0 + libm::cos(core::f64::consts::PI * progress))
            }
        }
    }
}
