//! `holdtime suite --real-programs`: programs that are no dialogues run in the lab themselves.

use std::sync::Arc;

use holdtime_guest::RealPrograms;
use holdtime_sim::suite::{Case, Folder};

use super::live::Scratch;
use crate::error::CliError;

/// Lays the programs beside their configurations, in a folder that is there for as long as what this returns, and has every case
/// run them.
pub(super) fn fill(folder: &dyn Folder, cases: &mut [Case]) -> Result<Scratch, CliError> {
    let scratch = Scratch::fill(folder)?;
    for case in cases {
        let config = case.configs.first().map(|config| scratch.root.join(&config.name));
        let beside = config.as_deref().and_then(std::path::Path::parent).unwrap_or(&scratch.root);
        case.real = Some(Arc::new(RealPrograms::of(beside.to_owned())));
    }
    Ok(scratch)
}
