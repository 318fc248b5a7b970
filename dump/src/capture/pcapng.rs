//! pcapng, the format of Wireshark (draft-ietf-opsawg-pcapng): sections, each with its byte order, its interfaces, and its packets.
//!
//! ```text
//!  0      4        8             length - 4  length
//! ┌──────┬────────┬─────────────┬────────┐
//! │ type │ length │ body …      │ length │   a block
//! └──────┴────────┴─────────────┴────────┘
//! ```
//!
//! Blocks are cut here, by their lengths, and their content is read by `pcap-parser`: its own reader waits for octets that never come
//! where the content of a block does not fit in it. Times are computed here, for every resolution and either byte order.

use pcap_parser::pcapng::{
    InterfaceDescriptionBlock, OptionCode, parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le, parse_simplepacketblock_be,
    parse_simplepacketblock_le,
};
use pcap_parser::traits::PcapNGPacketBlock;

use super::file::{CaptureFile, Got, MAX_PACKET, Packet};
use crate::place::ReadError;

/// Interfaces of one section. Each takes more room in the file than here.
const MAX_INTERFACES: usize = 1 << 16;
/// Octets around the data of a packet, options included, that its block may have.
const AROUND: u32 = 1 << 16;
/// The byte-order magic of a section header, in the order that it tells.
const BIG_ENDIAN: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];

/// Types of blocks.
mod kind {
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    /// Obsolete, and in old captures.
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
}

/// The section at hand.
#[derive(Default)]
pub(super) struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy)]
struct Interface {
    link: u16,
    /// `if_tsresol`: the negative power of ten, or with the highest bit of two, that is the unit of its times.
    resolution: u8,
    /// `if_tsoffset`: seconds to add to each of its times.
    offset: i64,
    /// Octets to which packets are cut; 0: none are.
    snap_length: u32,
}

/// What a block says of a packet.
struct Captured {
    interface: usize,
    /// In the interface's units.
    time: Option<u64>,
    length: u32,
    /// Where its data stands in the block.
    data: std::ops::Range<usize>,
}

