//! Dropouts on lanes: forward and backward, what the mask of each sample keeps, made larger by as much as is lost on
//! average.

use super::Functions;
use super::function::{Argument, Function, sum};
use super::site::Site;
use crate::emit::element::{channel, each, each_channel, each_position, element};
use crate::emit::function::mask;
use crate::emit::tokens::{formula, real};
use cnn_spec::layer::Dropout;
use cnn_spec::network::Dtype;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a dropout.
pub fn functions(dropout: &Dropout, site: Site) -> Functions {
    Functions {
        training: Some(in_training(dropout, site)),
        ..Functions::of(inference(site), site.sent(|| backward(dropout, site)))
    }
}

fn inference(site: Site) -> Function {
    let (z, place) = (site.input_element(), site.output_element());
    let body = each(
        site.output_shape(),
        &quote! {
            let z = lanes::load(simd, &#z);
            z.store_array(&mut #place);
        },
    );
    let doc = format!(
        "`{}` forward outside of training, {}: nothing is left out.\n\n{}",
        site.group.name,
        site.output_shape(),
        formula("output = input"),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn in_training(dropout: &Dropout, site: Site) -> Function {
    let doc = format!(
        "`{}` forward in training, {}: {} kept with probability {}, and what is kept made so much larger that the mean \
         stays.\n\n{}",
        site.group.name,
        site.output_shape(),
        if dropout.of_maps {
            "maps are"
        } else {
            "values are"
        },
        1.0 - dropout.p,
        formula(&format!(
            "output = input / (1 − {}) where the mask of a sample keeps it, else 0",
            dropout.p
        )),
    );
    let (from, to) = (site.input_element(), site.output_element());
    let body = masked(dropout, site, &from, &to);
    let arguments = vec![mask_of(site), site.input(), site.output_mut()];
    site.function("forward_in_training", doc, arguments, body)
}

fn backward(dropout: &Dropout, site: Site) -> Function {
    let doc = format!(
        "`{}` input delta: the delta of what the mask has kept.\n\n{}",
        site.group.name,
        formula(&format!(
            "input_delta = delta / (1 − {}) where the mask of a sample keeps it, else 0",
            dropout.p
        )),
    );
    let [from, to] = ["delta", "input_delta"].map(|name| element(name, site.output_shape()));
    let body = masked(dropout, site, &from, &to);
    let arguments = vec![mask_of(site), site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

fn masked(dropout: &Dropout, site: Site, from: &TokenStream, to: &TokenStream) -> TokenStream {
    let shape = site.output_shape();
    let factor = real(1.0 / (1.0 - dropout.p), Dtype::F32);
    let kept = quote! {
        let kept = factors * lanes::load(simd, &#from);
        kept.store_array(&mut #to);
    };
    if dropout.of_maps {
        let (c, positions) = (channel(shape), each_position(shape, &kept));
        return each_channel(
            shape,
            &quote!(let factors = mask.factors(simd, #c, #factor); #positions),
        );
    }
    let index = match shape.maps() {
        Some([_, height, width]) if shape.rank() > 1 => {
            sum(&[(height * width, "c"), (width, "y"), (1, "x")], 0)
        }
        _ => quote!(i),
    };
    each(
        shape,
        &quote!(let factors = mask.factors(simd, #index, #factor); #kept),
    )
}

/// `mask: &lanes::BlockMask`.
fn mask_of(site: Site) -> Argument {
    let steps = &site.plan.steps;
    let step = steps.iter().find(|step| step.output == site.group.output);
    let mask = step.map(|step| mask(site.plan, step));
    Argument {
        declaration: quote!(mask: &lanes::BlockMask),
        value: quote!(&#mask),
    }
}
