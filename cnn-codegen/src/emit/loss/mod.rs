//! Losses: the cost of an output beside its target, and the delta that the backward pass starts from.

mod classes;
mod elementwise;

pub use classes::Labels;
pub use elementwise::Elementwise;

use super::function::activation;
use super::tokens::{array_type, ident, real};
use crate::plan::{Head, Plan};
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use cnn_spec::training::{Loss, Target};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The loss of a head: what its functions are called, and what they take.
#[derive(Clone, Copy)]
pub struct Judge<'p> {
    plan: &'p Plan<'p>,
    head: &'p Head<'p>,
}

/// The losses of a plan, that of the network's output first.
pub fn judges<'p>(plan: &'p Plan<'p>) -> impl Iterator<Item = Judge<'p>> {
    plan.heads.iter().map(|head| Judge { plan, head })
}

impl<'p> Judge<'p> {
    pub fn loss(self) -> &'p Loss {
        &self.head.objective.loss
    }

    pub fn dtype(self) -> Dtype {
        self.plan.network.dtype
    }

    /// What the loss counts, if not once.
    pub fn scale(self) -> Option<f64> {
        match self.head.objective.weight {
            1.0 => None,
            weight => Some(weight),
        }
    }

    /// Whether it judges the network's output, whose hits are counted.
    pub fn is_main(self) -> bool {
        self.head.objective.layer + 1 == self.plan.network.layers.len()
    }

    /// The value that it reads.
    pub fn head(self) -> &'p Head<'p> {
        self.head
    }

    /// The shape of what it reads.
    pub fn shape(self) -> &'p Shape {
        &self.plan.value(self.head.scores).shape
    }

    /// `loss_backward`, or `early_loss_backward` where there are several outputs.
    pub fn function(self, name: &str) -> Ident {
        match self.name() {
            None => ident(name),
            Some(output) => format_ident!("{output}_{name}"),
        }
    }

    /// `CLASS_WEIGHTS`, or `EARLY_CLASS_WEIGHTS` likewise.
    pub fn constant(self, name: &str) -> Ident {
        match self.name() {
            None => ident(name),
            Some(output) => format_ident!("{}_{name}", output.to_uppercase()),
        }
    }

    /// What to say of it where there are others: which output it judges, and what it counts.
    pub fn note(self) -> String {
        let counts = self.scale().map_or_else(String::new, |scale| {
            format!(
                ", and counts {} in the sum of all losses",
                real(scale, self.dtype())
            )
        });
        match self.name() {
            None => String::new(),
            Some(output) => format!(" It judges `{output}`{counts}."),
        }
    }

    /// The name of what is judged, where that is not the only one.
    pub fn name(self) -> Option<&'p str> {
        (self.plan.heads.len() > 1).then_some(&self.head.objective.name)
    }

    /// The scores of a sample, in training.
    pub fn scores(self) -> TokenStream {
        activation(self.plan, self.head.scores)
    }

    /// The field that holds their delta.
    pub fn delta(self) -> Ident {
        ident(&self.plan.value(self.head.scores).name)
    }

    /// What a loss over numbers compares them with.
    fn target_type(self) -> TokenStream {
        match self.head.objective.target {
            Target::Label => array_type(self.dtype(), self.shape()),
            Target::Input => quote!(Input),
        }
    }

    /// What of a `target` the functions take, as a place: `*target`, or `target.label` where the sample itself is a
    /// target, too.
    pub fn target(self) -> TokenStream {
        match (has_inputs(self.plan), self.head.objective.target) {
            (false, _) => quote!(*target),
            (true, Target::Label) => quote!(target.label),
            (true, Target::Input) => quote!(target.input),
        }
    }

    /// What leads from each target of some to what the functions take of it, if that is not all.
    pub fn part(self) -> Option<TokenStream> {
        let place = self.target();
        has_inputs(self.plan).then(|| quote!(.map(|target| &#place)))
    }

    /// The argument that the functions of one sample take: a class by value, numbers by reference.
    pub fn argument(self) -> TokenStream {
        let is_bare = !has_inputs(self.plan);
        let place = self.target();
        if self.loss().classes().is_some() {
            place
        } else if is_bare {
            quote!(target)
        } else {
            quote!(&#place)
        }
    }

    /// `loss` and `loss_backward`.
    pub fn functions(self) -> TokenStream {
        match self.loss() {
            Loss::SoftmaxCrossEntropy(classes) => {
                Labels::new(classes, self).softmax_cross_entropy()
            }
            Loss::Nll(classes) => Labels::new(classes, self).nll(),
            _ => Elementwise::new(self).functions(),
        }
    }
}

/// Whether something is compared with the sample itself, beside what is compared with its label.
fn has_inputs(plan: &Plan) -> bool {
    let mut heads = plan.heads.iter();
    heads.any(|head| head.objective.target == Target::Input)
}

/// The type of a target: a class or numbers, and the sample itself where that is a target.
pub fn target_type(main: Judge) -> TokenStream {
    let label = if main.loss().classes().is_some() {
        quote!(usize)
    } else {
        main.target_type()
    };
    if has_inputs(main.plan) {
        quote!(cnn_runtime::Labelled<#label, Input>)
    } else {
        label
    }
}
