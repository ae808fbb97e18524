//! Generated code with one mistake in its backward pass: a sign, a term, an index.

use quote::ToTokens;
use std::fmt::Write as _;
use syn::visit_mut::{VisitMut, visit_expr_for_loop_mut, visit_expr_mut, visit_item_fn_mut};
use syn::{BinOp, Expr, ExprForLoop, File, ItemFn, UnOp, parse_quote};

/// A module with a mistake.
#[derive(Debug)]
pub struct Mutant {
    /// Where it is, and what was written instead of what.
    pub mistake: String,
    /// The module.
    pub text: String,
}

/// All modules that differ from this one by a single mistake.
///
/// # Panics
/// If the text is not Rust.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let file: File = syn::parse_file(text).expect("the module is Rust");
    let mutant = |number| {
        let mut file = file.clone();
        let mut mutation = Mutation::new(number);
        mutation.visit_file_mut(&mut file);
        // Constants that make no sense are found when the program runs.
        let mut text = String::from("#![allow(arithmetic_overflow, unconditional_panic)]\n");
        let _ = write!(text, "{}", file.into_token_stream());
        Some(Mutant {
            mistake: mutation.mistake?,
            text,
        })
    };
    (0..).map_while(mutant).collect()
}

/// Makes the mistake with this number.
struct Mutation {
    left: usize,
    function: Option<String>,
    /// Indices of loops that are gone through once: to add or subtract them is the same.
    zeros: Vec<String>,
    mistake: Option<String>,
}

impl Mutation {
    fn new(number: usize) -> Self {
        Self {
            left: number,
            function: None,
            zeros: Vec::new(),
            mistake: None,
        }
    }

    /// Whether the next mistake is the one to make.
    fn is_due(&mut self) -> bool {
        let is_due = self.left == 0 && self.mistake.is_none();
        self.left = self.left.wrapping_sub(1);
        is_due
    }

    /// Whether an expression is the index of a loop that is gone through once.
    fn is_zero(&self, expr: &Expr) -> bool {
        self.zeros.contains(&expr.to_token_stream().to_string())
    }

    fn try_each(&mut self, expr: &mut Expr) {
        if matches!(expr, Expr::Binary(binary) if self.is_zero(&binary.right)) {
            return;
        }
        for wrong in mistakes(expr) {
            if self.is_due() {
                let (before, after) = (expr.to_token_stream(), wrong.to_token_stream());
                let function = self.function.as_deref().unwrap_or_default();
                self.mistake = Some(format!("{function}: `{after}` instead of `{before}`"));
                *expr = wrong;
                return;
            }
        }
    }
}

impl VisitMut for Mutation {
    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let name = function.sig.ident.to_string();
        if name.contains("backward") {
            self.function = Some(name);
            visit_item_fn_mut(self, function);
            self.function = None;
        }
    }

    fn visit_expr_for_loop_mut(&mut self, each: &mut ExprForLoop) {
        let is_once = each.expr.to_token_stream().to_string() == "0 .. 1";
        if is_once {
            self.zeros.push(each.pat.to_token_stream().to_string());
        }
        visit_expr_for_loop_mut(self, each);
        if is_once {
            self.zeros.pop();
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if self.function.is_some() && self.mistake.is_none() {
            self.try_each(expr);
        }
        if self.mistake.is_none() {
            visit_expr_mut(self, expr);
        }
    }
}

/// What one may write by mistake.
fn mistakes(expr: &Expr) -> Vec<Expr> {
    let with_operator = |op: BinOp| {
        let mut wrong = expr.clone();
        if let Expr::Binary(binary) = &mut wrong {
            binary.op = op;
        }
        wrong
    };
    match expr {
        Expr::Binary(binary) => {
            let left = (*binary.left).clone();
            match binary.op {
                BinOp::Add(_) => vec![with_operator(parse_quote!(-)), left],
                // The left side alone, which may be a reference, as a number.
                BinOp::Sub(_) => {
                    let right = &binary.right;
                    let alone = parse_quote!(#left + #right - #right);
                    vec![with_operator(parse_quote!(+)), alone]
                }
                BinOp::Mul(_) => vec![parse_quote!((#left))],
                BinOp::AddAssign(_) => vec![with_operator(parse_quote!(-=))],
                BinOp::SubAssign(_) => vec![with_operator(parse_quote!(+=))],
                _ => vec![],
            }
        }
        Expr::Index(index) => {
            let mut wrong = index.clone();
            let shifted = &index.index;
            wrong.index = parse_quote!((#shifted) + 1);
            match **shifted {
                Expr::Range(_) | Expr::MethodCall(_) => vec![],
                _ => vec![Expr::Index(wrong)],
            }
        }
        Expr::Unary(unary) => match unary.op {
            // Twice, for what is negated may be behind a reference.
            UnOp::Neg(_) => vec![parse_quote!(-(#unary))],
            _ => vec![],
        },
        _ => vec![],
    }
}
