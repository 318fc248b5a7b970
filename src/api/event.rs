//! What a program is told of, before an encoder writes it down.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr};

use crate::print::{hex, put};
use crate::wire::operational::{OperationalContent, kind};
use crate::wire::treatment::Problem;
use crate::wire::{
    Attribute, Message, MpUnreach, Negotiated, Notification, PathAttributeValue, Update, UpdateView,
};

/// One thing that happened to a neighbor.
#[derive(Clone, Copy, Debug)]
pub enum ApiEvent<'a> {
    /// The TCP connection is up.
    Connected,
    /// The session is established.
    Up,
    /// The session, or the attempt at one, has ended.
    Down {
        /// Why, in words.
        reason: &'a str,
    },
    /// The state machine changed its state.
    Fsm {
        /// RFC 4271's name of the new state, in capitals.
        state: &'a str,
    },
    /// The OPENs agreed on this.
    Negotiated(&'a Negotiated),
    /// The speaker was signalled, or told to do what a signal would.
    Signal {
        /// The signal's number; 0 where a command stands for it.
        number: u8,
        /// Its name, such as `SIGTERM`.
        name: &'a str,
    },
    /// A message, decoded.
    Message {
        /// Whether we sent it.
        direction: MessageDirection,
        /// What it says.
        message: &'a Message,
        /// What is wrong with it, where it counts all the same.
        problem: Option<&'a Problem>,
        /// Its octets, where they are wanted beside.
        octets: Option<&'a [u8]>,
        /// What was negotiated, where that is wanted beside.
        negotiated: Option<&'a Negotiated>,
    },
    /// A message, as octets only.
    Packet {
        /// Whether we sent it.
        direction: MessageDirection,
        /// Its octets, header included.
        octets: &'a [u8],
        /// What was negotiated, where that is wanted beside.
        negotiated: Option<&'a Negotiated>,
    },
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageDirection {
    /// The peer.
    Receive,
    /// We.
    Send,
    /// Nobody: a message that was handed over to be decoded.
    In,
}

impl MessageDirection {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Send => "send",
            Self::In => "in",
        }
    }
}

/// Who speaks, when: what stands around each event in JSON.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The host's name.
    pub host: &'a str,
    /// The speaker's process id.
    pub pid: u32,
    /// Its parent's.
    pub ppid: u32,
    /// Wall-clock time, in nanoseconds since the Unix epoch.
    pub time: i64,
    /// Which event of its neighbor this is, from 1 on.
    pub counter: u64,
}

/// The neighbor that an event is about.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Our address, once it is known.
    pub local_address: Option<IpAddr>,
    /// The peer's address.
    pub peer_address: IpAddr,
    /// Our AS number, once it is known.
    pub local_as: Option<u32>,
    /// The peer's AS number, once it is known.
    pub peer_as: Option<u32>,
    /// Our BGP identifier, where it is configured.
    pub router_id: Option<Ipv4Addr>,
}

/// An UPDATE as programs are told of it, and what is wrong with it: where the AS path came in two parts (RFC 6793 §4.2.3), as
/// one; where we received it and an error wants that (RFC 7606 §2), with what it announces as withdrawn.
pub fn described(
    view: &UpdateView<'_>,
    negotiated: &Negotiated,
    direction: MessageDirection,
) -> (Message, Option<Problem>) {
    let mut update = Update::from(view);
    let problem = view.problem().filter(|_| direction != MessageDirection::Send);
    if problem.is_some() && view.treat_as_withdraw() {
        withdraw_all(&mut update);
    }
    if negotiated.asn4 && direction != MessageDirection::Send {
        // RFC 6793 §6: not for a speaker of four-octet numbers to say.
        update.attributes.retain(|attribute| !is_for_two_octets(&attribute.value));
    }
    if !negotiated.asn4 {
        let merged = update.route_attributes(negotiated);
        update.attributes.retain(|attribute| !matches!(attribute.value, PathAttributeValue::Route(_)));
        let merged = merged.iter().cloned().map(|attribute| PathAttributeValue::Route(attribute).into());
        update.attributes.extend(merged);
    }
    (Message::Update(update), problem)
}

