//! O6: sessions come up and stay up.
//!
//! Each neighbor is judged by itself. **Flapping**: many sessions end in one virtual minute that the speaker itself ends, or dials again
//! at once after the peer has ended them; until the network has healed, those that end by a timer or without a word are the network's.
//! **Never up**: on a network that has healed, connection after connection ends before a session comes of it, though both ends said OPEN
//! and neither complained of what it said; whoever ends them, nobody gets a session.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use holdtime_core::{Duration, Instant};

use crate::observe::life::CEASE;
use crate::observe::{Seen, SessionEnd, SessionKey};
use crate::oracle::alarm::{Alarm, Creditor, Judge, Missing, Oracle};
use crate::oracle::deadlines::Deadlines;
use crate::oracle::session::{JudgedSession, Sessions};

/// This many ends in a minute are no accident.
const FLAPS: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// So many connections in a row that came to nothing are no accident either, if they go on for so long.
const FAILURES: u32 = 3;
const NEVER: Duration = Duration::from_secs(300);
/// Hold Timer Expired (RFC 4271 §4.5).
const EXPIRED: u8 = 4;
/// Of Cease (RFC 4486): Connection Collision Resolution.
const COLLISION: u8 = 7;

/// O6 at work.
#[derive(Debug)]
pub(super) struct Flapping {
    /// From when on nothing is wrong with the network; `None`: never.
    healed: Option<Instant>,
    sessions: Sessions,
    neighbors: BTreeMap<IpAddr, Neighbor>,
    due: Deadlines<IpAddr>,
}

#[derive(Debug, Default)]
struct Neighbor {
    /// The ends of the last minute.
    ends: VecDeque<Instant>,
    /// Connections in a row that came to nothing, and since when.
    failures: u32,
    since: Instant,
    /// The last session that ended.
    last: Option<SessionKey>,
    flapped: Option<Alarm>,
}

impl Flapping {
    /// Nothing is wrong with the network from `healed` on.
    pub(super) fn new(healed: Option<Instant>) -> Self {
        Self { healed, sessions: Sessions::default(), neighbors: BTreeMap::new(), due: Deadlines::default() }
    }

    fn ended(&mut self, at: Instant, key: SessionKey, session: &JudgedSession, closed_by: SessionEnd) {
        if session.hold().is_none() {
            return;
        }
        let neighbor = self.neighbors.entry(session.remote).or_default();
        neighbor.last = Some(key);
        let (by, code, subcode) = session.noted().unwrap_or((closed_by, CEASE, 0));
        let collision = (code, subcode) == (CEASE, COLLISION);
        let healed = self.healed.is_some_and(|healed| at >= healed);
        let is_of_the_network = !healed && session.noted().is_none_or(|(_, code, _)| code == EXPIRED);
        if !collision
            && !is_of_the_network
            && (by == SessionEnd::Speaker || session.dialler == SessionEnd::Speaker)
        {
            neighbor.ends.push_back(at);
            while neighbor.ends.front().is_some_and(|first| at - *first > WINDOW) {
                neighbor.ends.pop_front();
            }
            if neighbor.ends.len() >= FLAPS {
                neighbor.flapped.get_or_insert(flapping(at, neighbor.ends.front().copied(), key));
            }
        }
        if session.established().is_none() && code == CEASE && healed {
            if neighbor.failures == 0 {
                neighbor.since = at;
            }
            neighbor.failures += 1;
        }
        let until = neighbor.flapped.as_ref().map(|alarm| alarm.at).or_else(|| neighbor.despairs_at());
        self.due.set(session.remote, until);
    }
}

impl Neighbor {
    fn despairs_at(&self) -> Option<Instant> {
        (self.failures >= FAILURES).then(|| self.since + NEVER)
    }

    fn never_up(&self, at: Instant) -> Option<Alarm> {
        Some(Alarm {
            oracle: Oracle::Flapping,
            at,
            since: self.since,
            creditor: Creditor::Session(self.last?),
            missing: Missing::Session,
            what: format!(
                "a session at all: none was ever up, and {} connections came to nothing",
                self.failures
            ),
            clause: "RFC 4271 §8: two speakers that can reach each other come to an established session",
        })
    }
}

fn flapping(at: Instant, since: Option<Instant>, key: SessionKey) -> Alarm {
    Alarm {
        oracle: Oracle::Flapping,
        at,
        since: since.unwrap_or(at),
        creditor: Creditor::Session(key),
        missing: Missing::LastingSession,
        what: format!("a session that lasts: {FLAPS} ended within a minute"),
        clause: "RFC 4271 §8.1.1: peer oscillations are damped",
    }
}

