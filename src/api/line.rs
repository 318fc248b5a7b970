//! From a program's bytes to its lines: split anywhere, bounded, and written the one way that the commands are read.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The longest line that is understood, in octets; of a longer one only the end is looked for.
pub const MAX_LINE: usize = 1 << 20;

/// What a program wrote up to a newline.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line, without its newline and the blanks around it.
    Text(&'a str),
    /// A line that is not UTF-8: its octets, without the newline.
    NotUtf8(&'a [u8]),
    /// A line of more than [`MAX_LINE`] octets, which were not kept: how many they were, without the newline.
    TooLong(u64),
}

/// Bytes that were read and not yet taken as lines.
///
/// It never holds more than what was pushed and not taken, and of an unfinished line never more than [`MAX_LINE`]:
/// whoever stops pushing while [`LineBuffer::len`] is large bounds it altogether.
#[derive(Clone, Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the first line not yet taken begins.
    start: usize,
    /// Up to where no newline was found, so that a line that dribbles in is searched once.
    searched: usize,
    /// The unfinished line was too long and is being skipped.
    skipping: bool,
    /// How many octets of it were skipped.
    skipped: u64,
}

impl LineBuffer {
    /// Adds what was read.
    pub fn push(&mut self, data: &[u8]) {
        // Room is made when most of the buffer is behind us: each octet is moved once on average.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(data);
    }

    /// Octets held.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a whole line is held.
    pub fn has_line(&self) -> bool {
        self.bytes.get(self.searched..).unwrap_or_default().contains(&b'\n')
    }

    /// Forgets everything, as after the program's death: nobody will finish its line.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets everything up to the last line that is `word` alone, it included; false, and nothing, where there is none.
    pub fn skip_through(&mut self, word: &str) -> bool {
        let held = self.bytes.get(self.start..).unwrap_or_default();
        let mut end = 0;
        let mut found = None;
        for line in held.split_inclusive(|&octet| octet == b'\n') {
            end += line.len();
            if line.ends_with(b"\n") && line.trim_ascii() == word.as_bytes() {
                found = Some(end);
            }
        }
        let Some(end) = found else { return false };
        self.start += end;
        self.searched = self.start;
        self.skipping = false;
        self.skipped = 0;
        true
    }

    /// The next whole line; `None` until more is pushed.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        let unsearched = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(length) = unsearched.iter().position(|&octet| octet == b'\n') else {
            self.searched = self.bytes.len();
            if self.len() > MAX_LINE {
                self.skipping = true;
            }
            if self.skipping {
                self.skipped += self.len() as u64;
                self.start = 0;
                self.searched = 0;
                self.bytes.clear();
            }
            return None;
        };
        let end = self.searched + length;
        let line = self.bytes.get(self.start..end).unwrap_or_default();
        self.start = end + 1;
        self.searched = self.start;
        let skipped = core::mem::take(&mut self.skipped);
        if core::mem::take(&mut self.skipping) || line.len() > MAX_LINE {
            return Some(Line::TooLong(skipped + line.len() as u64));
        }
        Some(core::str::from_utf8(line).map_or(Line::NotUtf8(line), |text| Line::Text(text.trim())))
    }
}

/// Writes a line the one way that commands are read: one blank between words, and brackets, parentheses and commas
/// words of their own. What stands between double quotes is left alone.
pub fn normalise(line: &str) -> Cow<'_, str> {
    if is_normal(line) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                out.push('"');
            }
            _ if quoted => out.push(character),
            '[' | ']' | '(' | ')' | ',' => {
                blank(&mut out);
                out.push(character);
                out.push(' ');
            }
            _ if character.is_whitespace() => blank(&mut out),
            _ => out.push(character),
        }
    }
    out.truncate(out.trim_end().len());
    Cow::Owned(out)
}

/// Ends the word that `out` ends with, if there is one.
fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Whether [`normalise`] would change nothing; wrong only in calling a normal line unnormal.
fn is_normal(line: &str) -> bool {
    let mut previous = b' ';
    for octet in line.bytes() {
        match octet {
            b' ' if previous == b' ' => return false,
            b'\t' | b'\r' | 0x0b | 0x0c | b'"' | b'[' | b']' | b'(' | b')' | b',' | 0x80.. => return false,
            _ => previous = octet,
        }
    }
    previous != b' ' || line.is_empty()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Every line that `buffer` has, as text.
    fn lines(buffer: &mut LineBuffer) -> Vec<String> {
        let mut found = vec![];
        while let Some(line) = buffer.next_line() {
            found.push(match line {
                Line::Text(text) => String::from(text),
                other => alloc::format!("{other:?}"),
            });
        }
        found
    }

    #[test]
    fn a_line_split_anywhere_is_one_line() {
        let text = b"announce route 10.0.0.0/24 next-hop self\nversion\n";
        for cut in 0..text.len() {
            let mut buffer = LineBuffer::default();
            buffer.push(&text[..cut]);
            let mut found = lines(&mut buffer);
            buffer.push(&text[cut..]);
            found.extend(lines(&mut buffer));
            assert_eq!(found, ["announce route 10.0.0.0/24 next-hop self", "version"], "cut at {cut}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn a_line_without_end_is_dropped_and_the_next_one_is_understood() {
        let mut buffer = LineBuffer::default();
        let mut found = vec![];
        for _ in 0..64 {
            buffer.push(&[b'x'; MAX_LINE / 16]);
            found.extend(lines(&mut buffer));
            assert!(buffer.len() <= MAX_LINE + MAX_LINE / 16, "it grew to {}", buffer.len());
        }
        buffer.push(b"\nversion\n");
        found.extend(lines(&mut buffer));
        assert_eq!(found, ["TooLong(4194304)", "version"]);
    }

    #[test]
    fn a_word_takes_back_what_stands_before_it() {
        let mut buffer = LineBuffer::default();
        buffer.push(b"version\nhelp\nres");
        assert!(!buffer.skip_through("reset"));
        buffer.push(b"et\nversion\n");
        assert!(buffer.skip_through("reset"));
        assert_eq!(lines(&mut buffer), ["version"]);
    }

    #[test]
    fn what_is_not_utf8_is_said_to_be_so() {
        let mut buffer = LineBuffer::default();
        buffer.push(b"\xff\xfe\r\n  version \r\n\n");
        assert_eq!(lines(&mut buffer), ["NotUtf8([255, 254, 13])", "version", ""]);
    }

    #[test]
    fn brackets_and_commas_are_words_and_blanks_are_single() {
        assert_eq!(
            normalise("announce  route\t10.0.0.0/24 community [1:2,3:4](x)"),
            "announce route 10.0.0.0/24 community [ 1:2 , 3:4 ] ( x )"
        );
        assert_eq!(normalise("name \"a,  b\" x"), "name \"a,  b\" x");
        assert_eq!(normalise(" a "), "a");
        assert!(matches!(normalise("announce route 10.0.0.0/24"), Cow::Borrowed(_)));
    }
}
