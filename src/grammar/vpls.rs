//! VPLS routes (RFC 4761): `vpls endpoint 5 base 10702 offset 1 size 8 rd 192.0.2.1:123 next-hop 192.0.2.1 …`.

use alloc::vec::Vec;

use super::announcement::RouteAction;
use super::attribute::RouteDraft;
use super::cursor::Cursor;
use super::fault::{Result, SyntaxError};
use super::routes::RouteCollector;
use super::token::Token;
use crate::wire::nlri::VplsNlri;
use crate::wire::{Label, Nlri};

/// Options of routes to prefixes that say nothing of these.
const NOT_HERE: &[&str] = &["label", "path-information"];

const OWN: &[&str] = &["endpoint", "base", "offset", "size"];

/// The numbers of a VPLS route.
#[derive(Default)]
struct Block {
    endpoint: Option<u16>,
    base: Option<u32>,
    offset: Option<u16>,
    size: Option<u16>,
}

impl Block {
    fn option(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<bool> {
        const U16: &str = "a number from 0 to 65535";
        match keyword.text.as_ref() {
            "endpoint" => self.endpoint = Some(cursor.number("a VPLS endpoint", U16)?),
            "offset" => self.offset = Some(cursor.number("a block offset", U16)?),
            "size" => self.size = Some(cursor.number("a block size", U16)?),
            "base" => self.base = Some(u32::from(cursor.number::<u16>("a label base", U16)?)),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The options, on their line or in a block that may have a name.
pub(super) fn route(cursor: &mut Cursor<'_>, action: RouteAction, routes: &mut RouteCollector) -> Result<()> {
    let place = cursor.last();
    if !cursor.at_block()? && cursor.block_ahead()? {
        cursor.word("a name")?;
        cursor.skip_to_block()?;
    }
    let (mut block, mut draft) = (Block::default(), RouteDraft::default());
    cursor.options("vpls", |cursor, keyword| {
        if block.option(cursor, &keyword)? {
            return Ok(());
        }
        draft.option_but(cursor, &keyword, NOT_HERE, OWN)
    })?;

    let missing = |what: &str| {
        SyntaxError::new(place, alloc::format!("the VPLS route has no `{what}`"))
            .expected(alloc::format!("`{what} <value>`"))
    };
    let endpoint = block.endpoint.ok_or_else(|| missing("endpoint"))?;
    let base = block.base.ok_or_else(|| missing("base"))?;
    let offset = block.offset.ok_or_else(|| missing("offset"))?;
    let size = block.size.ok_or_else(|| missing("size"))?;
    let rd = draft.rd.take().ok_or_else(|| missing("rd"))?;
    if action == RouteAction::Announce && !draft.has_next_hop() {
        return Err(missing("next-hop"));
    }

    // The length of what follows, then its fields (RFC 4761 §3.2.2).
    let mut bytes = Vec::from(17_u16.to_be_bytes());
    bytes.extend(rd.0);
    bytes.extend([endpoint, offset, size].iter().flat_map(|number| number.to_be_bytes()));
    bytes.extend(Label::new(base, true).octets());
    routes.add_one(draft, Nlri::Vpls(VplsNlri { bytes: bytes.into() }));
    Ok(())
}
