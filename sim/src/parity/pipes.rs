//! Parity programs about child programs and their pipes.

use holdtime_core::speaker::ProgramSignal;
use holdtime_core::time::Duration;
use holdtime_reactor::Host;

use crate::parity::stage::ParityStage;

pub(super) const CAT: &[&str] = &["/bin/cat"];
pub(super) const SLEEP: &[&str] = &["/bin/sleep", "30"];
pub(super) const EXIT_3: &[&str] = &["/bin/sh", "-c", "exit 3"];
pub(super) const SAY_HELLO: &[&str] = &["/bin/sh", "-c", "echo hello"];
pub(super) const CLOSE_INPUT: &[&str] = &["/bin/sh", "-c", "exec 0<&-; sleep 30"];
pub(super) const CLOSE_OUTPUT: &[&str] = &["/bin/sh", "-c", "exec 1>&-; read line; exit 7"];
pub(super) const READ_A_LINE: &[&str] = &["/bin/sh", "-c", "read line; echo got $line"];
pub(super) const READ_AND_SLEEP: &[&str] = &["/bin/sh", "-c", "read line; sleep 30"];
pub(super) const SAY_LATE: &[&str] = &["/bin/sh", "-c", "sleep 0.1; echo late"];
pub(super) const LEAVE_A_CHILD: &[&str] = &["/bin/sh", "-c", "sleep 1 & echo hello; exit 3"];
pub(super) const LEAVE_A_CHILD_THAT_SPEAKS: &[&str] = &["/bin/sh", "-c", "(sleep 0.4; echo late) & exit 0"];
pub(super) const WAIT_FOR_A_CHILD: &[&str] = &["/bin/sh", "-c", "sleep 30 & wait"];
pub(super) const FLOOD: &[&str] = &["/bin/cat", "/dev/zero"];

pub(super) async fn a_program_that_is_not_there_does_not_start<H: Host>(stage: &ParityStage<H>) {
    stage.see_outcome("start", &stage.start(&["/no/such/program"]));
}

pub(super) async fn a_program_answers_through_its_pipes<H: Host>(stage: &ParityStage<H>) {
    let cat = stage.started(CAT);
    stage.see_count("write", stage.write(cat, 11));
    stage.see_count("read", stage.read(cat, 100).await);
    stage.see_count("read", stage.read_now(cat, 100));
}

pub(super) async fn closing_its_input_ends_a_program_that_reads<H: Host>(stage: &ParityStage<H>) {
    let cat = stage.started(CAT);
    stage.see_count("write", stage.write(cat, 5));
    stage.host.shutdown(cat);
    let (octets, end) = stage.drain(cat).await;
    stage.see(format!("octets: {octets}"));
    stage.see_count("then", end);
    stage.see_count("write", stage.write(cat, 1));
    stage.see_exit(cat).await;
}

pub(super) async fn a_line_is_answered_with_a_line<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(READ_A_LINE);
    stage.see_count("write", stage.host.write(shell, b"one line\n"));
    stage.see_count("read", stage.read(shell, 100).await);
    stage.see_count("read", stage.read(shell, 100).await);
    stage.see_exit(shell).await;
}

pub(super) async fn an_exit_code_is_told<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(EXIT_3);
    stage.see_exit(shell).await;
    stage.see_count("read", stage.read_now(shell, 10));
    stage.see_count("write", stage.write(shell, 10));
}

pub(super) async fn what_a_dead_program_said_can_still_be_read<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(SAY_HELLO);
    stage.see_exit(shell).await;
    stage.see_count("read", stage.read_now(shell, 100));
    stage.see_count("read", stage.read_now(shell, 100));
}

pub(super) async fn an_exit_is_told_after_its_pipes_are_closed<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(SLEEP);
    stage.close(shell);
    stage.see_count("read", stage.read_now(shell, 100));
    stage.signal(shell, ProgramSignal::Terminate);
    stage.see_exit(shell).await;
}

pub(super) async fn a_killed_program_ends_by_its_signal<H: Host>(stage: &ParityStage<H>) {
    for signal in [ProgramSignal::Terminate, ProgramSignal::Kill] {
        let sleep = stage.started(SLEEP);
        stage.pause().await;
        stage.signal(sleep, signal);
        stage.see_exit(sleep).await;
        stage.see_count("read", stage.read(sleep, 10).await);
    }
}

pub(super) async fn a_pipe_that_nobody_reads_takes_64_kib<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    let (filled, why) = stage.fill(sleep, 100_000).await;
    stage.see(format!("filled: {filled}, then {why}"));
    stage.see_readiness("a full pipe", sleep).await;
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
}

pub(super) async fn a_pipe_is_full_after_sixteen_awkward_writes<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    let (filled, why) = stage.fill(sleep, 3_000).await;
    stage.see(format!("filled: {filled}, then {why}"));
    stage.see_count("a small write", stage.write(sleep, 1_000));
    stage.see_count("another", stage.write(sleep, 1_000));
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
}

