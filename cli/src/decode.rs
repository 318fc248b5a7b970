//! `holdtime decode`: BGP messages as JSON, one object a message.

mod input;
mod mrt;

use std::fmt::Display;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Args;
use holdtime_core::api::{self, Direction, Envelope, Event, Peer};
use holdtime_core::print::nlri_json;
use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_core::wire::nlri::NlriIter;
use holdtime_core::wire::treatment::Problem;
use holdtime_core::wire::{
    Afi, Family, FamilyTerms, Frame, Framer, Message, MessageView, Negotiated, PathNlri, Reader, Safi,
};

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};

/// The arguments of `holdtime decode`.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// The address family that the session would have negotiated, such as "ipv4 unicast"; without it, all of them
    #[arg(short, long, value_name = "FAMILY")]
    pub(crate) family: Vec<String>,
    /// An OPEN message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) open: Option<String>,
    /// An UPDATE message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) update: Option<String>,
    /// One family's NLRI, in hex
    #[arg(long, value_name = "HEX", group = "message", requires = "family")]
    pub(crate) nlri: Option<String>,
    /// A NOTIFICATION message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) notification: Option<String>,
    /// Every NLRI has a path identifier before it (RFC 7911)
    #[arg(short = 'i', long)]
    pub(crate) path_information: bool,
    /// A file of messages (hex, raw, or MRT, also compressed with gzip), or one message in hex; "-" or nothing: the
    /// standard input
    #[arg(conflicts_with = "message")]
    pub(crate) file: Option<PathBuf>,
}

/// One message that was found, and what is known of it beside.
struct Found {
    /// The whole message, header included.
    octets: Vec<u8>,
    /// When it was seen, in nanoseconds since the Unix epoch; 0: nobody knows.
    time: i64,
    /// Between whom, where that is known.
    peer: Option<Peer>,
    /// AS numbers have four octets.
    asn4: bool,
    /// Every NLRI has a path identifier.
    add_path: bool,
}

/// What is told of a message that comes from nowhere.
const NOBODY: Peer = Peer {
    local_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    peer_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    local_as: Some(65533),
    peer_as: Some(65533),
    router_id: Some(Ipv4Addr::new(10, 0, 0, 2)),
};

pub(crate) fn run(args: &DecodeArgs, console: &mut Console) -> Outcome {
    let families = families(&args.family)?;
    if let Some(text) = &args.nlri {
        return nlri(args, &families, text, console);
    }
    let given =
        [(&args.open, kind::OPEN), (&args.update, kind::UPDATE), (&args.notification, kind::NOTIFICATION)];
    let found = match given.into_iter().find_map(|(text, kind)| Some((text.as_deref()?, kind))) {
        Some((text, kind)) => vec![input::message(&input::hex(text)?, kind)?],
        None => input::messages(&read(args.file.as_ref())?)?,
    };
    let mut readable = true;
    let count = found.len();
    for (index, mut found) in found.into_iter().enumerate() {
        found.add_path |= args.path_information;
        match json(&found, &families, index + 1) {
            Ok(line) => writeln!(console, "{line}")?,
            Err(problem) if count == 1 => return Err(problem),
            Err(problem) => {
                readable = false;
                crate::console::say(&format!("holdtime: message {}: {problem}", index + 1));
            }
        }
    }
    Ok(if readable { Verdict::AsExpected } else { Verdict::Unexpected })
}

/// What a file, the standard input or the argument itself holds.
fn read(file: Option<&PathBuf>) -> Result<Vec<u8>, CliError> {
    let Some(path) = file.filter(|path| path.as_os_str() != "-") else {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| CliError::io("cannot read the standard input", &error))?;
        return Ok(bytes);
    };
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) => match path.to_str() {
            Some(text) if input::hex(text).is_ok_and(|bytes| !bytes.is_empty()) => {
                Ok(text.as_bytes().to_vec())
            }
            _ => Err(CliError::io(format!("cannot read \"{}\"", path.display()), &error)),
        },
    }
}

/// The families by name; all of them where none is named.
fn families(names: &[String]) -> Result<Vec<Family>, CliError> {
    if names.is_empty() || names.iter().any(|name| name == "all") {
        return Ok(Family::ALL.to_vec());
    }
    names.iter().map(|name| family(name)).collect()
}

