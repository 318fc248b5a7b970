//! What others wrote down: configurations and commands.

use alloc::string::{String, ToString};
use core::hint::black_box;

use super::encode;
use crate::config::{Config, ConfigText, Settings};
use crate::grammar::{Announcement, Diagnostic, RouteAction, parse_operational, parse_routes};
use crate::wire::negotiated::MAX_EXTENDED_MESSAGE;

/// A configuration file. It is read or refused; a mistake is shown with a place that the text has; every route that it announces
/// can be encoded.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let file = ConfigText { name: String::from("fuzz.conf"), text: text.into() };
    match Config::parse(&file, &Settings::default()) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| placed(warning, text));
            config.neighbors.iter().for_each(|neighbor| encodable(neighbor.routes.iter()));
        }
        Err(error) => placed(&error, text),
    }
}

/// What follows `announce` in a command. As [`configuration`].
pub fn command(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    for action in [RouteAction::Announce, RouteAction::Withdraw] {
        match parse_routes(action, text) {
            Ok(routes) => encodable(routes.into_iter()),
            Err(error) => placed(&error, text),
        }
    }
    if let Err(error) = parse_operational(text) {
        placed(&error, text);
    }
}

/// Fails where a mistake's place is not in the text, or it cannot be shown.
fn placed(mistake: &Diagnostic, text: &str) {
    let line = text.split('\n').nth(mistake.line - 1);
    assert!(line.is_some_and(|line| mistake.column <= line.chars().count() + 1), "{mistake:?}");
    black_box(mistake.to_string());
}

/// Fails where a destination does not fit the largest message.
fn encodable(routes: impl Iterator<Item = Announcement>) {
    for announcement in routes.take(64) {
        let nlri = &announcement.route.nlri;
        assert!(encode(MAX_EXTENDED_MESSAGE, |out| nlri.encode(out)).is_ok(), "{nlri:?}");
    }
}
