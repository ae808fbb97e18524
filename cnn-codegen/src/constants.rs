//! Numbers of a network that clippy would take for misspelt constants: a learning rate of 3.14, a bound of 1/√2.

use core::f64::consts;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, parse_quote};

/// Permits an item such numbers, if it has any.
pub fn permit(item: &mut Item) {
    if is_like_constant(item.to_token_stream())
        && let Some(attributes) = attributes(item)
    {
        attributes.push(parse_quote!(#[allow(clippy::approx_constant)]));
    }
}

/// Of what has numbers in it.
fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    match item {
        Item::Const(item) => Some(&mut item.attrs),
        Item::Fn(item) => Some(&mut item.attrs),
        Item::Impl(item) => Some(&mut item.attrs),
        Item::Mod(item) => Some(&mut item.attrs),
        _ => None,
    }
}

fn is_like_constant(code: TokenStream) -> bool {
    code.into_iter().any(|token| match token {
        TokenTree::Group(group) => is_like_constant(group.stream()),
        TokenTree::Literal(literal) => literal.to_string().parse().is_ok_and(is_near_constant),
        TokenTree::Ident(_) | TokenTree::Punct(_) => false,
    })
}

/// Whether a number is within 0.1 % of one of the constants that clippy knows; it asks for three digits at least.
fn is_near_constant(value: f64) -> bool {
    const CONSTANTS: [f64; 20] = [
        consts::E,
        consts::FRAC_1_PI,
        consts::FRAC_1_SQRT_2,
        consts::FRAC_2_PI,
        consts::FRAC_2_SQRT_PI,
        consts::FRAC_PI_2,
        consts::FRAC_PI_3,
        consts::FRAC_PI_4,
        consts::FRAC_PI_6,
        consts::FRAC_PI_8,
        consts::LN_2,
        consts::LN_10,
        consts::LOG2_10,
        consts::LOG2_E,
        consts::LOG10_2,
        consts::LOG10_E,
        GOLDEN_RATIO,
        consts::PI,
        consts::SQRT_2,
        consts::TAU,
    ];
    CONSTANTS
        .iter()
        .any(|constant| (value / constant - 1.0).abs() < 1e-3)
}

/// Not yet in the standard library of the oldest supported compiler.
const GOLDEN_RATIO: f64 = 1.618_033_988_749_895;