fn family(name: &str) -> Result<Family, CliError> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let known = match words.as_slice() {
        [afi, safi] => Afi::from_name(afi).zip(Safi::from_name(safi)),
        _ => None,
    };
    known.map(|(afi, safi)| Family::new(afi, safi)).ok_or_else(|| {
        let valid: Vec<String> = Family::ALL.iter().map(ToString::to_string).collect();
        CliError::unknown("address family", name, &valid)
    })
}

/// What a session between these two that carries `found` would have negotiated.
fn negotiated(found: &Found, between: &Peer, families: &[Family]) -> Negotiated {
    let mut negotiated = Negotiated::default();
    negotiated.local_as = between.local_as.unwrap_or_default();
    negotiated.peer_as = between.peer_as.unwrap_or_default();
    negotiated.asn4 = found.asn4;
    negotiated.extended_message = true;
    for &family in families {
        negotiated
            .set_family(FamilyTerms { add_path_receive: found.add_path, ..FamilyTerms::unheard(family) });
    }
    negotiated
}

/// The object that describes a message.
fn json(found: &Found, families: &[Family], counter: usize) -> Result<String, CliError> {
    let peer = found.peer.unwrap_or(NOBODY);
    let negotiated = negotiated(found, &peer, families);
    let unreadable = |error: &dyn Display| CliError::input(format!("the message cannot be read: {error}"));
    let frame = Framer::new(&found.octets, negotiated.max_message())
        .next_frame()
        .map_err(|error| unreadable(&error))?;
    let frame = frame.ok_or_else(|| unreadable(&"it is cut off"))?;
    let (message, problem) =
        match MessageView::decode(frame, &negotiated).map_err(|error| unreadable(&error))? {
            MessageView::Update(view) => {
                let outside = found.peer.is_none() && view.frequent().local_pref.is_none();
                let outside = outside.then(|| from_outside(frame, &negotiated)).flatten();
                outside.unwrap_or_else(|| api::event::told(&view, &negotiated, Direction::In))
            }
            view => (view.into(), None),
        };
    let envelope = Envelope { host: "localhost", pid: 0, ppid: 0, time: found.time, counter: counter as u64 };
    let (direction, message, problem) = (Direction::In, &message, problem.as_ref());
    let event = Event::Message { direction, message, problem, octets: None, negotiated: None };
    let mut line = String::new();
    if api::json::event(&mut line, &envelope, &peer, &event, false) {
        Ok(line)
    } else {
        Err(CliError::input(format!("a message of type {} has no JSON form", frame.kind())))
    }
}

/// An UPDATE as one of an external peer: one without LOCAL_PREF, which all have among internal peers (RFC 4271 §5.1.5), where
/// nobody says who sent it.
fn from_outside(frame: Frame<'_>, negotiated: &Negotiated) -> Option<(Message, Option<Problem>)> {
    let mut external = negotiated.clone();
    external.peer_as = external.local_as.wrapping_add(1);
    match MessageView::decode(frame, &external).ok()? {
        MessageView::Update(view) => Some(api::event::told(&view, &external, Direction::In)),
        _ => None,
    }
}

/// `--nlri`: one object a line.
fn nlri(args: &DecodeArgs, families: &[Family], text: &str, console: &mut Console) -> Outcome {
    let [family] = families else {
        return Err(CliError::input("--nlri needs one --family"));
    };
    let bytes = input::hex(text)?;
    for nlri in NlriIter::new(Reader::new(&bytes, 0), *family, args.path_information) {
        let nlri = nlri.map_err(|error| CliError::input(format!("the NLRI cannot be read: {error}")))?;
        let mut line = String::new();
        nlri_json(&mut line, &PathNlri::from(nlri), None, false);
        writeln!(console, "{line}")?;
    }
    Ok(Verdict::AsExpected)
}

/// The length and type in a message's header; `None` where there is no header.
fn header(bytes: &[u8]) -> Option<(usize, u8)> {
    let header = bytes.get(..HEADER)?;
    let marker = header.get(..16)?.iter().all(|octet| *octet == 0xff);
    let length = usize::from(u16::from_be_bytes([*header.get(16)?, *header.get(17)?]));
    (marker && length >= HEADER).then_some((length, *header.get(18)?))
}

/// A message of this type with this body; `None` where it would be too long.
fn with_header(kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + body.len()).ok()?;
    let mut octets = vec![0xff; 16];
    octets.extend(length.to_be_bytes());
    octets.push(kind);
    octets.extend_from_slice(body);
    Some(octets)
}
