//! What every verb shares: exit statuses, one sentence for a mistake, readers that go away.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

#[path = "shared/private.rs"]
mod private;

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn holdtime(arguments: &[&str]) -> Output {
    private::holdtime().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_mistyped_verb_is_one_sentence_with_the_nearest_verb_and_status_2() {
    let output = holdtime(&["completion-s"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("did you mean \"completions\"?"), "{said}");
}

#[test]
fn a_missing_argument_is_named_on_one_line_with_status_2() {
    let output = holdtime(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("<CONF>"), "{said}");
}

#[test]
fn a_log_filter_that_is_none_is_refused_with_status_2() {
    let output = holdtime(&["--log", "=loud=", "completions", "bash"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("=loud="));
}

#[test]
fn a_mistake_is_json_where_the_log_is() {
    let output = holdtime(&["serve", "--log-format", "json", "there-is-no-such.conf"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["fields"]["message"].as_str().unwrap().contains("there-is-no-such.conf"), "{said}");
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{said}");
}

/// What `holdtime env --diff` prints under one name for its file of settings, given as an option or as a variable.
fn settings_of(program: &Path, options: &[&str], variables: &[(&str, &Path)]) -> String {
    let mut command = Command::new(program);
    command.env_clear().args(["env", "--diff", "--env"]).args(options);
    let output =
        command.envs(variables.iter().map(|(name, path)| (*name, path.as_os_str()))).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn settings_are_found_where_they_are_said_to_be_or_below_where_the_program_is_installed() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("settings");
    let _ = std::fs::remove_dir_all(&root);
    let write = |file: &Path, port: u16| {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("[exabgp.tcp]\nport = {port}\n")).unwrap();
    };
    let (given, named) = (root.join("given.env"), root.join("named.env"));
    write(&given, 1);
    write(&named, 2);
    write(&root.join("other/etc/exabgp/exabgp.env"), 3);
    write(&root.join("etc/exabgp/exabgp.env"), 4);
    std::fs::create_dir(root.join("bin")).unwrap();
    let program = root.join("bin/exabgp");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_holdtime"), &program).unwrap();
    let option = ["--env-file", given.to_str().unwrap()];
    let (variable, other) = (("EXABGP_ENVFILE", named.as_path()), root.join("other"));
    let below = ("EXABGP_ROOT", other.as_path());
    assert_eq!(settings_of(&program, &option, &[variable, below]), "exabgp.tcp.port=1\n");
    assert_eq!(settings_of(&program, &[], &[variable, below]), "exabgp.tcp.port=2\n");
    assert_eq!(settings_of(&program, &[], &[below]), "exabgp.tcp.port=3\n");
    assert_eq!(settings_of(&program, &[], &[]), "exabgp.tcp.port=4\n");
}

#[test]
fn a_file_of_settings_that_is_named_must_be_there() {
    let output = holdtime(&["env", "--env-file", "/no/such.env"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot read the settings in \"/no/such.env\": "),
        "{}",
        stderr(&output)
    );
    let output = private::holdtime().env("EXABGP_ENVFILE", "/").arg("env").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_misspelt_setting_is_answered_with_the_nearest_name() {
    for (name, near) in [
        ("exabgp_tcp_prot", "did you mean exabgp.tcp.port?"),
        ("exabgp.tcp.prot", "did you mean exabgp.tcp.port?"),
        ("exabgp_tpc_port", "did you mean exabgp.tcp.port?"),
        ("exabgp_daemon_usr", "did you mean exabgp.daemon.user?"),
        ("exabgp_log_zzz", "exabgp.log has enable, level, "),
    ] {
        let output = private::holdtime().env(name, "1").arg("env").output().unwrap();
        let said = stderr(&output);
        assert!(said.contains(near) && said.lines().count() == 1, "{name}: {said}");
        assert_eq!(output.status.code(), Some(2));
    }
    // Variables that are about something else.
    for name in ["exabgp_cli_pipe", "exabgp_home", "EXABGP_TCP_PROT"] {
        let output = private::holdtime().env(name, "1").arg("env").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
}

#[test]
fn what_is_no_setting_in_a_file_is_answered_with_its_line() {
    for (text, sentence) in [
        (
            "[exabgp.tcp]\n# a comment\nprot = 1\n",
            ":3: there is no setting exabgp.tcp.prot; did you mean exabgp.tcp.port?",
        ),
        ("[exabgp.api]\nack = true\n[exabgp.zzz]\nport = 1\n", ":4: there is no setting exabgp.zzz.port; "),
        ("port = 1\n", ":1: `port = 1` stands in no section"),
        (
            "[exabgp.tcp]\nport 1790\n",
            ":2: `port 1790` is neither a section such as [exabgp.tcp] nor a setting such as",
        ),
        ("; ours\n[exabgp.tcp\nport = 1790\n", ":2: `[exabgp.tcp` has no `]` at its end"),
        ("[exabgp.tcp]\nport = 5\n\nPort = 6\n", ":4: exabgp.tcp.port stands in line 2 already"),
        (
            "[exabgp.log]\nshort = true\nall = perhaps\n",
            ":3: the setting exabgp.log.all must be true or false (or 1, yes, on, enable; 0, no, off, disable), not \"perhaps\"",
        ),
    ] {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("misspelt.env");
        std::fs::write(&file, text).unwrap();
        let output = holdtime(&["env", "--env-file", file.to_str().unwrap()]);
        assert!(stderr(&output).contains(&format!("misspelt.env{sentence}")), "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn what_is_printed_as_settings_is_what_is_in_effect() {
    let printed = |variables: &[(&str, &str)]| {
        let output =
            private::holdtime().envs(variables.iter().copied()).args(["env", "--env"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let usual = printed(&[]);
    for line in ["# exabgp.daemon.user='nobody'", "exabgp.log.destination='stderr'", "exabgp.tcp.attempts=0"]
    {
        assert!(usual.lines().any(|printed| printed == line), "{line}: {usual}");
    }
    let made = printed(&[
        ("exabgp_tcp_once", "true"),
        ("exabgp_daemon_user", "daemon"),
        ("exabgp_log_level", "debug"),
    ]);
    for line in [
        "exabgp.daemon.user='daemon'",
        "exabgp.log.destination='stdout'",
        "exabgp.log.level=DEBUG",
        "exabgp.tcp.attempts=1",
    ] {
        assert!(made.lines().any(|printed| printed == line), "{line}: {made}");
    }
}

#[test]
fn help_goes_to_the_standard_output_and_names_the_exit_statuses() {
    let output = holdtime(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("Exit status: 0 as expected"));
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let mut child = private::holdtime()
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}
