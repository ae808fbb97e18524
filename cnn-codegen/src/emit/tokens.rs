//! Small pieces of Rust: names, literals, array types, loops, documentation.

use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use proc_macro2::{Ident, Literal, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

/// A name. The specification has checked that it is an identifier.
pub fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// The type of every value.
pub fn scalar(dtype: Dtype) -> Ident {
    ident(dtype.name())
}

/// A whole number without a suffix.
pub fn number(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

/// A real number with as many digits as the type holds: `0.1`, `1e-8`.
pub fn real(value: f64, dtype: Dtype) -> Literal {
    let text = match dtype {
        Dtype::F32 => format!("{:?}", value as f32),
        Dtype::F64 => format!("{value:?}"),
    };
    text.parse().expect("settings are finite and not negative")
}

/// `[[[f32; 24]; 24]; 3]`.
pub fn array_type(dtype: Dtype, shape: &Shape) -> TokenStream {
    let scalar = scalar(dtype);
    shape
        .dims()
        .iter()
        .rev()
        .fold(quote!(#scalar), |inner, &dim| {
            let dim = number(dim);
            quote!([#inner; #dim])
        })
}

/// A function's parameter, with an underscore where the body does not use it.
pub fn used_in(body: &TokenStream, name: &str) -> Ident {
    if mentions(body, name) {
        ident(name)
    } else {
        ident(&format!("_{name}"))
    }
}

/// Whether a name occurs in some code.
pub fn mentions(code: &TokenStream, name: &str) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether a module is named in some code, as in `rows::starts`.
pub fn mentions_module(code: &TokenStream, name: &str) -> bool {
    let mut tokens = code.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_named = match token {
            TokenTree::Group(group) => mentions_module(&group.stream(), name),
            TokenTree::Ident(ident) if ident == name => tokens.peek().is_some_and(
                |next| matches!(next, TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint),
            ),
            _ => false,
        };
        if is_named {
            return true;
        }
    }
    false
}

/// Loops inside one another, outermost first: `for o in 0..3 { for y in 0..24 { … } }`.
pub fn loops(ranges: &[(&str, usize)], body: &TokenStream) -> TokenStream {
    ranges
        .iter()
        .rev()
        .fold(body.clone(), |inner, (index, end)| {
            let (index, end) = (ident(index), number(*end));
            quote!(for #index in 0..#end { #inner })
        })
}

/// The widest line of documentation, in characters.
const DOC_WIDTH: usize = 96;

/// A documentation comment. Paragraphs are wrapped; what stands between fences stays as it is.
pub fn doc(text: &str) -> TokenStream {
    let mut lines = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        let is_fence = line.starts_with("```");
        if is_fenced || is_fence {
            lines.push(line.to_owned());
        } else {
            lines.extend(wrapped(line));
        }
        is_fenced ^= is_fence;
    }
    lines
        .iter()
        .map(|line| {
            let line = if line.is_empty() {
                String::new()
            } else {
                format!(" {line}")
            };
            quote!(#[doc = #line])
        })
        .collect()
}

/// A paragraph in lines of at most [`DOC_WIDTH`].
fn wrapped(paragraph: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in paragraph.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= DOC_WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A fenced formula, for [`doc`]. What its indices run over stands after four spaces.
pub fn formula(text: &str) -> String {
    let lines: String = text.lines().map(broken).collect();
    format!("```text\n{lines}```")
}

/// An equation that is too wide for one line takes one for its indices, and one for what it equals.
fn broken(line: &str) -> String {
    let is_wide = |text: &str| text.chars().count() > DOC_WIDTH;
    let Some((equation, indices)) = line.rsplit_once("    ").filter(|_| is_wide(line)) else {
        return format!("{line}\n");
    };
    match equation.split_once(" = ").filter(|_| is_wide(equation)) {
        Some((left, right)) => format!("{left}\n    = {right}\n    {indices}\n"),
        None => format!("{equation}\n    {indices}\n"),
    }
}
