//! OPEN (RFC 4271 §4.2), with extended optional parameters (RFC 9072).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::capability::Capability;
use super::error::{BufferFull, ErrorData, Malformed, WireError};
use super::frame::HEADER;
use super::reader::Reader;
use super::writer::Writer;

/// The optional parameter that holds capabilities (RFC 5492 §4).
const CAPABILITIES: u8 = 2;
/// In place of the parameters' length and of the first one's type: lengths of two octets follow (RFC 9072 §2).
const EXTENDED: u8 = 255;

/// The first message of a session.
///
/// ```text
/// +---------------+
/// |    Version    |
/// +---------------+---------------+
/// |     My Autonomous System      |
/// +-------------------------------+
/// |           Hold Time           |
/// +-------------------------------+-------------------------------+
/// |                         BGP Identifier                        |
/// +---------------+-----------------------------------------------+
/// | Opt Parm Len  |  255, then 255 again, then a length of two    |
/// +---------------+  octets: extended parameters (RFC 9072)       |
/// |             Optional Parameters (variable)                    |
/// +---------------------------------------------------------------+
/// ```
///
/// A session begins with one: it is always decoded to its owned form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Open {
    /// The protocol's version, 4.
    pub version: u8,
    /// The AS number as two octets can say it; the full one is in [`Capability::FourOctetAs`]. See [`Open::asn`].
    pub my_as: u16,
    /// The hold time that is offered, in seconds; 0: no keepalives.
    pub hold_time: u16,
    /// The BGP identifier.
    pub router_id: Ipv4Addr,
    /// Optional parameters, in order.
    pub parameters: Vec<OptionalParameter>,
    /// Whether they are laid out as RFC 9072 wants it. Encoding does so in any case where they need more than 255 octets.
    pub extended: bool,
}

/// An optional parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionalParameter {
    /// Type 2 (RFC 5492 §4): one capability or several.
    Capabilities(Vec<Capability>),
    /// Any other.
    Unknown {
        /// Its type.
        kind: u8,
        /// Its value.
        value: Box<[u8]>,
    },
}

impl Open {
    /// An OPEN that sends each capability in an optional parameter of its own, as ExaBGP does.
    pub fn new(
        asn: u32,
        hold_time: u16,
        router_id: Ipv4Addr,
        capabilities: impl IntoIterator<Item = Capability>,
    ) -> Self {
        let my_as = u16::try_from(asn).unwrap_or(super::attribute::AS_TRANS);
        let parameters =
            capabilities.into_iter().map(|one| OptionalParameter::Capabilities(Vec::from([one]))).collect();
        Self { version: 4, my_as, hold_time, router_id, parameters, extended: false }
    }

    /// Every capability, in order.
    pub fn capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.parameters.iter().flat_map(|parameter| match parameter {
            OptionalParameter::Capabilities(capabilities) => capabilities.as_slice(),
            OptionalParameter::Unknown { .. } => &[],
        })
    }

    /// The speaker's AS number: of the capability where it is sent, of the fixed field otherwise (RFC 6793 §4.1).
    pub fn asn(&self) -> u32 {
        self.capabilities()
            .find_map(|capability| match capability {
                Capability::FourOctetAs(asn) => Some(*asn),
                _ => None,
            })
            .unwrap_or(u32::from(self.my_as))
    }
}

impl Open {
    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// An OPEN Message Error (RFC 4271 §6.2). Whether AS number and hold time suit the session is for the session to say.
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body, HEADER);
        let unspecific = |malformed: Malformed| WireError::open(0, malformed.offset, malformed.what);
        let version = reader.u8().map_err(unspecific)?;
        if version != 4 {
            let what = "a version other than 4";
            return Err(WireError { data: ErrorData::U16(4), ..WireError::open(1, HEADER, what) });
        }
        let fixed = |reader: &mut Reader<'_>| Ok((reader.u16()?, reader.u16()?, reader.u32()?));
        let (my_as, hold_time, router_id) = fixed(&mut reader).map_err(unspecific)?;
        let (extended, parameters) = parameters(&mut reader).map_err(unspecific)?;
        let router_id = Ipv4Addr::from_bits(router_id);
        Ok(Self { version, my_as, hold_time, router_id, parameters, extended })
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or a length does not fit its field.
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        let start = out.len();
        match self.encode_as(self.extended, out) {
            Err(BufferFull) if !self.extended => {
                out.truncate(start);
                self.encode_as(true, out)
            }
            outcome => outcome,
        }
    }

    fn encode_as(&self, extended: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u8(self.version)?;
        out.u16(self.my_as)?;
        out.u16(self.hold_time)?;
        out.array(self.router_id.octets())?;
        if !extended {
            let gap = out.gap_u8()?;
            self.parameters.iter().try_for_each(|parameter| parameter.encode(false, out))?;
            // A first type of 255 would be read as the mark of extended parameters.
            if matches!(self.parameters.first(), Some(OptionalParameter::Unknown { kind: EXTENDED, .. })) {
                return Err(BufferFull);
            }
            return out.fill_u8(gap);
        }
        out.array([EXTENDED, EXTENDED])?;
        let gap = out.gap_u16()?;
        self.parameters.iter().try_for_each(|parameter| parameter.encode(true, out))?;
        out.fill_u16(gap)
    }
}

impl OptionalParameter {
    /// Reads one: type, length of one octet or of two, value.
    fn parse(extended: bool, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = reader.u8()?;
        let length = if extended { reader.u16()? } else { u16::from(reader.u8()?) };
        let mut value = reader.sub(usize::from(length))?;
        if kind != CAPABILITIES {
            return Ok(Self::Unknown { kind, value: value.rest().into() });
        }
        let mut capabilities = Vec::new();
        while !value.is_empty() {
            let (code, length) = (value.u8()?, value.u8()?);
            capabilities.push(Capability::parse(code, value.sub(usize::from(length))?)?);
        }
        Ok(Self::Capabilities(capabilities))
    }

