//! The answers that are always the same.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::command::COMMANDS;

/// A command was carried out. Whatever a program's encoder is, this is text.
pub const DONE: &str = "done";
/// A line is no command, names no neighbor, or holds a route that cannot be read.
pub const ERROR: &str = "error";

/// What `show neighbor` says when not told how much to show.
pub const SHOW_NEIGHBOR_USAGE: [&str; 2] = [
    "please specify summary, extensive or configuration",
    "you can filter by peer ip address adding it after the word neighbor",
];

/// The lines of `help`.
pub fn help() -> Vec<String> {
    let head = [
        "",
        "available API commands are listed here:",
        "=======================================",
        "",
        "filter can be: [local-ip <ip>][local-as <asn>][peer-as <asn>][router-id <router-id>]",
        "",
        "command are:",
        "------------",
        "",
    ];
    let commands = COMMANDS.iter().map(|&(words, selectable, options)| match (selectable, options) {
        (true, _) => format!("[neighbor <ip> [filters]] {words}"),
        (false, "") => format!("{words} "),
        (false, _) => format!("{words} [ {options} ] "),
    });
    head.into_iter().map(String::from).chain(commands).chain([String::new()]).collect()
}
