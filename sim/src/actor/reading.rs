//! The buffer that peers and programs read into: one for all of a thread, since none reads while another looks at what came.

use std::cell::RefCell;

/// The most octets of one reading.
pub(super) const READING: usize = 256 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends room for so many octets, at most [`READING`] of them; what stands in it is what the last reading left.
pub(super) fn with_room<R>(octets: usize, reading: impl FnOnce(&mut [u8]) -> R) -> R {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.is_empty() {
            buffer.resize(READING, 0);
        }
        let room = octets.min(READING);
        reading(buffer.get_mut(..room).unwrap_or_default())
    })
}
