//! What a line asks for. Routes are left as text: the grammar that the configuration shares reads them.

use alloc::vec::Vec;

use super::selector::Selectors;
pub use crate::grammar::RouteAction;
use crate::wire::{Afi, Family, Safi};

/// A line, understood: a command and the neighbors it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// For whom.
    pub neighbors: Selectors<'a>,
    /// What to do.
    pub command: Command<'a>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `announce route …`, `withdraw flow …` and their kin.
    Routes {
        /// What becomes of the routes.
        action: RouteAction,
        /// The routes, from the word on that says how they are written.
        text: &'a str,
    },
    /// `announce eor [afi safi]`: End-of-RIB (RFC 4724 §2).
    EndOfRib {
        /// For which family.
        family: Family,
    },
    /// `announce route-refresh afi safi`: asks the peer for its routes again (RFC 2918).
    RouteRefresh {
        /// For which family.
        family: Family,
    },
    /// `announce operational …`: one of ExaBGP's OPERATIONAL messages; the text begins with its kind.
    Operational {
        /// The message, as the configuration writes it too.
        text: &'a str,
    },
    /// `announce watchdog [name]`, `withdraw watchdog [name]`: the routes that carry this watchdog.
    Watchdog {
        /// What becomes of the routes.
        action: RouteAction,
        /// The watchdog; `None`: the one named after the program.
        name: Option<&'a str>,
    },
    /// `show neighbor …`
    ShowNeighbor {
        /// How much is shown.
        form: NeighborForm,
        /// Only the neighbors that this text names.
        filter: Option<&'a str>,
    },
    /// `show adj-rib in …`, `show adj-rib out …`
    ShowAdjRib(ShowAdjRib<'a>),
    /// `flush adj-rib out`: everything is announced again.
    FlushAdjRibOut,
    /// `clear adj-rib in`, `clear adj-rib out`: everything is forgotten; out of it, withdrawn too.
    ClearAdjRib {
        /// Which of the two.
        side: AdjRib,
    },
    /// `teardown code`: ends the sessions with NOTIFICATION 6/code.
    Teardown {
        /// The Cease subcode (RFC 4486).
        subcode: u8,
    },
    /// `reload`: reads the configuration again.
    Reload,
    /// `restart`: closes every session and starts every program again.
    Restart,
    /// `shutdown`: ends the speaker.
    Shutdown,
    /// `reset`: forgets what this program asked for and has no answer yet. It is not answered itself.
    Reset,
    /// `enable-ack`, `disable-ack`, `silence-ack`
    Acknowledge(Acknowledge),
    /// `version`
    Version,
    /// `help`
    Help,
    /// `# …`
    Comment,
    /// `debug …`: a line for the log. It is not answered.
    Debug(&'a str),
}

/// How much of a neighbor is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighborForm {
    /// Nothing was asked for: the forms there are.
    Usage,
    /// A line each.
    Summary,
    /// All that is known of the session.
    Extensive,
    /// As the configuration would write it.
    Configuration,
    /// All of them in one array.
    Json,
}

/// One of the two RIBs of a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjRib {
    /// What the peer sent.
    In,
    /// What we send.
    Out,
}

/// `show adj-rib`, with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShowAdjRib<'a> {
    /// Which of the two.
    pub side: AdjRib,
    /// Which kinds of routes.
    pub routes: RouteFilter,
    /// Only of the neighbor with this address.
    pub neighbor: Option<&'a str>,
    /// The neighbor's whole name, and the attributes.
    pub extensive: bool,
    /// As JSON.
    pub json: bool,
}

/// Kinds of routes to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteFilter {
    /// All.
    All,
    /// Prefixes: unicast, multicast, labelled, VPN.
    Inet,
    /// FlowSpec.
    Flow,
    /// VPLS and EVPN.
    L2vpn,
}

/// Whether commands are answered with `done` and `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// From this command on.
    Enable,
    /// Not after this command.
    Disable,
    /// Not from this command on.
    Silence,
}

