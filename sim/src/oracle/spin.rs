//! O2: the speaker sleeps when there is nothing to do, and does nothing that nobody needs.
//!
//! Each cause of work is judged by itself, within one virtual second:
//!
//! - turns of one task that **its own deadlines** cause and in which nothing moves: a read that is tried again and again. One is excused if
//!   another task moves something right afterwards: it did the work that had become due;
//! - turns that **readiness or another task** causes and in which nothing moves, more than streams and movements explain. The turn after one
//!   that moved something and made room for others is none of these;
//! - **KEEPALIVEs** on one session: RFC 4271 §4.4 wants no more than one a second;
//! - **connections dialled** to one address.
//!
//! A turn that never ends is the same in the extreme.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey, Turn, TurnCause};
use crate::oracle::alarm::{Alarm, Creditor, IdleWork, Judge, Missing, Oracle};
use crate::scenario::codec::{KEEPALIVE, kind};

const SECOND: Duration = Duration::from_secs(1);
/// How soon another task does what a deadline has made due.
const RIGHT_AFTER: Duration = Duration::from_millis(1);

/// O2 at work.
#[derive(Debug)]
pub(super) struct Spin {
    allowed: u64,
    tasks: BTreeMap<u32, Task>,
    /// The last turns that deadlines caused for nothing, and whose.
    unexcused: VecDeque<(Instant, u32)>,
    /// Sessions and programs that are open.
    streams: u64,
    /// What readiness and other tasks caused, and what moved meanwhile.
    idle: Second,
    moved: u64,
    keepalives: BTreeMap<SessionKey, Second>,
    dials: BTreeMap<IpAddr, Second>,
    alarm: Option<Alarm>,
}

#[derive(Debug, Default)]
struct Task {
    /// Its last turn moved something.
    moved: bool,
    /// The turns that its deadlines caused for nothing.
    idle: Second,
}

/// So many within a second from the first.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    since: Instant,
    count: u64,
}

impl Second {
    /// One more; whether it begins another second.
    fn add(&mut self, at: Instant) -> bool {
        let begins = self.count == 0 || at - self.since >= SECOND;
        if begins {
            *self = Self { since: at, count: 0 };
        }
        self.count += 1;
        begins
    }
}

impl Spin {
    /// So many wakeups without progress are allowed a second.
    pub(super) fn new(allowed: u32) -> Self {
        Self {
            allowed: allowed.into(),
            tasks: BTreeMap::new(),
            unexcused: VecDeque::new(),
            streams: 0,
            idle: Second::default(),
            moved: 0,
            keepalives: BTreeMap::new(),
            dials: BTreeMap::new(),
            alarm: None,
        }
    }

    fn turn(&mut self, at: Instant, turn: Turn) {
        let tasks = self.tasks.len() as u64;
        let task = self.tasks.entry(turn.task).or_default();
        let moved_before = std::mem::replace(&mut task.moved, turn.moved);
        if turn.moved {
            self.moved += 1;
            return self.excuse(at, turn.task);
        }
        match turn.cause {
            TurnCause::Start => {}
            TurnCause::Deadline => {
                task.idle.add(at);
                self.unexcused.push_back((at, turn.task));
                // A task that serves all streams has their deadlines, too.
                let allowed = self.allowed * (self.streams / tasks.max(1)).max(1);
                if task.idle.count > allowed {
                    let (since, what) =
                        (task.idle.since, "wakeups of one task within one second, and nothing moved");
                    self.sound(
                        at,
                        since,
                        (Creditor::Machine, IdleWork::Deadlines),
                        &format!("rest: more than {allowed} {what}"),
                    );
                }
            }
            TurnCause::Itself if moved_before => {}
            TurnCause::Readiness | TurnCause::Itself => {
                if self.idle.add(at) {
                    self.moved = 0;
                }
                let allowed = self.allowed * self.streams.max(1) + self.moved;
                if self.idle.count > allowed {
                    let (since, what) = (self.idle.since, "wakeups within one second, and nothing moved");
                    self.sound(
                        at,
                        since,
                        (Creditor::Machine, IdleWork::Readiness),
                        &format!("rest: more than {allowed} {what}"),
                    );
                }
            }
        }
    }

