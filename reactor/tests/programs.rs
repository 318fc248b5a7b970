//! Where programs are looked for.

#![allow(clippy::unwrap_used)] // a failed test stops

use std::path::PathBuf;

use holdtime_reactor::find_program;

#[test]
fn a_program_in_the_path_goes_before_one_beside_the_configuration() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("beside");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["sh", "holdtime-has-no-such-program"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    assert_ne!(find_program("sh", &folder).unwrap().parent(), Some(folder.as_path()));
    let alone = "holdtime-has-no-such-program";
    assert_eq!(find_program(alone, &folder), Some(folder.join(alone)));
    assert_eq!(find_program("./sh", &folder), Some(folder.join("./sh")), "what the path cannot have");
    assert_eq!(find_program("", &folder), None);
}
