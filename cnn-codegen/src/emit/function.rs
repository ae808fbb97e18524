//! The functions of a layer: what each takes is said once, and gives its signature and its call.

use super::profile::Pass;
use super::tokens::{array_type, doc, ident, number, real, scalar};
use crate::plan::{Plan, Step, ValueId};
use cnn_spec::layer::Kind;
use cnn_spec::network::Dtype;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// What a layer is made of: a function for each direction, in the order in which they are read.
pub struct Functions {
    /// From input to output; absent where the output is the input.
    pub forward: Option<Function>,
    /// From delta to the parameters' gradients; absent where nothing is learnt.
    pub backward_weights: Option<Function>,
    /// From delta to the input's delta.
    pub backward_input: Function,
}

/// One function of a layer.
pub struct Function {
    /// What it computes, with shapes and the formula.
    pub doc: String,
    /// What it takes, in order.
    pub arguments: Vec<Argument>,
    /// What it does.
    pub body: TokenStream,
}

/// Something that a layer's function takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// `parameters: &Conv1`.
    Parameters,
    /// `input: &[…]`: what the layer reads.
    Input,
    /// `input2: &[…]`: one of several inputs, counted from zero.
    InputOf(usize),
    /// `output: &[…]`: what the layer put out.
    Output,
    /// `output: &mut […]`: what the layer puts out.
    OutputMut,
    /// `delta: &[…]`: the loss's gradient with respect to the output.
    Delta,
    /// `input_delta: &mut […]`: the loss's gradient with respect to the input.
    InputDelta,
    /// `input2_delta: &mut […]`: the same of one of several inputs.
    InputDeltaOf(usize),
    /// `delta2: &[…]`: what one of several readers sends back.
    AliasDelta(usize),
    /// `gradients: &mut Conv1`: the loss's gradients with respect to the parameters.
    Gradients,
    /// `mean: &[f32; 3]`: that of each channel.
    Mean,
    /// `variance: &[f32; 3]`: likewise.
    Variance,
    /// `statistics: &Moments<f32, 3>`: what a batch norm knows of the whole batch.
    Statistics,
    /// `sums: &mut Moments<f32, 3>`: what it knows of some samples, to be added to.
    Sums,
    /// `sums: &Moments<f32, 3>`: the same.
    SumsOfSamples,
    /// `mask: Mask`: which values a dropout keeps.
    Mask,
}

/// The direction of a layer's function, and the end of its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `conv1_forward`.
    Forward,
    /// The same function, called in training.
    TrainingForward,
    /// `norm1_statistics`.
    Statistics,
    /// `norm1_backward_statistics`.
    BackwardStatistics,
    /// `conv1_backward_weights`.
    BackwardWeights,
    /// `conv1_backward_input`.
    BackwardInput,
}

/// The struct that holds a layer's parameters: `Conv1`.
pub fn parameters_type(layer_name: &str) -> Ident {
    ident(&cnn_spec::type_name(layer_name))
}

