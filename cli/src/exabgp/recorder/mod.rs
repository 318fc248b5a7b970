//! The flight recorder of `serve --record`: every input as a line, for `holdtime replay`. Keys of sessions are not written down:
//! others stand for them, and nobody but the owner may read the rest.

mod segments;

use std::path::Path;

use holdtime_core::config::{ConfigText, Secrets};
use holdtime_core::speaker::Setup;
use holdtime_core::speaker::record::{self, Head};
use holdtime_core::{Input, Now};
use holdtime_reactor::driver::Recorder;

use crate::error::CliError;
use segments::Segments;
pub(crate) use segments::{Continuation, series};

/// Begins a recording of a speaker made from `setup`, whose settings were `settings` and whose first file was
/// `config`. Each line is in a file before the core sees its input. Where nothing can be written any
/// more, the speaker goes on without it. `limit` is how many octets the recordings of this name may take.
pub(crate) fn start(
    path: &Path,
    limit: u64,
    setup: &Setup,
    settings: Vec<(String, String)>,
    config: ConfigText,
) -> Result<Recorder, CliError> {
    let mut secrets = Secrets::default();
    let head = Head {
        identity: setup.identity.clone(),
        settings,
        files: setup.files.clone(),
        config: ConfigText { text: secrets.hide(&config.text), name: config.name },
        seed: setup.seed,
        pipes: setup.pipes.clone(),
    };
    let segments = Segments::begin(path, limit, head.seed, &head.to_string());
    let segments = segments
        .map_err(|error| CliError::io(format_args!("cannot record in \"{}\"", path.display()), &error))?;
    let mut segments = Some(segments);
    Ok(Box::new(move |now: Now, input: &Input<'_>| {
        let line = match input {
            Input::Reload(Ok(ConfigText { name, text })) => {
                let text = ConfigText { name: name.clone(), text: secrets.hide(text) };
                record::line(now, &Input::Reload(Ok(text)))
            }
            _ => record::line(now, input),
        };
        if let Some(Err(error)) = segments.as_mut().map(|segments| segments.write(&line)) {
            tracing::error!("the recording ends here: {error}");
            segments = None;
        }
    }))
}
