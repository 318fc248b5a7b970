//! The file of saved worlds: scenarios one after the other, a line with its seed before each.

use std::io::Read;

/// What stands before a world.
const HEAD: &str = "# world ";

/// A world of the file.
#[derive(Debug)]
pub(crate) struct SavedWorld {
    /// Its seed, and that of its run.
    pub(crate) seed: u64,
    /// The scenario.
    pub(crate) text: String,
}

/// The saved worlds.
pub(crate) fn worlds() -> Vec<SavedWorld> {
    let packed = include_bytes!("worlds.toml.xz");
    let mut text = String::new();
    lzma_rust2::XzReader::new(packed.as_slice(), false).read_to_string(&mut text).expect("the file is whole");
    split(&text)
}

/// A world as it stands in the file.
pub(crate) fn entry(seed: u64, text: &str) -> String {
    format!("{HEAD}{seed}\n{text}")
}

/// The worlds of a file's text.
pub(crate) fn split(text: &str) -> Vec<SavedWorld> {
    let mut worlds: Vec<SavedWorld> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(seed) = line.strip_prefix(HEAD) {
            worlds.push(SavedWorld { seed: seed.trim_end().parse().expect("a seed"), text: String::new() });
        } else if let Some(world) = worlds.last_mut() {
            world.text.push_str(line);
        }
    }
    worlds
}