/// `Conv1 { weight, bias }`: what a layer learns, by name.
pub fn parameters_pattern(plan: &Plan, layer_name: &str) -> TokenStream {
    let parameters = parameters_type(layer_name);
    let fields = plan
        .learning_steps()
        .filter(|step| step.name == layer_name)
        .flat_map(|step| step.parameters)
        .map(|parameter| ident(parameter.name));
    quote!(#parameters { #(#fields),* })
}

impl Function {
    /// The function itself.
    pub fn item(&self, plan: &Plan, step: &Step, direction: Direction) -> TokenStream {
        let doc = doc(&self.doc);
        let name = direction.name(step);
        let arguments = self
            .arguments
            .iter()
            .map(|argument| argument.declaration(plan, step));
        let body = &self.body;
        // A join may have any number of inputs.
        let is_wide = self.arguments.len() > 7;
        let many = is_wide.then(|| quote!(#[allow(clippy::too_many_arguments)]));
        quote! {
            #doc
            #many
            #[allow(clippy::needless_range_loop)]
            pub fn #name(#(#arguments),*) {
                #body
            }
        }
    }

    /// A call of it, from a function in which `parameters`, `input`, `activations`, `deltas` and `gradients`
    /// are those of the network.
    pub fn call(&self, plan: &Plan, step: &Step, direction: Direction) -> TokenStream {
        let name = direction.name(step);
        let arguments = self
            .arguments
            .iter()
            .map(|argument| argument.value(plan, step, direction));
        quote!(#name(#(#arguments),*);)
    }
}

impl Direction {
    /// The pass that it is a part of.
    pub fn pass(self) -> Pass {
        match self {
            Self::Forward | Self::TrainingForward | Self::Statistics => Pass::Forward,
            Self::BackwardStatistics | Self::BackwardWeights | Self::BackwardInput => {
                Pass::Backward
            }
        }
    }

    /// The name of a step's function.
    pub fn name(self, step: &Step) -> Ident {
        format_ident!("{}_{}", step.name, self.suffix())
    }

    /// The end of that name.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Forward | Self::TrainingForward => "forward",
            Self::Statistics => "statistics",
            Self::BackwardStatistics => "backward_statistics",
            Self::BackwardWeights => "backward_weights",
            Self::BackwardInput => "backward_input",
        }
    }
}

impl Argument {
    /// All inputs of a step that joins several.
    pub fn inputs(step: &Step) -> impl Iterator<Item = Self> {
        (0..step.inputs.len()).map(Self::InputOf)
    }

    fn declaration(self, plan: &Plan, step: &Step) -> TokenStream {
        let parameters = parameters_type(&step.name);
        let array = |id| array_type(plan.network.dtype, &plan.value(id).shape);
        let (input, output) = (array(step.input()), array(step.output));
        let (scalar, channels) = (
            scalar(plan.network.dtype),
            number(plan.value(step.output).shape.dims()[0]),
        );
        match self {
            Self::Mean => quote!(mean: &[#scalar; #channels]),
            Self::Variance => quote!(variance: &[#scalar; #channels]),
            Self::Statistics => quote!(statistics: &cnn_runtime::Moments<#scalar, #channels>),
            Self::Sums => quote!(sums: &mut cnn_runtime::Moments<#scalar, #channels>),
            Self::SumsOfSamples => quote!(sums: &cnn_runtime::Moments<#scalar, #channels>),
            Self::Mask => quote!(mask: cnn_runtime::Mask),
            Self::Parameters => quote!(parameters: &#parameters),
            Self::Input => quote!(input: &#input),
            Self::Output => quote!(output: &#output),
            Self::OutputMut => quote!(output: &mut #output),
            Self::Delta => quote!(delta: &#output),
            Self::InputDelta => quote!(input_delta: &mut #input),
            Self::InputOf(index) => {
                let (name, array) = (
                    format_ident!("input{}", index + 1),
                    array(step.inputs[index]),
                );
                quote!(#name: &#array)
            }
            Self::InputDeltaOf(index) => {
                let (name, array) = (input_delta(index), array(step.inputs[index]));
                quote!(#name: &mut #array)
            }
            Self::AliasDelta(index) => {
                let name = format_ident!("delta{}", index + 1);
                quote!(#name: &#output)
            }
            Self::Gradients => quote!(gradients: &mut #parameters),
        }
    }

    fn value(self, plan: &Plan, step: &Step, direction: Direction) -> TokenStream {
        let layer = ident(&step.name);
        match self {
            Self::Mean if direction == Direction::Forward => {
                quote!(&parameters.#layer.running_mean)
            }
            Self::Variance if direction == Direction::Forward => {
                quote!(&parameters.#layer.running_var)
            }
            Self::Mean => quote!(&statistics.#layer.mean),
            Self::Variance => quote!(&statistics.#layer.variance),
            Self::Statistics => quote!(&statistics.#layer),
            Self::Sums => quote!(&mut sums.#layer),
            Self::SumsOfSamples => quote!(&sums.#layer),
            Self::Mask => mask(plan, step),
            Self::Parameters => quote!(&parameters.#layer),
            Self::Input => activation(plan, step.input()),
            Self::InputOf(index) => activation(plan, step.inputs[index]),
            Self::Output => quote!(&activations.#layer),
            Self::OutputMut => quote!(&mut activations.#layer),
            Self::Delta => quote!(&deltas.#layer),
            Self::InputDelta => Self::InputDeltaOf(0).value(plan, step, direction),
            Self::InputDeltaOf(index) => {
                let input = ident(&plan.value(step.inputs[index]).name);
                quote!(&mut deltas.#input)
            }
            Self::AliasDelta(index) => {
                let alias = plan.aliases(step.output).nth(index);
                let alias = alias.map(|alias| ident(&plan.value(alias).name));
                quote!(&deltas.#alias)
            }
            Self::Gradients => quote!(&mut gradients.#layer),
        }
    }
}

/// The mask of a dropout, by its layer's number in the network.
pub fn mask(plan: &Plan, step: &Step) -> TokenStream {
    let Some(Kind::Dropout(dropout)) = step.kind() else {
        return TokenStream::new();
    };
    let mut layers = plan.network.layers.iter();
    let layer = layers.position(|layer| layer.name == step.name);
    let (layer, p) = (number(layer.unwrap_or(0)), real(dropout.p, Dtype::F64));
    quote!(masks.mask(#layer, #p))
}

/// The deltas that a step which joins several inputs sends back, to those that need one: the arguments, and the index
/// and the name of each.
pub fn each_input_delta(plan: &Plan, step: &Step) -> (Vec<Argument>, Vec<(usize, Ident)>) {
    let needs_delta = |index: &usize| plan.value(step.inputs[*index]).has_delta;
    (0..step.inputs.len())
        .filter(needs_delta)
        .map(|index| (Argument::InputDeltaOf(index), (index, input_delta(index))))
        .unzip()
}

/// The delta of one of several inputs: `input2_delta`.
fn input_delta(index: usize) -> Ident {
    format_ident!("input{}_delta", index + 1)
}

/// A reference to a value: `input` or `&activations.conv1`.
pub fn activation(plan: &Plan, id: ValueId) -> TokenStream {
    if id == ValueId::INPUT {
        return quote!(input);
    }
    let name = ident(&plan.value(plan.original(id)).name);
    quote!(&activations.#name)
}