    fn encode(&self, extended: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        let value = |out: &mut Writer<'_>| match self {
            Self::Capabilities(capabilities) => capabilities.iter().try_for_each(|one| one.encode(out)),
            Self::Unknown { value, .. } => out.bytes(value),
        };
        out.u8(match self {
            Self::Capabilities(_) => CAPABILITIES,
            Self::Unknown { kind, .. } => *kind,
        })?;
        if extended {
            let gap = out.gap_u16()?;
            value(out)?;
            out.fill_u16(gap)
        } else {
            let gap = out.gap_u8()?;
            value(out)?;
            out.fill_u8(gap)
        }
    }
}

/// Reads all that follows the BGP identifier; whether the layout is RFC 9072's, and the parameters.
fn parameters(reader: &mut Reader<'_>) -> Result<(bool, Vec<OptionalParameter>), Malformed> {
    let length = reader.u8()?;
    // RFC 9072 §2: the first length should be 255 but any other than 0 will do; the first type decides.
    let extended = length != 0 && reader.rest().first() == Some(&EXTENDED);
    let length = if extended {
        let _mark = reader.u8()?;
        reader.u16()?
    } else {
        u16::from(length)
    };
    let mut inner = reader.sub(usize::from(length))?;
    reader.finish()?;
    let mut parameters = Vec::new();
    while !inner.is_empty() {
        parameters.push(OptionalParameter::parse(extended, &mut inner)?);
    }
    Ok((extended, parameters))
}

#[cfg(test)]
mod tests {
    use super::super::error::code;
    use super::super::family::Family;
    use super::*;
    use alloc::vec;

    fn encode(open: &Open) -> Vec<u8> {
        let mut buffer = [0; 4096];
        let mut out = Writer::new(&mut buffer);
        open.encode(&mut out).unwrap();
        out.written().to_vec()
    }

    fn open(capabilities: impl IntoIterator<Item = Capability>) -> Open {
        Open::new(65_001, 180, Ipv4Addr::new(1, 2, 3, 4), capabilities)
    }

    #[test]
    fn each_capability_is_sent_in_a_parameter_of_its_own() {
        let open = open([Capability::Multiprotocol(Family::IPV4_UNICAST), Capability::FourOctetAs(65_001)]);
        let bytes = encode(&open);
        assert_eq!(
            bytes,
            [4, 0xfd, 0xe9, 0, 180, 1, 2, 3, 4, 16, 2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4, 0, 0, 0xfd, 0xe9]
        );
        assert_eq!(Open::decode(&bytes), Ok(open));
    }

    #[test]
    fn an_as_number_of_four_octets_is_as_trans_in_the_fixed_field() {
        let open = Open::new(70_000, 90, Ipv4Addr::LOCALHOST, [Capability::FourOctetAs(70_000)]);
        assert_eq!((open.my_as, open.asn()), (23_456, 70_000));
    }

    #[test]
    fn more_than_255_octets_of_parameters_are_laid_out_as_rfc_9072_says() {
        let many = (0..100).map(|_| Capability::Multiprotocol(Family::IPV6_UNICAST));
        let open = Open { extended: true, ..open(many) };
        let bytes = encode(&open);
        assert_eq!(bytes[9..13], [255, 255, 0x03, 0x84]);
        assert_eq!(Open::decode(&bytes), Ok(open.clone()));
        assert_eq!(encode(&Open { extended: false, ..open }), bytes);
    }

    #[test]
    fn exactly_255_octets_of_parameters_are_extended_only_where_the_first_type_would_say_so() {
        let filler = |kind| OptionalParameter::Unknown { kind, value: vec![0; 253].into() };
        let plain = Open { parameters: vec![filler(1)], ..open([]) };
        assert_eq!(encode(&plain)[9..12], [255, 1, 253]);
        assert_eq!(Open::decode(&encode(&plain)), Ok(plain));
        let marked = Open { parameters: vec![filler(255)], ..open([]) };
        assert_eq!(encode(&marked)[9..11], [255, 255]);
        assert_eq!(Open::decode(&encode(&marked)).unwrap().parameters, marked.parameters);
    }

    #[test]
    fn a_version_other_than_4_is_answered_with_4() {
        let mut bytes = encode(&open([]));
        bytes[0] = 3;
        let error = Open::decode(&bytes).unwrap_err();
        assert_eq!((error.code, error.subcode, error.data), (code::OPEN, 1, ErrorData::U16(4)));
    }

    #[test]
    fn a_parameter_255_with_too_few_octets_behind_it_is_an_error() {
        for tail in [&[1, 255][..], &[3, 255, 0, 9], &[255, 255], &[255, 255, 0], &[255, 255, 0, 4, 2, 0, 9]]
        {
            let bytes = [&encode(&open([]))[..9], tail].concat();
            assert_eq!(Open::decode(&bytes).unwrap_err().code, code::OPEN, "{tail:?}");
        }
    }

    #[test]
    fn an_open_that_ends_at_the_option_length_is_an_error() {
        let bytes = encode(&open([]));
        assert!(Open::decode(&bytes[..9]).is_err());
        assert!(Open::decode(&[&bytes[..9], &[2]].concat()).is_err());
    }

    #[test]
    fn a_capability_of_length_0_does_not_read_into_the_next() {
        // GoBGP
        let bytes = [&encode(&open([]))[..9], &[6, 2, 4, 65, 0, 2, 0]].concat();
        assert!(Open::decode(&bytes).is_err());
    }
}
