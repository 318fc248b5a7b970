//! What was given for one option, and where.

use crate::grammar::{Cursor, Span, SyntaxError, Token};

/// A value that was given, and where.
#[derive(Clone, Debug)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// An option that may be given once.
#[derive(Clone, Debug)]
pub(super) struct Setting<T>(Option<Given<T>>);

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Setting<T> {
    /// Takes the value for `keyword`. As in ExaBGP, the last one given counts.
    pub(super) fn set(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>, value: T) {
        if self.0.is_some() {
            let problem = alloc::format!("`{}` was given before; this one counts", keyword.text);
            cursor.warn(SyntaxError::new(keyword.span, problem));
        }
        self.0 = Some(Given { value, span: keyword.span });
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn span(&self) -> Option<Span> {
        self.0.as_ref().map(|given| given.span)
    }

    pub(super) fn get(&self) -> Option<T> {
        self.0.as_ref().map(|given| given.value.clone())
    }

    pub(super) fn or(&self, default: T) -> T {
        self.get().unwrap_or(default)
    }

    pub(super) fn or_default(&self) -> T
    where
        T: Default,
    {
        self.get().unwrap_or_default()
    }

    /// Takes over what a template sets. As in ExaBGP, the template's value counts even where there is one already.
    pub(super) fn inherit(&mut self, template: &Self, cursor: &mut Cursor<'_>) {
        if let (Some(own), Some(_)) = (&self.0, &template.0) {
            let problem = "an inherited template sets this too, and its value counts";
            cursor.warn(SyntaxError::new(own.span, problem));
        }
        if template.is_set() {
            self.0.clone_from(&template.0);
        }
    }
}
