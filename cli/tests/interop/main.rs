//! `holdtime serve` against real BGP daemons: BIRD, FRR, GoBGP, OpenBGPD and ExaBGP.
//!
//! Each test runs in a network namespace of its own, so that port 179 is free and nothing leaves the machine. In
//! it the daemon owns 127.0.1.1 and fd00:179::1 (AS 65001), holdtime 127.0.2.1 and fd00:179::2 (AS 65101). A test
//! whose daemon is not installed is ignored.
//!
//! What is tried, with BIRD 2.0.12, FRR 8.4.4, GoBGP 3.10, OpenBGPD 7.7 and ExaBGP 5.0.15 (p: on the `poll` reactor, a: on the
//! `async` one):
//!
//! | | BIRD | FRR | GoBGP | OpenBGPD | ExaBGP |
//! |---|---|---|---|---|---|
//! | routes both ways over IPv4 and IPv6: prefix, next hop, AS path, communities, MED | p a | p a | p a | p a | p a |
//! | our SR policies there, and back here over its other session | - | - (9) | p (10) | - | - |
//! | our FlowSpec rule there | p | a | a | - (1) | p |
//! | its rule here | p | - (2) | a | - (1) | p |
//! | it asks for a route refresh | a | p | - (3) | p | a |
//! | we ask for one | p | a (4) | p | a (4) | p |
//! | we restart, it keeps our routes | p | a | p | a | - (5) |
//! | it restarts, we keep its routes | a | p | a | - (6) | p |
//! | it is suspended, the hold timer closes the session, it comes back | p | a | p | a | a |
//! | our words at a shutdown are read there | a | p | a | p | p |
//! | its words are read here | p | a | p | a | a (7) |
//! | we end, and it sees that | p | a | p | a | a |
//! | MD5 with the same key; with another and with none there is no session | p a p | a p a | p a p | - (8) | a p a |
//!
//! 1. It has no FlowSpec in this version: `announce IPv4 flowspec` is a syntax error.
//! 2. It has no command that originates a rule.
//! 3. `softresetin` goes over its Adj-RIB-In again and asks nobody.
//! 4. It counts our request and sends nothing: presumably because its routes are the same. Why was not found out.
//! 5. It has no RIB of what it received that could be kept.
//! 6. It helps, and does not offer to restart (restart time 0, no family).
//! 7. The words are always those of the subcode.
//! 8. On Linux its listener takes no key: a signed segment is unexpected there.
//! 9. Neither BIRD, FRR, OpenBGPD nor ExaBGP 5 has the family (SAFI 73); between two of our own it is tried in `own.rs`.
//! 10. It knows segments of types A and B and drops the attribute for any other. Of a candidate path's name it passes on three
//!     octets too many, those that follow it in the attribute.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why on its output"
)]

/// Makes a test of each feature, in a network namespace and with a folder of its own, where the machine has what it needs.
macro_rules! tests {
    ([$($needs:expr),*]; $($name:ident => $test:expr;)*) => {
        pub(crate) fn tests() -> Vec<crate::trials::Test> {
            const NEEDS: &[crate::needs::Need] = &[$($needs,)* crate::needs::Need::Program("ip"), crate::needs::Need::Namespaces];
            let (_, module) = module_path!().split_once("::").unwrap();
            vec![$({
                let run = || {
                    let (_, test) = concat!(module_path!(), "::", stringify!($name)).split_once("::").unwrap();
                    crate::namespace::run(test, || {
                        let body: fn(&crate::process::Folder) = $test;
                        body(&crate::process::Folder::new(test.split("::").next().unwrap()));
                    });
                };
                let name = format!("{module}::{}", stringify!($name));
                crate::trials::Test::needing(|| crate::namespace::missing(NEEDS), &name, run)
            }),*]
        }
    };
}

mod bird;
mod dumps;
mod exabgp;
mod features;
mod frr;
mod gobgp;
mod matrix;
mod namespace;
#[path = "../shared/needs.rs"]
mod needs;
mod openbgpd;
mod own;
#[path = "../shared/private.rs"]
mod private;
mod process;
mod route;
mod speaker;
#[path = "../../../tests/util/trials.rs"]
mod trials;
#[path = "../shared/waiting.rs"]
mod waiting;

fn main() -> std::process::ExitCode {
    let daemons = [
        bird::tests(),
        exabgp::tests(),
        frr::tests(),
        gobgp::tests(),
        matrix::tests(),
        openbgpd::tests(),
        own::tests(),
        own::signed::tests(),
        own::unsigned::tests(),
    ];
    let printed = trials::Test::needing(
        || needs::Need::ExaBgp.missing(),
        "exabgp::messages_are_printed_as_exabgp_prints_them",
        exabgp::messages_are_printed_as_exabgp_prints_them,
    );
    trials::run_waiting(daemons.into_iter().flatten().chain([printed]).collect())
}