    /// This task has moved something: the first of the turns right before it was for that.
    fn excuse(&mut self, at: Instant, mover: u32) {
        while self.unexcused.front().is_some_and(|(then, _)| *then + RIGHT_AFTER < at) {
            self.unexcused.pop_front();
        }
        let found = self.unexcused.iter().position(|(_, task)| *task != mover);
        let excused = found.and_then(|index| self.unexcused.remove(index));
        if let Some(task) = excused.and_then(|(_, task)| self.tasks.get_mut(&task)) {
            task.idle.count = task.idle.count.saturating_sub(1);
        }
    }

    fn sound(&mut self, at: Instant, since: Instant, about: (Creditor, IdleWork), what: &str) {
        let (creditor, work) = about;
        let missing = Missing::Rest(work);
        let alarm = Alarm { since, creditor, missing, what: what.to_owned(), ..busy(at) };
        self.alarm.get_or_insert(alarm);
    }
}

fn busy(at: Instant) -> Alarm {
    Alarm {
        oracle: Oracle::Spin,
        at,
        since: at,
        creditor: Creditor::Machine,
        missing: Missing::Rest(IdleWork::Calls),
        what: String::new(),
        clause: "bound of the scenario: wakeups without progress per virtual second",
    }
}

/// A turn made calls without end.
pub(crate) fn out_of_fuel(at: Instant) -> Alarm {
    Alarm { what: "rest: one turn made calls without end".to_owned(), ..busy(at) }
}