pub(super) async fn small_writes_share_pages<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    let (filled, why) = stage.fill(sleep, 100).await;
    stage.see(format!("filled: {filled}, then {why}"));
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
}

pub(super) async fn killing_the_reader_breaks_the_pipe<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    stage.fill(sleep, 100_000).await;
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
    stage.see_readiness("a broken pipe", sleep).await;
    stage.see_count("write", stage.write(sleep, 10));
    stage.see_count("write", stage.write(sleep, 10));
    stage.see_count("read", stage.read_now(sleep, 10));
}

pub(super) async fn a_program_may_close_its_input_and_live<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(CLOSE_INPUT);
    stage.pause_for(Duration::from_millis(200)).await;
    stage.see_count("write", stage.write(shell, 10));
    stage.see_count("read", stage.read_now(shell, 10));
    stage.signal(shell, ProgramSignal::Kill);
    stage.see_exit(shell).await;
}

pub(super) async fn a_program_may_close_its_output_and_live<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(CLOSE_OUTPUT);
    stage.see_count("read", stage.read(shell, 10).await);
    stage.see_count("write", stage.host.write(shell, b"go on\n"));
    stage.see_exit(shell).await;
}

pub(super) async fn a_program_that_floods_is_stopped_by_its_pipe<H: Host>(stage: &ParityStage<H>) {
    let flood = stage.started(FLOOD);
    stage.pause_for(Duration::from_millis(200)).await;
    let (mut total, mut reads) = (0, 0);
    while let Ok(count @ 1..) = stage.read_now(flood, 4_096) {
        total += count;
        reads += 1;
        if reads == 8 {
            break;
        }
    }
    stage.see(format!("read: {total}"));
    stage.signal(flood, ProgramSignal::Kill);
    stage.see_exit(flood).await;
    let (rest, end) = stage.drain(flood).await;
    stage.see(format!("a full pipe is left: {}", rest > 0));
    stage.see_count("then", end);
}

pub(super) async fn a_pipe_is_writable_until_a_write_would_block<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    for page in 1..=17 {
        let outcome = stage.write(sleep, 4_096);
        let (_, writable) = stage.is_ready(sleep).await;
        if outcome != Ok(4_096) || !writable || page == 16 {
            stage.see_count(&format!("page {page}, then writable: {writable}"), outcome);
        }
    }
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
}

/// A page that is read in part makes no room, and nobody is told of any.
pub(super) async fn a_line_that_is_read_makes_no_room_in_a_full_pipe<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(READ_AND_SLEEP);
    stage.see_count("a line", stage.host.write(shell, b"one line\n"));
    let (filled, why) = stage.fill(shell, 4_096).await;
    stage.see(format!("filled: {filled}, then {why}"));
    stage.see_readiness("a full pipe", shell).await;
    stage.signal(shell, ProgramSignal::Kill);
    stage.see_exit(shell).await;
}

pub(super) async fn a_pipe_with_a_page_to_spare_takes_part_of_a_write<H: Host>(stage: &ParityStage<H>) {
    let sleep = stage.started(SLEEP);
    stage.see_count("15 pages", stage.write(sleep, 15 * 4_096));
    stage.see_count("two more", stage.write(sleep, 2 * 4_096));
    let (_, writable) = stage.is_ready(sleep).await;
    stage.see(format!("writable: {writable}"));
    stage.see_count("one octet", stage.write(sleep, 1));
    let (_, writable) = stage.is_ready(sleep).await;
    stage.see(format!("writable: {writable}"));
    stage.signal(sleep, ProgramSignal::Kill);
    stage.see_exit(sleep).await;
}

pub(super) async fn a_grandchild_keeps_the_pipe_of_a_program_that_has_ended_open<H: Host>(
    stage: &ParityStage<H>,
) {
    let shell = stage.started(LEAVE_A_CHILD);
    stage.see_exit(shell).await;
    stage.see_count("read", stage.read_now(shell, 100));
    stage.see_count("read", stage.read_now(shell, 100));
    stage.see_count("the grandchild ends", stage.read(shell, 100).await);
}

pub(super) async fn a_grandchild_may_speak_after_its_parent_has_ended<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(LEAVE_A_CHILD_THAT_SPEAKS);
    stage.see_exit(shell).await;
    stage.see_count("read", stage.read_now(shell, 100));
    stage.see_count("read", stage.read(shell, 100).await);
    stage.see_count("read", stage.read(shell, 100).await);
}

pub(super) async fn a_signal_ends_a_program_and_what_it_started<H: Host>(stage: &ParityStage<H>) {
    let shell = stage.started(WAIT_FOR_A_CHILD);
    stage.pause_for(Duration::from_millis(200)).await;
    stage.signal(shell, ProgramSignal::Terminate);
    stage.see_exit(shell).await;
    stage.see_count("read", stage.read(shell, 100).await);
}
