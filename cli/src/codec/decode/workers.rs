//! One thread reads batches in order, others decode and print them, and the first writes them down in that order: the output does not
//! depend on how many there are.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use holdtime_dump::{Batch, BatchReader, Dump, Found};

use super::input::OpenedInput;
use super::message::Assumptions;
use super::pages::{Page, Printer};
use super::tally::Sums;
use crate::console::Console;
use crate::error::{CliError, VerbResult};
use crate::interrupt;
use crate::progress::Progress;

/// How many batches may wait for each thread, and how many pages behind it.
const AHEAD: usize = 2;

/// Decodes all of `input`.
pub(super) fn decode(
    input: OpenedInput,
    assumed: &Assumptions,
    jobs: usize,
    console: &mut Console,
) -> VerbResult {
    let bar = input.length.map(|length| console.progress("octets", length));
    let mut writer = Writer { console, sums: Sums::default(), length: input.length, bar };
    let read = || input.read.load(Ordering::Relaxed);
    let team = Team::start(input.stream, assumed, jobs);
    // Each worker has every so manieth page: whose turn it is and who has none left, is the end.
    for worker in team.workers.iter().cycle() {
        let Some(mut page) = interrupt::next(&worker.pages) else {
            if interrupt::is_pressed() {
                return writer.interrupted(read());
            }
            break;
        };
        writer.write(&mut page, read())?;
        page.clear();
        // A worker that has ended wants it no more.
        let _ = worker.spare.send(page);
    }
    team.join()?;
    writer.finish()
}

/// How many items are counted in a batch.
fn items(batch: &Batch) -> u64 {
    batch.found().filter(|found| matches!(found, Found::Item(_))).count() as u64
}

/// Where pages go.
struct Writer<'a> {
    console: &'a mut Console,
    sums: Sums,
    /// Of the input, where that is known.
    length: Option<u64>,
    bar: Option<Progress>,
}

impl Writer<'_> {
    fn write(&mut self, page: &mut Page, read: u64) -> Result<(), CliError> {
        self.console.write_all(page.text.as_bytes())?;
        // What is known is shown before more is waited for.
        self.console.flush()?;
        self.sums.add(&mut page.tally);
        if let Some(bar) = &self.bar {
            bar.set(read);
        }
        Ok(())
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn finish(self) -> VerbResult {
        self.clear();
        self.sums.finish()
    }

    /// What was told of until now, and how much had been read by then, some of it ahead.
    fn interrupted(mut self, read: u64) -> VerbResult {
        self.clear();
        let told = self.sums.so_far();
        let read = match self.length {
            Some(length) => format!("{read} of {length} octets"),
            None => format!("{read} octets"),
        };
        Err(CliError::Interrupted(format!("{told} lines are printed, {read} were read")))
    }
}

/// A batch, and the counter of its first item.
type Job = (Batch, u64);

/// The threads. They are not waited for where the reader of the output has gone: one may wait for input that never comes.
struct Team {
    reader: JoinHandle<()>,
    workers: Vec<Worker>,
}

struct Worker {
    thread: JoinHandle<()>,
    pages: Receiver<Page>,
    spare: Sender<Page>,
}

impl Team {
    fn start(stream: Dump, assumed: &Assumptions, jobs: usize) -> Self {
        let (used, unused) = channel();
        let mut queues = Vec::with_capacity(jobs);
        let mut workers = Vec::with_capacity(jobs);
        for _ in 0..jobs {
            let (queue, batches) = sync_channel::<Job>(AHEAD);
            let (done, pages) = sync_channel(AHEAD);
            let (spare, spares) = channel();
            let (printer, used) = (Printer::new(assumed), used.clone());
            let thread = thread::spawn(move || work(printer, &batches, &used, &spares, &done));
            queues.push(queue);
            workers.push(Worker { thread, pages, spare });
        }
        let reader = thread::spawn(move || read(stream, &queues, &unused));
        Self { reader, workers }
    }

    fn join(self) -> Result<(), CliError> {
        let threads = self.workers.into_iter().map(|worker| worker.thread).chain([self.reader]);
        // It has said itself what went wrong.
        threads.map(JoinHandle::join).find(Result::is_err).map_or(Ok(()), |_| {
            Err(CliError::input(
                "decoding ended early by a mistake in holdtime: some of the output is missing",
            ))
        })
    }
}

/// Reads batches, and hands them to one worker after the other.
fn read(mut stream: Dump, queues: &[SyncSender<Job>], unused: &Receiver<Batch>) {
    let mut counter = 1;
    for queue in queues.iter().cycle() {
        let mut batch = unused.try_recv().unwrap_or_default();
        batch.clear();
        if !stream.fill(&mut batch) {
            return;
        }
        let count = items(&batch);
        if queue.send((batch, counter)).is_err() {
            return;
        }
        counter += count;
    }
}

/// Prints batches as they come.
fn work(
    mut printer: Printer,
    batches: &Receiver<Job>,
    used: &Sender<Batch>,
    spares: &Receiver<Page>,
    done: &SyncSender<Page>,
) {
    for (batch, counter) in batches {
        let mut page = spares.try_recv().unwrap_or_default();
        printer.print(&batch, counter, &mut page);
        // Whoever is not there any more wants neither.
        let _ = used.send(batch);
        if done.send(page).is_err() {
            return;
        }
    }
}
