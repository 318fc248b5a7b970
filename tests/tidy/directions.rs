//! Who may import whom: the packages, the modules of the core, and the rooms of the lab.

use std::collections::BTreeMap;

use crate::modules;
use crate::source::{Finding, Tree};

/// A name, and what it may import.
type Row = (&'static str, &'static [&'static str]);

/// Packages, without `holdtime-`; `cli` is the package `holdtime`. What only tests depend on is free, but for `cli`.
const PACKAGES: &[Row] = &[
    ("waits", &[]),
    ("host", &[]),
    ("core", &["host"]),
    ("dump", &["core"]),
    ("reactor", &["core", "host"]),
    ("machine", &["host", "waits"]),
    ("guest", &["machine", "host"]),
    ("sim", &["machine", "reactor", "core", "host", "waits"]),
    ("cli", &["sim", "machine", "reactor", "core", "host", "dump", "waits", "guest"]),
    ("benches", &["sim", "machine", "reactor", "core", "host", "dump"]),
    ("fuzz", &["core", "dump", "sim", "benches"]),
    ("differential", &["peers"]),
    ("peers", &["core", "dump", "benches"]),
    ("speakers", &["host"]),
];

/// The modules of the core, the lowest first.
const CORE: &[Row] = &[
    ("time", &[]),
    ("wire", &["time"]),
    ("session", &["wire", "time"]),
    ("rib", &["wire", "time"]),
    ("print", &["wire", "time"]),
    ("grammar", &["wire", "time"]),
    ("config", &["grammar", "wire", "time"]),
    ("api", &["grammar", "print", "wire", "time"]),
    ("speaker", &["session", "rib", "api", "config", "grammar", "print", "wire", "time"]),
    ("fuzzing", &["speaker", "session", "rib", "api", "config", "grammar", "print", "wire", "time"]),
];

/// The rooms of the lab. A room imports those above it in this list, and a new one is one line.
const ROOMS: &[&str] = &[
    "scenario",
    "observe",
    "turmoil",
    "actor",
    "subject",
    "museum",
    "oracle",
    "certificate",
    "timeline",
    "stage",
    "explore",
    "shrink",
    "why",
    "replay",
    "suite",
    "parity",
    "probe",
    "report",
    "finding",
];

/// What a manifest makes of a package's name.
fn short(name: &str) -> &str {
    match name {
        "holdtime" => "cli",
        name => name.rsplit('-').next().unwrap_or(name),
    }
}

fn row<'a>(rows: &'a [Row], name: &str) -> Option<&'a [&'static str]> {
    rows.iter().find(|(known, _)| *known == name).map(|(_, allowed)| *allowed)
}

/// Packages that import what stands above them, from their manifests.
pub(crate) fn packages(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, manifest) in tree.packages() {
        let mut section = "";
        let mut package = "";
        for (at, line) in manifest.text.lines().enumerate() {
            let line = line.trim();
            let mut imported = None;
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                imported = section.rsplit_once("dependencies.").map(|(_, name)| name);
            } else if let Some((key, value)) = line.split_once('=') {
                match section {
                    "package" if key.trim() == "name" => package = short(value.trim().trim_matches('"')),
                    _ if section.ends_with("dependencies") => imported = key.trim().split('.').next(),
                    _ => {}
                }
            }
            let Some(imported) = imported.filter(|name| name.starts_with("holdtime")) else { continue };
            let imported = short(imported);
            let listed = section.starts_with("workspace");
            let test = section.contains("dev-dependencies") && imported != "cli";
            let message = match row(PACKAGES, package) {
                _ if listed || test => continue,
                None => format!(
                    "the package `{package}` is in no row of PACKAGES in tests/tidy/directions.rs: add it"
                ),
                Some(allowed) if allowed.contains(&imported) => continue,
                Some(allowed) => format!("`{package}` imports `{imported}`, and may import only {allowed:?}"),
            };
            found.push(finding(&manifest.path, at + 1, message));
        }
    }
    found
}

/// Modules of the core that import what stands above them.
pub(crate) fn core(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for ((from, to), line) in modules::imports(tree, "") {
        let (Some(above), Some(below)) = (top(&from, "src/"), top(&to, "src/")) else { continue };
        match row(CORE, above) {
            _ if above == below || above == "lib" => {}
            None => found.push(finding(
                &from,
                line,
                format!("`{above}` is in no row of CORE in tests/tidy/directions.rs: add it"),
            )),
            Some(allowed) if allowed.contains(&below) => {}
            Some(allowed) => {
                found.push(finding(
                    &from,
                    line,
                    format!("`{above}` imports {to}, and may import only {allowed:?}"),
                ));
            }
        }
    }
    found
}

