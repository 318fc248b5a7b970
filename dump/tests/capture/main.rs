//! Captures that are written here, and the messages that are found in them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod files;
mod links;
mod property;
mod streams;
mod talk;
mod write;
