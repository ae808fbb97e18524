//! What a report shows of a network beside figures.

use crate::model::Model;
use crate::profile::{Profile, Profiled};
use std::time::Duration;

/// What a report shows of a network beside figures; `cnn-codegen trainer` writes it into `insight.rs`.
pub struct Insight<M: Model> {
    /// The text of the network's file.
    pub spec: &'static str,
    /// The tensor with the kernels of the first convolution, such as `conv1.weight`, if there is a convolution.
    pub kernels: Option<&'static str>,
    /// Shows what each layer puts out for one sample, in order: its name, the shape and the values.
    pub show_layers: ShowLayers<M>,
    /// Measures training steps for so long, if the program can.
    pub profile: Option<fn(Duration) -> Profile>,
}

impl<M: Profiled> Insight<M> {
    /// The same for a program that can measure training steps.
    #[must_use]
    pub const fn with_profile(self) -> Self {
        Self {
            profile: Some(Profile::measure::<M>),
            ..self
        }
    }
}

/// A function that shows what each layer puts out for one sample.
pub type ShowLayers<M> =
    fn(&<M as Model>::Parameters, &<M as Model>::Input, &mut Show<'_, <M as Model>::Scalar>);

/// What is called with a layer's name, the shape of what it puts out, and the values.
pub type Show<'a, R> = dyn FnMut(&str, &[usize], &[R]) + 'a;
