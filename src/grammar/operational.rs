//! OPERATIONAL messages: `asm afi ipv4 safi unicast advisory "…"` and the like.

use alloc::borrow::ToOwned;

use super::cursor::{Cursor, unknown};
use super::fault::{Result, SyntaxError};
use super::operational_message::{OperationalKind, OperationalMessage, PrefixCount};
use super::token::Token;
use super::value::decimal;
use crate::wire::{Afi, Family, Safi};

/// The messages that can be sent.
pub(crate) const KEYWORDS: &[&str] = &["asm", "adm", "rpcq", "rpcp", "apcq", "apcp", "lpcq", "lpcp"];

/// The longest advisory in octets.
const ADVISORY: usize = 2048;

/// Reads what `keyword` introduces, to the end of the statement. `router-id <IPv4>` may stand anywhere in it.
pub(crate) fn message(cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<OperationalMessage> {
    let Some(name) = KEYWORDS.iter().copied().find(|known| keyword.text.eq_ignore_ascii_case(known)) else {
        return Err(unknown(keyword, "an OPERATIONAL message", KEYWORDS));
    };
    let mut router_id = None;
    let mut argument = |cursor: &mut Cursor<'_>, name: &'static str| {
        if cursor.eat_word("router-id")? {
            router_id = Some(cursor.ipv4("a router id")?);
        }
        cursor.choice(&alloc::format!("`{name}`"), &[(name, ())])
    };
    argument(cursor, "afi")?;
    let afi = cursor.value("an address family", "ipv4, ipv6, l2vpn or bgp-ls", Afi::from_name)?;
    argument(cursor, "safi")?;
    let safi = cursor.value("a SAFI", "a name such as unicast", Safi::from_name)?;
    let kind = match name {
        name @ ("asm" | "adm") => {
            argument(cursor, "advisory")?;
            let text = cursor.word("a text in quotes")?;
            if text.text.len() > ADVISORY {
                let problem = alloc::format!("the advisory is {} octets long", text.text.len());
                return Err(SyntaxError::new(text.span, problem).expected("at most 2048 octets"));
            }
            let advisory = text.text.as_ref().to_owned();
            match name {
                "asm" => OperationalKind::AdvisoryStatic(advisory),
                _ => OperationalKind::AdvisoryDemand(advisory),
            }
        }
        name => {
            argument(cursor, "sequence")?;
            let sequence = cursor.number("a sequence number", "a number from 0 to 4294967295")?;
            let counter = if name.ends_with('p') {
                argument(cursor, "counter")?;
                Some(cursor.value("a count", "a number of up to 64 bits", decimal)?)
            } else {
                None
            };
            let count = match name {
                "rpcq" | "rpcp" => PrefixCount::Reachable,
                "apcq" | "apcp" => PrefixCount::Adjacent,
                _ => PrefixCount::Local,
            };
            OperationalKind::PrefixCount { count, sequence, counter }
        }
    };
    if cursor.eat_word("router-id")? {
        router_id = Some(cursor.ipv4("a router id")?);
    }
    cursor.end_statement()?;
    Ok(OperationalMessage { kind, family: Family::new(afi, safi), router_id })
}
