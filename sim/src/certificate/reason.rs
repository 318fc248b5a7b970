//! Why somebody does not act.

use std::fmt;

use holdtime_core::{Duration, Instant};

use crate::scenario::script::format_duration;

/// Why somebody will not act, or not in time; no names and no times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InertReason {
    /// Its process is over.
    Ended,
    /// Its process is stopped.
    Stopped,
    /// Its machine has no power.
    Off,
    /// The path from it loses everything.
    CutOff,
    /// The path loses what is as large as this.
    TooLarge,
    /// Its script has ended.
    ScriptEnded,
    /// It does not read.
    NotReading,
    /// What it waits for is owed by nobody.
    NothingOwed,
    /// Nothing leads to it.
    Unconnected,
    /// It acts, but later than is allowed.
    Late,
    /// No deadline is armed.
    Unarmed,
    /// It comes again and again, and nothing moves.
    InVain,
    /// It is at its end, and readable for ever.
    AtEnd,
    /// It computes.
    Computes,
    /// Its deadline is far away, for its clock has gone back.
    ClockBack,
    /// Its deadline is over, for its clock runs ahead.
    ClockAhead,
    /// Its deadline was taken for over too early.
    Early,
    /// It does not know that it owes it.
    Forgotten,
    /// It ends connections itself.
    Refuses,
    /// It is due without a pause.
    Hasty,
    /// It takes more and more.
    Unbounded,
}

impl InertReason {
    /// What a key has for it. Whatever keeps a peer silent, a speaker must cope with it: to its hang it is all one.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Stopped => "stopped",
            Self::Off => "off",
            Self::CutOff => "cut off",
            Self::TooLarge => "too large",
            Self::ScriptEnded => "script ended",
            Self::NotReading => "not reading",
            Self::NothingOwed => "nothing owed",
            Self::Unconnected => "unconnected",
            Self::Late => "late",
            Self::Unarmed => "unarmed",
            Self::InVain => "in vain",
            Self::AtEnd => "at end",
            Self::Computes => "computes",
            Self::ClockBack => "clock back",
            Self::ClockAhead => "clock ahead",
            Self::Early => "early",
            Self::Forgotten => "forgotten",
            Self::Refuses => "refuses",
            Self::Hasty => "hasty",
            Self::Unbounded => "unbounded",
        }
    }
}

impl fmt::Display for InertReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A time as a script would have it, without its last digits.
pub(super) fn rounded(time: Duration) -> String {
    let grain = match time.as_nanos() {
        0..900_000 => 1_000,
        900_000..900_000_000 => 1_000_000,
        _ => 100_000_000,
    };
    let nanos = u64::try_from((time.as_nanos() + grain / 2) / grain * grain).unwrap_or(u64::MAX);
    format_duration(Duration::from_nanos(nanos))
}

/// When a late one acts.
pub(super) fn only_at(at: Instant) -> String {
    if at == Instant::MAX { "never acts".to_owned() } else { format!("acts only at {at}") }
}
