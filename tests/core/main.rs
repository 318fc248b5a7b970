//! The core's tests, in one binary: a module a subject. `cargo test -p holdtime-core --test core NAME` runs those whose path holds
//! `NAME`: a module's name, or a test's.

mod api;
mod config_accepted;
mod config_errors;
mod config_mutations;
mod config_neighbors;
mod config_written;
mod effects;
mod flow_forms;
mod four_octet_numbers;
mod grammar_routes;
mod intake;
mod life;
mod link_local;
mod multisession;
mod print;
mod ranges;
mod refresh;
mod reloads;
mod route_target_membership;
mod routes;
mod rows;
mod sessions;
mod shared_routes;
mod sr_policy;
mod tcp_ao;
mod too_large;
mod treatments;
mod turns;
mod wire_malformed;
mod wire_round_trip;
mod wire_treatment;
mod wire_update;

#[path = "../util/rib.rs"]
mod rib;
#[path = "../util/seed.rs"]
mod seed;
#[path = "../util/mod.rs"]
mod util;
