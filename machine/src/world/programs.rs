//! Calls on programs, and on pipes with names.

use holdtime_host::{ConfigText, IoError, PipePaths, ProgramSignal, ProgramSpec, Signal, StreamId};

use super::{
    Child, Descriptor, Due, OpenStream, PipeEnds, PipeId, ProcessId, StartProgram, StreamEnds, World,
};
use crate::executor::DueClass;
use crate::host::SimHost;
use crate::trace::Step;

impl World {
    /// Makes the process of a program, and its pipes. What it runs is spawned by the caller.
    pub(crate) fn start_program(
        &mut self,
        id: ProcessId,
        stream: StreamId,
        spec: &ProgramSpec,
    ) -> Result<(ProcessId, StartProgram), IoError> {
        let path = spec.command.first().ok_or(IoError::NotFound)?;
        let program = self.programs.0.get(path).cloned().ok_or(IoError::NotFound)?;
        if !self.process(id).has_file_to_spare() {
            return Err(IoError::TooManyFiles);
        }
        let child = self.add_child(id, &spec.name);
        let (down, up) = (self.add_pipe(false), self.add_pipe(false));
        self.join_pipes(id, stream, up, down);
        self.join_pipes(child, SimHost::STDIO, down, up);
        let process = self.process_mut(child);
        process.parent = Some((id, stream));
        process.handled.clear();
        let known = Child { process: child, status: None, waker: None };
        self.process_mut(id).children.insert(stream, known);
        self.record(id, &Step::Started(id, stream, child, &spec.name));
        Ok((child, program))
    }

    /// Makes the process of a program's own background child, which inherits the writing end of its output and, as a
    /// shell has it, nothing of its input.
    pub(crate) fn fork(&mut self, id: ProcessId, name: &str) -> ProcessId {
        let parent = self.process(id);
        let group = parent.group.unwrap_or(id);
        let output = match parent.streams.get(&SimHost::STDIO).map(|known| known.ends) {
            Some(StreamEnds::Pipes { write, .. }) => write,
            _ => None,
        };
        let child = self.add_child(id, name);
        self.process_mut(child).handled.clear();
        self.process_mut(child).group = Some(group);
        if let Some(pipe) = output {
            self.pipes[pipe.0 as usize].writers.push((child, Descriptor::Stream(SimHost::STDIO)));
        }
        let ends = StreamEnds::Pipes { read: None, write: output };
        self.process_mut(child).streams.insert(SimHost::STDIO, OpenStream::new(ends, false));
        child
    }

    fn add_pipe(&mut self, named: bool) -> PipeId {
        self.pipes.push(PipeEnds { named, ..PipeEnds::default() });
        PipeId(self.pipes.len() as u32 - 1)
    }

    fn join_pipes(&mut self, id: ProcessId, stream: StreamId, read: PipeId, write: PipeId) {
        let owner = (id, Descriptor::Stream(stream));
        self.pipes[read.0 as usize].readers.push(owner);
        self.pipes[write.0 as usize].writers.push(owner);
        let ends = StreamEnds::Pipes { read: Some(read), write: Some(write) };
        self.process_mut(id).streams.insert(stream, OpenStream::new(ends, false));
    }

    pub(crate) fn signal_program(&mut self, id: ProcessId, stream: StreamId, signal: ProgramSignal) {
        let now = self.local_time(id);
        let Some(child) = self.process(id).children.get(&stream) else { return };
        let number = match signal {
            ProgramSignal::Terminate => Signal::Terminate.number().into(),
            ProgramSignal::Kill => 9,
        };
        let child = child.process;
        self.agenda.enter(now, DueClass::Outside, Due::SignalGroup(child, number));
    }

    pub(crate) fn open_pipes(
        &mut self,
        id: ProcessId,
        stream: StreamId,
        paths: &PipePaths,
    ) -> Result<(), IoError> {
        if !self.process(id).has_file_to_spare() {
            return Err(IoError::TooManyFiles);
        }
        let (read, write) = (self.named_pipe(id, &paths.read), self.named_pipe(id, &paths.write));
        self.join_pipes(id, stream, read, write);
        self.record(id, &Step::Piped(id, stream));
        Ok(())
    }

    fn named_pipe(&mut self, id: ProcessId, path: &str) -> PipeId {
        let key = (self.process(id).machine, path.to_owned());
        if let Some(pipe) = self.named_pipes.get(&key) {
            return *pipe;
        }
        let pipe = self.add_pipe(true);
        self.named_pipes.insert(key, pipe);
        pipe
    }

    pub(crate) fn read_config(&mut self, id: ProcessId, name: &str) -> Result<ConfigText, IoError> {
        let key = (self.process(id).machine, name.to_owned());
        let text = self.files.get(&key).cloned().ok_or(IoError::NotFound)?;
        self.record(id, &Step::Loaded(id, name, &text));
        Ok(ConfigText { name: name.to_owned(), text })
    }
}
