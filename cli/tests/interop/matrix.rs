//! `holdtime probe --matrix`: with holdtime itself, which is always there, and with daemons that are not.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::private;
use crate::process::Folder;
use crate::waiting::eventually;

tests! { [];
    holdtimes_own_cells_are_the_labs_and_alike_each_time => |folder| own(folder);
    who_is_not_there_dies_or_is_no_speaker_is_told_of_in_a_sentence => |folder| strangers(folder);
    an_interrupt_leaves_no_daemon_behind => |folder| interrupted(folder);
}

/// holdtime on a reactor, as a daemon of a matrix.
fn holdtime(reactor: &str) -> String {
    format!(
        "[[daemon]]\nname = '{reactor}'\nreactor = '{reactor}'\nversion = '{{holdtime}} --version'\n\
         start = 'env EXABGP_ENVFILE=$PWD/settings.env {{holdtime}} serve --reactor {reactor} speaker.conf'\n\
         [daemon.files]\n'speaker.conf' = '{{config}}'\n\
         'settings.env' = \"\"\"\n[exabgp.api]\npipename = 'probe-{reactor}'\n\"\"\"\n\n"
    )
}

/// A daemon whose folder has a program of Python.
fn daemon(name: &str, start: &str, python: &str) -> String {
    format!(
        "[[daemon]]\nname = '{name}'\nstart = \"{start}\"\n[daemon.files]\n'it.py' = \"\"\"\n{python}\"\"\"\n\n"
    )
}

/// The command lines of the processes that work for this run of a matrix, or in one of its folders.
fn working(run: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let folder = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        (command.contains(run) || folder.to_string_lossy().contains(run)).then_some(command)
    });
    processes.collect()
}

fn own(folder: &Folder) {
    let file = folder.write("own.toml", &(holdtime("poll") + &holdtime("async")));
    let (junit, html) = (folder.path("table.xml"), folder.path("table.html"));
    let report = folder.path("found");
    let mut command = private::holdtime();
    command.args(["probe", "--matrix", &file, "--times", "2", "--json", "hold-time-3", "syn-blackhole"]);
    command.arg("--junit").arg(&junit).arg("--html").arg(&html).arg("--report").arg(&report);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}{said}");
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let times = row["times"].as_array().unwrap().iter();
        let verdicts: Vec<&Value> = times.chain([&row["lab"]]).map(|one| &one["verdict"]).collect();
        assert_eq!(verdicts, ["pass", "pass", "pass"], "{row:#}");
        assert_eq!((&row["apart"], &row["apart_from_lab"]), (&Value::Null, &Value::Null), "{row:#}");
    }
    let page = fs::read_to_string(html).unwrap();
    assert!(
        page.contains("2 times: 4 of 4 cells alike") && page.contains("4 of 4 cells of holdtime"),
        "{page}"
    );
    assert!(fs::read_to_string(junit).unwrap().contains("failures=\"0\""));
    let kept = fs::read_to_string(report.join("poll/hold-time-3/report.md")).unwrap();
    for part in ["**expected**", "What `far` does", "keepalives off", "`matrix.toml`", "`capture.pcapng`"] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    let told = [
        ("hold-time-3", "the daemon: session with peer far: state Established"),
        ("hold-time-3", ": pass: "),
        ("syn-blackhole", "peer far: fault: cut speaker -> far for 4s"),
    ];
    for (scenario, comment) in told {
        let capture = fs::read(report.join(format!("poll/{scenario}/capture.pcapng"))).unwrap();
        assert!(
            String::from_utf8_lossy(&capture).contains(comment),
            "{scenario}: no comment says `{comment}`"
        );
    }
}

fn strangers(folder: &Folder) {
    let gone = daemon("gone", "/no/such/daemon", "");
    let dies = daemon("dies", "sh -c 'echo out of luck; exit 3'", "");
    let banner = "import socket, sys\nlistener = socket.create_server((sys.argv[1], 179))\n\
        while True: listener.accept()[0].sendall(b'SSH-2.0-dummy')\n";
    let ssh = daemon("ssh", "python3 it.py {daemon}", banner);
    let file = folder.write("strangers.toml", &(gone + &dies + &ssh + &holdtime("poll")));
    let mut command = private::holdtime();
    command.args(["probe", "--matrix", &file, "--json", "open-then-silence"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let run = format!("holdtime-probe-{}", child.id());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (at, complaint) in ["ended before it listened", "its last line is `out of luck`", "is no BGP speaker"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(rows[at]["verdict"], Value::Null, "{}", rows[at]);
        assert!(rows[at]["why"].as_str().unwrap().contains(complaint), "{}", rows[at]);
    }
    assert_eq!((rows.len(), &rows[3]["verdict"]), (4, &Value::from("pass")));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = errors.lines().last().unwrap();
    assert!(last.contains("open-then-silence: none: gone ended before it listened"), "{errors}");
    assert_eq!(working(&run), Vec::<String>::new());
}

fn interrupted(folder: &Folder) {
    let file = folder.write("interrupted.toml", &holdtime("poll"));
    let mut command = private::holdtime();
    command.args(["probe", "--matrix", &file, "no-open-from-who-dialled", "open-dribbled"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = format!("holdtime-probe-{}", child.id());
    eventually("both daemons run", || {
        working(&run).iter().filter(|command| command.contains("serve --reactor poll")).count() >= 2
    });
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let began = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(10));
    // The kernel ends the processes of a namespace a moment after who made it.
    eventually("nothing runs any more", || working(&run).is_empty());
    assert!(!std::env::temp_dir().join(&run).exists());
}
