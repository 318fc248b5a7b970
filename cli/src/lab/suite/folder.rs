//! A folder of cases on disk.

use std::fs;
use std::path::{Path, PathBuf};

use holdtime_sim::suite::Folder;

use crate::error::CliError;

/// A folder and everything in it, read when it is asked for.
pub(super) struct DiskFolder {
    root: PathBuf,
    files: Vec<String>,
}

impl DiskFolder {
    pub(super) fn open(root: &Path) -> Result<Self, CliError> {
        let mut files = Vec::new();
        collect(root, "", &mut files)
            .map_err(|error| CliError::io(format!("cannot read \"{}\"", root.display()), &error))?;
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }
}

impl Folder for DiskFolder {
    fn files(&self) -> Vec<String> {
        self.files.clone()
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.root.join(name)).ok()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
