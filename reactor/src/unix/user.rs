//! Who this process runs as: users and groups by name, and becoming one of them for good.
//!
//! Linux keeps identities per thread. A process of this project has one thread, which is why the calls here, made
//! before anything starts another, speak for the whole of it.

use std::io;
use std::process::Command;

use rustix::process::getuid;
pub use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user and the group that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub uid: Uid,
    /// Its first group.
    pub gid: Gid,
}

impl User {
    /// Becomes this user for good, in its own group and no other.
    ///
    /// # Errors
    /// The process may not.
    pub fn assume(self) -> io::Result<()> {
        // The groups first: afterwards nobody may change them.
        set_thread_groups(&[])?;
        become_group(self.gid)?;
        become_user(self.uid)
    }
}

/// Whether the process may become somebody else.
pub fn is_root() -> bool {
    getuid().is_root()
}

/// Becomes a user for good.
///
/// # Errors
/// The process may not.
pub fn become_user(uid: Uid) -> io::Result<()> {
    Ok(set_thread_res_uid(uid, uid, uid)?)
}

/// Becomes a member of a group for good, and leaves the one it was in.
///
/// # Errors
/// The process may not.
pub fn become_group(gid: Gid) -> io::Result<()> {
    Ok(set_thread_res_gid(gid, gid, gid)?)
}

/// Finds a user by name.
pub fn find(name: &str) -> Option<User> {
    let fields = entry("passwd", name)?;
    let number = |field: usize| fields.get(field)?.parse().ok();
    Some(User { uid: Uid::from_raw(number(2)?), gid: Gid::from_raw(number(3)?) })
}

/// Finds a group by name.
pub fn find_group(name: &str) -> Option<Gid> {
    Some(Gid::from_raw(entry("group", name)?.get(2)?.parse().ok()?))
}

/// The fields of a name's line in `/etc/passwd` or `/etc/group`; where it has none, what `getent` finds elsewhere (LDAP, …).
fn entry(database: &str, name: &str) -> Option<Vec<String>> {
    let find = |text: &str| {
        let mut lines = text.lines().map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
        lines.find(|fields| fields.first().is_some_and(|first| first == name))
    };
    let file = std::fs::read_to_string(format!("/etc/{database}")).unwrap_or_default();
    find(&file).or_else(|| {
        let output = Command::new("getent").args([database, "--", name]).output().ok()?;
        find(&String::from_utf8_lossy(&output.stdout))
    })
}

#[cfg(test)]
mod tests {
    use super::{Gid, Uid, User, find, find_group};

    #[test]
    fn root_is_found_by_its_name_and_nobody_by_none() {
        assert_eq!(find("root"), Some(User { uid: Uid::ROOT, gid: Gid::ROOT }));
        assert_eq!(find_group("root"), Some(Gid::ROOT));
        assert_eq!(find("no such user"), None);
        assert_eq!(find(""), None);
    }
}
