//! Places and times of a scenario file, as all of its readers check them.

use std::ops::Range;

use holdtime_core::Duration;
use toml::Spanned;

use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::parse_duration;

/// Checks against the file's text.
pub(super) struct Check<'a> {
    pub(super) source: &'a Source,
}

impl Check<'_> {
    pub(super) fn price(&self, text: Option<&Spanned<String>>, usual: Duration) -> Result<Duration, Mistake> {
        text.map_or(Ok(usual), |text| self.positive(text))
    }

    pub(super) fn positive(&self, text: &Spanned<String>) -> Result<Duration, Mistake> {
        match self.duration(text)? {
            Duration::ZERO => Err(self
                .source
                .mistake(self.inside(text), "nothing is free")
                .expected("a time above zero, such as `1us`")),
            time => Ok(time),
        }
    }

    pub(super) fn duration(&self, text: &Spanned<String>) -> Result<Duration, Mistake> {
        parse_duration(text.get_ref()).ok_or_else(|| {
            self.source
                .mistake(self.inside(text), format!("`{}` is not a time", text.get_ref()))
                .expected("a number and ns, us, ms, s, m or h, such as `200ms`")
        })
    }

    /// The line on which a place begins, from 1.
    pub(super) fn line(&self, place: &Range<usize>) -> usize {
        self.source.at(0..place.start).matches('\n').count() + 1
    }

    /// Where a string's content stands, its quotes left out. Escapes would shift places: scripts are best written in `'''`.
    pub(super) fn inside(&self, text: &Spanned<String>) -> Range<usize> {
        self.source.inside(text)
    }
}
