//! The places in a source file at which it can be made wrong, each in a way that a switch turns on while it runs.
//!
//! All mutants of a file are compiled at once, each behind its number: building a test binary takes a minute, running it half a second.
//! A mutant only adds text around what stands there, and no line, so that places and what the compiler complains of stay what they were.
//!
//! | what | becomes |
//! |---|---|
//! | a condition (`if`, `while`, a guard, a closure of `filter` and its like) | always true; always false |
//! | an operand of `&&`, of `\|\|` | left out |
//! | a comparison | its opposite; for `<` and its like also the other one about equality |
//! | `!x` | `x` |
//! | `a + b` | `a` |
//! | a statement that calls or assigns | left out |
//! | a function's body | returns true, false, `None`, 0, 1, nothing, or an empty list or text |

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ItemFn, ReturnType, Signature, Stmt, Type, UnOp};

/// One way to make a file wrong.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// The line and the column that it is about, from 1.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// What it makes of what stands there.
    pub(crate) what: String,
    edits: Vec<Edit>,
}

/// Text that a mutant puts in place of a range, which may be empty. `$` stands for the mutant's switch.
#[derive(Clone, Debug)]
struct Edit {
    range: Range<usize>,
    text: String,
    /// It closes what another one has opened.
    closes: bool,
    /// How long the range around which it stands is: the longest opens first and closes last.
    around: usize,
}

/// The calls whose closure says whether something is so.
const ASKING: &[&str] = &[
    "filter",
    "any",
    "all",
    "find",
    "position",
    "is_some_and",
    "is_none_or",
    "is_ok_and",
    "is_err_and",
    "retain",
    "take_while",
    "skip_while",
    "partition_point",
];

/// Every mutant of a file, in the order in which they stand there.
///
/// # Errors
/// The file is no Rust.
pub(crate) fn mutants(source: &str) -> Result<Vec<Mutant>, syn::Error> {
    let file = syn::parse_file(source)?;
    let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut finder = Finder { source, starts, chains: Vec::new(), found: Vec::new() };
    finder.visit_file(&file);
    finder.found.sort_by_key(|mutant| (mutant.line, mutant.column));
    Ok(finder.found)
}

/// The file with all these mutants in it, the first under this number.
pub(crate) fn render(source: &str, mutants: &[(usize, &Mutant)]) -> String {
    let mut edits: Vec<(usize, &Edit)> = Vec::new();
    for (number, mutant) in mutants {
        edits.extend(mutant.edits.iter().map(|edit| (*number, edit)));
    }
    // At one place what closes comes before what opens; the innermost closes first, the outermost opens first.
    edits.sort_by_key(|(number, edit)| {
        let (depth, order) = if edit.closes {
            (edit.around, usize::MAX - number)
        } else {
            (usize::MAX - edit.around, *number)
        };
        (edit.range.start, !edit.closes, depth, order)
    });
    let mut text = String::with_capacity(source.len() * 2);
    let mut done = 0;
    for (number, edit) in edits {
        text.push_str(source.get(done..edit.range.start).unwrap_or_default());
        text.push_str(&edit.text.replace('$', &format!("crate::oracle::mutation::on({number})")));
        done = edit.range.end;
    }
    text.push_str(source.get(done..).unwrap_or_default());
    text
}

struct Finder<'a> {
    source: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// The chains of `&&` (`true`) and of `||` that were asked for their operands.
    chains: Vec<(bool, Range<usize>)>,
    found: Vec<Mutant>,
}

