//! Forbidden contents of files: traces of the machine on which they were written.

use super::files::File;

/// Prefixes of home directories.
const HOMES: [&str; 4] = ["/home/", "/Users/", "/root/", r"C:\Users\"];

/// The hosts behind the registry, and the folder of Cargo's downloads. A file that names one was
/// written by a tool that saw a mirror or a cache.
const REGISTRIES: [&str; 3] = ["index.crates.io", "static.crates.io", ".cargo/registry/"];

/// The only source that a lock file may contain.
const CRATES_IO: &str = r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;

pub(super) fn violations(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with(file!())) {
        let is_lock = file.path.ends_with("Cargo.lock");
        for (number, line) in (1..).zip(file.content.lines()) {
            if let Some(found) = trace(line, is_lock) {
                let path = file.path.display();
                violations.push(format!("{path}:{number}: must not contain {found}"));
            }
        }
    }
    violations
}

fn trace(line: &str, is_lock: bool) -> Option<&str> {
    if is_lock && line.starts_with("source = ") && line != CRATES_IO {
        return Some(line);
    }
    HOMES
        .into_iter()
        .find(|home| has_path(line, home))
        .or_else(|| REGISTRIES.into_iter().find(|host| line.contains(host)))
}

/// Whether a path of the file system starts there. `start` in the middle of a longer path doesn't
/// count.
fn has_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "._-}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_of_a_machine_are_found() {
        for (line, found) in [
            ("data = \"/home/somebody/stockroom\"", Some("/home/")),
            ("cd /root/stockroom", Some("/root/")),
            (r"type C:\Users\somebody\key.txt", Some(r"C:\Users\")),
            ("https://index.crates.io/", Some("index.crates.io")),
            ("at ~/.cargo/registry/src/x", Some(".cargo/registry/")),
            ("https://example.com/home/page", None),
            ("$REPOSITORY/crates/domain", None),
        ] {
            assert_eq!(trace(line, false), found, "{line}");
        }
    }

    #[test]
    fn a_lock_file_names_no_other_registry() {
        let mirror = r#"source = "sparse+https://mirror.example/index/""#;
        assert_eq!(trace(mirror, true), Some(mirror));
        assert_eq!(trace(CRATES_IO, true), None);
    }
}
