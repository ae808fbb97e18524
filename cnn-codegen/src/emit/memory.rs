//! What a generated network keeps in memory, counted in the structs that were emitted.

use cnn_spec::summary::grouped;
use proc_macro2::TokenStream;
use std::collections::HashMap;
use std::fmt;
use syn::{Expr, ExprLit, Fields, GenericArgument, Item, Lit, PathArguments, Type, TypePath};

/// Bytes of a network's memory; nothing else is taken when it infers or learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What is learnt; its gradients take as much.
    pub parameters: usize,
    /// What inferring one sample takes.
    pub sample: usize,
    /// What inferring any number of samples takes.
    pub batch: usize,
    /// What learning takes, if the network is trained.
    pub training: Option<TrainingMemory>,
}

/// Bytes that learning takes beside parameters and gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Of each thread, for any number of samples.
    pub workspace: usize,
    /// What the optimizer remembers.
    pub optimizer: usize,
}

impl Memory {
    /// Counts the memory of emitted items.
    pub fn of(items: TokenStream) -> Self {
        let file: syn::File = syn::parse2(items).expect("emitted items are well-formed");
        let structs = file.items.iter().filter_map(|item| match item {
            Item::Struct(item) => Some((item.ident.to_string(), &item.fields)),
            _ => None,
        });
        let structs = Structs(structs.collect());
        let size = |name: &str| Some(structs.layout(structs.0.get(name)?).size);
        let sample = size("Activations").unwrap_or(0);
        Self {
            parameters: size("Parameters").unwrap_or(0),
            sample,
            batch: size("LaneActivations").unwrap_or(sample),
            training: size("Workspace")
                .zip(size("Optimizer"))
                .map(|(workspace, optimizer)| TrainingMemory {
                    workspace,
                    optimizer,
                }),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |count: usize| grouped(count as u64);
        write!(
            f,
            "memory: parameters {} bytes; to infer one sample {}, any batch {}",
            bytes(self.parameters),
            bytes(self.sample),
            bytes(self.batch)
        )?;
        if let Some(training) = self.training {
            write!(
                f,
                "\n        to train any batch {} a thread, gradients {}, the optimizer's memory {}",
                bytes(training.workspace),
                bytes(self.parameters),
                bytes(training.optimizer)
            )?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Default)]
struct Layout {
    size: usize,
    align: usize,
}

/// The fields of the structs, by name.
struct Structs<'a>(HashMap<String, &'a Fields>);

impl Structs<'_> {
    /// The layout of a struct: its fields may be moved, so that only the end is padded.
    fn layout(&self, fields: &Fields) -> Layout {
        let sum = fields.iter().fold(Layout::default(), |sum, field| {
            let field = self.of(&field.ty);
            Layout {
                size: sum.size + field.size,
                align: sum.align.max(field.align),
            }
        });
        Layout {
            size: sum.size.next_multiple_of(sum.align.max(1)),
            ..sum
        }
    }

    fn of(&self, kind: &Type) -> Layout {
        let both = |size| Layout { size, align: size };
        match kind {
            Type::Array(array) => {
                let element = self.of(&array.elem);
                Layout {
                    size: element.size * length(&array.len),
                    ..element
                }
            }
            Type::Path(path) => match path.path.get_ident().map(ToString::to_string).as_deref() {
                Some("f32") => both(4),
                Some("f64" | "u64") => both(8),
                Some("Room") => both(64),
                None => self.moments(path),
                name => {
                    let fields = name.and_then(|name| self.0.get(name));
                    self.layout(fields.expect("fields are numbers and structs of the same module"))
                }
            },
            _ => unreachable!("fields are arrays, numbers and structs"),
        }
    }

    /// The layout of `cnn_runtime::Moments<f32, 8>`: a count, and four numbers for each channel.
    fn moments(&self, path: &TypePath) -> Layout {
        let segment = path.path.segments.last();
        let Some(PathArguments::AngleBracketed(arguments)) = segment.map(|last| &last.arguments)
        else {
            unreachable!("other types have a plain name")
        };
        let (mut scalar, mut channels) = (Layout::default(), 0);
        for argument in &arguments.args {
            match argument {
                GenericArgument::Type(kind) => scalar = self.of(kind),
                GenericArgument::Const(count) => channels = length(count),
                _ => unreachable!("it has a type and a number"),
            }
        }
        Layout {
            size: scalar.size * (1 + 4 * channels),
            ..scalar
        }
    }
}

fn length(count: &Expr) -> usize {
    match count {
        Expr::Lit(ExprLit {
            lit: Lit::Int(count),
            ..
        }) => count.base10_parse().expect("a length fits usize"),
        _ => unreachable!("lengths are numbers"),
    }
}