impl Pcapng {
    pub(super) fn next_packet<'a>(
        &mut self,
        input: &'a mut CaptureFile,
    ) -> Option<Result<Packet<'a>, ReadError>> {
        loop {
            let place = input.place();
            let kind = match self.next_block(input) {
                Ok(kind) => kind?,
                Err(what) => return Some(Err(ReadError { place, what })),
            };
            let captured = match kind {
                kind::INTERFACE_DESCRIPTION => match self.interface(&input.block) {
                    Some(()) => continue,
                    None => Err("an Interface Description Block that cannot be read"),
                },
                kind::ENHANCED_PACKET => {
                    self.enhanced(&input.block).ok_or("an Enhanced Packet Block that cannot be read")
                }
                kind::SIMPLE_PACKET => {
                    self.simple(&input.block).ok_or("a Simple Packet Block that cannot be read")
                }
                kind::PACKET => self.obsolete(&input.block).ok_or("a Packet Block that cannot be read"),
                _ => continue,
            };
            let captured = match captured {
                Ok(captured) => captured,
                Err(what) => return Some(Err(ReadError { place, what: what.to_owned() })),
            };
            input.packets += 1;
            let Some(interface) = self.interfaces.get(captured.interface) else {
                let what = format!(
                    "a packet of interface {}, which the section does not describe",
                    captured.interface
                );
                return Some(Err(ReadError { place, what }));
            };
            let octets = input.block.get(captured.data).unwrap_or_default();
            let time = captured.time.and_then(|time| interface.nanoseconds(time));
            return Some(Ok(Packet { place, time, link: interface.link, length: captured.length, octets }));
        }
    }

    /// Reads the next block that is not too large; returns its type, `None` at the end. On an error the next one may be read.
    fn next_block(&mut self, input: &mut CaptureFile) -> Result<Option<u32>, String> {
        loop {
            let place = input.place();
            input.block.clear();
            match input.read(8) {
                Got::All => {}
                Got::Less => input.end(place, "the file ends within a block"),
                Got::Nothing => input.ended = true,
            }
            if input.ended {
                return input.last_words.take().map_or(Ok(None), |fault| Err(fault.what));
            }
            let Some((kind, length)) = self.block_header(input) else {
                input.ended = true;
                return Err("the file ends within a block".to_owned());
            };
            if length < 12 || length % 4 != 0 {
                input.ended = true;
                return Err(format!(
                    "a block says that it has {length} octets, which none can have, and the next one is not found without its length"
                ));
            }
            let rest = length as usize - input.block.len();
            let wanted =
                matches!(kind, kind::INTERFACE_DESCRIPTION..=kind::SIMPLE_PACKET | kind::ENHANCED_PACKET);
            let too_large = length > MAX_PACKET + AROUND;
            let got = if wanted && !too_large { input.read(rest) } else { input.skip(rest as u64) };
            if got != Got::All && rest > 0 {
                input.ended = true;
                let fault = input.last_words.take();
                return Err(fault.map_or_else(
                    || format!("the file ends within a block of {length} octets"),
                    |fault| fault.what,
                ));
            }
            if wanted && too_large {
                return Err(format!("a block of {length} octets is too large to be looked into"));
            }
            if wanted {
                return Ok(Some(kind));
            }
        }
    }

    /// The type and the length of a block of which 8 octets were read. A section header tells the byte order of its own length.
    fn block_header(&mut self, input: &mut CaptureFile) -> Option<(u32, u32)> {
        let kind = self.field(&input.block, 0)?;
        if kind == kind::SECTION_HEADER {
            if input.read(4) != Got::All {
                return None;
            }
            self.big_endian = input.block.get(8..12) == Some(&BIG_ENDIAN);
            self.interfaces.clear();
        }
        Some((kind, self.field(&input.block, 4)?))
    }

    fn field(&self, block: &[u8], at: usize) -> Option<u32> {
        let octets = *block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    fn interface(&mut self, block: &[u8]) -> Option<()> {
        let parse = if self.big_endian {
            parse_interfacedescriptionblock_be
        } else {
            parse_interfacedescriptionblock_le
        };
        let (_, description) = parse(block).ok()?;
        if self.interfaces.len() >= MAX_INTERFACES {
            return None;
        }
        self.interfaces.push(Interface {
            link: (description.linktype.0 & 0xffff) as u16,
            resolution: description.if_tsresol,
            offset: self.offset(&description).unwrap_or(0),
            snap_length: description.snaplen,
        });
        Some(())
    }

    /// `if_tsoffset` in the section's byte order, where pcap-parser reads it in little-endian always.
    fn offset(&self, description: &InterfaceDescriptionBlock<'_>) -> Option<i64> {
        let option = description.options.iter().find(|option| option.code == OptionCode::IfTsoffset)?;
        let octets = *option.value().first_chunk()?;
        Some(if self.big_endian { i64::from_be_bytes(octets) } else { i64::from_le_bytes(octets) })
    }

    fn enhanced(&self, block: &[u8]) -> Option<Captured> {
        const DATA: usize = 28;
        let parse = if self.big_endian { parse_enhancedpacketblock_be } else { parse_enhancedpacketblock_le };
        let (_, packet) = parse(block).ok()?;
        Some(Captured {
            interface: packet.if_id as usize,
            time: Some(u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low)),
            length: packet.origlen,
            data: DATA..DATA + packet.packet_data().len(),
        })
    }

    /// A packet without time, of the first interface; its captured length follows from that interface's.
    fn simple(&self, block: &[u8]) -> Option<Captured> {
        const DATA: usize = 12;
        let parse = if self.big_endian { parse_simplepacketblock_be } else { parse_simplepacketblock_le };
        let (_, packet) = parse(block).ok()?;
        let snap_length = self.interfaces.first().map_or(0, |interface| interface.snap_length);
        let cut = if snap_length == 0 { usize::MAX } else { snap_length as usize };
        let data = DATA..DATA + packet.packet_data().len().min(cut);
        Some(Captured { interface: 0, time: None, length: packet.origlen, data })
    }

    /// The block that the Enhanced Packet Block replaced (draft-ietf-opsawg-pcapng appendix A): the interface has two octets of the first field.
    fn obsolete(&self, block: &[u8]) -> Option<Captured> {
        const DATA: usize = 28;
        let first = self.field(block, 8)?;
        let interface = if self.big_endian { first >> 16 } else { first & 0xffff };
        let captured = usize::try_from(self.field(block, 20)?).ok()?;
        let room = block.len().checked_sub(DATA + 4)?;
        (captured <= room).then_some(())?;
        Some(Captured {
            interface: interface as usize,
            time: Some(u64::from(self.field(block, 12)?) << 32 | u64::from(self.field(block, 16)?)),
            length: self.field(block, 24)?,
            data: DATA..DATA + captured,
        })
    }
}

impl Interface {
    /// A time in units of the interface as nanoseconds since the Unix epoch; `None`: out of range.
    fn nanoseconds(self, time: u64) -> Option<i64> {
        const SECOND: u128 = 1_000_000_000;
        let power = u32::from(self.resolution & 0x7f);
        let nanoseconds = if self.resolution & 0x80 != 0 {
            (u128::from(time) * SECOND) >> power
        } else {
            match 10_u128.checked_pow(power) {
                Some(units) => u128::from(time) * SECOND / units,
                None => 0,
            }
        };
        let offset = i128::from(self.offset) * SECOND as i128;
        i64::try_from(i128::try_from(nanoseconds).ok()? + offset).ok()
    }
}