impl Judge for Spin {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Turn(turn) => self.turn(at, *turn),
            Seen::Opened(..) | Seen::Started(..) => self.streams += 1,
            Seen::Closed(key, _) => {
                self.streams = self.streams.saturating_sub(1);
                self.keepalives.remove(key);
            }
            Seen::Ended(_) => self.streams = self.streams.saturating_sub(1),
            Seen::Sent(key, message) if kind(message) == KEEPALIVE => {
                let window = self.keepalives.entry(*key).or_default();
                window.add(at);
                let (count, since) = (window.count, window.since);
                if count > self.allowed {
                    let what = format!("rest: more than {} KEEPALIVEs within one second", self.allowed);
                    self.sound(at, since, (Creditor::Session(*key), IdleWork::Keepalives), &what);
                }
            }
            Seen::Dialled(address) => {
                let window = self.dials.entry(*address).or_default();
                window.add(at);
                let (count, since) = (window.count, window.since);
                if count > self.allowed {
                    let what = format!(
                        "rest: {address} was dialled more than {} times within one second",
                        self.allowed
                    );
                    self.sound(at, since, (Creditor::Machine, IdleWork::Dials), &what);
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alarm.as_ref().map(|alarm| alarm.at)
    }

    fn judge(&mut self, _now: Instant) -> Option<Alarm> {
        self.alarm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ProgramKey, SessionEnd};
    use crate::oracle::testing::{self, OTHER, PEER, PROGRAM, SESSION, at, ms};

    /// The alarm after so many turns of one task, so many milliseconds apart, of which some moved something.
    fn after(turns: u64, every: u64, cause: TurnCause, moved: impl Fn(u64) -> bool) -> Option<Alarm> {
        played(Spin::new(10), turns, every, cause, moved)
    }

    fn played(
        mut judge: Spin,
        turns: u64,
        every: u64,
        cause: TurnCause,
        moved: impl Fn(u64) -> bool,
    ) -> Option<Alarm> {
        for round in 0..turns {
            judge.see(ms(round * every), &Seen::Turn(Turn { task: 1, cause, moved: moved(round) }));
        }
        assert_eq!(judge.deadline(), judge.alarm.as_ref().map(|alarm| alarm.at));
        judge.judge(at(60))
    }

    fn crowd(streams: u32) -> Spin {
        let mut judge = Spin::new(10);
        for number in 0..streams {
            judge.see(at(0), &Seen::Opened(SessionKey(number), PEER, SessionEnd::Peer));
        }
        judge
    }

    const CAUSES: [TurnCause; 3] = [TurnCause::Readiness, TurnCause::Deadline, TurnCause::Itself];

    #[test]
    fn a_read_retried_every_50_ms_is_a_busy_wait_whatever_causes_it() {
        for cause in CAUSES {
            let alarm = after(100, 50, cause, |_| false).unwrap();
            assert_eq!(
                (alarm.at, alarm.since, alarm.creditor),
                (ms(500), at(0), Creditor::Machine),
                "{cause:?}"
            );
            assert_eq!(after(10, 50, cause, |_| false), None, "{cause:?}: ten are allowed");
            assert_eq!(after(100, 100, cause, |_| false), None, "{cause:?}: ten a second are");
        }
        assert_eq!(after(100, 0, TurnCause::Start, |_| false), None, "to start is no wakeup");
        assert_eq!(after(1000, 1, TurnCause::Deadline, |_| true), None, "something moved in each");
    }

    #[test]
    fn a_busy_wait_beside_something_that_moves_now_and_then_is_one_all_the_same() {
        assert!(after(100, 50, TurnCause::Deadline, |round| round % 4 == 0).is_some());
        assert!(after(1000, 1, TurnCause::Readiness, |round| round % 4 == 0).is_some());
    }

    #[test]
    fn what_moves_explains_one_wakeup_of_another_task_each() {
        assert_eq!(after(1000, 1, TurnCause::Readiness, |round| round % 2 == 1), None);
        let mut judge = Spin::new(10);
        for round in 0..500 {
            judge.see(ms(2 * round), &Seen::Turn(Turn { task: 1, cause: TurnCause::Readiness, moved: true }));
        }
        let judged = played(judge, 12, 1, TurnCause::Readiness, |_| false);
        assert!(judged.is_some(), "but not in another second");
    }

    #[test]
    fn a_task_that_made_room_for_others_after_it_had_moved_something_is_not_busy() {
        let pairs = |cause| after(2000, 1, cause, |round| round % 2 == 0);
        assert_eq!(pairs(TurnCause::Itself), None);
        let mut judge = Spin::new(0);
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Readiness, moved: true }));
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Itself, moved: false }));
        assert_eq!(judge.judge(at(0)), None);
        judge.moved = 0;
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Itself, moved: false }));
        assert!(judge.judge(at(0)).is_some(), "once is enough");
        let mut judge = Spin::new(0);
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Readiness, moved: false }));
        assert!(judge.judge(at(0)).is_some(), "the movement was another's");
    }

    #[test]
    fn the_bound_scales_with_the_streams_that_are_open() {
        let readiness = |judge, turns| played(judge, turns, 1, TurnCause::Readiness, |_| false);
        assert_eq!(readiness(crowd(5), 50), None);
        assert!(readiness(crowd(5), 51).is_some());
        let mut judge = crowd(5);
        judge.see(at(0), &Seen::Closed(SessionKey(0), SessionEnd::Peer));
        assert!(readiness(judge, 41).is_some(), "and with those only");
        let mut judge = crowd(0);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        judge.see(at(0), &Seen::Started(ProgramKey(1), "other"));
        assert_eq!(readiness(judge, 20), None);
        let mut judge = crowd(1);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        judge.see(at(0), &Seen::Ended(PROGRAM));
        assert!(readiness(judge, 11).is_some());
    }

    #[test]
    fn deadlines_of_one_task_for_all_streams_scale_with_them_and_those_of_a_task_among_many_do_not() {
        let deadlines = |judge, turns| played(judge, turns, 1, TurnCause::Deadline, |_| false);
        let mut judge = crowd(5);
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Start, moved: false }));
        assert_eq!(deadlines(judge, 50), None);
        let mut judge = crowd(5);
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Start, moved: false }));
        assert!(deadlines(judge, 51).is_some());
        let mut judge = crowd(5);
        for task in 0..10 {
            judge.see(at(0), &Seen::Turn(Turn { task, cause: TurnCause::Start, moved: false }));
        }
        assert!(deadlines(judge, 11).is_some());
    }

    #[test]
    fn a_deadline_after_which_another_task_moves_something_at_once_was_not_for_nothing() {
        let after_each = |mover: u32, later: u64| {
            let mut judge = Spin::new(10);
            for round in 0..40 {
                let idle = Turn { task: 1, cause: TurnCause::Deadline, moved: false };
                judge.see(ms(round * 20), &Seen::Turn(idle));
                let moved = Turn { task: mover, cause: TurnCause::Readiness, moved: true };
                judge.see(ms(round * 20 + later), &Seen::Turn(moved));
                judge.see(ms(round * 20 + later), &Seen::Turn(moved));
            }
            judge.judge(at(1))
        };
        assert_eq!(after_each(2, 1), None);
        assert!(after_each(2, 2).is_some(), "too late");
        assert!(after_each(1, 1).is_some(), "the task itself");
        let mut judge = Spin::new(10);
        for round in 0..40 {
            judge.see(ms(round), &Seen::Turn(Turn { task: 1, cause: TurnCause::Deadline, moved: false }));
        }
        assert!(judge.judge(at(1)).is_some());
        let mut judge = Spin::new(10);
        for _ in 0..10 {
            judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Deadline, moved: false }));
        }
        judge.see(at(0), &Seen::Turn(Turn { task: 2, cause: TurnCause::Readiness, moved: true }));
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Deadline, moved: false }));
        assert_eq!(judge.judge(at(1)), None, "one is excused");
        judge.see(at(0), &Seen::Turn(Turn { task: 1, cause: TurnCause::Deadline, moved: false }));
        assert!(judge.judge(at(1)).is_some(), "and no more than one");
    }

    #[test]
    fn wakeups_of_several_tasks_by_their_own_deadlines_are_not_added_up() {
        let mut judge = Spin::new(10);
        for round in 0..40 {
            let turn = Turn { task: round % 4, cause: TurnCause::Deadline, moved: false };
            judge.see(ms(round.into()), &Seen::Turn(turn));
        }
        assert_eq!(judge.judge(at(1)), None);
    }

    #[test]
    fn keepalives_that_nobody_needs_are_work_without_progress() {
        let sent = |every: u64, session: fn(u64) -> SessionKey, message: &[u8]| {
            let mut judge = Spin::new(10);
            for round in 0..100 {
                judge.see(ms(round * every), &Seen::Sent(session(round), message));
            }
            judge.judge(at(60)).map(|alarm| (alarm.at, alarm.since, alarm.creditor))
        };
        let one = |_| SESSION;
        let many = |round| SessionKey(round as u32);
        assert_eq!(sent(1, one, &testing::KEEPALIVE), Some((ms(10), at(0), Creditor::Session(SESSION))));
        assert_eq!(sent(100, one, &testing::KEEPALIVE), None);
        assert_eq!(sent(1, many, &testing::KEEPALIVE), None, "one on each session is needed");
        assert_eq!(sent(1, one, &testing::announcement("10.0.0.0/24")), None);
    }

    #[test]
    fn the_keepalives_of_a_session_that_is_closed_are_forgotten() {
        let mut judge = Spin::new(10);
        for round in 0..20 {
            judge.see(ms(round), &Seen::Sent(SESSION, &testing::KEEPALIVE));
            if round == 9 {
                judge.see(ms(round), &Seen::Closed(SESSION, SessionEnd::Peer));
            }
        }
        assert_eq!(judge.judge(at(1)), None);
    }

    #[test]
    fn an_address_that_is_dialled_again_at_once_for_ever_is_a_busy_wait() {
        let dialled = |every: u64, other: bool| {
            let mut judge = Spin::new(10);
            for round in 0..20 {
                let address = if other && round % 2 == 0 { OTHER } else { PEER };
                judge.see(ms(round * every), &Seen::Dialled(address));
            }
            judge.judge(at(60)).map(|alarm| (alarm.at, alarm.since))
        };
        assert_eq!(dialled(1, false), Some((ms(10), at(0))));
        assert_eq!(dialled(1, true), None);
        assert_eq!(dialled(100, false), None);
    }

    #[test]
    fn a_turn_without_end_is_one_too() {
        let alarm = out_of_fuel(at(3));
        assert_eq!((alarm.oracle, alarm.at, alarm.since), (Oracle::Spin, at(3), at(3)));
    }
}