/// What each command is, and what `help` says of it: its words, whether neighbors can be selected, its options.
pub(super) const COMMANDS: [(&str, bool, &str); 35] = [
    ("#", false, ""),
    ("announce attribute", true, ""),
    ("announce attributes", true, ""),
    ("announce eor", true, ""),
    ("announce flow", true, ""),
    ("announce ipv4", true, ""),
    ("announce ipv6", true, ""),
    ("announce operational", true, ""),
    ("announce route", true, ""),
    ("announce route-refresh", true, ""),
    ("announce vpls", true, ""),
    ("announce watchdog", true, ""),
    ("clear adj-rib", true, "in | out"),
    ("flush adj-rib out", true, ""),
    ("teardown", true, ""),
    ("withdraw attribute", true, ""),
    ("withdraw attributes", true, ""),
    ("withdraw flow", true, ""),
    ("withdraw ipv4", true, ""),
    ("withdraw ipv6", true, ""),
    ("withdraw route", true, ""),
    ("withdraw vpls", true, ""),
    ("withdraw watchdog", true, ""),
    ("disable-ack", false, ""),
    ("enable-ack", false, ""),
    ("help", false, ""),
    ("reload", false, ""),
    ("reset", false, ""),
    ("restart", false, ""),
    ("show adj-rib in", false, "extensive"),
    ("show adj-rib out", false, "extensive"),
    ("show neighbor", false, "summary | extensive | configuration"),
    ("shutdown", false, ""),
    ("silence-ack", false, ""),
    ("version", false, ""),
];

/// Understands a normalised line; `None`: it is no command.
pub fn parse(line: &str) -> Option<Request<'_>> {
    // Both may hold anything, selectors and other commands included.
    if is_comment(line) {
        return Some(Request { neighbors: Selectors::default(), command: Command::Comment });
    }
    if let Some(text) = line.strip_prefix("debug ") {
        return Some(Request { neighbors: Selectors::default(), command: Command::Debug(text) });
    }
    let (neighbors, line) = Selectors::take(line)?;
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let command = match verb {
        "announce" => routes(RouteAction::Announce, rest)?,
        "withdraw" => routes(RouteAction::Withdraw, rest)?,
        "show" => show(rest)?,
        "flush" if begins(rest, "adj-rib out") => Command::FlushAdjRibOut,
        "clear" => clear(rest)?,
        "teardown" => Command::Teardown { subcode: rest.parse().ok()? },
        _ if is_comment(line) => Command::Comment,
        // ExaBGP dies of it.
        _ if rest.split(' ').any(|word| word == "json") => return None,
        _ => word(verb)?,
    };
    Some(Request { neighbors, command })
}

/// `#foo` is none.
fn is_comment(line: &str) -> bool {
    begins(line, "#")
}

/// Whether `line` is these words, or these and more.
fn begins(line: &str, words: &str) -> bool {
    line.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The commands that are one word, whatever else follows it.
fn word(verb: &str) -> Option<Command<'static>> {
    Some(match verb {
        "reload" => Command::Reload,
        "restart" => Command::Restart,
        "shutdown" => Command::Shutdown,
        "reset" => Command::Reset,
        "enable-ack" => Command::Acknowledge(Acknowledge::Enable),
        "disable-ack" => Command::Acknowledge(Acknowledge::Disable),
        "silence-ack" => Command::Acknowledge(Acknowledge::Silence),
        "version" => Command::Version,
        "help" => Command::Help,
        _ => return None,
    })
}

