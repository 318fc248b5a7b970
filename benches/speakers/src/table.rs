//! What was measured, for people.

use std::fmt::Write;
use std::time::Duration;

use crate::idle::Idle;
use crate::routes::{FromConfiguration, FromProgram};

/// Routes out of a configuration. The ratio is that of the time from the start to the last route, to the first row.
pub(crate) fn of_configurations(rows: &[FromConfiguration]) -> String {
    let mut table = format!(
        "routes from a configuration (seconds from the start, best of 3;\nBIRD dials after 1 s)\n{:<14}{:>8}{:>7}{:>7}{:>7}{:>8}{:>8}{:>9}{:>5}{:>6}\n",
        "", "routes", "there", "first", "last", "sending", "UPDATEs", "octets", "MB", "ratio"
    );
    for row in rows {
        let seen = &row.seen;
        let since = |moment: std::time::Instant| seconds(moment.saturating_duration_since(row.started));
        let ratio = rows.first().map_or(1.0, |first| row.took().as_secs_f64() / first.took().as_secs_f64());
        // A String takes whatever is written to it.
        let _ = writeln!(
            table,
            "{:<14}{:>8}{:>7}{:>7}{:>7}{:>8}{:>8}{:>9}{:>5}{:>6.1}",
            row.name,
            seen.routes,
            since(seen.connected),
            seen.first.map_or_else(String::new, since),
            since(seen.last),
            seconds(seen.last.saturating_duration_since(seen.connected)),
            seen.updates,
            seen.octets,
            row.memory / 1024,
            ratio,
        );
    }
    table
}

/// Routes out of a program. The ratio is that of the time for one line, to the first row.
pub(crate) fn of_programs(rows: &[FromProgram]) -> String {
    let mut table = format!(
        "routes from an API program, a line each (seconds from the first line, best of 3)\n{:<15} {:>8} {:>10} {:>10} {:>9} {:>8} {:>8} {:>7}\n",
        "", "lines", "answered", "sent", "us/line", "UPDATEs", "max MB", "ratio"
    );
    let each = |row: &FromProgram| row.took().as_secs_f64() * 1e6 / f64::from(row.lines);
    for row in rows {
        let ratio = rows.first().map_or(1.0, |first| each(row) / each(first));
        let _ = writeln!(
            table,
            "{:<15} {:>8} {:>10} {:>10} {:>9.1} {:>8} {:>8} {:>7.1}",
            row.name,
            row.lines,
            seconds(row.answered),
            seconds(row.sent),
            each(row),
            row.updates,
            row.memory / 1024,
            ratio,
        );
    }
    table
}

pub(crate) fn of_idling(rows: &[Idle]) -> String {
    let mut table = format!(
        "100 idle sessions, over 10 s\n{:<15} {:>9} {:>10} {:>8}\n",
        "", "hold time", "% of core", "max MB"
    );
    for row in rows {
        let _ = writeln!(
            table,
            "{:<15} {:>9} {:>10.2} {:>8}",
            row.name,
            row.hold_time,
            row.percent,
            row.memory / 1024
        );
    }
    table
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}
