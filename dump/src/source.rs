//! A form of input that is read in order, into batches.

use std::io::Read;

use crate::batch::Batch;

/// Octets as they come, from a file, a pipe or a decompressor.
pub type BoxRead = Box<dyn Read + Send>;

/// A form of input that is read in order.
pub trait BatchReader: Send {
    /// Adds the next pieces to `batch`, until it is full or nothing more is there at once. False at the end, where nothing was added.
    ///
    /// It never fails: what cannot be read, the input's own I/O errors included, is a fault in the batch.
    fn fill(&mut self, batch: &mut Batch) -> bool;
}
