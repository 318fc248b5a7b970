//! The module that mutated sources ask which of their mutants is on.

/// The variable that says which mutant is on.
pub(crate) const VARIABLE: &str = "HOLDTIME_MUTANT";

/// The module, which is compiled with the mutated sources.
pub(crate) const SOURCE: &str = r#"//! Which mutant is on.
#![allow(missing_docs, dead_code, clippy::all, unreachable_pub)]
use std::sync::OnceLock;

static ON: OnceLock<usize> = OnceLock::new();

pub fn on(number: usize) -> bool {
    *ON.get_or_init(|| std::env::var("HOLDTIME_MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0)) == number
}
pub fn lt<A: ?Sized + PartialOrd<B>, B: ?Sized>(on: bool, a: &A, b: &B) -> bool { if on { a <= b } else { a < b } }
pub fn le<A: ?Sized + PartialOrd<B>, B: ?Sized>(on: bool, a: &A, b: &B) -> bool { if on { a < b } else { a <= b } }
pub fn gt<A: ?Sized + PartialOrd<B>, B: ?Sized>(on: bool, a: &A, b: &B) -> bool { if on { a >= b } else { a > b } }
pub fn ge<A: ?Sized + PartialOrd<B>, B: ?Sized>(on: bool, a: &A, b: &B) -> bool { if on { a > b } else { a >= b } }
pub fn add<A: std::ops::Add<B, Output = A>, B>(on: bool, a: A, b: B) -> A { if on { a } else { a + b } }
"#;
