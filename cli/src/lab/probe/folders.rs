//! The folder for maintainers: one folder a probe, with the report, the scenario, the capture and what the daemon was started with.

use std::fs;
use std::path::{Path, PathBuf};

use holdtime_sim::probe::Probe;
use holdtime_sim::report::html;
use holdtime_sim::report::maintainer::{MATRIX, maintainer};
use holdtime_sim::report::probe::{ProbeRow, object};
use holdtime_sim::timeline::Timeline;

use crate::error::CliError;

/// What the files are called there and in a cell's own folder.
pub(super) const CAPTURE: &str = "capture.pcapng";
pub(super) const LOG: &str = "daemon.log";
pub(super) const PICTURE: &str = "picture.html";

/// Where reports go, if anywhere.
pub(super) struct MaintainerFolders(Option<PathBuf>);

impl MaintainerFolders {
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn at(folder: Option<&Path>) -> Result<Self, CliError> {
        if let Some(folder) = folder {
            make(folder)?;
        }
        Ok(Self(folder.map(Path::to_owned)))
    }

    /// Keeps a probe; `files` are others, each by its name, which are asked for only if something is kept.
    pub(super) fn keep(
        &mut self,
        row: &ProbeRow,
        probe: &Probe,
        capture: Option<&[u8]>,
        files: impl FnOnce() -> Result<Vec<(String, Vec<u8>)>, CliError>,
    ) -> Result<(), CliError> {
        let Some(root) = &self.0 else { return Ok(()) };
        let files = files()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let daemon: String = row.daemon.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let folder = root.join(daemon).join(&row.scenario);
        make(&folder)?;
        let mut names: Vec<&str> = vec!["scenario.toml"];
        names.extend(capture.map(|_| CAPTURE));
        names.extend(files.iter().map(|(name, _)| name.as_str()));
        let beside: Vec<(String, String)> =
            names.iter().map(|name| ((*name).to_owned(), what(name))).collect();
        write(&folder.join("report.md"), maintainer(row, probe, &beside).as_bytes())?;
        write(&folder.join("report.json"), format!("{:#}\n", object(row)).as_bytes())?;
        write(&folder.join("scenario.toml"), probe.text.as_bytes())?;
        if let Some(capture) = capture {
            write(&folder.join(CAPTURE), capture)?;
        }
        files.iter().try_for_each(|(name, content)| write(&folder.join(name), content))
    }
}

/// What a file beside a report is.
fn what(name: &str) -> String {
    let what = match name {
        "scenario.toml" => "what the peers do, and what is required, as holdtime plays it",
        CAPTURE => "what went over the wire",
        LOG => "what the daemon wrote",
        PICTURE => "what happened, as a page for any browser",
        MATRIX => "how the daemons are started",
        _ => "of the daemon's folder, as it was started",
    };
    what.to_owned()
}

/// The picture of a probe.
pub(super) fn picture(timeline: &Timeline) -> Result<Vec<u8>, CliError> {
    let page = html::page(timeline, None).map_err(|error| CliError::input(error.to_string()))?;
    Ok(page.into_bytes())
}

fn make(folder: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder)
        .map_err(|error| CliError::io(format!("cannot make the folder \"{}\"", folder.display()), &error))
}

/// Writes a file.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    fs::write(path, content)
        .map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
}
