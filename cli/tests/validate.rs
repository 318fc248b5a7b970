//! `holdtime validate`: what is in a configuration, and what is wrong with it.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::path::{Path, PathBuf};
use std::process::Output;

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn validate(configuration: &Path) -> Output {
    private::holdtime().arg("validate").arg(configuration).output().unwrap()
}

const NEIGHBOR: &str = "neighbor 192.0.2.2 { local-address 192.0.2.1; local-as 1; peer-as 2;";

#[test]
fn a_valid_configuration_is_counted_and_its_warnings_are_sentences() {
    let text = format!("process a {{ run /bin/cat; }}\n{NEIGHBOR}\n  hold-time 90 30; }}");
    let path = file("validate-warnings.conf", &text);
    let output = validate(&path);
    let name = path.display();
    assert!(output.status.success());
    let counts = "1 neighbor, 0 routes, 1 program";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{name}: valid ({counts})\n"));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "warning: {name}:3:16: this has no effect: what it stands behind is complete\n    hold-time 90 30; }}\n                 \
             ^^\nexpected `;`\n"
        )
    );
}

#[test]
fn a_neighbor_that_this_kernel_cannot_sign_for_is_named_and_status_2() {
    let other = NEIGHBOR.replace("192.0.2.2", "192.0.2.3");
    let key = "tcp-ao { keyid 1; algorithm hmac-sha-1-96; password hunter2; }";
    let path = file("validate-tcp-ao.conf", &format!("{NEIGHBOR} }}\n{other} {key} }}"));
    let output = validate(&path);
    let said = String::from_utf8(output.stderr).unwrap();
    let peer = holdtime_core::config::PeerRange::single([192, 0, 2, 3].into());
    let key = holdtime_core::config::AoKey {
        send_id: 1,
        receive_id: 1,
        algorithm: holdtime_core::config::AoAlgorithm::HmacSha1,
        key: b"hunter2".to_vec(),
    };
    match holdtime_reactor::try_keys(peer, &[key]) {
        Ok(()) => assert_eq!((output.status.code(), said.as_str()), (Some(0), "")),
        Err(error) => {
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
            let sentence = format!("{}: neighbor 192.0.2.3 is refused: {error}\n", path.display());
            assert!(said.ends_with(&sentence), "{said}");
            assert!(!said.contains("192.0.2.2") && !said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn an_invalid_configuration_is_one_mistake_and_status_2() {
    let path = file("validate-mistake.conf", &format!("{NEIGHBOR} hold-time 1; }}"));
    let output = validate(&path);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(sentence.contains("validate-mistake.conf:1:80: `1` is not a hold time"), "{sentence}");
}

#[test]
fn a_mark_at_the_beginning_and_the_line_ends_of_another_system_are_read_past() {
    let path = file("validate-mark.conf", &format!("\u{feff}{NEIGHBOR}\r\n hold-time 90;\r\n}}\r\n"));
    let output = validate(&path);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_is_no_text_is_shown_where_it_begins() {
    let path = file("validate-octets.conf", "");
    std::fs::write(&path, b"# a\nneighbor \xff {").unwrap();
    let output = validate(&path);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.ends_with("validate-octets.conf:2:10: a configuration is UTF-8, and this octet is not\n"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_configuration_without_a_neighbor_is_a_warning() {
    let output = validate(&file("validate-empty.conf", "# nothing yet\n"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("validate-empty.conf: there is no neighbor in it\n"), "{said}");
    assert!(output.status.success());
}

#[test]
fn a_program_that_cannot_be_run_is_the_mistake_that_it_is_to_serve() {
    file("validate-plain-file", "");
    let path = file("validate-program.conf", "process a { run ./validate-plain-file; }");
    let (output, name) = (validate(&path), path.display());
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence =
        format!("holdtime: {name}: process a: the program \"./validate-plain-file\" is not executable\n");
    assert_eq!((said, output.status.code(), output.stdout.len()), (sentence, Some(2), 0));
    let path = file("validate-missing.conf", "process a { run ./no-such-program; }");
    let said = String::from_utf8(validate(&path).stderr).unwrap();
    assert!(said.ends_with("process a: there is no program \"./no-such-program\"\n"), "{said}");
}

#[test]
fn a_route_that_is_too_large_for_its_session_is_named_with_both_sizes() {
    let communities = (0..1100).map(|n| format!("65000:{n}")).collect::<Vec<_>>().join(" ");
    let neighbor = |address: &str, extended: &str| {
        format!(
            "neighbor {address} {{ local-address 192.0.2.1; local-as 1; peer-as 2; capability {{ extended-message {extended}; }}
             static {{ route 10.1.0.0/16 next-hop 192.0.2.1 community [ {communities} ]; }} }}\n"
        )
    };
    let text = neighbor("192.0.2.2", "enable") + &neighbor("192.0.2.3", "disable");
    let path = file("validate-too-large.conf", &text);
    let warning = format!(
        "warning: {}: neighbor 192.0.2.3 is not sent 10.1.0.0/16: with its attributes it is a message of 4450 octets, and those \
         of this session have at most 4096\n",
        path.display()
    );
    for verb in ["validate", "encode"] {
        let output = private::holdtime().arg(verb).arg(&path).output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap()),
            (Some(0), warning.clone())
        );
    }
}
