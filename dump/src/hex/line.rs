//! One line of a text with hex in it.

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HexLine {
    /// Nothing at all.
    Blank,
    /// A comment, or what tcpdump prints above a packet.
    Comment,
    /// A line of one of ExaBGP's cases that holds no message.
    Directive,
    /// `N:raw:` and the octets of a message, as digits.
    Raw(Vec<u8>),
    /// Octets with their offset.
    Dump(DumpLine),
    /// `*`: the octets of the line before, again and again.
    Repeat,
    /// Octets, as digits.
    Digits(Vec<u8>),
}

/// Octets with their offset, as hexdump, od, xxd, tcpdump and Wireshark print them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DumpLine {
    pub(super) offset: u64,
    /// The offset read as od's, in octal.
    pub(super) octal: Option<u64>,
    /// Octets that may be there; some at the end may be of the column of characters.
    pub(super) octets: Vec<u8>,
    /// It is tcpdump's, which prints packets.
    pub(super) packet: bool,
}

/// The offset that goes on with the lines before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExpectedOffset {
    pub(super) offset: u64,
    /// Any larger one does too.
    pub(super) beyond: bool,
}

/// What is no hex.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    /// Where it begins, in characters, from 1 on.
    pub(super) column: usize,
    pub(super) text: String,
    pub(super) expected: &'static str,
}

const DIGITS: &str = "hex: digits 0-9 and a-f, two for each octet";

impl HexLine {
    /// Reads a line. `expected`: the offset that would go on with the lines before, where they have offsets.
    pub(super) fn parse(text: &str, expected: Option<ExpectedOffset>) -> Result<Self, LineError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.trim() {
            "" => return Ok(Self::Blank),
            "*" if expected.is_some() => return Ok(Self::Repeat),
            _ => {}
        }
        if let Some(line) = DumpLine::parse(text, expected) {
            return Ok(Self::Dump(line));
        }
        if is_heading(text) {
            return Ok(Self::Comment);
        }
        let end = ["#", ";", "//"].iter().filter_map(|comment| text.find(comment)).min();
        let text = text.split_at_checked(end.unwrap_or(text.len())).map_or(text, |(text, _)| text);
        match (text.trim(), directive(text)) {
            ("", _) => Ok(Self::Comment),
            (_, Some((before, "raw", hex))) => digits(hex, before).map(Self::Raw),
            (_, Some(_)) => Ok(Self::Directive),
            (_, None) => digits(text, 0).map(Self::Digits),
        }
    }
}

