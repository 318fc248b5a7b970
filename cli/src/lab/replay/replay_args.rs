//! The arguments of `holdtime replay`.

use std::path::PathBuf;

use clap::Args;

use crate::args;
use crate::lab::drawing::DrawingArgs;

/// The arguments of `holdtime replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// What `holdtime serve --record` was given: F stands for F, F.1, F.2 and so on; or the folder of a finding, a scenario, or a trace as
    /// JSON
    pub(crate) file: PathBuf,
    /// Only this run of the speaker: 1 is the oldest; without it, all of them
    #[arg(long, value_name = "N")]
    pub(super) run: Option<usize>,
    /// Stop this long after the beginning of each run, and say how everybody and everything stands then
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) until: Option<f64>,
    /// Make a finding of the recording in this folder: peers and programs that say what they said, when they said it
    #[arg(long, value_name = "DIR", conflicts_with = "until")]
    pub(super) to_finding: Option<PathBuf>,
    /// Of a scenario or `--to-finding`: on which reactor; of a scenario, without it, the first that it expects a hang of, or names
    #[arg(long, value_name = "R")]
    pub(super) reactor: Option<String>,
    /// Of a scenario: from which seed
    #[arg(long, value_name = "N", value_parser = args::seed)]
    pub(super) seed: Option<u64>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) drawing: DrawingArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    let seconds = seconds.or_else(|| args::duration(text).ok().map(|time| time.as_secs_f64()));
    seconds.ok_or_else(|| {
        "expected a time such as 20s or 1500ms, or a number of seconds such as 12.5".to_owned()
    })
}