impl Finder<'_> {
    fn range(&self, span: Span) -> Range<usize> {
        let place = |at: proc_macro2::LineColumn| {
            let start = self.starts.get(at.line.saturating_sub(1)).copied().unwrap_or_default();
            let line = self.source.get(start..).unwrap_or_default();
            start + line.chars().take(at.column).map(char::len_utf8).sum::<usize>()
        };
        place(span.start())..place(span.end())
    }

    fn text(&self, range: &Range<usize>) -> String {
        let text = self.source.get(range.clone()).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let joined = words.join(" ");
        match joined.char_indices().nth(60) {
            Some((at, _)) => format!("{}…", joined.get(..at).unwrap_or_default()),
            None => joined,
        }
    }

    fn add(&mut self, span: Span, what: String, edits: Vec<Edit>) {
        let start = span.start();
        self.found.push(Mutant { line: start.line, column: start.column + 1, what, edits });
    }

    /// Puts text around an expression.
    fn wrap(&mut self, span: Span, what: &str, before: &str, after: &str) {
        let range = self.range(span);
        let what = format!("`{}` {what}", self.text(&range));
        let edits = around(&range, before, after);
        self.add(span, what, edits);
    }

    /// Something that is true or false.
    fn condition(&mut self, expr: &Expr) {
        if has_let(expr) {
            return;
        }
        self.wrap(expr.span(), "is always true", "($ || (", "))");
        self.wrap(expr.span(), "is always false", "(!$ && (", "))");
    }

    fn operands(&mut self, expr: &Expr, and: bool) {
        match expr {
            Expr::Binary(binary) if is_chain(&binary.op, and) => {
                self.operands(&binary.left, and);
                self.operands(&binary.right, and);
            }
            Expr::Let(_) => {}
            operand if and => self.wrap(operand.span(), "is left out of `&&`", "($ || (", "))"),
            operand => self.wrap(operand.span(), "is left out of `||`", "(!$ && (", "))"),
        }
    }

    fn comparison(&mut self, binary: &syn::ExprBinary) {
        self.wrap(expr_span(binary), "is negated", "($ != (", "))");
        let name = match binary.op {
            BinOp::Lt(_) => "lt",
            BinOp::Le(_) => "le",
            BinOp::Gt(_) => "gt",
            BinOp::Ge(_) => "ge",
            _ => return,
        };
        let opened = format!("crate::oracle::mutation::{name}($, &(");
        self.call(binary, "is the other one where both are equal", &opened, "), &(", "))");
    }

    fn call(&mut self, binary: &syn::ExprBinary, what: &str, before: &str, between: &str, after: &str) {
        let range = self.range(expr_span(binary));
        let operator = self.range(binary.left.span()).end..self.range(binary.right.span()).start;
        let what = format!("`{}` {what}", self.text(&range));
        let mut edits = around(&range, before, after);
        // Between the operands nothing else is put.
        let lines = self.source.get(operator.clone()).unwrap_or_default().matches('\n').count();
        let text = format!("{between}{}", "\n".repeat(lines));
        edits.push(Edit { range: operator, text, closes: true, around: usize::MAX });
        self.add(expr_span(binary), what, edits);
    }

    fn body(&mut self, signature: &Signature, block: &syn::Block) {
        let open = self.range(block.brace_token.span.open()).end;
        let values: &[&str] = match &signature.output {
            ReturnType::Default => &[""],
            ReturnType::Type(_, kind) => returned(kind),
        };
        for value in values {
            let what = match *value {
                "" => format!("`{}` does nothing", signature.ident),
                value => format!("`{}` returns {value}", signature.ident),
            };
            let text = format!(" if $ {{ return {value}; }}");
            let edit = Edit { range: open..open, text, closes: false, around: usize::MAX };
            self.add(signature.ident.span(), what, vec![edit]);
        }
    }
}

fn around(range: &Range<usize>, before: &str, after: &str) -> Vec<Edit> {
    let edit = |at: usize, text: &str, closes: bool| Edit {
        range: at..at,
        text: text.to_owned(),
        closes,
        around: range.len(),
    };
    vec![edit(range.start, before, false), edit(range.end, after, true)]
}

