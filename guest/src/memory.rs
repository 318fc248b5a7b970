//! What is written to a guest's memory as the answer of a call.

use std::io;

use crate::call::TimeForm;
use crate::tracee::Tracee;

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
