//! Writes UPDATE messages octet by octet, from the RFCs alone.

/// Flags of a path attribute (RFC 4271 §4.3).
pub(crate) const WELL_KNOWN: u8 = 0x40;
pub(crate) const OPTIONAL: u8 = 0x80;
pub(crate) const OPTIONAL_TRANSITIVE: u8 = 0xc0;
const EXTENDED_LENGTH: u8 = 0x10;

/// The path attributes of one UPDATE.
#[derive(Debug, Default)]
pub(crate) struct AttributeWriter {
    pub(crate) bytes: Vec<u8>,
}

impl AttributeWriter {
    pub(crate) fn push(&mut self, flags: u8, code: u8, value: &[u8]) {
        match u8::try_from(value.len()) {
            Ok(length) => self.bytes.extend([flags, code, length]),
            Err(_) => {
                self.bytes.extend([flags | EXTENDED_LENGTH, code]);
                self.bytes.extend((value.len() as u16).to_be_bytes());
            }
        }
        self.bytes.extend(value);
    }

    /// MP_REACH_NLRI (RFC 4760 §3).
    pub(crate) fn reach(&mut self, afi: u16, safi: u8, next_hop: &[u8], nlri: &[u8]) {
        let mut value = Vec::with_capacity(5 + next_hop.len() + nlri.len());
        value.extend(afi.to_be_bytes());
        value.extend([safi, next_hop.len() as u8]);
        value.extend(next_hop);
        value.push(0);
        value.extend(nlri);
        self.push(OPTIONAL, 14, &value);
    }

    /// MP_UNREACH_NLRI (RFC 4760 §4).
    pub(crate) fn unreach(&mut self, afi: u16, safi: u8, nlri: &[u8]) {
        let mut value = Vec::with_capacity(3 + nlri.len());
        value.extend(afi.to_be_bytes());
        value.push(safi);
        value.extend(nlri);
        self.push(OPTIONAL, 15, &value);
    }
}

/// One whole UPDATE message, marker and all (RFC 4271 §4.3).
pub(crate) fn update(withdrawn: &[u8], attributes: &AttributeWriter, announced: &[u8]) -> Vec<u8> {
    let attributes = &attributes.bytes;
    let length = 19 + 2 + withdrawn.len() + 2 + attributes.len() + announced.len();
    let mut message = Vec::with_capacity(length);
    message.extend([0xff; 16]);
    message.extend((length as u16).to_be_bytes());
    message.push(2);
    message.extend((withdrawn.len() as u16).to_be_bytes());
    message.extend(withdrawn);
    message.extend((attributes.len() as u16).to_be_bytes());
    message.extend(attributes);
    message.extend(announced);
    message
}

/// A prefix as NLRI (RFC 4271 §4.3): its length in bits, then as many octets as hold them. Bits past the length are
/// cleared.
pub(crate) fn prefix(out: &mut Vec<u8>, address: &[u8], bits: u8) {
    out.push(bits);
    prefix_octets(out, address, bits);
}

/// The octets of a prefix without its length.
pub(crate) fn prefix_octets(out: &mut Vec<u8>, address: &[u8], bits: u8) {
    let octets = usize::from(bits.div_ceil(8));
    out.extend(&address[..octets]);
    if let (Some(last), spare @ 1..) = (out.last_mut(), (8 - bits % 8) % 8) {
        *last &= 0xff << spare;
    }
}

/// A TLV with type and length of two octets each, as BGP-LS has them (RFC 9552 §5.1).
pub(crate) fn tlv(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend(code.to_be_bytes());
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
}