/// All of it: the span of an operator's expression is not always its operands' together.
fn expr_span(binary: &syn::ExprBinary) -> Span {
    let (left, right) = (binary.left.span(), binary.right.span());
    left.join(right).unwrap_or_else(|| binary.span())
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_chain(op: &BinOp, and: bool) -> bool {
    matches!((op, and), (BinOp::And(_), true) | (BinOp::Or(_), false))
}

/// What a function may return instead.
fn returned(kind: &Type) -> &'static [&'static str] {
    let Type::Path(path) = kind else { return &[] };
    match path.path.segments.last().map(|last| last.ident.to_string()).as_deref() {
        Some("bool") => &["true", "false"],
        Some("Option") => &["None"],
        Some("usize" | "u64" | "u32") => &["0", "1"],
        Some("Duration") => &["holdtime_core::Duration::ZERO"],
        Some("Vec") => &["Vec::new()"],
        Some("String") => &["String::new()"],
        _ => &[],
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        // What is only printed when something has failed.
        if name.is_none_or(|name| name.ident != "Debug") {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) && item.sig.constness.is_none() {
            self.body(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) && item.sig.constness.is_none() {
            self.body(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expr @ (Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_)), Some(end)) =
            statement
        {
            let span = expr.span().join(end.span()).unwrap_or_else(|| expr.span());
            self.wrap(span, "is left out", "if !$ { ", " }");
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        self.condition(&expr.cond);
        visit::visit_expr_if(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        if !has_let(&expr.cond) {
            self.wrap(expr.cond.span(), "is always false", "(!$ && (", "))");
        }
        visit::visit_expr_while(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(guard);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if ASKING.contains(&call.method.to_string().as_str())
            && let Some(Expr::Closure(closure)) = call.args.first()
        {
            self.condition(&closure.body);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if matches!(unary.op, UnOp::Not(_)) {
            self.wrap(unary.span(), "is taken for what it is not", "($ != (", "))");
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        self.binary(binary);
        visit::visit_expr_binary(self, binary);
    }
}

impl Finder<'_> {
    fn binary(&mut self, binary: &syn::ExprBinary) {
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) => {
                let and = matches!(binary.op, BinOp::And(_));
                // A chain leans to the left: only its last link is asked for its operands. `a && b || c` is two chains.
                let range = self.range(expr_span(binary));
                let is_link = |(of_and, chain): &(bool, Range<usize>)| {
                    *of_and == and && chain.start == range.start && chain.end > range.end
                };
                if !self.chains.iter().any(is_link) {
                    self.operands(&binary.left, and);
                    self.operands(&binary.right, and);
                }
                self.chains.push((and, range));
            }
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                self.comparison(binary);
            }
            BinOp::Add(_) => {
                self.call(binary, "adds nothing", "crate::oracle::mutation::add($, ", ", ", ")");
            }
            BinOp::AddAssign(_) | BinOp::SubAssign(_) => {
                self.wrap(binary.span(), "is left out", "if !$ { ", " }");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str, what: &str) -> String {
        let all = mutants(source).unwrap();
        let chosen: Vec<(usize, &Mutant)> =
            (1..).zip(all.iter().filter(|mutant| mutant.what.contains(what))).collect();
        assert!(!chosen.is_empty(), "{all:?}");
        render(source, &chosen).replace("crate::oracle::mutation::", "")
    }

    #[test]
    fn each_condition_is_removed_and_what_stands_around_it_stays() {
        let source =
            "fn f(a: u8, b: bool) -> Option<u8> {\n    if a < 3\n        && b { Some(a) } else { None }\n}\n";
        assert_eq!(
            rendered(source, "left out of"),
            "fn f(a: u8, b: bool) -> Option<u8> {\n    if (on(1) || (a < 3))\n        && (on(2) || (b)) { Some(a) } else { None }\n}\n"
        );
        assert_eq!(rendered(source, "both are equal").lines().nth(1), Some("    if lt(on(1), &(a), &(3))"));
        assert_eq!(
            rendered(source, "returns None").lines().next(),
            Some("fn f(a: u8, b: bool) -> Option<u8> { if on(1) { return None; }")
        );
    }

    #[test]
    fn mutants_within_mutants_open_and_close_in_order() {
        let source = "fn f(x: &[u8]) -> bool { x.iter().any(|x| !(*x == 1)) }";
        let all = mutants(source).unwrap();
        let numbered: Vec<(usize, &Mutant)> = (1..).zip(&all).collect();
        let text = render(source, &numbered);
        assert!(syn::parse_file(&text).is_ok(), "{text}");
        assert_eq!(all.len(), 6, "{all:?}");
    }

    #[test]
    fn a_chain_of_and_at_the_left_end_of_one_of_or_is_asked_for_its_operands_too() {
        let source = "fn f(a: bool, b: bool, c: bool) -> bool { a && b || c }";
        let left_out = |from: &str| {
            let all = mutants(source).unwrap();
            all.iter().filter(|mutant| mutant.what.ends_with(&format!("is left out of `{from}`"))).count()
        };
        assert_eq!((left_out("&&"), left_out("||")), (2, 2));
        let links = mutants("fn f(a: bool, b: bool, c: bool) -> bool { a && b && c }").unwrap();
        assert_eq!(links.iter().filter(|mutant| mutant.what.contains("left out")).count(), 3);
    }

    #[test]
    fn tests_are_left_alone() {
        assert!(mutants("#[cfg(test)]\nmod tests { fn f() -> bool { 1 < 2 } }").unwrap().is_empty());
    }
}
