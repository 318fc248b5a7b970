//! The processes of a run by their numbers.

use crate::id::ProcessId;
use crate::world::process::ProcessState;

/// The number of the first process that begins in the place of another one: far from those of all that are set up or started by
/// others, whose numbers would otherwise hang on what goes wrong later.
const SUCCESSORS: u32 = 1 << 14;

/// Every process that there is or was.
#[derive(Debug, Default)]
pub(crate) struct ProcessTable {
    first: Vec<ProcessState>,
    successors: Vec<ProcessState>,
}

impl ProcessTable {
    /// Takes in a process.
    pub(crate) fn add(&mut self, process: ProcessState) -> ProcessId {
        self.first.push(process);
        ProcessId(self.first.len() as u32 - 1)
    }

    /// Takes in a process that begins in the place of another one.
    pub(crate) fn add_successor(&mut self, process: ProcessState) -> ProcessId {
        self.successors.push(process);
        ProcessId(SUCCESSORS + self.successors.len() as u32 - 1)
    }

    /// The numbers of all so far.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ProcessId> + use<> {
        let (first, successors) = (self.first.len() as u32, self.successors.len() as u32);
        (0..first).chain(SUCCESSORS..SUCCESSORS + successors).map(ProcessId)
    }

    pub(crate) fn get(&self, ProcessId(number): ProcessId) -> &ProcessState {
        match number.checked_sub(SUCCESSORS) {
            Some(index) => &self.successors[index as usize],
            None => &self.first[number as usize],
        }
    }

    pub(crate) fn get_mut(&mut self, ProcessId(number): ProcessId) -> &mut ProcessState {
        match number.checked_sub(SUCCESSORS) {
            Some(index) => &mut self.successors[index as usize],
            None => &mut self.first[number as usize],
        }
    }
}
