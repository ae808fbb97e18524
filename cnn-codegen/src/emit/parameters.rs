//! The structs that hold what is learnt, computed and sent back.

use super::function::parameters_type;
use super::tokens::{array_type, doc, ident, number, scalar};
use crate::plan::{Operation, Plan, Step, Value};
use cnn_spec::layer::Kind;
use cnn_spec::network::{Parameter, Role};
use proc_macro2::TokenStream;
use quote::quote;

/// `Parameters` and the struct of each layer that learns.
pub fn items(plan: &Plan) -> TokenStream {
    let steps: Vec<_> = plan.learning_steps().collect();
    let fields: Vec<_> = steps.iter().map(|step| ident(&step.name)).collect();
    let types: Vec<_> = steps
        .iter()
        .map(|step| parameters_type(&step.name))
        .collect();
    let docs = steps
        .iter()
        .map(|step| doc(&format!("What `{}` learns.", step.name)));
    let layers = steps.iter().map(|step| layer_struct(plan, step));
    let tensors = tensors(plan, &steps);
    quote! {
        /// Everything that the network learns, or, in the same shapes, the loss's gradients.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Parameters {
            #(#docs pub #fields: #types,)*
        }

        cnn_runtime::zeroed! { Parameters { #(#fields),* } }

        #(#layers)*

        #tensors
    }
}

/// `Conv1 { weight, bias }`.
fn layer_struct(plan: &Plan, step: &Step) -> TokenStream {
    let name = parameters_type(&step.name);
    let about = doc(&format!(
        "What `{}` learns, in PyTorch's shapes.",
        step.name
    ));
    let dtype = plan.network.dtype;
    let fields: Vec<_> = step
        .parameters
        .iter()
        .map(|parameter| ident(parameter.name))
        .collect();
    let docs = step
        .parameters
        .iter()
        .map(|parameter| doc(&axes(step, parameter)));
    let types = step
        .parameters
        .iter()
        .map(|parameter| array_type(dtype, &step.stored(parameter)));
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name {
            #(#docs pub #fields: #types,)*
        }

        cnn_runtime::zeroed! { #name { #(#fields),* } }
    }
}

/// What the indices of a parameter are.
fn axes(step: &Step, parameter: &Parameter) -> String {
    let axes = match (step.operation, step.stored(parameter).rank()) {
        (Operation::Layer(Kind::ConvTranspose2d(_)), 4) => "[in_channel][out_channel][row][column]",
        (Operation::Layer(Kind::LayerNorm(_)), 3) => "[channel][row][column]",
        (Operation::Layer(Kind::LayerNorm(_)), 2) => "[row][column]",
        (Operation::Layer(Kind::LayerNorm(_)), _) => "[input]",
        (Operation::Layer(Kind::BatchNorm(_)), 0) => {
            return "How many batches there have been.".to_owned();
        }
        (Operation::Layer(Kind::PRelu(_) | Kind::BatchNorm(_)), _) => "[channel]",
        (_, 4) => "[out_channel][in_channel][row][column]",
        (_, 3) => "[out_channel][row][column]",
        (_, 2) => "[output][input]",
        _ => "[output]",
    };
    format!("`{axes}`")
}

/// The parameters as named tensors.
fn tensors(plan: &Plan, steps: &[&Step]) -> TokenStream {
    let scalar = scalar(plan.network.dtype);
    let parameters: Vec<_> = steps
        .iter()
        .flat_map(|step| {
            step.parameters
                .iter()
                .map(move |parameter| (step, parameter))
        })
        .collect();
    let infos = parameters.iter().map(|(step, parameter)| {
        let name = format!("{}.{}", step.name, parameter.name);
        let shape = parameter.shape.dims().iter().map(|&dim| number(dim));
        let role = match parameter.role {
            Role::Learnt => None,
            Role::Average => Some(quote!(.with_role(cnn_runtime::Role::Average))),
            Role::Count => Some(quote!(.with_role(cnn_runtime::Role::Count))),
        };
        quote!(cnn_runtime::TensorInfo::new(#name, &[#(#shape),*]) #role)
    });
    let indices: Vec<_> = (0..parameters.len()).map(number).collect();
    let place = |(step, parameter): &(&&Step, &Parameter)| {
        let (layer, field) = (ident(&step.name), ident(parameter.name));
        quote!(self.#layer.#field)
    };
    let places: Vec<_> = parameters.iter().map(place).collect();
    quote! {
        impl cnn_runtime::Parameters for Parameters {
            type Scalar = #scalar;

            const TENSORS: &'static [cnn_runtime::TensorInfo] = &[#(#infos),*];

            fn tensor(&self, index: usize) -> &[#scalar] {
                match index {
                    #(#indices => #places.values(),)*
                    _ => &[],
                }
            }

            fn tensor_mut(&mut self, index: usize) -> &mut [#scalar] {
                match index {
                    #(#indices => #places.values_mut(),)*
                    _ => &mut [],
                }
            }
        }
    }
}

/// A struct with one field for each of some values.
pub fn values_struct(
    name: &str,
    about: &str,
    plan: &Plan,
    chosen: impl Fn(&Value) -> bool,
) -> TokenStream {
    let name = ident(name);
    let about = doc(about);
    // The first value is the network's input, which belongs to the caller.
    let values: Vec<_> = plan
        .values
        .iter()
        .skip(1)
        .filter(|value| chosen(value))
        .collect();
    let fields: Vec<_> = values.iter().map(|value| ident(&value.name)).collect();
    let docs = values
        .iter()
        .map(|value| doc(&format!("`{}`: {}.", value.name, value.shape)));
    let types = values
        .iter()
        .map(|value| array_type(plan.network.dtype, &value.shape));
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name {
            #(#docs pub #fields: #types,)*
        }

        cnn_runtime::zeroed! { #name { #(#fields),* } }
    }
}
