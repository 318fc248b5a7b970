//! Pipes as Linux has them: sixteen pages of 4 KiB, whole or partly filled.
//!
//! Small writes share a page only where they fit whole, so that a pipe is full after 64 KiB at best and after sixteen
//! awkward writes at worst; both are seen in practice, and a program's stall depends on it.

use holdtime_host::IoError;

use std::collections::VecDeque;

use crate::octets::take_front;

const PAGE: usize = 4096;
const PAGES: usize = 16;

/// One pipe. Its two ends belong to whoever the world says.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// What all pages hold, in order.
    octets: VecDeque<u8>,
    pages: VecDeque<Page>,
    /// How many octets the reader may see: those whose writer's own time has come.
    visible: usize,
    /// The writing end is closed, and the reader may know it.
    pub(super) writer_gone: bool,
    /// The reading end is closed, and the writer may know it.
    pub(super) reader_gone: bool,
}

#[derive(Debug)]
struct Page {
    /// How much of the page was ever written: what was read does not make room for more.
    filled: usize,
    /// How much of that was not read yet.
    left: usize,
}

impl Pipe {
    /// Writes what fits; what fits in a page is written whole or not at all.
    ///
    /// # Errors
    /// `BrokenPipe`: nobody will read. `WouldBlock`: no room.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        if self.reader_gone {
            return Err(IoError::BrokenPipe);
        }
        let mut rest = bytes;
        // Linux merges the odd part of a write into the last page where it fits there.
        let odd = bytes.len() % PAGE;
        if odd > 0
            && let Some(page) = self.pages.back_mut().filter(|page| page.filled + odd <= PAGE)
        {
            page.filled += odd;
            page.left += odd;
            rest = &rest[odd..];
        }
        while !rest.is_empty() && self.pages.len() < PAGES {
            let filled = rest.len().min(PAGE);
            self.pages.push_back(Page { filled, left: filled });
            rest = &rest[filled..];
        }
        match bytes.len() - rest.len() {
            0 => Err(IoError::WouldBlock),
            written => {
                self.octets.extend(&bytes[..written]);
                Ok(written)
            }
        }
    }

    /// Lets the reader see so many more octets.
    pub(super) fn show(&mut self, octets: usize) {
        self.visible += octets;
    }

    /// Reads what the reader may see; `Ok(0)` is the end.
    ///
    /// # Errors
    /// `WouldBlock`.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, IoError> {
        if self.visible == 0 {
            return if self.writer_gone { Ok(0) } else { Err(IoError::WouldBlock) };
        }
        let count = take_front(&mut self.octets, into, self.visible);
        self.visible -= count;
        let mut taken = count;
        while let Some(page) = self.pages.front_mut().filter(|_| taken > 0) {
            let of_page = taken.min(page.left);
            taken -= of_page;
            page.left -= of_page;
            if page.left == 0 {
                self.pages.pop_front();
            }
        }
        Ok(count)
    }

    /// Octets that were written and not read.
    pub(super) fn unread(&self) -> usize {
        self.octets.len()
    }

    /// Whether reading will not block.
    pub(super) fn readable(&self) -> bool {
        self.visible > 0 || self.writer_gone
    }

    /// Whether writing will not block: a page is free, or nobody will read.
    pub(super) fn writable(&self) -> bool {
        self.pages.len() < PAGES || self.reader_gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(pipe: &mut Pipe, octets: usize) -> Result<usize, IoError> {
        let written = pipe.write(&vec![7; octets])?;
        pipe.show(written);
        Ok(written)
    }

    #[test]
    fn a_pipe_takes_64_kib_and_no_more() {
        let mut pipe = Pipe::default();
        assert_eq!(write(&mut pipe, 100_000), Ok(65_536));
        assert_eq!(write(&mut pipe, 1), Err(IoError::WouldBlock));
        assert!(!pipe.writable());
    }

    #[test]
    fn sixteen_writes_that_share_no_page_fill_a_pipe() {
        let mut pipe = Pipe::default();
        let taken = (0..20).filter(|_| write(&mut pipe, 3_000).is_ok()).count();
        assert_eq!(taken, 16);
    }

    #[test]
    fn single_octets_fill_a_pipe_to_the_last() {
        let mut pipe = Pipe::default();
        let taken = (0..70_000).filter(|_| write(&mut pipe, 1).is_ok()).count();
        assert_eq!(taken, 65_536);
    }

    #[test]
    fn room_comes_back_a_page_at_a_time() {
        let mut pipe = Pipe::default();
        write(&mut pipe, 65_536).unwrap();
        pipe.read(&mut [0; 4095]).unwrap();
        assert!(!pipe.writable());
        pipe.read(&mut [0; 1]).unwrap();
        assert!(pipe.writable());
        assert_eq!(write(&mut pipe, 5_000), Ok(4_096));
    }

    #[test]
    fn what_was_written_is_read_before_the_end_and_nothing_is_written_once_the_reader_is_gone() {
        let mut pipe = Pipe::default();
        write(&mut pipe, 3).unwrap();
        pipe.writer_gone = true;
        assert_eq!(pipe.read(&mut [0; 10]), Ok(3));
        assert_eq!(pipe.read(&mut [0; 10]), Ok(0));
        pipe.reader_gone = true;
        assert_eq!(write(&mut pipe, 1), Err(IoError::BrokenPipe));
    }
}