/// ExaBGP's `option:NAME:…` and `SEQUENCE:KIND:…`: the octets before what is said, the kind, what is said.
fn directive(text: &str) -> Option<(usize, &str, &str)> {
    let (first, rest) = text.trim_start().split_once(':')?;
    if first == "option" {
        return Some((0, first, rest));
    }
    let number = first.strip_prefix(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(first);
    let numbered = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let (kind, said) = rest.split_once(':')?;
    let known = ["raw", "json", "cmd", "notification", "signal"].contains(&kind);
    (numbered && known).then(|| (text.len() - said.len(), kind, said))
}

/// What tcpdump prints above a packet: a time, the protocol, the ends.
fn is_heading(text: &str) -> bool {
    let ip = text.contains(" IP ") || text.contains(" IP6 ") || text.starts_with("IP");
    ip && text.contains(" > ")
}

/// The digits of hex in which blanks, colons, commas, full stops, hyphens, `0x` and `\x` are for the eye. `before`: octets of the line before it.
fn digits(text: &str, before: usize) -> Result<Vec<u8>, LineError> {
    let separates = |character: char| character.is_whitespace() || ":,.-_".contains(character);
    let mut digits = Vec::new();
    let mut next = 0;
    for token in text.split_inclusive(separates) {
        let at = next;
        next += token.len();
        let token = token.trim_end_matches(separates);
        let mistake = |expected| LineError {
            column: 1 + before + text.get(..at).unwrap_or_default().chars().count(),
            text: token.chars().take(24).collect(),
            expected,
        };
        for part in token.split("\\x").flat_map(|part| part.split("0x")).filter(|part| !part.is_empty()) {
            // C writes an octet below 16 as 0x4.
            if part.len() == 1 && part.len() < token.len() {
                digits.push(0);
            }
            for character in part.chars() {
                digits.push(character.to_digit(16).ok_or_else(|| mistake(DIGITS))? as u8);
            }
        }
    }
    Ok(digits)
}

impl DumpLine {
    /// A line that begins with an offset: with a colon behind it, or with the offset that is expected.
    fn parse(text: &str, expected: Option<ExpectedOffset>) -> Option<Self> {
        let text = text.trim_start();
        let (first, rest) =
            text.split_once(|character: char| character.is_whitespace()).unwrap_or((text, ""));
        let (number, colon) = first.strip_suffix(':').map_or((first, false), |number| (number, true));
        let digits = number.strip_prefix("0x").filter(|_| colon);
        let (packet, digits) = digits.map_or((false, number), |digits| (true, digits));
        if !(4..=16).contains(&digits.len()) {
            return None;
        }
        let offset = u64::from_str_radix(digits, 16).ok()?;
        let octal = u64::from_str_radix(digits, 8).ok().filter(|_| !colon);
        let (octets, group) = octets(rest);
        let line = Self { offset, octal, octets, packet };
        let fits = match (line.octets.is_empty(), group) {
            // The last line may be the length alone.
            (true, _) => rest.trim().is_empty() && expected.is_some_and(|expected| line.ends(expected)),
            (false, _) if colon => true,
            (false, 2) => matches!(digits.len(), 6 | 7) || rest.starts_with(char::is_whitespace),
            (false, 4) => matches!(digits.len(), 6 | 7),
            (false, _) => false,
        };
        let goes_on = colon
            || offset == 0
            || line.octets.is_empty()
            || expected.is_some_and(|expected| line.follows(expected));
        let mut line = (fits && goes_on).then_some(line)?;
        if group == 4 && !colon {
            // hexdump and od print words of the machine's order, which is little-endian nearly everywhere.
            line.octets.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.reverse());
        }
        Some(line)
    }

    fn is(&self, wanted: impl Fn(u64) -> bool) -> bool {
        wanted(self.offset) || self.octal.is_some_and(wanted)
    }

    fn follows(&self, expected: ExpectedOffset) -> bool {
        let ExpectedOffset { offset, beyond } = expected;
        self.is(|value| value == offset || beyond && value > offset)
    }

    /// Whether this is the length of what stands before it, of whose last line some octets may be none.
    fn ends(&self, expected: ExpectedOffset) -> bool {
        let ExpectedOffset { offset, .. } = expected;
        self.follows(expected) || self.is(|value| value <= offset && offset - value < 16)
    }
}

/// The octets behind an offset, and how many digits stand together.
fn octets(text: &str) -> (Vec<u8>, usize) {
    let mut octets = Vec::new();
    let mut group = 0;
    let mut gap = 0;
    for token in text.split([' ', '\t']) {
        gap += 1;
        if token.is_empty() {
            continue;
        }
        if group == 0 {
            group = token.len();
        }
        // Two blanks stand in the middle, or before the characters; more of them before the characters.
        let beyond = !octets.is_empty() && (gap > 2 || gap == 2 && octets.len() != 8);
        let hex = token.bytes().all(|digit| digit.is_ascii_hexdigit());
        if beyond || !hex || token.len() > group || token.len() % 2 == 1 {
            break;
        }
        let pairs = token.as_bytes().as_chunks::<2>().0;
        let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
        octets.extend(pairs.iter().map(|[high, low]| value(*high) << 4 | value(*low)));
        gap = 0;
    }
    (octets, group)
}
