//! The lab's stand-ins for the few real programs that parity programs start.

use std::rc::Rc;

use holdtime_core::speaker::{ExitStatus, IoError, ProgramSpec};
use holdtime_core::time::Duration;
use holdtime_reactor::{AsyncHost, Host};

use crate::parity::pipes;
use holdtime_machine::host::SimHost;
use holdtime_machine::world::World;

const STDIO: holdtime_core::StreamId = SimHost::STDIO;

/// Makes them known in a world.
pub(super) fn install(world: &mut World) {
    for path in ["/bin/cat", "/bin/sleep", "/bin/sh"] {
        world.add_program(
            path,
            Rc::new(|host, spec| {
                let spec = spec.clone();
                Box::pin(async move { run(host, spec).await })
            }),
        );
    }
}

async fn run(host: SimHost, spec: ProgramSpec) -> ExitStatus {
    host.set_interest(STDIO, true, true);
    let command: Vec<&str> = spec.command.iter().map(String::as_str).collect();
    let code = match &command[..] {
        command if command == pipes::CAT => cat(&host).await,
        command if command == pipes::FLOOD => flood(&host).await,
        command if command == pipes::SLEEP => sleep(&host).await,
        command if command == pipes::EXIT_3 => 3,
        command if command == pipes::SAY_HELLO => {
            write(&host, b"hello\n").await;
            0
        }
        command if command == pipes::SAY_LATE => {
            host.sleep_until(host.now().monotonic + Duration::from_millis(100)).await;
            write(&host, b"late\n").await;
            0
        }
        command if command == pipes::CLOSE_INPUT => {
            host.close_input(STDIO);
            sleep(&host).await
        }
        command if command == pipes::CLOSE_OUTPUT => {
            host.shutdown(STDIO);
            read_line(&host).await;
            7
        }
        command if command == pipes::READ_AND_SLEEP => {
            read_line(&host).await;
            sleep(&host).await
        }
        command if command == pipes::LEAVE_A_CHILD => {
            host.leave_behind("sleep", |child| async move { rest(&child, Duration::from_secs(1)).await });
            write(&host, b"hello\n").await;
            3
        }
        command if command == pipes::LEAVE_A_CHILD_THAT_SPEAKS => {
            host.leave_behind("speaker", |child| async move {
                let status = rest(&child, Duration::from_millis(400)).await;
                child.set_interest(STDIO, false, true);
                write(&child, b"late\n").await;
                status
            });
            0
        }
        command if command == pipes::WAIT_FOR_A_CHILD => {
            host.leave_behind("sleep", |child| async move { rest(&child, Duration::from_secs(30)).await });
            sleep(&host).await
        }
        command if command == pipes::READ_A_LINE => {
            let line = read_line(&host).await;
            write(&host, &[b"got ", &line[..]].concat()).await;
            0
        }
        _ => 127,
    };
    ExitStatus::Code(code)
}

async fn sleep(host: &SimHost) -> i32 {
    host.sleep_until(host.now().monotonic + Duration::from_secs(30)).await;
    0
}

/// A child that does nothing for a while.
async fn rest(host: &SimHost, span: Duration) -> ExitStatus {
    host.sleep_until(host.now().monotonic + span).await;
    ExitStatus::Code(0)
}

async fn cat(host: &SimHost) -> i32 {
    let mut buffer = [0; 4096];
    loop {
        match read(host, &mut buffer).await {
            0 => return 0,
            count if write(host, buffer.get(..count).unwrap_or_default()).await => {}
            _ => return 1,
        }
    }
}

async fn flood(host: &SimHost) -> i32 {
    while write(host, &[0; 4096]).await {}
    1
}

async fn read_line(host: &SimHost) -> Vec<u8> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut octet = [0];
        if read(host, &mut octet).await == 0 {
            break;
        }
        line.extend(octet);
    }
    line
}

/// As a blocking `read`: 0 at the end.
async fn read(host: &SimHost, into: &mut [u8]) -> usize {
    loop {
        match host.read(STDIO, into) {
            Ok(count) => return count,
            Err(IoError::WouldBlock) if host.readable(STDIO).await.is_ok() => {}
            Err(_) => return 0,
        }
    }
}

/// As a blocking `write` of everything; says whether it went.
async fn write(host: &SimHost, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match host.write(STDIO, bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(IoError::WouldBlock) if host.writable(STDIO).await.is_ok() => {}
            Err(_) => return false,
        }
    }
    true
}
