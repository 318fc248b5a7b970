//! What a reload says to a peer of routes that programs have changed meanwhile. Every row is what ExaBGP 5.0.15 sends, but where it is said
//! otherwise: before the peer's next message, and after it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::{Lone, keepalive, neighbor, setup};
use holdtime_core::config::ConfigText;
use holdtime_core::speaker::{Input, Signal, StreamId};

const A: &str = "route 10.1.0.0/16 next-hop 9.9.9.9;";
const A2: &str = "route 10.1.0.0/16 next-hop 9.9.9.9 med 5;";
const B: &str = "route 10.2.0.0/16 next-hop 9.9.9.9;";
const HELD: &str = "route 10.1.0.0/16 next-hop 9.9.9.9 watchdog dog withdraw;";
const LOOSE: &str = "route 10.1.0.0/16 next-hop 9.9.9.9 watchdog dog;";

const TAKE: &str = "withdraw route 10.1.0.0/16 next-hop 9.9.9.9";
const GIVE: &str = "announce route 10.1.0.0/16 next-hop 9.9.9.9";
const GIVE_OTHER: &str = "announce route 10.1.0.0/16 next-hop 9.9.9.9 med 7";
const CLEAR: &str = "clear adj-rib out";
const LET_GO: &str = "announce watchdog dog";
const HOLD: &str = "withdraw watchdog dog";

/// One route as it stands in an UPDATE.
const NLRI_A: &str = "100a01";
const NLRI_B: &str = "100a02";

fn file(options: &str, routes: &[&str]) -> String {
    let routes = routes.concat();
    let options =
        format!("api {{ processes [ p ]; }} family {{ ipv4 unicast; }} {options} static {{ {routes} }}");
    "process p { run ./p; encoder text; }\n".to_owned() + &neighbor("10.0.0.1", "10.0.0.2", &options)
}

struct Cast {
    lone: Lone,
    program: StreamId,
    session: StreamId,
    options: &'static str,
}

impl Cast {
    fn new(options: &'static str, routes: &[&str]) -> Self {
        let mut lone = Lone::new(setup(&file(options, routes)));
        let program = lone.start_program();
        let session = lone.establish(90);
        lone.take_sent();
        Self { lone, program, session, options }
    }

    fn say(&mut self, lines: &[&str]) {
        for line in lines {
            self.lone.receive(self.program, format!("{line}\n").as_bytes());
            self.lone.advance(holdtime_core::Duration::ZERO);
            assert_eq!(self.lone.take_written(self.program), "done\n", "{line}");
        }
        self.lone.take_sent();
    }

    /// What the peer hears of it at once, and after its next message.
    fn reload(&mut self, routes: &[&str]) -> [String; 2] {
        self.lone.feed(Input::Signal(Signal::User1));
        let text = file(self.options, routes);
        self.lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text })));
        let at_once = self.heard();
        self.lone.receive(self.session, &keepalive());
        [at_once, self.heard()]
    }

    fn heard(&mut self) -> String {
        let mut heard = Vec::new();
        for hex in self.lone.take_sent().iter().filter(|hex| hex.starts_with("02")) {
            let withdrawn = usize::from_str_radix(&hex[2..6], 16).unwrap() * 2;
            for (name, nlri) in [("A", NLRI_A), ("B", NLRI_B)] {
                let (gone, come) = hex[6..].split_at(withdrawn);
                let other = if come.contains("80040400000005") { "'" } else { "" };
                heard.extend(gone.contains(nlri).then(|| format!("-{name}")));
                heard.extend(come.contains(nlri).then(|| format!("+{name}{other}")));
            }
        }
        heard.join(" ")
    }
}

