//! `holdtime decode`: what BGP was recorded in, as JSON, one object a message, route or change of state.

mod input;
mod message;
mod pages;
mod remarks;
mod route;
mod tally;
mod workers;

use std::io::Write;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use holdtime_core::print::nlri_json;
use holdtime_core::wire::frame::kind;
use holdtime_core::wire::nlri::NlriIter;
use holdtime_core::wire::{Afi, Family, PathNlri, Reader, Safi};

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use message::Assumptions;
use pages::Printer;

/// What stands at the end of `decode --help`.
const FORMAT: &str = "\
Input: MRT (RFC 6396, RFC 8050, RFC 6397), pcap, pcapng, BGP messages one after the other, or hex, each of them also compressed with gzip, \
bzip2, xz or zstd. What it is, its first octets tell.

  Hex is a message a line or over several, also as hexdump, od, xxd, tcpdump and Wireshark print it, and ExaBGP's `N:raw:…`; what begins \
with no marker is the body of an UPDATE; #, ; and // begin a comment.

  Of a capture TCP is put together again, on any port. Of a connection whose OPENs it lacks, AS numbers are taken to have four octets and \
no NLRI to have a path identifier: --two-octet-as and --path-information say otherwise. Fragments of IP packets are counted and not put \
together, so that the messages in them are missing.

Output: one JSON object a line, in the order of the input.

  A message is what ExaBGP 5 prints of it: \"type\": \"open\", \"update\", \"notification\", \"keepalive\", \"refresh\", \"operational\". \
\"direction\" is \"in\" for what was received, \"send\" for what the recorder itself sent.

  A route of a table (TABLE_DUMP, TABLE_DUMP_V2, BGP4MP_ENTRY) is \"type\": \"update\", which announces it with its attributes as \
they were found, whatever they are: \"time\" is when it came, \"router-id\" its peer's. Beside \"message\" stand
    \"rib\": { \"dumped\": seconds, \"originated\": seconds, \"sequence\": number, \"view\": name or number, \"location\": { \"latitude\": \
degrees, \"longitude\": degrees } }; of these, what the file says; a private location is null
    \"remarks\": [ text, … ] where RFC 7606 would find fault with it in an UPDATE. An attribute that cannot be read is \
\"attribute-0xCODE-0xFLAGS\": \"0x…\", and so is one that is not known, with the flags of the file. A destination that cannot be read is \
{ \"raw\": \"0x…\" }; but one of flow rules, route targets or SR policies that cannot be read costs its record, which is named.

  An UPDATE that was sent to an external peer is told with LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST; of one that lacks LOCAL_PREF the two \
others are not told, since nobody may send them there (RFC 4456 §8), and a receiver discards them (RFC 7606 §7.9, §7.10).

  A change of state is \"type\": \"state\", with \"state\": \"up\" (Established), \"connected\" (a TCP connection) or \"down\", and \"fsm\": \
{ \"from\": \"ESTABLISHED\", \"to\": \"IDLE\" }.

Standard error: what could not be read, with its place (the number of the record and the octet at which it begins, in the decompressed \
input; or the line), and at the end how many records of which type were not looked into.

Exit status: 0 what can be told of was told of, and what was left out for its type is counted on the standard error; 1 something could not \
be read, or there was nothing to tell of; 2 nothing could be read; 130 interrupted.";

/// The arguments of `holdtime decode`.
#[derive(Debug, Args)]
#[command(after_long_help = FORMAT)]
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
    /// AS numbers in AS_PATH and AGGREGATOR have two octets, whatever the input says (RFC 6793)
    #[arg(long)]
    pub(crate) two_octet_as: bool,
    /// The session speaks BGPsec: BGPsec_PATH stands for AS_PATH (RFC 8205)
    #[arg(long)]
    pub(crate) bgpsec: bool,
    /// How many threads decode; without it, one for each core. The output is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// A file (MRT, pcap, pcapng, hex, raw messages; also compressed), or one message in hex; "-" or nothing: the standard input
    #[arg(conflicts_with = "message")]
    pub(crate) file: Option<PathBuf>,
}

pub(crate) fn run(args: &DecodeArgs, console: &mut Console) -> VerbResult {
    let families = families(&args.family)?;
    if let Some(text) = &args.nlri {
        return nlri(args, &families, text, console);
    }
    let assumptions = Assumptions {
        families,
        path_information: args.path_information,
        two_octet_as: args.two_octet_as,
        bgpsec: args.bgpsec,
    };
    let given =
        [(&args.open, kind::OPEN), (&args.update, kind::UPDATE), (&args.notification, kind::NOTIFICATION)];
    if let Some((text, kind)) = given.into_iter().find_map(|(text, kind)| Some((text.as_deref()?, kind))) {
        let octets = input::message(&input::hex(text)?, kind)?;
        let line = Printer::new(&assumptions).single(&octets)?;
        writeln!(console, "{line}")?;
        return Ok(VerbStatus::AsExpected);
    }
    let cores = || thread::available_parallelism().map_or(1, Into::into);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let input = input::open(args.file.as_ref())?;
    interrupt::watch()?;
    workers::decode(input, &assumptions, jobs, console)
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

/// `--nlri`: one object a line.
fn nlri(args: &DecodeArgs, families: &[Family], text: &str, console: &mut Console) -> VerbResult {
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
    Ok(VerbStatus::AsExpected)
}