impl Judge for Flapping {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        if let Seen::Closed(key, by) = seen
            && let Some(session) = self.sessions.get(*key).copied()
        {
            self.ended(at, *key, &session, *by);
        }
        self.sessions.see(at, seen);
        if let Seen::Sent(key, _) | Seen::Received(key, _) = seen
            && let Some(session) = self.sessions.get(*key).filter(|session| session.established().is_some())
            && let Some(neighbor @ Neighbor { failures: 1.., .. }) = self.neighbors.get_mut(&session.remote)
        {
            neighbor.failures = 0;
            self.due.set(session.remote, neighbor.flapped.as_ref().map(|alarm| alarm.at));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| at)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (at, remote) = self.due.due(now)?;
        let neighbor = self.neighbors.get(&remote)?;
        neighbor.flapped.clone().or_else(|| neighbor.never_up(at))
    }

    fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        let given_up = |neighbor: &&Neighbor| neighbor.failures >= FAILURES;
        self.judge(now).or_else(|| self.neighbors.values().find(given_up)?.never_up(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::testing::{KEEPALIVE, OTHER, PEER, at, notification, open};

    const HEALED: Option<Instant> = Some(Instant::ZERO);

    /// How a connection goes.
    #[derive(Clone, Copy)]
    struct Course {
        peer: IpAddr,
        dialler: SessionEnd,
        /// Whether both say OPEN, and confirm it.
        opens: bool,
        confirmed: bool,
        /// Who sends which NOTIFICATION, if anybody does.
        noted: Option<(SessionEnd, u8, u8)>,
        closed: SessionEnd,
    }

    const UP: Course = Course {
        peer: PEER,
        dialler: SessionEnd::Peer,
        opens: true,
        confirmed: true,
        noted: None,
        closed: SessionEnd::Speaker,
    };
    const DOWN: Course = Course { confirmed: false, ..UP };

    fn play(judge: &mut Flapping, number: u32, now: Instant, course: Course) {
        let key = SessionKey(number);
        judge.see(now, &Seen::Opened(key, course.peer, course.dialler));
        if course.opens {
            judge.see(now, &Seen::Sent(key, &open(9, &[(1, 1)])));
            judge.see(now, &Seen::Received(key, &open(9, &[(1, 1)])));
        }
        if course.confirmed {
            judge.see(now, &Seen::Sent(key, &KEEPALIVE));
            judge.see(now, &Seen::Received(key, &KEEPALIVE));
        }
        match course.noted {
            Some((SessionEnd::Speaker, code, subcode)) => {
                judge.see(now, &Seen::Sent(key, &notification(code, subcode)));
            }
            Some((SessionEnd::Peer, code, subcode)) => {
                judge.see(now, &Seen::Received(key, &notification(code, subcode)));
            }
            None => {}
        }
        judge.see(now, &Seen::Closed(key, course.closed));
    }

    fn after(rounds: u32, every: u64, course: impl Fn(u32) -> Course) -> Flapping {
        let mut judge = Flapping::new(HEALED);
        for round in 0..rounds {
            play(&mut judge, round, at(u64::from(round) * every), course(round));
        }
        judge
    }

    #[test]
    fn a_loop_of_sessions_is_told_from_a_session_that_ends_now_and_then() {
        let mut judge = after(20, 3, |_| UP);
        assert_eq!(judge.deadline(), Some(at(57)));
        let alarm = judge.judge(at(57)).unwrap();
        assert_eq!(
            (alarm.at, alarm.since, alarm.creditor),
            (at(57), at(0), Creditor::Session(SessionKey(19)))
        );
        assert!(judge.judge_at_rest(at(57)).is_some());
        assert!(after(19, 1, |_| UP).judge(Instant::MAX).is_none());
        assert!(after(100, 4, |_| UP).judge(Instant::MAX).is_none());
        assert_eq!(after(40, 1, |_| UP).judge(Instant::MAX).unwrap().at, at(19), "the first time counts");
    }

    #[test]
    fn many_neighbors_that_each_lose_one_session_do_not_flap() {
        let peer = |round: u32| IpAddr::from([10, 0, 1, round as u8]);
        assert!(after(100, 0, |round| Course { peer: peer(round), ..UP }).judge(Instant::MAX).is_none());
        let two = |round: u32| Course { peer: if round.is_multiple_of(2) { PEER } else { OTHER }, ..UP };
        assert!(after(38, 1, two).judge(Instant::MAX).is_none());
        assert!(after(40, 1, two).judge(Instant::MAX).is_some());
    }

    #[test]
    fn sessions_that_the_peer_dials_and_ends_are_its_own_doing_unless_the_speaker_dials_them_again() {
        let by_peer = Course { closed: SessionEnd::Peer, ..UP };
        assert!(after(40, 1, |_| by_peer).judge(Instant::MAX).is_none());
        let noted = Course { noted: Some((SessionEnd::Peer, 6, 4)), ..UP };
        assert!(after(40, 1, |_| noted).judge(Instant::MAX).is_none(), "a NOTIFICATION says who ends it");
        let refused = Course { noted: Some((SessionEnd::Speaker, 6, 4)), ..by_peer };
        assert!(after(40, 1, |_| refused).judge(Instant::MAX).is_some());
        let redialled = Course { dialler: SessionEnd::Speaker, ..by_peer };
        assert!(after(40, 1, |_| redialled).judge(Instant::MAX).is_some());
    }

    #[test]
    fn connections_without_an_open_and_collisions_are_no_sessions_that_end() {
        assert!(
            after(40, 1, |_| Course { opens: false, confirmed: false, ..UP }).judge(Instant::MAX).is_none()
        );
        let collision = Course { noted: Some((SessionEnd::Speaker, 6, 7)), ..UP };
        assert!(after(40, 1, |_| collision).judge(Instant::MAX).is_none());
    }

    #[test]
    fn connections_that_come_to_nothing_sound_the_alarm_after_five_minutes_and_at_rest_at_once() {
        let mut judge = after(3, 10, |_| DOWN);
        assert_eq!(judge.deadline(), Some(at(300)));
        assert!(judge.judge(at(299)).is_none());
        let alarm = judge.judge(at(300)).unwrap();
        assert_eq!(
            (alarm.at, alarm.since, alarm.creditor),
            (at(300), at(0), Creditor::Session(SessionKey(2)))
        );
        assert_eq!(judge.judge_at_rest(at(25)).unwrap().at, at(25));
        let mut judge = after(2, 10, |_| DOWN);
        assert_eq!((judge.deadline(), judge.judge_at_rest(at(600))), (None, None));
        let cease = Course { noted: Some((SessionEnd::Peer, 6, 5)), ..DOWN };
        assert!(after(3, 10, |_| cease).judge(at(300)).is_some(), "whoever ends them");
        let collision = Course { noted: Some((SessionEnd::Speaker, 6, 7)), ..DOWN };
        assert!(
            after(3, 10, |_| collision).judge(at(300)).is_some(),
            "collisions that leave nothing over too"
        );
    }

    #[test]
    fn a_session_that_comes_up_in_between_ends_the_count() {
        for up in 0..3 {
            // One that was up has not come to nothing, whatever ends it.
            let mut judge = after(3, 10, |round| if round == up { UP } else { DOWN });
            assert_eq!((judge.deadline(), judge.judge_at_rest(at(600))), (None, None), "{up}");
        }
        let mut judge = after(3, 10, |_| DOWN);
        play(&mut judge, 9, at(40), UP);
        assert_eq!((judge.deadline(), judge.judge_at_rest(at(600))), (None, None));
        let mut judge = after(3, 10, |_| DOWN);
        play(&mut judge, 9, at(40), Course { peer: OTHER, ..UP });
        assert!(judge.judge_at_rest(at(600)).is_some(), "another neighbor's does not");
    }

    #[test]
    fn connections_without_an_open_or_with_a_complaint_about_it_do_not_count_as_never_up() {
        for course in [
            Course { opens: false, ..DOWN },
            Course { noted: Some((SessionEnd::Speaker, 2, 2)), ..DOWN },
            Course { noted: Some((SessionEnd::Peer, 2, 2)), ..DOWN },
            Course { noted: Some((SessionEnd::Speaker, 4, 0)), ..DOWN },
        ] {
            assert!(after(3, 10, |_| course).judge_at_rest(at(600)).is_none());
        }
    }

    #[test]
    fn sessions_that_a_broken_network_ends_do_not_flap() {
        let course = |noted| Course { noted, ..UP };
        let play = |healed: Option<Instant>, course: Course| {
            let mut judge = Flapping::new(healed);
            (0..20).for_each(|round| play(&mut judge, round, at(u64::from(round) * 3), course));
            judge.judge(at(57)).is_some()
        };
        for by in [SessionEnd::Speaker, SessionEnd::Peer] {
            let expired = Course { dialler: SessionEnd::Speaker, ..course(Some((by, 4, 0))) };
            assert!(play(HEALED, expired), "{by:?}");
            assert!(!play(Some(at(1)), expired) && !play(None, expired), "{by:?}");
        }
        assert!(!play(None, course(None)));
        assert!(play(None, course(Some((SessionEnd::Speaker, 6, 4)))));
    }

    #[test]
    fn on_a_network_that_has_not_healed_nothing_has_to_come_up() {
        for (healed, expected) in [(None, None), (Some(at(15)), None), (Some(at(10)), Some(at(310)))] {
            let mut judge = Flapping::new(healed);
            for round in 0..4 {
                play(&mut judge, round, at(u64::from(round) * 10), DOWN);
            }
            let sounds = judge.judge_at_rest(at(100)).is_some();
            assert_eq!((judge.deadline(), sounds), (expected, expected.is_some()), "{healed:?}");
        }
    }
}
