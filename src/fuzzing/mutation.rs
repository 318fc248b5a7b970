//! Real messages with a few octets changed, and every decoder over each of them: what a fuzzer without feedback would try, but the
//! same on every run, and as many as are wanted.

use alloc::vec::Vec;

use holdtime_host::rng::SplitMix64;

use super::{attributes, messages, nlri};
use crate::wire::frame::HEADER;

/// Octets that decoders trip over more often than over others.
const TELLING: [u8; 8] = [0, 1, 2, 0x0f, 0x7f, 0x80, 0xf0, 0xff];

/// Draws mutations from a seed.
#[derive(Clone, Debug)]
pub struct Mutator(SplitMix64);

impl Mutator {
    /// The mutations of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % (end as u64).max(1)).unwrap_or(0)
    }

    /// Changes a message in one to four places behind its header, with octets of `other` now and then. The length in its header
    /// is put right more often than not: otherwise nobody would look further.
    pub fn mutate(&mut self, message: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            self.change(message, other);
        }
        message.truncate(usize::from(u16::MAX));
        if self.below(8) > 0
            && let (Ok(length), Some(field)) = (u16::try_from(message.len()), message.get_mut(16..18))
        {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }

    fn change(&mut self, message: &mut Vec<u8>, other: &[u8]) {
        let at = HEADER + self.below(message.len().saturating_sub(HEADER));
        let until = (at + 1 + self.below(16)).min(message.len());
        let telling = TELLING.get(self.below(TELLING.len())).copied().unwrap_or_default();
        match self.below(8) {
            0 | 1 => {
                let bit = 1 << self.below(8);
                message.get_mut(at).into_iter().for_each(|octet| *octet ^= bit);
            }
            2 => message.get_mut(at).into_iter().for_each(|octet| *octet = telling),
            // Lengths are wrong by one, mostly.
            3 => message.get_mut(at).into_iter().for_each(|octet| *octet = octet.wrapping_add(1)),
            4 => message.get_mut(at).into_iter().for_each(|octet| *octet = octet.wrapping_sub(1)),
            5 if at < until => drop(message.drain(at..until)),
            6 => {
                let from = self.below(other.len());
                let piece = other.get(from..(from + 1 + self.below(32)).min(other.len())).unwrap_or_default();
                let at = at.min(message.len());
                message.splice(at..at, piece.iter().copied());
            }
            _ => message.truncate(at),
        }
    }
}

/// Every decoder over one message: its own, those of the other types, and over what stands behind its header those of every family,
/// every attribute and every capability.
pub fn every_decoder(message: &[u8]) {
    const MESSAGES: [fn(&[u8]); 6] = [
        messages::conversation,
        messages::update,
        messages::open,
        messages::notification,
        messages::refresh,
        messages::operational,
    ];
    const PARTS: [fn(&[u8]); 23] = [
        messages::capability,
        messages::framing,
        nlri::unicast,
        nlri::labelled,
        nlri::vpn,
        nlri::mvpn,
        nlri::flow,
        nlri::flow_vpn,
        nlri::route_target,
        nlri::sr_policy,
        nlri::mup,
        nlri::vpls,
        nlri::evpn,
        nlri::bgp_ls,
        attributes::as_path,
        attributes::extended_communities,
        attributes::ipv6_extended_communities,
        attributes::pmsi_tunnel,
        attributes::tunnel_encapsulation,
        attributes::aigp,
        attributes::link_state,
        attributes::prefix_sid,
        attributes::attr_set,
    ];
    MESSAGES.iter().for_each(|decode| decode(message));
    // An UPDATE's lengths come first, then what is worth more decoders than one.
    let body = message.get(HEADER..).unwrap_or_default();
    let inside = body.get(body.len().min(4)..).unwrap_or_default();
    PARTS.iter().for_each(|decode| decode(inside));
}

/// Hands out `octets` with each length, count and type from `from` on wrong: 0, one less, one more, what is left behind it, the most; and
/// every prefix that ends behind `from`. Which octets are such fields is not asked: every one, every two and every four are taken for
/// one, so that a field that is added later is not forgotten.
pub fn each_wrong_field(octets: &[u8], from: usize, mut visit: impl FnMut(&[u8])) {
    for end in from..=octets.len() {
        visit(octets.get(..end).unwrap_or_default());
    }
    let mut wrong = octets.to_vec();
    for width in [1_u32, 2, 4] {
        let most = u32::MAX >> (32 - 8 * width);
        for at in from..octets.len() {
            let field = at..at + width as usize;
            let Some(right) = octets.get(field.clone()) else { break };
            let was = right.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet));
            let left = (octets.len() - field.end) as u32;
            for value in [0, was.wrapping_sub(1), was.wrapping_add(1), left, most] {
                let value = value.to_be_bytes();
                let written = value.get(4 - width as usize..).unwrap_or_default();
                wrong.get_mut(field.clone()).into_iter().for_each(|field| field.copy_from_slice(written));
                visit(&wrong);
            }
            wrong.get_mut(field).into_iter().for_each(|field| field.copy_from_slice(right));
        }
    }
}