/// Rooms of the lab that import one below them in the list. Modules that are in no room yet are free.
pub(crate) fn rooms(tree: &Tree) -> Vec<Finding> {
    let place: BTreeMap<_, _> = ROOMS.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut found = Vec::new();
    for ((from, to), line) in modules::imports(tree, "sim") {
        let (Some(above), Some(below)) = (top(&from, "sim/src/"), top(&to, "sim/src/")) else { continue };
        if let (Some(here), Some(there)) = (place.get(above), place.get(below))
            && here < there
        {
            let message = format!(
                "the room `{above}` imports {to}, and may import only the rooms above it in ROOMS of tests/tidy/directions.rs"
            );
            found.push(Finding { key: format!("{above} → {below}"), ..finding(&from, line, message) });
        }
    }
    found
}

/// The first part of a path below `source`: a module of a crate.
fn top<'a>(path: &'a str, source: &str) -> Option<&'a str> {
    path.strip_prefix(source)?.split('/').next().map(|name| name.trim_end_matches(".rs"))
}

fn finding(path: &str, line: usize, advice: String) -> Finding {
    Finding { path: path.to_owned(), line, key: path.to_owned(), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(found: &[Finding]) -> Vec<String> {
        found.iter().map(|one| format!("{}:{}", one.path, one.line)).collect()
    }

    #[test]
    fn a_package_that_imports_upwards_is_found_however_its_manifest_says_it() {
        let manifest = |name: &str, rest: &str| format!("[package]\nname = \"holdtime-{name}\"\n{rest}\n");
        let core = |rest: &str| manifest("core", rest);
        for upwards in [
            "[dependencies]\nholdtime-sim.workspace = true",
            "[dependencies]\nholdtime-sim = { path = \"sim\" }",
            "[build-dependencies]\nholdtime-sim = \"1\"",
            "[target.'cfg(unix)'.dependencies]\nholdtime-sim = \"1\"",
            "\n[dependencies.holdtime-sim]",
            "[dev-dependencies]\nholdtime = \"1\"",
        ] {
            let found = packages(&Tree::of(&[("Cargo.toml", &core(upwards))]));
            assert_eq!(lines(&found), ["Cargo.toml:4"], "{upwards}");
        }
        for fine in [
            "[dependencies]\nholdtime-host.workspace = true",
            "[dev-dependencies]\nholdtime-sim = \"1\"",
            "[workspace.dependencies]\nholdtime-sim = \"1\"",
        ] {
            assert_eq!(packages(&Tree::of(&[("Cargo.toml", &core(fine))])), [], "{fine}");
        }
        let unknown = manifest("unheard-of", "[dependencies]\nholdtime-core = \"1\"");
        assert_eq!(packages(&Tree::of(&[("other/Cargo.toml", &unknown)])).len(), 1);
    }

    const MANIFEST: &str = "[package]\nname = \"holdtime-core\"\n";

    #[test]
    fn a_module_of_the_core_that_imports_upwards_is_found_in_a_use_a_path_and_a_macro() {
        for text in [
            "use crate::api::Command;",
            "use super::api::{Command};",
            "fn f() { crate::api::Command::new(); }",
            "fn f() { println!(\"{}\", crate::api::Command::new()); }",
            "use crate::Command;",
        ] {
            let found = core(&Tree::of(&[
                ("Cargo.toml", MANIFEST),
                ("src/lib.rs", "mod api; mod wire; pub use api::Command;"),
                ("src/api.rs", "pub struct Command;"),
                ("src/wire.rs", text),
            ]));
            assert_eq!(lines(&found), ["src/wire.rs:1"], "{text}");
        }
        let fine = core(&Tree::of(&[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", "mod api; mod wire;"),
            ("src/api.rs", "use crate::wire::Reader; #[cfg(test)] mod tests { use crate::speaker::A; }"),
            ("src/wire.rs", "pub struct Reader;"),
        ]));
        assert_eq!(fine, []);
        let unknown = core(&Tree::of(&[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", "mod wire; mod news;"),
            ("src/news.rs", "use crate::wire::Reader;"),
            ("src/wire.rs", "pub struct Reader;"),
        ]));
        assert_eq!(lines(&unknown), ["src/news.rs:1"]);
    }

    #[test]
    fn a_room_that_imports_one_below_it_is_found() {
        let tree = Tree::of(&[
            ("sim/Cargo.toml", "[package]\nname = \"holdtime-sim\"\n"),
            ("sim/src/lib.rs", "mod scenario; mod oracle;"),
            ("sim/src/scenario/mod.rs", "\nuse crate::oracle::Clause; pub struct Scenario;"),
            ("sim/src/oracle.rs", "use crate::scenario::Scenario; pub struct Clause;"),
        ]);
        assert_eq!(lines(&rooms(&tree)), ["sim/src/scenario/mod.rs:2"]);
    }
}
