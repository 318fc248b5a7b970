//! Command-line clients: whom each commands, and by which script.

use crate::scenario::PlayClient;
use crate::scenario::check::Check;
use crate::scenario::file::File;
use crate::scenario::mistake::Mistake;
use crate::scenario::script::ProgramScript;
use crate::scenario::whole::Hosts;

/// The clients of a file. Two at the same pipes would take each other's answers, in the lab as anywhere.
pub(super) fn of(check: &Check<'_>, file: &File, hosts: &Hosts<'_>) -> Result<Vec<PlayClient>, Mistake> {
    let mut clients: Vec<PlayClient> = Vec::new();
    for table in &file.client {
        let place = || check.inside(&table.name);
        let speaker = match &table.on {
            None => hosts.speakers.first().copied().unwrap_or_default(),
            Some(on) => {
                let unknown = || {
                    let mistake = check
                        .source
                        .mistake(check.inside(on), format!("no speaker is called `{}`", on.get_ref()));
                    mistake.one_of(on.get_ref(), &hosts.speakers)
                };
                let known = hosts.speakers.iter().find(|known| **known == on.get_ref().as_str());
                known.copied().ok_or_else(unknown)?
            }
        };
        if let Some(other) = clients.iter().find(|other| other.speaker == speaker) {
            let problem = format!("`{}` has the named pipes of `{speaker}` already", other.name);
            return Err(check.source.mistake(place(), problem).expected("one client for each speaker"));
        }
        let name = table.name.get_ref().clone();
        if name.is_empty() || name.contains(char::is_whitespace) {
            let mistake = check.source.mistake(place(), "not a client's name");
            return Err(mistake.expected("one word, by which reports call it"));
        }
        let script = ProgramScript::parse(check.source, check.inside(&table.script))?;
        clients.push(PlayClient { name, speaker: speaker.to_owned(), script });
    }
    Ok(clients)
}
