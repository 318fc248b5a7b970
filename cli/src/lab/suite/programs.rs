//! The API programs of ExaBGP's own cases: they are none of the project's, and are found where they were fetched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use holdtime_sim::suite::{Case, Folder};

use super::folder::{DiskFolder, file_name};
use crate::error::CliError;

/// A folder of cases with the programs laid beside their configurations.
pub(super) struct WithPrograms<'f> {
    cases: &'f dyn Folder,
    beside: BTreeMap<String, String>,
}

impl Folder for WithPrograms<'_> {
    fn files(&self) -> Vec<String> {
        let mut files = self.cases.files();
        files.extend(self.beside.keys().cloned());
        files.sort();
        files.dedup();
        files
    }

    fn read(&self, name: &str) -> Option<String> {
        self.beside.get(name).cloned().or_else(|| self.cases.read(name))
    }
}

/// Whether a case starts a program that is not among the cases.
pub(super) fn misses_program(case: &Case) -> bool {
    case.programs.iter().any(|(command, scripts)| scripts.is_empty() && command.starts_with("./"))
}

/// Whether every program that a case starts is among the files of its folder, dialogue or not.
fn brings_programs(case: &Case, files: &[String]) -> bool {
    let place = case.configs.first().map(|config| place_of(&config.name)).unwrap_or_default();
    let is_there = |command: &str| files.contains(&format!("{place}{}", command.trim_start_matches("./")));
    case.programs.iter().all(|(command, _)| !command.starts_with("./") || is_there(command))
}

/// The folder that a file is in, with a `/` at its end unless it is empty.
fn place_of(file: &str) -> String {
    file.rsplit_once('/').map_or(String::new(), |(place, _)| format!("{place}/"))
}

/// Finds the programs that `cases` miss; `None`: they miss none.
///
/// A program waits for the events that the configuration it was shipped with subscribes to: where that stands in the folder
/// above the programs, it takes the place of the case's own.
pub(super) fn find<'f>(
    folder: &'f dyn Folder,
    cases: &[Case],
    named: Option<&Path>,
) -> Result<Option<WithPrograms<'f>>, CliError> {
    let files = folder.files();
    let missing: Vec<&Case> =
        cases.iter().filter(|case| misses_program(case) && !brings_programs(case, &files)).collect();
    let Some((command, config)) =
        missing.first().and_then(|case| Some((case.programs.first()?.0.as_str(), case.configs.first()?)))
    else {
        return Ok(None);
    };
    let programs = named.map(Path::to_owned).or_else(cached);
    let Some(programs) = programs.filter(|dir| dir.join(file_name(command)).is_file()) else {
        return Err(CliError::input(format!(
            "the program \"{command}\" is not among the cases; fetch ExaBGP's own with .ci/fetch-exabgp-programs, or name their folder with --programs"
        )));
    };
    let place = place_of(&config.name);
    let shipped = DiskFolder::open(&programs)?;
    let mut beside: BTreeMap<String, String> = shipped
        .files()
        .into_iter()
        .filter_map(|name| Some((format!("{place}run/{name}"), shipped.read(&name)?)))
        .collect();
    for config in missing.iter().flat_map(|case| &case.configs) {
        let with_programs = programs.parent().map(|above| above.join(file_name(&config.name)));
        if let Some(Ok(text)) = with_programs.map(fs::read_to_string) {
            beside.insert(config.name.clone(), text);
        }
    }
    Ok(Some(WithPrograms { cases: folder, beside }))
}

/// Where `.ci/fetch-exabgp-programs` puts ExaBGP's API programs, with their configurations in the folder above.
fn cached() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    Some(cache.join("holdtime/exabgp/run"))
}
