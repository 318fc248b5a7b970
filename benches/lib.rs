//! Criterion benches of holdtime, one file a subject; see `Cargo.toml` for the list.
