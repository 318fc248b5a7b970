//! Small programs that must see the same on the simulated machine as on real Linux.
//!
//! A simulator that invents hangs, or hides them, is worse than none. Each row of the table is one program, written
//! once over `Host`; it plays both ends of what it tries and notes what it observes: results, kinds of errors, octet
//! counts where the kernel documents them, and what is readable and writable. [`compare`] runs every row on both hosts.

mod pipes;
mod scripted;
mod stage;
mod tcp;

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use holdtime_core::time::{Duration, Instant};
use holdtime_reactor::Surroundings;
use holdtime_reactor::mio_host::{MioHost, run_blocking};

use crate::executor::Lab;
use crate::host::SimHost;
use crate::world::Settings;
use stage::Stage;

/// The backlog of every listener, on both hosts.
const BACKLOG: usize = 128;

type Running = Pin<Box<dyn Future<Output = Vec<String>>>>;

/// One program.
struct Row {
    name: &'static str,
    simulated: fn(SimHost) -> Running,
    real: fn(MioHost) -> Running,
}

macro_rules! rows {
    ($($module:ident: $($name:ident),+ $(,)?;)+) => {
        &[$($(Row {
            name: stringify!($name),
            simulated: |host| Box::pin(async move {
                let stage = Stage::new(host);
                $module::$name(&stage).await;
                stage.into_seen()
            }),
            real: |host| Box::pin(async move {
                let stage = Stage::new(host);
                $module::$name(&stage).await;
                stage.into_seen()
            }),
        },)+)+]
    };
}

const ROWS: &[Row] = rows! {
    tcp:
        connecting_where_nobody_listens_is_refused,
        connecting_from_a_foreign_address_fails_at_once,
        both_sides_agree_about_their_addresses,
        ipv6_loopback_connects_too,
        an_address_of_a_source_is_seen_by_the_listener,
        one_port_has_one_listener,
        listening_on_a_foreign_address_fails,
        a_port_can_be_listened_on_again_at_once,
        an_empty_backlog_has_nothing_to_accept,
        a_connection_is_up_before_it_is_accepted,
        closing_a_listener_resets_its_backlog,
        an_accepted_connection_outlives_its_listener,
        a_connection_that_was_reset_in_the_backlog_is_gone,
        a_full_backlog_lets_one_more_in_and_the_rest_wait_for_room,
        octets_arrive_in_order_and_writes_join,
        a_message_can_be_read_in_pieces,
        there_is_nothing_to_read_at_first,
        a_megabyte_passes_through_small_reads,
        a_reader_that_stops_stops_the_writer,
        a_reset_wakes_a_writer_that_waits_for_the_window,
        an_error_is_told_once_then_reading_ends,
        what_came_before_a_reset_is_read_first,
        what_came_before_an_end_is_read_first,
        writing_to_a_closed_peer_works_once,
        half_a_connection_goes_on,
        both_sides_end_at_once,
        both_sides_reset_at_once,
        shutting_down_twice_changes_nothing,
        what_was_written_before_a_graceful_close_arrives,
        an_end_waits_behind_a_full_window,
        a_peer_that_closes_unread_data_away_breaks_the_writer,
        a_name_is_forgotten_once_closed,
        what_is_not_wanted_is_not_reported,
        a_wait_ends_at_its_deadline_and_not_before,
        closing_while_connecting_is_quiet,
        a_late_reset_reaches_a_half_closed_peer_as_a_broken_pipe,
        a_socket_is_writable_until_a_write_would_block,
        a_writer_that_was_refused_hears_nothing_of_a_little_room,
        what_arrives_tells_a_refused_writer_of_no_room,
        a_writer_that_never_was_refused_stays_writable;
    pipes:
        a_program_that_is_not_there_does_not_start,
        a_program_answers_through_its_pipes,
        closing_its_input_ends_a_program_that_reads,
        a_line_is_answered_with_a_line,
        an_exit_code_is_told,
        what_a_dead_program_said_can_still_be_read,
        an_exit_is_told_after_its_pipes_are_closed,
        a_killed_program_ends_by_its_signal,
        a_pipe_that_nobody_reads_takes_64_kib,
        a_pipe_is_full_after_sixteen_awkward_writes,
        small_writes_share_pages,
        killing_the_reader_breaks_the_pipe,
        a_program_may_close_its_input_and_live,
        a_program_may_close_its_output_and_live,
        a_program_that_floods_is_stopped_by_its_pipe,
        a_pipe_is_writable_until_a_write_would_block,
        a_line_that_is_read_makes_no_room_in_a_full_pipe,
        a_pipe_with_a_page_to_spare_takes_part_of_a_write;
};