/// What follows `announce` or `withdraw`.
fn routes(action: RouteAction, line: &str) -> Option<Command<'_>> {
    let (what, text) = line.split_once(' ').unwrap_or((line, ""));
    match what {
        "route" | "ipv4" | "ipv6" | "flow" | "vpls" | "attribute" | "attributes" => {
            Some(Command::Routes { action, text: line })
        }
        "watchdog" => {
            let name = text.split(' ').next().filter(|name| !name.is_empty());
            Some(Command::Watchdog { action, name })
        }
        _ if action == RouteAction::Withdraw => None,
        "eor" if text.is_empty() => Some(Command::EndOfRib { family: Family::IPV4_UNICAST }),
        "eor" => Some(Command::EndOfRib { family: family(text)? }),
        "route-refresh" => Some(Command::RouteRefresh { family: family(text)? }),
        "operational" => Some(Command::Operational { text }),
        _ => None,
    }
}

/// `ipv4 unicast`
fn family(text: &str) -> Option<Family> {
    let (afi, safi) = text.split_once(' ')?;
    Some(Family::new(Afi::from_name(afi)?, Safi::from_name(safi)?))
}

/// What follows `show`.
fn show(line: &str) -> Option<Command<'_>> {
    let mut words: Vec<&str> = line.split(' ').collect();
    let take = |words: &mut Vec<&str>, word: &str| {
        let found = words.iter().position(|candidate| *candidate == word);
        found.map(|index| words.remove(index)).is_some()
    };
    let extensive = take(&mut words, "extensive");
    let json = take(&mut words, "json");
    take(&mut words, "text");
    let side = match words.as_slice() {
        ["neighbor", ..] => return Some(show_neighbor(&mut words, extensive, json)),
        ["adj-rib", "in", ..] => AdjRib::In,
        ["adj-rib", "out", ..] => AdjRib::Out,
        _ => return None,
    };
    words.drain(..2);
    let kinds = [("inet", RouteFilter::Inet), ("flow", RouteFilter::Flow), ("l2vpn", RouteFilter::L2vpn)];
    let routes =
        kinds.into_iter().find(|(word, _)| take(&mut words, word)).map_or(RouteFilter::All, |(_, kind)| kind);
    // What is left names a neighbor, whether by its address alone or after the word.
    words.retain(|word| !matches!(*word, "neighbor" | "routes" | "static" | "in" | "out"));
    Some(Command::ShowAdjRib(ShowAdjRib { side, routes, neighbor: words.first().copied(), extensive, json }))
}

fn show_neighbor<'a>(words: &mut Vec<&'a str>, extensive: bool, json: bool) -> Command<'a> {
    let mut take = |word: &str| {
        let before = words.len();
        words.retain(|candidate| *candidate != word);
        words.len() < before
    };
    let (summary, configuration) = (take("summary"), take("configuration"));
    let form = if json {
        NeighborForm::Json
    } else if summary {
        NeighborForm::Summary
    } else if extensive {
        NeighborForm::Extensive
    } else if configuration {
        NeighborForm::Configuration
    } else {
        NeighborForm::Usage
    };
    let filter = words.get(1..).and_then(<[_]>::last).filter(|word| **word != "neighbor");
    Command::ShowNeighbor { form, filter: filter.copied() }
}

/// What follows `clear`; without a side it is what we send.
fn clear(line: &str) -> Option<Command<'_>> {
    let side = match line {
        "adj-rib in" => AdjRib::In,
        "adj-rib" | "adj-rib out" => AdjRib::Out,
        _ => return None,
    };
    Some(Command::ClearAdjRib { side })
}

