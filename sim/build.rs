//! Puts the scenarios, the stalls, the probes and the cases into the library, so that the binary works from any folder.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where to write through the environment"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let target = env::var("OUT_DIR").map_err(io::Error::other)?;
    for folder in ["scenarios", "stalls", "probes", "cases"] {
        println!("cargo:rerun-if-changed={folder}");
        let mut table = String::from("&[\n");
        let mut files = Vec::new();
        collect(&Path::new(&root).join(folder), "", &mut files)?;
        files.sort();
        for (name, path) in files {
            let _ = writeln!(table, "    ({name:?}, include_str!({path:?})),");
        }
        table.push_str("]\n");
        fs::write(Path::new(&target).join(format!("{folder}.rs")), table)?;
    }
    Ok(())
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path().to_string_lossy().into_owned()));
        }
    }
    Ok(())
}
