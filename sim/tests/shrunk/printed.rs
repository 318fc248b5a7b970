use holdtime_sim::scenario::{self, mistake::Source};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};

#[test]
fn poll_failed() -> Result<(), String> {
    let text = r#"title = "poll: peer far fails: at `expect notification 6/3`: the connection was closed"
run-for = "90s"

[[speaker]]
address = "10.0.0.1"
config = '''
neighbor 10.0.0.2 { local-address 10.0.0.1; local-as 65001; peer-as 65002; }
'''

[[peer]]
name = "far"
address = "10.0.0.2"
as = 65002
script = '''
accept
expect notification 6/3
'''
"#;
    let source = Source::new("shrunk.toml", text);
    let scenario = scenario::read(&source, |_| None, &subject::names());
    let scenario = scenario.map_err(|mistake| mistake.to_string())?;
    let subject = subject::find("poll").map_err(|unknown| unknown.to_string())?;
    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: 0.into() };
    let key = run.go()?.verdict.key().map(|key| key.to_string());
    assert_eq!(key.as_deref(), Some("failed: peer"));
    Ok(())
}
