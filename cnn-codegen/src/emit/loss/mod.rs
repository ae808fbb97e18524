//! Losses: the cost of an output beside its target, and the delta that the backward pass starts from.

mod classes;
mod elementwise;

pub use classes::Labels;
pub use elementwise::Elementwise;

use super::tokens::array_type;
use crate::plan::Plan;
use cnn_spec::training::Loss;
use proc_macro2::TokenStream;
use quote::quote;

/// The type of a target.
pub fn target_type(loss: &Loss, plan: &Plan) -> TokenStream {
    if loss.classes().is_some() {
        quote!(usize)
    } else {
        array_type(plan.network.dtype, &plan.value(plan.scores).shape)
    }
}

/// `loss` and `loss_backward`.
pub fn functions(loss: &Loss, plan: &Plan) -> TokenStream {
    match loss {
        Loss::SoftmaxCrossEntropy(classes) => Labels::new(classes, plan).softmax_cross_entropy(),
        Loss::Nll(classes) => Labels::new(classes, plan).nll(),
        _ => Elementwise::new(loss, plan).functions(plan),
    }
}
