//! What is read from a guest's memory, and written to it as the answer of a call.

use std::io;

use holdtime_host::time::Duration;

use crate::tracee::Tracee;

/// How a time is written to a guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// `struct timespec`.
    Spec,
    /// `struct timeval`.
    Val,
    /// `time_t`, which the call returns as well.
    Seconds,
}

/// Seconds, and a part of one in units of so many nanoseconds.
pub(crate) fn duration(seconds: u64, part: u64, unit: u64) -> io::Result<Duration> {
    if seconds > i64::MAX as u64 || part.saturating_mul(unit) >= 1_000_000_000 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // More than a century is without end here.
    Ok(Duration::from_nanos(seconds.min(1 << 32) * 1_000_000_000 + part * unit))
}

/// The word at this octet; 0 where there is none.
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    word.map_or(0, u64::from_ne_bytes)
}

/// Writes a time, unless it is wanted as the answer alone; what the call returns.
pub(crate) fn write_time(tracee: &Tracee, to: u64, form: TimeForm, nanos: i64) -> io::Result<i64> {
    let (seconds, part) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let words: &[i64] = match form {
        TimeForm::Spec => &[seconds, part],
        TimeForm::Val => &[seconds, part / 1_000],
        TimeForm::Seconds => &[seconds],
    };
    if to != 0 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        tracee.write(to, &bytes)?;
    }
    Ok(if form == TimeForm::Seconds { seconds } else { 0 })
}

/// Writes octets to these places, one after the other.
pub(crate) fn scatter(tracee: &Tracee, places: &[(u64, usize)], bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    for (at, room) in places {
        let (now, later) = rest.split_at(rest.len().min(*room));
        if !now.is_empty() {
            tracee.write(*at, now)?;
        }
        rest = later;
    }
    Ok(())
}
