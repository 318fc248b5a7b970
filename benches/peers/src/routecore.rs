//! routecore: lazy, so that values are read out of the octets as they are visited, in one pass over the attributes.

use holdtime_benches::{Corpus, Kind, Shape, Tally};
use inetnum::addr::Prefix;
use routecore::bgp::ParseError;
use routecore::bgp::aspath::AsPath;
use routecore::bgp::message::update::{SessionConfig, UpdateMessage};
use routecore::bgp::nlri::afisafi::{AfiSafiNlri, IsPrefix, Nlri};
use routecore::bgp::path_attributes::WireformatPathAttribute;
use routecore::bgp::types::NextHop;

use crate::contest::{Contestant, Visit};

/// It has no variant of its own for this one.
const MP_UNREACH_NLRI: u8 = 15;

pub struct Routecore;

impl Contestant for Routecore {
    fn name(&self) -> &'static str {
        "routecore"
    }

    fn supports(&self, shape: Shape) -> bool {
        // It keeps routes of the other families as octets.
        matches!(shape, Shape::Ipv4 | Shape::Packed | Shape::Ipv6 | Shape::Vpn | Shape::Recorded)
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let session = SessionConfig::modern();
        let mut visit = Visit::default();
        visit.start();
        for message in corpus.messages() {
            if visit_update(message, &session, &mut visit.tally).is_err() {
                visit.refused += 1;
            }
        }
        visit.stop();
        visit
    }
}

fn visit_update(message: &[u8], session: &SessionConfig, tally: &mut Tally) -> Result<(), ParseError> {
    let update = UpdateMessage::from_octets(message, session)?;
    for nlri in update.conventional_withdrawals()? {
        prefix(&nlri?, Kind::Withdrawn, tally);
    }
    for attribute in update.path_attributes()? {
        visit_attribute(attribute?, &update, tally)?;
    }
    for nlri in update.conventional_announcements()? {
        prefix(&nlri?, Kind::Announced, tally);
    }
    Ok(())
}

fn visit_attribute(
    attribute: WireformatPathAttribute<'_, &[u8]>,
    update: &UpdateMessage<&[u8]>,
    tally: &mut Tally,
) -> Result<(), ParseError> {
    match attribute {
        WireformatPathAttribute::Origin(value) => {
            tally.add(Kind::Origin, u64::from(value.value_into_parser().parse_u8()?));
        }
        WireformatPathAttribute::AsPath(value) => {
            let mut parser = value.value_into_parser();
            let path = AsPath::new(parser.parse_octets(parser.remaining())?, true)
                .map_err(|_| ParseError::form_error("AS_PATH"))?;
            for segment in path.segments() {
                segment.asns().for_each(|number| tally.add(Kind::AsPath, u64::from(number.into_u32())));
            }
        }
        WireformatPathAttribute::ConventionalNextHop(value) => {
            tally.add(Kind::NextHop, u64::from(value.value_into_parser().parse_u32_be()?));
        }
        WireformatPathAttribute::MultiExitDisc(value) => {
            tally.add(Kind::Med, u64::from(value.value_into_parser().parse_u32_be()?));
        }
        WireformatPathAttribute::LocalPref(value) => {
            tally.add(Kind::LocalPref, u64::from(value.value_into_parser().parse_u32_be()?));
        }
        WireformatPathAttribute::AtomicAggregate(_) => tally.add(Kind::AtomicAggregate, 1),
        WireformatPathAttribute::Aggregator(value) => {
            tally.add(Kind::Aggregator, value.value_into_parser().parse_u64_be()?);
        }
        WireformatPathAttribute::StandardCommunities(value) => {
            let mut parser = value.value_into_parser();
            while parser.remaining() > 0 {
                tally.add(Kind::Community, u64::from(parser.parse_u32_be()?));
            }
        }
        WireformatPathAttribute::ExtendedCommunities(value) => {
            let mut parser = value.value_into_parser();
            while parser.remaining() > 0 {
                tally.add(Kind::ExtendedCommunity, parser.parse_u64_be()?);
            }
        }
        WireformatPathAttribute::LargeCommunities(value) => {
            let mut parser = value.value_into_parser();
            while parser.remaining() > 0 {
                let (global, one) = (parser.parse_u32_be()?, parser.parse_u32_be()?);
                tally.large_community(global, one, parser.parse_u32_be()?);
            }
        }
        WireformatPathAttribute::MpReachNlri(_) => visit_mp_reach(update, tally)?,
        WireformatPathAttribute::Unimplemented(other) if other.type_code() == MP_UNREACH_NLRI => {
            for nlri in update.mp_withdrawals()?.into_iter().flatten() {
                prefix(&nlri?, Kind::Withdrawn, tally);
            }
        }
        _ => {}
    }
    Ok(())
}

fn visit_mp_reach(update: &UpdateMessage<&[u8]>, tally: &mut Tally) -> Result<(), ParseError> {
    match update.mp_next_hop()? {
        Some(NextHop::Unicast(hop)) => tally.address(Kind::NextHop, hop),
        Some(NextHop::MplsVpnUnicast(_, hop)) => tally.address(Kind::NextHop, hop),
        Some(NextHop::Ipv6LL { global, link_local }) => {
            tally.address6(Kind::NextHop, global.into());
            tally.address6(Kind::NextHop, link_local.into());
        }
        _ => {}
    }
    for nlri in update.mp_announcements()?.into_iter().flatten() {
        prefix(&nlri?, Kind::Announced, tally);
    }
    Ok(())
}

fn prefix(nlri: &Nlri<&[u8]>, kind: Kind, tally: &mut Tally) {
    if let Nlri::Ipv4MplsVpnUnicast(route) = nlri {
        let route = route.nlri();
        route.labels().iter().for_each(|label| tally.add(Kind::Label, u64::from(label.value())));
        let rd = route.rd();
        let octets = rd.as_ref().first_chunk().copied().unwrap_or_default();
        tally.add(Kind::Distinguisher, u64::from_be_bytes(octets));
    }
    let visited: Prefix = match nlri {
        Nlri::Ipv4Unicast(nlri) => nlri.prefix(),
        Nlri::Ipv6Unicast(nlri) => nlri.prefix(),
        Nlri::Ipv4MplsVpnUnicast(route) => route.nlri().prefix(),
        _ => return,
    };
    match visited.addr() {
        std::net::IpAddr::V4(address) => tally.prefix4(kind, address.into(), visited.len()),
        std::net::IpAddr::V6(address) => tally.prefix6(kind, address.into(), visited.len()),
    }
}
