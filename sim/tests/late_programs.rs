//! A program that runs one answer behind: of two answers that came at once it took one for both, as a reader with a buffer does, and from
//! then on it goes on at the answer to the command before its last one.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::collections::BTreeMap;

use holdtime_sim::stage::Run;
use holdtime_sim::subject::{Defect, SHIPPED};
use holdtime_sim::suite::{Folder, read_cases};

struct Written(BTreeMap<String, String>);

impl Folder for Written {
    fn files(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn read(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

const CONFIGURATION: &str = "process p { run ./dialogue/late; encoder json; }
neighbor 127.0.0.1 { router-id 192.0.2.1; local-address 127.0.0.1; local-as 64500; peer-as 64500; group-updates false;
    capability { route-refresh ROUTE-REFRESH; } family { ipv4 unicast; } api { processes [ p ]; } }";

/// What is written together is announced and cleared before anybody could be told. Each later command is written at the answer to the one
/// before its predecessor, so that two are on their way at once.
const LATE: &str = "#!/usr/bin/env -S holdtime dialogue
wait 300ms
buffer
send announce route 198.51.100.0/32 next-hop 192.0.2.9
send clear adj-rib out
flush
expect done
expect done
send announce route 198.51.100.1/32 next-hop 192.0.2.9
expect done
send clear adj-rib out
buffer
send announce route 198.51.100.2/32 next-hop 192.0.2.9
send announce route 198.51.100.3/32 next-hop 192.0.2.9
flush
expect done
expect done
send flush adj-rib out
expect done
send announce route 198.51.100.4/32 next-hop 192.0.2.9
expect done
send flush adj-rib out
expect done
send clear adj-rib out
expect done
send announce route 198.51.100.5/32 next-hop 192.0.2.9
expect done
";

const MARKER: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

/// What the peer is to receive, step by step; within a step in any order.
fn rules(marked: bool) -> String {
    let announced = |last: u8| {
        format!("0031:02:00000015400101004002004003 04C0000209 40050400000064 20C63364{last:02X}")
            .replace(' ', "")
    };
    let withdrawn = |last: u8| format!("001C:02:000520C63364{last:02X}0000");
    let refreshed = |routes: &[u8]| {
        let marks =
            ["0017:05:00010101", "0017:05:00010201"].iter().filter(|_| marked).map(|mark| (*mark).to_owned());
        marks.chain(routes.iter().map(|last| announced(*last))).collect::<Vec<_>>()
    };
    let steps = [
        vec!["0017:02:00000000".to_owned()],
        vec![announced(1)],
        vec![withdrawn(1)],
        vec![announced(2), announced(3)],
        refreshed(&[2, 3]),
        vec![announced(4)],
        refreshed(&[2, 3, 4]),
        vec![withdrawn(2), withdrawn(3), withdrawn(4)],
        vec![announced(5)],
    ];
    let lines = steps.iter().zip(1..).flat_map(|(step, number)| {
        step.iter().map(move |message| format!("{number}:raw:{MARKER}:{message}\n"))
    });
    format!("# answers that are read one command late\n{}", lines.collect::<String>())
}

#[test]
fn a_program_that_runs_one_answer_behind_has_every_command_carried_out_in_its_turn() {
    for (marked, setting) in [(false, "disable"), (true, "enable")] {
        let files = [
            ("api-late.ci", "api-late.conf\n".to_owned()),
            ("api-late.conf", CONFIGURATION.replace("ROUTE-REFRESH", setting)),
            ("api-late.msg", rules(marked)),
            ("dialogue/late", LATE.to_owned()),
        ];
        let folder = Written(files.map(|(name, text)| (name.to_owned(), text)).into());
        for case in read_cases(&folder).unwrap() {
            for subject in SHIPPED {
                for seed in 0..20u64 {
                    let run =
                        Run { play: &case.play(), subject, defect: Defect::Present, choices: seed.into() };
                    let verdict = run.go().unwrap().verdict;
                    assert_eq!(verdict.code(), "pass", "{subject}, seed {seed}, {setting}: {verdict:?}");
                }
            }
        }
    }
}
