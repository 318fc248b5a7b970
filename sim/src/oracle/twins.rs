//! Each alarm of each oracle has a healthy twin: the same story but for what is wrong in it, through which all oracles stay silent.

use holdtime_core::Instant;

use crate::observe::{Seen, SeenSink, SessionEnd, SessionKey, Turn, TurnCause};
use crate::oracle::alarm::{Alarm, EndTimer, IdleWork, Missing};
use crate::oracle::testing::{
    KEEPALIVE, PEER, PROGRAM, SESSION, announcement, at, config, ms, notification, open, withdrawal,
};
use crate::oracle::{Oracle, Oracles, Premises};

const ROUTE: &str = "announce route 10.0.0.0/24 next-hop 10.0.0.1";
const GONE: &str = "withdraw route 10.0.0.0/24 next-hop 10.0.0.1";

/// What happens, shown to all oracles, each of which is asked whenever it wants to be.
struct Tale {
    oracles: Oracles,
    now: Instant,
    alarm: Option<Alarm>,
}

impl Tale {
    /// A speaker with two neighbors and a program.
    fn begin() -> Self {
        let mut story = Self { oracles: Oracles::new(&Premises::default()), now: at(0), alarm: None };
        story.see(at(0), &Seen::Configured(&config("")));
        story.see(at(0), &Seen::Started(PROGRAM, "feed"));
        story
    }

    fn pass(&mut self, until: Instant) {
        while let Some(asked) = self.oracles.deadline(self.now).filter(|asked| *asked <= until) {
            self.now = asked;
            self.ask();
        }
        self.now = self.now.max(until);
        self.ask();
    }

    fn ask(&mut self) {
        let alarm = self.oracles.judge(self.now);
        self.alarm = self.alarm.take().or(alarm);
    }

    fn see(&mut self, when: Instant, seen: &Seen<'_>) {
        self.pass(when);
        self.oracles.see(when, seen);
        self.ask();
    }

    fn done(&mut self, when: Instant, line: &str) {
        self.see(when, &Seen::Command(PROGRAM, line));
        self.see(when, &Seen::Answer(PROGRAM, "done"));
    }

    fn open(&mut self, when: Instant, key: SessionKey, hold: u16) {
        let message = open(hold, &[(1, 1)]);
        self.see(when, &Seen::Opened(key, PEER, SessionEnd::Peer));
        self.see(when, &Seen::Sent(key, &message));
        self.see(when, &Seen::Received(key, &message));
    }

    fn establish(&mut self, when: Instant, key: SessionKey, hold: u16) {
        self.open(when, key, hold);
        self.see(when, &Seen::Sent(key, &KEEPALIVE));
        self.see(when, &Seen::Received(key, &KEEPALIVE));
    }

    /// KEEPALIVEs every three seconds until then, those of the ends that still speak.
    fn keepalives(&mut self, from: u64, until: u64, ours: bool, theirs: bool) {
        for second in (from..=until).step_by(3) {
            if ours {
                self.see(at(second), &Seen::Sent(SESSION, &KEEPALIVE));
            }
            if theirs {
                self.see(at(second), &Seen::Received(SESSION, &KEEPALIVE));
            }
        }
    }

    fn turns(&mut self, count: u64, cause: TurnCause) {
        for number in 0..count {
            self.see(ms(1_000 + number), &Seen::Turn(Turn { task: 0, cause, moved: false }));
        }
    }

    /// What is said at last: an alarm, or one at rest.
    fn end(mut self, when: Instant) -> Option<Alarm> {
        self.pass(when);
        let at_rest = self.oracles.judge_at_rest(when);
        self.alarm.or(at_rest)
    }
}

/// A story, with the alarm that sounds where something is wrong in it, and until when it goes.
type Twins = (Oracle, Missing, u64, fn(&mut Tale, bool));