/// Whether it is an attribute that only speakers of two-octet AS numbers send on.
const fn is_for_two_octets(value: &PathAttributeValue) -> bool {
    matches!(value, PathAttributeValue::Route(Attribute::As4Path(_) | Attribute::As4Aggregator(_)))
}

/// Turns what an UPDATE announces into what it withdraws.
fn withdraw_all(update: &mut Update) {
    update.withdrawn.extend(core::mem::take(&mut update.nlri).iter());
    for attribute in &mut update.attributes {
        if let PathAttributeValue::MpReach(reach) = &mut attribute.value {
            let unreach = MpUnreach { family: reach.family, nlri: core::mem::take(&mut reach.nlri) };
            *attribute = PathAttributeValue::MpUnreach(Box::new(unreach)).into();
        }
    }
}

/// The octets of a message's header, and those after it.
pub(super) fn split(octets: &[u8]) -> (&[u8], &[u8]) {
    octets.split_at_checked(19).unwrap_or((octets, &[]))
}

/// A message's type as its number and its name.
pub(super) const fn kind_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "open",
        2 => "update",
        3 => "notification",
        4 => "keepalive",
        5 => "route-refresh",
        6 => "operational",
        _ => return None,
    })
}

/// The data of a NOTIFICATION as programs are told of it: the text of a shutdown that was received is spelt out
/// (RFC 9003), everything else is left as it is.
pub(super) fn notification_data(notification: &Notification, direction: MessageDirection) -> Cow<'_, [u8]> {
    let is_shutdown = notification.code == 6 && matches!(notification.subcode, 2 | 4);
    if direction == MessageDirection::Send || !is_shutdown {
        return Cow::Borrowed(&notification.data);
    }
    let Some((length, rest)) = notification.data.split_first() else { return Cow::Borrowed(&[]) };
    let length = usize::from(*length);
    let invalid = |why: &str| {
        let mut text = format!("invalid Shutdown Communication ({why}) length : {length} [");
        hex(&mut text, rest);
        text.push(']');
        text
    };
    let text: String = match rest.split_at_checked(length) {
        _ if length == 0 => String::from("empty Shutdown Communication."),
        None => invalid("buffer underrun"),
        Some(_) if length > 128 => invalid("too large"),
        Some((said, trailer)) => match core::str::from_utf8(said) {
            Err(_) => invalid("invalid UTF-8"),
            Ok(said) => {
                let mut text = format!("Shutdown Communication: \"{}\"", said.replace(['\r', '\n'], " "));
                if !trailer.is_empty() {
                    put!(text, ", trailing data: ");
                    hex(&mut text, trailer);
                }
                text
            }
        },
    };
    Cow::Owned(text.into_bytes())
}

/// ExaBGP's OPERATIONAL messages, as far as programs are told of them.
pub(super) enum OperationalText<'a> {
    /// A text.
    Advisory(&'a [u8]),
    /// A question.
    Query,
    /// An answer: router id, sequence, counter.
    Counter(Ipv4Addr, u32, u32),
}

/// The name, family and content of an OPERATIONAL message; `None` for a kind that programs are not told of.
pub(super) fn operational(
    message: &crate::wire::Operational,
) -> Option<(&'static str, crate::wire::Family, OperationalText<'_>)> {
    let name = match message.kind {
        kind::ADM => "ADM",
        kind::ASM => "ASM",
        kind::RPCQ => "RPCQ",
        kind::RPCP => "RPCP",
        kind::APCQ => "APCQ",
        kind::APCP => "APCP",
        kind::LPCQ => "LPCQ",
        kind::LPCP => "LPCP",
        _ => return None,
    };
    Some(match &message.content {
        OperationalContent::Advisory { family, text } => (name, *family, OperationalText::Advisory(text)),
        OperationalContent::Query { family, .. } => (name, *family, OperationalText::Query),
        OperationalContent::Counter { family, router_id, sequence, counter } => {
            (name, *family, OperationalText::Counter(*router_id, *sequence, *counter))
        }
        OperationalContent::Other(_) => return None,
    })
}
