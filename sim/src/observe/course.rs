//! What became of a speaker's sessions, and whether that is what the play wants.

use std::cell::Ref;
use std::fmt;

use holdtime_core::Instant;

use crate::observe::life::Ending;
use crate::observe::watch::{Watch, WatchedSession};
use crate::scenario::ExpectedEnd;
use crate::scenario::Play;

/// The course of a speaker's sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// When the first one was established.
    pub up: Option<Instant>,
    /// When the next one was established that was not up before the first one had ended.
    pub again: Option<Instant>,
    /// How the first one ended of those that did.
    pub end: Option<Ending>,
    /// How the first one ended of those that a collision did not end before they came up.
    pub lost: Option<Ending>,
    /// Whether one is established at the end of the run.
    pub is_up: bool,
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.up, self.end) {
            (None, None) => return f.write_str("never up"),
            (Some(up), None) => write!(f, "up at {up}")?,
            (None, Some(end)) => write!(f, "never up; {end}")?,
            (Some(up), Some(end)) => write!(f, "up at {up}; {end}")?,
        }
        f.write_str(if self.is_up { "; up at the end" } else { "" })
    }
}

impl Course {
    /// What was seen of a speaker so far: of its processes, one after the other.
    pub(crate) fn of<S>(watches: &[Ref<'_, Watch<S>>]) -> Self {
        let endings = || watches.iter().flat_map(|watch| watch.endings());
        let sessions = || watches.iter().flat_map(|watch| watch.sessions());
        let lost = endings().find(|ending| !ending.is_collision()).copied();
        let ups = || sessions().filter_map(WatchedSession::up);
        Self {
            again: lost.and_then(|lost| ups().filter(|up| *up >= lost.at()).min()),
            up: ups().min(),
            end: endings().next().copied(),
            lost,
            is_up: sessions().any(WatchedSession::is_up),
        }
    }

    /// How it differs from what the play wants.
    pub(crate) fn mistake(&self, play: &Play) -> Option<String> {
        match (play.ends, self.end) {
            (Some(ExpectedEnd::With(how, _)), Some(end)) if !end.is(how) => {
                Some(format!("the session ended with {end}"))
            }
            _ => self.untimely(play),
        }
    }

    /// How a session ended that was to stay, and whether it had come up: one that was lost and one that never was are two stories.
    pub fn lost(&self) -> Option<String> {
        let end = self.lost?;
        let was_up = self.up.is_some_and(|up| up <= end.at());
        let session = if was_up { "an established session" } else { "a session that was not established" };
        Some(format!("{session} ended with {end}"))
    }

    /// The same, however the session ended.
    pub(crate) fn untimely(&self, play: &Play) -> Option<String> {
        let mistaken_up = play.up.and_then(|window| match self.up {
            Some(at) if window.has(at) => None,
            Some(at) => Some(format!("a session was established at {at}, expected at {window}")),
            None => Some("no session was established".to_owned()),
        });
        let mistaken_end = || match (play.ends?, self.end) {
            (ExpectedEnd::Never, _) => match self.lost {
                None if self.is_up => None,
                None => Some("no session is up".to_owned()),
                Some(_) => self.lost(),
            },
            (ExpectedEnd::With(..), None) => Some("the session has not ended".to_owned()),
            (ExpectedEnd::With(_, window), Some(end)) => (!window.has(end.at()))
                .then(|| format!("the session ended at {}, expected at {window}", end.at())),
        };
        let mistaken_again = || {
            let by = Instant::ZERO + play.again_by?;
            match (self.lost, self.again) {
                (None, _) => Some("no session has ended that another one could follow".to_owned()),
                (Some(_), Some(at)) if at <= by => None,
                (Some(_), Some(at)) => {
                    Some(format!("a session was established again at {at}, expected by {by}"))
                }
                (Some(_), None) => Some(format!("no session was established again, expected by {by}")),
            }
        };
        mistaken_up.or_else(mistaken_end).or_else(mistaken_again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_was_lost_and_one_that_never_came_up_are_told_apart() {
        let at = |seconds| Instant::ZERO + core::time::Duration::from_secs(seconds);
        let lost = Some(Ending::Notification(at(9), 4, 0));
        let told = |up| Course { up, lost, ..Course::default() }.lost();
        assert_eq!(
            told(Some(at(1))).as_deref(),
            Some("an established session ended with NOTIFICATION 4/0 at 9.000 s")
        );
        for up in [None, Some(at(10))] {
            assert_eq!(
                told(up).as_deref(),
                Some("a session that was not established ended with NOTIFICATION 4/0 at 9.000 s")
            );
        }
        assert_eq!(Course::default().lost(), None);
    }
}