#[test]
fn a_reload_tells_of_what_is_new_to_the_configuration_twice_and_of_what_programs_took_away_once() {
    type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str], [&'a str; 2]);
    let rows: &[Row<'_>] = &[
        ("added", &[A], &[], &[A, B], ["+B", "+B"]),
        ("left", &[A, B], &[], &[A, B], ["", ""]),
        ("other attributes", &[A, B], &[], &[A2, B], ["+A'", ""]),
        ("withdrawn", &[A, B], &[TAKE], &[A, B], ["+A", ""]),
        ("withdrawn, and other attributes", &[A, B], &[TAKE], &[A2, B], ["+A'", ""]),
        ("cleared", &[A, B], &[CLEAR], &[A, B], ["+A +B", ""]),
        ("a program's before", &[B], &[GIVE], &[A, B], ["", "+A"]),
        ("a program's before, with other attributes", &[B], &[GIVE_OTHER], &[A, B], ["+A", "+A"]),
        ("replaced by a program", &[A, B], &[GIVE_OTHER], &[A, B], ["+A", ""]),
        ("withdrawn and announced by a program", &[A, B], &[TAKE, GIVE], &[A, B], ["", ""]),
        // ExaBGP withdraws after the peer's next message, and once more what the program has withdrawn.
        ("taken away", &[A, B], &[], &[B], ["-A", ""]),
        ("withdrawn, then taken away", &[A, B], &[TAKE], &[B], ["", ""]),
        ("let go by a watchdog", &[HELD, B], &[LET_GO], &[HELD, B], ["", ""]),
        ("let go and held again", &[HELD, B], &[LET_GO, HOLD], &[HELD, B], ["", ""]),
        // ExaBGP announces it.
        ("held by a watchdog", &[LOOSE, B], &[HOLD], &[LOOSE, B], ["", ""]),
        ("let go, then taken away", &[HELD, B], &[LET_GO], &[B], ["-A", ""]),
        ("held, let go, then taken away", &[LOOSE, B], &[HOLD, LET_GO], &[B], ["-A", ""]),
    ];
    for (name, before, lines, after, heard) in rows {
        let mut cast = Cast::new("", before);
        cast.say(lines);
        assert_eq!(cast.reload(after), *heard, "{name}");
        assert_eq!(cast.reload(after), ["", ""], "{name}: the same file once more");
    }
}

#[test]
fn what_comes_back_to_the_configuration_is_new_to_it() {
    for lines in [&[][..], &[TAKE]] {
        let mut cast = Cast::new("", &[A, B]);
        cast.say(lines);
        cast.reload(&[B]);
        assert_eq!(cast.reload(&[A, B]), ["+A", "+A"], "{lines:?}");
    }
    let mut cast = Cast::new("", &[A, B]);
    cast.reload(&[B]);
    cast.say(&[TAKE]);
    assert_eq!(cast.reload(&[A, B]), ["+A", "+A"]);
}

#[test]
fn routes_that_are_not_remembered_are_announced_by_every_reload_and_withdrawn_by_the_one_that_takes_them_away()
 {
    let cast = || Cast::new("adj-rib-out false;", &[A, B]);
    assert_eq!(cast().reload(&[A, B])[0], "+A +B");
    assert_eq!(cast().reload(&[B])[0], "+B -A");
    let mut cast = cast();
    cast.say(&[TAKE]);
    assert_eq!(cast.reload(&[B])[0], "+B", "the program has withdrawn it");
    assert_eq!(cast.reload(&[])[0], "-B");
    assert_eq!(cast.reload(&[])[0], "");
}

#[test]
fn what_a_watchdog_made_of_a_route_counts_as_long_as_the_file_has_it_there() {
    const HELD_OTHER: &str = "route 10.1.0.0/16 next-hop 9.9.9.9 med 5 watchdog dog withdraw;";
    const CAT: &str = "route 10.1.0.0/16 next-hop 9.9.9.9 watchdog cat;";
    type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a [&'a str]], &'a [&'a str], &'a str);
    let rows: &[Row<'_>] = &[
        ("held back by the file, then free", &[HELD, B], &[&[A, B]], &[LOOSE, B], ""),
        ("held back by the file, then another's", &[HELD, B], &[&[A, B]], &[CAT, B], ""),
        ("held back, gone, and back without the word", &[HELD, B], &[&[B]], &[LOOSE, B], "+A"),
        ("the word taken away", &[HELD, B], &[], &[LOOSE, B], "+A"),
        ("free, then held back by the file", &[A, B], &[], &[HELD, B], "-A"),
        ("under a watchdog, then held back by the file", &[LOOSE, B], &[], &[HELD, B], "-A"),
        ("another one, held back by the file", &[LOOSE, B], &[], &[HELD_OTHER, B], "-A"),
    ];
    for (name, first, between, last, heard) in rows {
        let mut cast = Cast::new("", first);
        between.iter().for_each(|file| {
            cast.reload(file);
        });
        assert_eq!(cast.reload(last)[0], *heard, "{name}");
    }
}

#[test]
fn no_reload_announces_what_the_file_holds_back() {
    for options in ["", "adj-rib-out false;"] {
        for (first, lines) in
            [(LOOSE, &[TAKE][..]), (LOOSE, &[CLEAR]), (HELD, &[LET_GO, TAKE]), (HELD, &[LET_GO, HOLD])]
        {
            let mut cast = Cast::new(options, &[first]);
            cast.say(lines);
            // A clear knows nothing of what is not remembered.
            let is_known = lines == [CLEAR] && !options.is_empty();
            let heard = if is_known { "+B -A" } else { "+B" };
            assert_eq!(cast.reload(&[HELD, B])[0], heard, "{options} {first} {lines:?}");
            cast.say(&[LET_GO]);
            assert_eq!(
                cast.reload(&[B])[0].replace("+B ", ""),
                "-A",
                "{options} {first} {lines:?}: it can be let go again"
            );
        }
    }
}
