//! Peers of one table that are many, and peers that share another one's machine.

use std::net::IpAddr;

use toml::Spanned;

use crate::scenario::file::{Addresses, PeerTable};
use crate::scenario::mistake::{Mistake, Source};

/// How many peers one table may stand for.
const MOST: u32 = 10_000;

/// A table for each peer, each with its name and its addresses.
pub(super) fn each_peer(source: &Source, tables: &[PeerTable]) -> Result<Vec<PeerTable>, Mistake> {
    let mut all: Vec<PeerTable> = Vec::new();
    for table in tables {
        let table = with_address(source, table, &all)?;
        let Some(count) = &table.count else {
            all.push(table);
            continue;
        };
        if !(1..=MOST).contains(count.get_ref()) {
            let mistake = source.mistake(count.span(), "no number of peers");
            return Err(mistake.expected(format!("1 to {MOST}")));
        }
        if let Some(on) = &table.on {
            let mistake = source.mistake(source.inside(on), "many peers share no machine");
            return Err(mistake.expected("a table of its own for each peer on this machine"));
        }
        for number in 0..*count.get_ref() {
            all.push(numbered(source, &table, number)?);
        }
    }
    Ok(all)
}

/// The table with the addresses of the machine that its peer runs on.
fn with_address(source: &Source, table: &PeerTable, above: &[PeerTable]) -> Result<PeerTable, Mistake> {
    match (&table.address, &table.on) {
        (Some(_), None) => Ok(table.clone()),
        (None, Some(on)) => {
            let host = above.iter().find(|host| host.name.get_ref() == on.get_ref());
            let names: Vec<&str> = above.iter().map(|host| host.name.get_ref().as_str()).collect();
            let unknown = || {
                let problem = format!("no peer above is called `{}`", on.get_ref());
                source.mistake(source.inside(on), problem).one_of(on.get_ref(), &names)
            };
            let host = host.ok_or_else(unknown)?;
            Ok(PeerTable { address: host.address.clone(), ..table.clone() })
        }
        _ => Err(source
            .mistake(source.inside(&table.name), "where does it run?")
            .expected("either `address`, or `on` and the name of a peer above")),
    }
}

/// The peer of this number, from 0, of a table that stands for many.
fn numbered(source: &Source, table: &PeerTable, number: u32) -> Result<PeerTable, Mistake> {
    let name = format!("{}-{}", table.name.get_ref(), number + 1);
    let mut one = PeerTable { count: None, name: Spanned::new(table.name.span(), name), ..table.clone() };
    one.asn = table.asn.saturating_add(table.as_step.unwrap_or(0).saturating_mul(number));
    if let Some(address) = &table.address {
        let next = address.get_ref().all().iter().map(|address| following(*address, number));
        let next: Option<Vec<IpAddr>> = next.collect();
        let next = next.ok_or_else(|| {
            let mistake = source.mistake(address.span(), "there are not so many addresses behind it");
            mistake.expected("an address that leaves room for all peers of the table")
        })?;
        one.address = Some(Spanned::new(address.span(), Addresses::Many(next)));
    }
    Ok(one)
}

/// The address so many further on.
fn following(address: IpAddr, number: u32) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => IpAddr::V4(address.to_bits().checked_add(number)?.into()),
        IpAddr::V6(address) => IpAddr::V6(address.to_bits().checked_add(number.into())?.into()),
    })
}
