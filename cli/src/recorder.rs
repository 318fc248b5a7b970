//! The flight recorder of `serve --record`: every input as a line of a file, for `holdtime replay`.

use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::Path;

use holdtime_core::speaker::Setup;
use holdtime_core::speaker::record::{self, Head};
use holdtime_core::{Input, Now};
use holdtime_reactor::driver::Recorder;

use crate::error::CliError;

/// Begins a recording of a speaker made from `setup`, whose settings were `settings` and whose first file is
/// read again. Each line is in the file before the core sees its input. Where the file cannot be written any
/// more, the speaker goes on without it.
pub(crate) fn start(
    path: &Path,
    setup: &Setup,
    settings: Vec<(String, String)>,
) -> Result<Recorder, CliError> {
    let name = setup.files.first().cloned().unwrap_or_default();
    let text = std::fs::read_to_string(&name)
        .map_err(|error| CliError::io(format_args!("cannot read \"{name}\""), &error))?;
    let head = Head {
        identity: setup.identity.clone(),
        settings,
        files: setup.files.clone(),
        config: holdtime_core::config::ConfigText { name, text },
        seed: setup.seed,
        pipes: setup.pipes.clone(),
    };
    let cannot_write =
        |error: &std::io::Error| CliError::io(format_args!("cannot write \"{}\"", path.display()), error);
    let mut file = LineWriter::new(File::create(path).map_err(|error| cannot_write(&error))?);
    write!(file, "{head}").map_err(|error| cannot_write(&error))?;
    let mut file = Some(file);
    Ok(Box::new(move |now: Now, input: &Input<'_>| {
        let line = record::line(now, input);
        if let Some(Err(error)) = file.as_mut().map(|file| file.write_all(line.as_bytes())) {
            tracing::error!("the recording ends here: {error}");
            file = None;
        }
    }))
}