const TWINS: &[Twins] = &[
    (Oracle::Unsent, Missing::Routes, 30, |story, ill| {
        story.establish(at(0), SESSION, 0);
        story.done(at(2), ROUTE);
        if !ill {
            story.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        }
    }),
    (Oracle::Unsent, Missing::Routes, 30, |story, ill| {
        story.establish(at(0), SESSION, 0);
        story.done(at(2), ROUTE);
        story.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        story.done(at(4), GONE);
        if !ill {
            story.see(at(5), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        }
    }),
    (Oracle::Spin, Missing::Rest(IdleWork::Deadlines), 5, |story, ill| {
        story.turns(if ill { 20 } else { 8 }, TurnCause::Deadline);
    }),
    (Oracle::Spin, Missing::Rest(IdleWork::Readiness), 5, |story, ill| {
        story.turns(if ill { 20 } else { 8 }, TurnCause::Readiness);
    }),
    (Oracle::Spin, Missing::Rest(IdleWork::Keepalives), 5, |story, ill| {
        story.establish(at(0), SESSION, 90);
        for number in 0..if ill { 20 } else { 8 } {
            story.see(ms(1_000 + number), &Seen::Sent(SESSION, &KEEPALIVE));
        }
    }),
    (Oracle::Spin, Missing::Rest(IdleWork::Dials), 5, |story, ill| {
        for number in 0..if ill { 20 } else { 8 } {
            story.see(ms(1_000 + number), &Seen::Dialled(PEER));
        }
    }),
    (Oracle::Unanswered, Missing::Answer, 30, |story, ill| {
        story.see(at(1), &Seen::Command(PROGRAM, "version"));
        if !ill {
            story.see(at(2), &Seen::Answer(PROGRAM, "done"));
        }
    }),
    (Oracle::KeepaliveGap, Missing::Keepalive, 30, |story, ill| {
        story.establish(at(0), SESSION, 9);
        story.keepalives(3, 30, !ill, true);
    }),
    (Oracle::Overdue, Missing::End(EndTimer::OpenWait), 300, |story, ill| {
        story.see(at(0), &Seen::Opened(SESSION, PEER, SessionEnd::Speaker));
        story.see(at(0), &Seen::Sent(SESSION, &open(9, &[(1, 1)])));
        if !ill {
            story.see(at(240), &Seen::Sent(SESSION, &notification(4, 0)));
            story.see(at(240), &Seen::Closed(SESSION, SessionEnd::Speaker));
        }
    }),
    (Oracle::Overdue, Missing::End(EndTimer::Hold), 60, |story, ill| {
        story.establish(at(0), SESSION, 9);
        story.keepalives(3, if ill { 60 } else { 9 }, true, false);
        if !ill {
            story.see(at(9), &Seen::Sent(SESSION, &notification(4, 0)));
            story.see(at(9), &Seen::Closed(SESSION, SessionEnd::Speaker));
        }
    }),
    (Oracle::Overdue, Missing::End(EndTimer::SendHold), 600, |story, ill| {
        story.establish(at(0), SESSION, 9);
        story.see(at(0), &Seen::Blocked(SESSION, true));
        story.keepalives(3, 480, false, true);
        if ill {
            story.keepalives(483, 600, false, true);
        } else {
            story.see(at(481), &Seen::Closed(SESSION, SessionEnd::Speaker));
        }
    }),
    (Oracle::Overdue, Missing::FullHoldTime, 30, |story, ill| {
        story.establish(at(0), SESSION, 9);
        story.keepalives(3, 6, true, true);
        let end = if ill { at(9) } else { at(15) };
        story.see(at(9), &Seen::Sent(SESSION, &KEEPALIVE));
        story.see(end, &Seen::Sent(SESSION, &notification(4, 0)));
        story.see(end, &Seen::Closed(SESSION, SessionEnd::Speaker));
    }),
    (Oracle::Flapping, Missing::Session, 400, |story, ill| {
        for number in 0..4 {
            let (when, key) = (at(10 * u64::from(number)), SessionKey(number));
            if ill || number > 0 {
                story.open(when, key, 0);
            } else {
                story.establish(when, key, 0);
            }
            if ill || number < 3 {
                story.see(when, &Seen::Closed(key, SessionEnd::Peer));
            } else {
                story.see(when, &Seen::Sent(key, &KEEPALIVE));
                story.see(when, &Seen::Received(key, &KEEPALIVE));
            }
        }
    }),
    (Oracle::Flapping, Missing::LastingSession, 400, |story, ill| {
        for number in 0..20 {
            let (when, key) = (at((if ill { 2 } else { 6 }) * u64::from(number)), SessionKey(number));
            story.establish(when, key, 0);
            story.see(when, &Seen::Closed(key, SessionEnd::Speaker));
        }
    }),
    (Oracle::Divergence, Missing::Routes, 2, |story, ill| {
        story.establish(at(0), SESSION, 0);
        story.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        if !ill {
            story.see(at(1), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        }
    }),
    (Oracle::Divergence, Missing::Routes, 3, |story, ill| {
        story.establish(at(0), SESSION, 0);
        story.done(at(2), ROUTE);
        if !ill {
            story.see(at(2), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        }
    }),
    (Oracle::Growth, Missing::Bound, 4, |story, ill| {
        let line = "x".repeat(299);
        for _ in 0..1_000 {
            story.see(at(1), &Seen::Command(PROGRAM, &line));
            if !ill {
                story.see(at(1), &Seen::Answer(PROGRAM, "error"));
            }
            story.see(at(1), &Seen::Took(PROGRAM, 300));
        }
    }),
    (Oracle::Growth, Missing::Bound, 4, |story, ill| {
        for number in 0..200 {
            story.see(at(1), &Seen::Opened(SessionKey(number), PEER, SessionEnd::Peer));
            if !ill {
                story.see(at(1), &Seen::Closed(SessionKey(number), SessionEnd::Peer));
            }
        }
    }),
];

fn told(twins: &Twins, ill: bool) -> Option<(Oracle, Missing)> {
    let (.., until, tell) = twins;
    let mut story = Tale::begin();
    tell(&mut story, ill);
    story.end(at(*until)).map(|alarm| (alarm.oracle, alarm.missing))
}

#[test]
fn every_alarm_sounds_where_something_is_wrong_and_no_oracle_does_in_the_same_story_without_that() {
    for (number, twins) in TWINS.iter().enumerate() {
        let (oracle, missing, ..) = twins;
        assert_eq!(told(twins, true), Some((*oracle, *missing)), "story {number}");
        assert_eq!(told(twins, false), None, "the healthy twin of story {number}, {oracle} {missing:?}");
    }
}

/// Which oracles say that this is missing, and which of the list comes next. One more kind of alarm must be put in here.
fn sounded_by(missing: Missing) -> (&'static [Oracle], Option<Missing>) {
    match missing {
        Missing::Answer => (&[Oracle::Unanswered], Some(Missing::Routes)),
        Missing::Routes => (&[Oracle::Unsent, Oracle::Divergence], Some(Missing::Keepalive)),
        Missing::Keepalive => (&[Oracle::KeepaliveGap], Some(Missing::End(EndTimer::OpenWait))),
        Missing::End(EndTimer::OpenWait) => (&[Oracle::Overdue], Some(Missing::End(EndTimer::Hold))),
        Missing::End(EndTimer::Hold) => (&[Oracle::Overdue], Some(Missing::End(EndTimer::SendHold))),
        Missing::End(EndTimer::SendHold) => (&[Oracle::Overdue], Some(Missing::FullHoldTime)),
        Missing::FullHoldTime => (&[Oracle::Overdue], Some(Missing::Session)),
        Missing::Session => (&[Oracle::Flapping], Some(Missing::LastingSession)),
        Missing::LastingSession => (&[Oracle::Flapping], Some(Missing::Bound)),
        Missing::Bound => (&[Oracle::Growth], Some(Missing::Rest(IdleWork::Deadlines))),
        Missing::Rest(work) => match work {
            IdleWork::Deadlines => (&[Oracle::Spin], Some(Missing::Rest(IdleWork::Readiness))),
            IdleWork::Readiness => (&[Oracle::Spin], Some(Missing::Rest(IdleWork::Keepalives))),
            IdleWork::Keepalives => (&[Oracle::Spin], Some(Missing::Rest(IdleWork::Dials))),
            IdleWork::Dials => (&[Oracle::Spin], Some(Missing::Rest(IdleWork::Calls))),
            // An engine sounds it: that a turn ends at all is no judge's to see.
            IdleWork::Calls => (&[], None),
        },
    }
}

#[test]
fn every_kind_of_alarm_of_every_oracle_has_its_twins() {
    let (mut missing, mut oracles) = (Some(Missing::Answer), Vec::new());
    while let Some(kind) = missing {
        let (by, next) = sounded_by(kind);
        for oracle in by {
            let told = TWINS.iter().any(|(known, what, ..)| (known, *what) == (oracle, kind));
            assert!(told, "no twins of {oracle}, {kind:?}");
            oracles.push(*oracle);
        }
        missing = next;
    }
    assert!(Oracle::ALL.iter().all(|oracle| oracles.contains(oracle)), "{oracles:?}");
}