#[cfg(test)]
#[path = "../../tests/util/seed.rs"]
mod seed;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;
    use crate::api::line::normalise;

    fn command(line: &str) -> Option<Command<'_>> {
        parse(line).map(|request| request.command)
    }

    #[test]
    fn every_command_that_help_names_is_understood_and_nothing_near_it() {
        for (words, _, _) in COMMANDS {
            let text = match words {
                "announce route-refresh" => "announce route-refresh ipv4 unicast",
                "teardown" => "teardown 4",
                other => other,
            };
            assert!(command(text).is_some(), "{text}");
        }
        for line in [
            "",
            "bogus",
            "announce",
            "announce nothing",
            "withdraw eor",
            "show",
            "show adj-rib",
            "crash",
            "#foo",
        ] {
            assert_eq!(command(line), None, "{line}");
        }
        for line in
            ["teardown", "teardown x", "teardown 256", "versions", "announce eor ipv4", "clear adj-rib no"]
        {
            assert_eq!(command(line), None, "{line}");
        }
    }

    #[test]
    fn routes_are_left_to_the_grammar() {
        let line = "neighbor 192.0.2.1 withdraw ipv4 unicast 10.0.0.0/24 next-hop self";
        let text = "ipv4 unicast 10.0.0.0/24 next-hop self";
        assert_eq!(command(line), Some(Command::Routes { action: RouteAction::Withdraw, text }));
    }

    #[test]
    fn a_word_too_many_changes_nothing_where_there_is_nothing_to_say() {
        for (line, expected) in [
            ("version now", Command::Version),
            ("reset everything", Command::Reset),
            ("disable-ack please", Command::Acknowledge(Acknowledge::Disable)),
            ("neighbor 192.0.2.1 help me", Command::Help),
            ("flush adj-rib out now", Command::FlushAdjRibOut),
            ("neighbor 192.0.2.1 # a comment", Command::Comment),
        ] {
            assert_eq!(command(line), Some(expected), "{line}");
        }
        assert_eq!(command("flush adj-rib outside"), None);
    }

    #[test]
    fn a_comment_may_hold_a_command() {
        assert_eq!(command("# announce route 10.0.0.0/24 next-hop self"), Some(Command::Comment));
        assert_eq!(command("debug neighbor"), Some(Command::Debug("neighbor")));
    }

    #[test]
    fn the_options_of_show_stand_in_any_order() {
        let show = |side, routes, neighbor, extensive, json| {
            Some(Command::ShowAdjRib(ShowAdjRib { side, routes, neighbor, extensive, json }))
        };
        assert_eq!(command("show adj-rib out"), show(AdjRib::Out, RouteFilter::All, None, false, false));
        assert_eq!(
            command("show adj-rib in extensive flow 192.0.2.1 json"),
            show(AdjRib::In, RouteFilter::Flow, Some("192.0.2.1"), true, true)
        );
        let neighbor = |form, filter| Some(Command::ShowNeighbor { form, filter });
        assert_eq!(command("show neighbor"), neighbor(NeighborForm::Usage, None));
        assert_eq!(
            command("show neighbor 192.0.2.1 summary"),
            neighbor(NeighborForm::Summary, Some("192.0.2.1"))
        );
        assert_eq!(command("show neighbor extensive json"), neighbor(NeighborForm::Json, None));
        assert_eq!(command("show neighbor neighbor summary"), neighbor(NeighborForm::Summary, None));
        assert_eq!(command("show adj-rib in out"), show(AdjRib::In, RouteFilter::All, None, false, false));
    }

    proptest! {
        #![proptest_config(seed::config())]

        #[test]
        fn no_line_is_too_odd_to_be_answered(line in "\\PC*") {
            let _ = parse(&normalise(&line)).is_some();
        }

        #[test]
        fn no_odd_sentence_of_known_words_is_either(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("neighbor"), Just("*"), Just(","), Just("announce"), Just("withdraw"), Just("show"),
                    Just("adj-rib"), Just("out"), Just("in"), Just("extensive"), Just("json"), Just("teardown"),
                    Just("local-as"), Just("route"), Just("eor"), Just("#"), Just("clear"), Just("watchdog"),
                ],
                0..12,
            )
        ) {
            let _ = parse(&normalise(&words.join(" "))).is_some();
        }

        #[test]
        fn normalising_twice_changes_nothing_more(line in "[a-z \\t\\[\\],()]*") {
            let once = normalise(&line).into_owned();
            prop_assert_eq!(normalise(&once).into_owned(), once);
        }
    }
}
