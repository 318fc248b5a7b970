//! The keys of the TCP Authentication Option (RFC 5925), and the section that holds one: `tcp-ao { keyid 1; algorithm hmac-sha-256;
//! password "…"; base64 false; }`.
//!
//! The words are ExaBGP 6's, which has one key. A neighbor may have several sections here, each a key: with the first one we sign and ask
//! the peer to sign, the others are taken too. So keys are rolled over without losing the session: add the new key on both sides, put it
//! first on both, take the old one away on both, and reload after each step. `send-id` and `receive-id` stand beside `keyid` where the
//! two differ.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use holdtime_host::{AoAlgorithm, AoKey};

use super::base64;
use super::setting::{Given, Setting};
use crate::grammar::{Cursor, Result, SyntaxError, Token, unknown};

/// The longest key that the kernel takes, in octets.
const KEY_LIMIT: usize = 80;

const OPTIONS: &[&str] = &["keyid", "send-id", "receive-id", "algorithm", "password", "base64"];

/// Whether a session signed with `before` can go on with `after`: a roll-over leaves a key that both sides have, and gives no
/// identifier another meaning (RFC 5925 §3.1).
pub(super) fn is_roll_over(before: &[AoKey], after: &[AoKey]) -> bool {
    let contradicts = |one: &AoKey, other: &AoKey| {
        one != other && (one.send_id == other.send_id || one.receive_id == other.receive_id)
    };
    let conflict = before.iter().any(|one| after.iter().any(|other| contradicts(one, other)));
    !conflict && (before == after || before.iter().any(|key| after.contains(key)))
}

/// What a section has said so far.
#[derive(Default)]
struct Draft {
    send_id: Setting<u8>,
    receive_id: Setting<u8>,
    key_id: Setting<u8>,
    algorithm: Setting<AoAlgorithm>,
    password: Setting<String>,
    base64: Setting<bool>,
}

/// Reads a section behind `keyword`.
pub(super) fn section(cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<Given<AoKey>> {
    let mut draft = Draft::default();
    cursor.block("tcp-ao", |cursor, keyword| {
        draft.option(cursor, &keyword)?;
        cursor.end_statement()
    })?;
    let missing = |what: &str| {
        SyntaxError::new(keyword.span, alloc::format!("this key has no `{what}`"))
            .expected(alloc::format!("`{what} …;`"))
    };
    let key_id = draft.key_id.get();
    let send_id = draft.send_id.get().or(key_id).ok_or_else(|| missing("keyid"))?;
    let receive_id = draft.receive_id.get().or(key_id).ok_or_else(|| missing("keyid"))?;
    let algorithm = draft.algorithm.get().ok_or_else(|| missing("algorithm"))?;
    let password = draft.password.get().ok_or_else(|| missing("password"))?;
    let place = draft.password.span().unwrap_or(keyword.span);
    let key = match draft.base64.or(false) {
        false => password.into_bytes(),
        true => base64::decode(&password).filter(|key| !key.is_empty()).ok_or_else(|| {
            SyntaxError::new(place, "the password is not base64").expected("base64 with its padding")
        })?,
    };
    if key.len() > KEY_LIMIT {
        let problem = alloc::format!("the key is {} octets long", key.len());
        return Err(SyntaxError::new(place, problem).expected("at most 80 octets"));
    }
    Ok(Given { value: AoKey { send_id, receive_id, algorithm, key }, span: keyword.span })
}

impl Draft {
    fn option(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<()> {
        macro_rules! set {
            ($field:ident, $value:expr) => {{
                let value = $value;
                self.$field.set(cursor, keyword, value);
            }};
        }
        const ID: &str = "a number from 0 to 255";
        match keyword.text.as_ref() {
            "keyid" => set!(key_id, cursor.number("a key's identifier", ID)?),
            "send-id" => set!(send_id, cursor.number("a key's identifier", ID)?),
            "receive-id" => set!(receive_id, cursor.number("a key's identifier", ID)?),
            "algorithm" => set!(algorithm, cursor.choice("an algorithm of TCP-AO", &AoAlgorithm::NAMES)?),
            "password" => {
                let word = cursor.word("a password, in quotes or not")?;
                if word.text.is_empty() {
                    return Err(
                        SyntaxError::new(word.span, "the password is empty").expected("1 to 80 octets")
                    );
                }
                set!(password, word.text.to_string());
            }
            "base64" => set!(base64, cursor.boolean(true)?),
            _ => return Err(unknown(keyword, "an option of `tcp-ao`", OPTIONS)),
        }
        Ok(())
    }
}

/// The keys of a neighbor, no identifier of which may stand for two.
pub(super) fn keys(given: Vec<Given<AoKey>>) -> Result<Vec<AoKey>> {
    let mut keys: Vec<AoKey> = Vec::new();
    for Given { value: key, span } in given {
        let clash = keys.iter().find_map(|other| match other {
            other if other.send_id == key.send_id => Some(("sent", key.send_id)),
            other if other.receive_id == key.receive_id => Some(("received", key.receive_id)),
            _ => None,
        });
        if let Some((direction, id)) = clash {
            let problem = alloc::format!("another key has the identifier {id} for what is {direction}");
            return Err(SyntaxError::new(span, problem).expected("a `keyid` of its own for each key"));
        }
        keys.push(key);
    }
    Ok(keys)
}
