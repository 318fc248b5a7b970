//! The lab of holdtime: it runs the shipped reactors, line for line, on a simulated network under a virtual clock.
//!
//! The machines are `holdtime-machine`'s, which knows no BGP. Here is what makes a test of them: scenarios, the peers and programs
//! that play them, the oracles that judge from outside, and the story of a hang.
//!
//! Reactors, scripted peers and scripted programs are all tasks on a [`SimHost`](holdtime_machine::SimHost); none can tell it from a
//! real machine, which the parity tests check.
//!
//! turmoil 0.7 is a second and independent engine ([`stage::Run::go_under_turmoil`]).
//!
//! # The rooms
//!
//! ```text
//! scenario/     the data: world, scripts of peers and programs, faults, bounds, expectations
//! observe/      what is seen from outside: wire, pipes, calls, time; and what tasks wait for
//! actor/        who plays a script: peers and programs, the same code live and in the lab
//! turmoil/      turmoil's machines as hosts, for the second engine
//! subject/      what is under test: a trait and a registry; the shipped reactors and the defective ones
//! oracle/       one file a judge, over what is observed
//! certificate/  who waits for whom, and the verdict
//! timeline/     a run as one log of events, with names: what traces and pictures are made from
//! stage/        sets a play up on an engine (machine; turmoil) and runs it
//! explore/      worlds that nobody wrote, drawn from seeds, and sweeps over them
//! shrink/       the smallest scenario that fails for the same reason
//! why/          from when on a run could not be saved any more
//! replay/       what was recorded, again
//! suite/        ExaBGP's functional cases
//! parity/       the simulated machine beside the real one
//! probe/        what is required of other people's speakers, what is seen of them, and the verdict
//! report/       text, captures, traces
//! finding/      a run that did not pass, as the files of a folder
//! ```

pub mod actor;
pub mod certificate;
pub mod explore;
pub mod finding;
pub mod observe;
pub mod oracle;
pub mod parity;
pub mod probe;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod shrink;
pub mod stage;
pub mod subject;
pub mod suite;
pub mod timeline;
pub mod turmoil;
pub mod why;