/// Differences that are kept, each with its reason.
const KEPT: &[(&str, &str)] = &[];

/// How one row came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The program.
    pub name: &'static str,
    /// What it observed on the simulated host.
    pub simulated: Vec<String>,
    /// What it observed on real Linux.
    pub real: Vec<String>,
}

impl Outcome {
    /// Whether both hosts showed the same.
    pub fn agrees(&self) -> bool {
        self.simulated == self.real
    }

    /// Why a difference is kept; `None`: it is not.
    pub fn kept(&self) -> Option<&'static str> {
        KEPT.iter().find(|(name, _)| *name == self.name).map(|(_, reason)| *reason)
    }
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Row by row.
    pub outcomes: Vec<Outcome>,
}

impl Table {
    /// Whether every row agrees, or has a reason not to.
    pub fn holds(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.agrees() || outcome.kept().is_some())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            let name = outcome.name.replace('_', " ");
            match (outcome.agrees(), outcome.kept()) {
                (true, _) => writeln!(f, "same     {name} ({} observations)", outcome.real.len())?,
                (false, Some(reason)) => writeln!(f, "kept     {name}: {reason}")?,
                (false, None) => {
                    writeln!(f, "DIFFERS  {name}")?;
                    writeln!(f, "           simulated: {}", outcome.simulated.join("; "))?;
                    writeln!(f, "           real:      {}", outcome.real.join("; "))?;
                }
            }
        }
        let same = self.outcomes.iter().filter(|outcome| outcome.agrees()).count();
        let kept =
            self.outcomes.iter().filter(|outcome| !outcome.agrees() && outcome.kept().is_some()).count();
        let differ = self.outcomes.len() - same - kept;
        write!(f, "{} rows: {same} the same, {kept} differences kept, {differ} not", self.outcomes.len())
    }
}

/// Runs the rows whose names contain `only` on the simulated host and on this machine's loopback.
///
/// Takes the process's signals over while it runs.
///
/// # Errors
/// The real host could not be set up.
pub fn compare(seed: u64, only: &str) -> std::io::Result<Table> {
    let mut outcomes = Vec::new();
    for row in ROWS.iter().filter(|row| row.name.contains(only)) {
        let simulated = run_simulated(seed, row);
        let real =
            run_blocking((row.real)(MioHost::new(Surroundings::new(std::path::PathBuf::new(), |_| {}))?));
        outcomes.push(Outcome { name: row.name, simulated, real });
    }
    Ok(Table { outcomes })
}

fn run_simulated(seed: u64, row: &Row) -> Vec<String> {
    let mut lab = Lab::new(seed, Settings::default());
    scripted::install(&mut lab.world_mut());
    let machine = lab.add_machine(&[]);
    let host = lab.add_process(machine, "parity");
    host.set_backlog(BACKLOG);
    let seen = Rc::new(RefCell::new(None));
    let (running, kept) = ((row.simulated)(host.clone()), seen.clone());
    lab.spawn(&host, async move {
        *kept.borrow_mut() = Some(running.await);
    });
    lab.run_until(Instant::ZERO + Duration::from_secs(600));
    let incident = lab.world().incidents().first().map(|incident| format!("{:?}", incident.kind));
    seen.take().unwrap_or_else(|| vec![incident.unwrap_or_else(|| "it never ends".to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_ends_in_the_lab_and_a_seed_repeats_it() {
        for row in ROWS {
            let first = run_simulated(1, row);
            assert!(!first.is_empty() && !first.contains(&"it never ends".to_owned()), "{}", row.name);
            assert_eq!(run_simulated(1, row), first, "{}", row.name);
        }
    }

    #[test]
    fn what_a_row_observes_does_not_hang_on_the_seed() {
        for row in ROWS {
            let first = run_simulated(1, row);
            for seed in 2..6 {
                assert_eq!(run_simulated(seed, row), first, "{}", row.name);
            }
        }
    }

    #[test]
    fn every_kept_difference_names_a_row() {
        for (name, _) in KEPT {
            assert!(ROWS.iter().any(|row| row.name == *name), "{name}");
        }
    }
}
