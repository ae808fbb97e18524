//! The door `#[cnn_model("net.toml")]`, or `#[cnn_model("net.toml", kernels = "plain")]`.

use crate::source::Source;
use crate::{Code, Kernels, Options, fallback};
use heck::ToSnakeCase;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, Expr, ExprLit, Fields, Ident, Item, ItemStruct, Lit, LitStr, MetaNameValue,
    Token,
};

/// What may stand on the struct; it moves to the module.
const ATTRIBUTES: [&str; 3] = ["doc", "cfg", "allow"];

/// Expands `#[cnn_model(args)] item`; `file` holds the attribute, as far as the compiler knows.
///
/// `pub struct Digits;` becomes a module `digits` of generated items and `pub use digits::Digits;`. A mistake becomes
/// one `compile_error!` beside stand-ins for the names that the network would have defined, so that no other follows.
pub fn expand(args: TokenStream, item: &TokenStream, file: Option<&Path>) -> TokenStream {
    if let Ok(Item::Struct(item)) = syn::parse2(item.clone()) {
        return expand_struct(args, &item, file);
    }
    let message = "`#[cnn_model]` stands on a struct without fields: `pub struct Digits;`";
    let error = Error::new_spanned(item, message).into_compile_error();
    quote!(#error #item)
}

fn expand_struct(args: TokenStream, item: &ItemStruct, file: Option<&Path>) -> TokenStream {
    let arguments = syn::parse2::<Arguments>(args);
    let options = Options {
        name: Some(item.ident.unraw().to_string()),
        kernels: arguments
            .as_ref()
            .map_or(Kernels::default(), |arguments| arguments.kernels),
    };
    let spec = arguments.and_then(|arguments| Spec::open(arguments.path, file));
    let code = spec
        .as_ref()
        .map_err(Error::clone)
        .and_then(|spec| spec.compile(&options));
    let errors = [refuse_rest(item), code.as_ref().err().cloned()];
    let errors = errors.into_iter().flatten().map(Error::into_compile_error);
    let spec = spec.ok();
    let items = match &code {
        Ok(code) => Some(code.tokens().clone()),
        Err(_) => fallback::tokens(spec.as_ref().map_or("", |spec| &spec.source.text), &options),
    };
    let tracked = spec.as_ref().map(Spec::tracked);
    let result = match items {
        Some(items) => module(item, spec.as_ref(), &items),
        None => item.to_token_stream(),
    };
    quote!(#(#errors)* #tracked #result)
}

fn module(item: &ItemStruct, spec: Option<&Spec>, items: &TokenStream) -> TokenStream {
    let name = Ident::new(&item.ident.unraw().to_string(), Span::call_site());
    let module = module_name(&name);
    let visibility = &item.vis;
    let attributes = item.attrs.iter().filter(|attribute| is_allowed(attribute));
    let conditions = item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"));
    let origin = spec.map(|spec| format!(" The network of `{}`.", spec.literal.value()));
    let origin = origin.map(|text| quote!(#[doc = #text]));
    quote! {
        #(#attributes)*
        #origin
        #[allow(clippy::all, clippy::pedantic)]
        #visibility mod #module {
            #items
        }
        #(#conditions)*
        #visibility use #module::#name;
    }
}

/// `digits` for `Digits`, `type_` for `Type`.
fn module_name(name: &Ident) -> Ident {
    let mut module = name.to_string().to_snake_case();
    if *name == module || syn::parse_str::<Ident>(&module).is_err() {
        module.push('_');
    }
    Ident::new(&module, Span::call_site())
}

/// What else the struct carries is not dropped silently.
fn refuse_rest(item: &ItemStruct) -> Option<Error> {
    let refuse = |tokens: &dyn ToTokens, message: &str| {
        Some(Error::new_spanned(tokens.to_token_stream(), message))
    };
    if !matches!(item.fields, Fields::Unit) {
        return refuse(
            &item.fields,
            "the struct's fields come from the TOML file: write `;` instead",
        );
    }
    if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
        return refuse(&item.generics, "a network has no generic parameters");
    }
    let other = item.attrs.iter().find(|attribute| !is_allowed(attribute))?;
    refuse(
        other,
        "beside `#[cnn_model]` only doc comments, `cfg` and `allow` can stand here",
    )
}

fn is_allowed(attribute: &Attribute) -> bool {
    ATTRIBUTES
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

/// What stands between the attribute's parentheses.
struct Arguments {
    path: LitStr,
    kernels: Kernels,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let path = input.parse().map_err(|error| {
            let message = "expected the path of a TOML file: `#[cnn_model(\"net.toml\")]`";
            Error::new(error.span(), message)
        })?;
        let kernels = if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            kernels(input)?
        } else {
            Kernels::default()
        };
        Ok(Self { path, kernels })
    }
}

/// `kernels = "plain"`.
fn kernels(input: ParseStream) -> syn::Result<Kernels> {
    let setting: MetaNameValue = input.parse()?;
    let word = match &setting.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(word),
            ..
        }) if setting.path.is_ident("kernels") => word.value(),
        _ => String::new(),
    };
    match word.as_str() {
        "plain" => Ok(Kernels::Plain),
        "simd" => Ok(Kernels::Simd),
        _ => {
            let message =
                "beside the path there can be `kernels = \"plain\"` or `kernels = \"simd\"`";
            Err(Error::new_spanned(setting, message))
        }
    }
}

/// The TOML file that an attribute names.
struct Spec {
    literal: LitStr,
    path: PathBuf,
    source: Source,
}

impl Spec {
    fn open(literal: LitStr, file: Option<&Path>) -> Result<Self, Error> {
        let path =
            find(&literal.value(), file).map_err(|message| Error::new(literal.span(), message))?;
        let source = Source::read_as(&path, from_here(&path))
            .map_err(|error| Error::new(literal.span(), without_title(&error)))?;
        Ok(Self {
            literal,
            path,
            source,
        })
    }

    fn compile(&self, options: &Options) -> Result<Code, Error> {
        self.source
            .compile(options)
            .map_err(|error| Error::new(self.literal.span(), without_title(&error)))
    }

    /// Makes the compiler look at the file, so that a change builds the crate again.
    fn tracked(&self) -> TokenStream {
        let path = self.path.to_string_lossy();
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    }
}

/// Looks beside the source file, then in the package's folder.
fn find(path: &str, file: Option<&Path>) -> Result<PathBuf, String> {
    let beside = file.and_then(Path::parent).map(Path::to_owned);
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let folders = beside.into_iter().chain(package);
    let mut places: Vec<PathBuf> = folders.map(|folder| folder.join(path)).collect();
    places.dedup();
    if let Some(found) = places.iter().find_map(|place| place.canonicalize().ok()) {
        return Ok(found);
    }
    let mut message = format!("there is no file `{path}`; these places were looked at:");
    for place in &places {
        // Writing to a string cannot fail.
        let _ = write!(message, "\n  {}", from_here(place).display());
    }
    Err(message)
}

/// The path from the folder in which the compiler runs, as its own messages give it.
fn from_here(path: &Path) -> &Path {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path)
}

/// `compile_error!` puts `error: ` before the text itself.
fn without_title(error: &crate::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ")
        .map_or(text.clone(), str::to_owned)
}
