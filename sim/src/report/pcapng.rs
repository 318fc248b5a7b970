//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng §4), octet by octet: `pcap-file` divides the times that it writes by a thousand.
//!
//! ```text
//! │ type (4) │ length (4) │ body, padded to 4 octets │ options │ length (4) │
//! option: │ code (2) │ length (2) │ value, padded to 4 octets │
//! ```

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const COMMENT: u16 = 1;
const TIME_RESOLUTION: u16 = 9;

/// Ethernet.
const LINK_TYPE: u16 = 1;
/// Times are counted in 10⁻⁹ s.
const NANOSECONDS: u8 = 9;
/// The longest option's value.
const LONGEST: usize = 65_535;

/// What a file begins with.
pub(super) fn section() -> Vec<u8> {
    let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    // Version 1.0, and a section of a length that is not said.
    body.extend([1, 0, 0, 0]);
    body.extend([0xff; 8]);
    block(SECTION, body)
}

/// The interface that all packets are of.
pub(super) fn interface() -> Vec<u8> {
    let mut body = [LINK_TYPE.to_le_bytes(), [0; 2]].concat();
    body.extend(0x4_0000_u32.to_le_bytes());
    option(&mut body, TIME_RESOLUTION, &[NANOSECONDS]);
    option(&mut body, 0, &[]);
    block(INTERFACE, body)
}

/// A packet, so many nanoseconds after 1970, with comments.
pub(super) fn packet(nanos: u64, frame: &[u8], comments: &[String]) -> Vec<u8> {
    let length = (frame.len() as u32).to_le_bytes();
    let (high, low) = ((nanos >> 32) as u32, nanos as u32);
    let mut body = [[0; 4], high.to_le_bytes(), low.to_le_bytes(), length, length].concat();
    body.extend(frame);
    pad(&mut body);
    for comment in comments {
        let mut end = comment.len().min(LONGEST);
        while !comment.is_char_boundary(end) {
            end -= 1;
        }
        option(&mut body, COMMENT, comment.get(..end).unwrap_or_default().as_bytes());
    }
    if !comments.is_empty() {
        option(&mut body, 0, &[]);
    }
    block(ENHANCED_PACKET, body)
}

fn option(into: &mut Vec<u8>, code: u16, value: &[u8]) {
    into.extend(code.to_le_bytes());
    into.extend((value.len() as u16).to_le_bytes());
    into.extend(value);
    pad(into);
}

fn block(kind: u32, mut body: Vec<u8>) -> Vec<u8> {
    pad(&mut body);
    let length = (body.len() as u32 + 12).to_le_bytes();
    [kind.to_le_bytes().as_slice(), &length, &body, &length].concat()
}

fn pad(octets: &mut Vec<u8>) {
    octets.resize(octets.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_laid_out_as_the_draft_draws_it() {
        let block = packet(0x1_0000_0002, b"abcde", &["x".to_owned()]);
        let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
        assert_eq!(
            (word(0), word(4) as usize, word(block.len() - 4) as usize),
            (6, block.len(), block.len())
        );
        assert_eq!((word(12), word(16), word(20), word(24)), (1, 2, 5, 5));
        assert_eq!(block[28..36], *b"abcde\0\0\0");
        assert_eq!(block[36..], [1, 0, 1, 0, b'x', 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0]);
    }
}
