//! What was compressed is read as if it were not, as it comes.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use bzip2::read::MultiBzDecoder;
use flate2::bufread::GzDecoder;

use crate::source::BoxRead;

mod xz;
mod zstd;

/// A way to compress a file, known by the first octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952
    Gzip,
    /// `BZh`
    Bzip2,
    /// The .xz file format
    Xz,
    /// RFC 8878
    Zstd,
}

impl Compression {
    /// How many octets tell.
    pub const MAGIC: usize = 6;

    /// The compression of what begins with these octets; `None`: it is not compressed in a way that is known here.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

/// What `octets` are when they are decompressed, with their compression; as they are where they were not compressed.
///
/// Errors, a file that was cut off in transit among them, come when their place is read: what stands before it is read first.
pub fn decompress(octets: BoxRead) -> (BoxRead, Option<Compression>) {
    let whole = Peeked::new(octets, Compression::MAGIC);
    let compression = Compression::of(whole.head());
    let plain: BoxRead = match compression {
        None => Box::new(whole),
        Some(Compression::Gzip) => Box::new(Members::new(BufReader::with_capacity(1 << 16, whole))),
        Some(Compression::Bzip2) => Box::new(MultiBzDecoder::new(whole)),
        Some(Compression::Xz) => Box::new(xz::XzStreams::new(BufReader::new(whole))),
        Some(Compression::Zstd) => Box::new(zstd::Frames::new(BufReader::new(whole))),
    };
    (plain, compression)
}

/// Octets whose first have been looked at, and come again. An error comes where it came.
pub(crate) struct Peeked {
    head: Cursor<Vec<u8>>,
    error: Option<io::Error>,
    octets: BoxRead,
}

impl Peeked {
    /// Looks at the first `count` octets, or at all where there are fewer.
    pub(crate) fn new(octets: BoxRead, count: usize) -> Self {
        let mut peeked = Self { head: Cursor::default(), error: None, octets };
        peeked.look_at(count);
        peeked
    }

    pub(crate) fn head(&self) -> &[u8] {
        self.head.get_ref()
    }

    /// Looks at the first `count` octets, or at all where there are fewer. Nothing must have been read yet.
    pub(crate) fn look_at(&mut self, count: usize) {
        let more = count.saturating_sub(self.head().len());
        if more > 0 && self.error.is_none() {
            self.error = (&mut self.octets).take(more as u64).read_to_end(self.head.get_mut()).err();
        }
    }

    /// The error, where not even one octet came.
    pub(crate) fn error(&mut self) -> io::Result<()> {
        if self.head().is_empty() { self.error.take().map_or(Ok(()), Err) } else { Ok(()) }
    }
}

impl Read for Peeked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.head.read(into)? {
            0 if !into.is_empty() => self.error.take().map_or_else(|| self.octets.read(into), Err),
            count => Ok(count),
        }
    }
}

/// The members of a gzip file one after the other (RFC 1952 §2.2), some of which may be empty. Zeros may fill the file up behind the
/// last one, as on a tape; anything else there is an error.
struct Members<R: BufRead> {
    /// The member at hand; `None`: there is no more.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(octets: R) -> Self {
        Self { member: Some(GzDecoder::new(octets)) }
    }

    /// Goes on to the next member.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(ended) = self.member.take() else { return Ok(()) };
        let mut octets = ended.into_inner();
        let next = loop {
            let ahead = octets.fill_buf()?;
            match ahead.iter().position(|octet| *octet != 0) {
                Some(at) => {
                    let next = ahead.get(at).copied();
                    octets.consume(at);
                    break next;
                }
                None if ahead.is_empty() => break None,
                None => {
                    let zeros = ahead.len();
                    octets.consume(zeros);
                }
            }
        };
        match next {
            None => Ok(()),
            Some(0x1f) => {
                self.member = Some(GzDecoder::new(octets));
                Ok(())
            }
            Some(_) => Err(io::Error::other(
                "what stands behind the last gzip member is neither another one nor zeros",
            )),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(buffer)? {
                0 if !buffer.is_empty() => self.next_member()?,
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression as Level;
    use flate2::write::GzEncoder;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(octets: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        decompress(Box::new(Cursor::new(octets))).0.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn gzip_members_may_be_empty_and_zeros_may_follow_the_last() {
        let members = [member(""), member("one "), member(""), member("two"), vec![0; 100_000]];
        assert_eq!(read(members.concat()).unwrap(), "one two");
        assert_eq!(read(member("")).unwrap(), "");
    }

    #[test]
    fn what_stands_behind_the_last_gzip_member_is_named() {
        let error = read([member("one"), b"\0\0rubbish".to_vec()].concat()).unwrap_err().to_string();
        assert_eq!(error, "what stands behind the last gzip member is neither another one nor zeros");
        assert!(read([member("one"), vec![0x1f]].concat()).is_err());
    }
}
