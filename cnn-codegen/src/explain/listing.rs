//! The generated functions, each apart: what its documentation says, and its code.

use super::document::fenced;
use crate::print;
use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta};

/// Longer functions are to be opened.
const MAX_LINES: usize = 60;

/// A generated function.
pub struct Function {
    /// `conv1_forward`.
    pub name: String,
    /// Its documentation in Markdown.
    pub doc: String,
    /// Its code, without documentation and attributes.
    pub code: String,
}

/// The functions among emitted items, in their order.
pub fn functions(items: TokenStream) -> Vec<Function> {
    print::parsed(items)
        .into_iter()
        .filter_map(function)
        .collect()
}

fn function(item: Item) -> Option<Function> {
    let Item::Fn(mut item) = item else {
        return None;
    };
    let lines = item.attrs.iter().filter_map(doc_line);
    let doc = markdown(lines);
    item.attrs.clear();
    Some(Function {
        name: item.sig.ident.to_string(),
        doc,
        code: print::item(Item::Fn(item)),
    })
}

/// The line that a `///` holds.
fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) if meta.path.is_ident("doc") => Some(line.value()),
        _ => None,
    }
}

/// Rustdoc's Markdown as that of a book, up to its first heading: what follows is for who calls the function. What it
/// links to is code.
fn markdown(lines: impl Iterator<Item = String>) -> String {
    let text = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
    let text = text.take_while(|line| !line.starts_with("# "));
    let text = text.map(|line| line.replace("[`", "`").replace("`]", "`") + "\n");
    text.collect::<String>().trim_end().to_owned() + "\n"
}

/// What each function says, then its code.
pub fn with_code<'f>(functions: impl IntoIterator<Item = &'f Function>) -> String {
    let text = |function: &Function| {
        let is_long = function.code.lines().count() > MAX_LINES;
        if is_long {
            with_folded_code([function])
        } else {
            function.doc.clone() + "\n" + &fenced("rust", &function.code)
        }
    };
    functions.into_iter().map(text).collect()
}

/// What each function says, and its code to be opened.
pub fn with_folded_code<'f>(functions: impl IntoIterator<Item = &'f Function>) -> String {
    let text = |Function { name, doc, code }: &Function| {
        let summary = format!("<code>{name}</code>, {} lines", code.lines().count());
        format!("{doc}\n{}", folded(&summary, &fenced("rust", code)))
    };
    functions.into_iter().map(text).collect()
}

/// Text that opens when its summary, which is HTML, is clicked.
pub fn folded(summary: &str, text: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{text}</details>\n\n")
}
