//! The folder that live speakers run in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use holdtime_sim::suite::Folder;

use crate::error::CliError;

/// The settings of the speakers that are started.
pub(super) const SETTINGS: &str = "settings.env";

/// A folder of our own with the configurations and the programs, since programs are found beside configurations.
pub(in crate::lab::suite) struct Scratch {
    pub(in crate::lab::suite) root: PathBuf,
}

impl Scratch {
    pub(in crate::lab::suite) fn fill(folder: &dyn Folder) -> Result<Self, CliError> {
        let root = std::env::temp_dir().join(format!("holdtime-suite-{}", std::process::id()));
        let scratch = Self { root };
        // Neither the settings nor the named pipes of this machine, where another speaker may be at work.
        let pipename = format!("holdtime-suite-{}", std::process::id());
        scratch.write(SETTINGS, format!("[exabgp.api]\npipename = '{pipename}'\n").as_bytes())?;
        for name in folder.files() {
            if let Some(text) =
                folder.read(&name).filter(|_| !name.ends_with(".msg") && !name.ends_with(".ci"))
            {
                scratch.write(&name, text.as_bytes())?;
            }
        }
        Ok(scratch)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.root.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        let executable = bytes.starts_with(b"#!");
        let written = written.and_then(|()| {
            if executable { fs::set_permissions(&path, fs::Permissions::from_mode(0o755)) } else { Ok(()) }
        });
        written.map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary folder is nobody's problem.
        let _ = fs::remove_dir_all(&self.root);
    }
}
