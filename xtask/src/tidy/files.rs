//! The files of the repository, and their maximum length.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// The number of lines that a person reads in one sitting.
const LINES_MAX: usize = 450;
/// Test files may be longer, because they are merely many cases.
const TEST_LINES_MAX: usize = 700;

/// A text file of the repository.
pub(super) struct File {
    /// The path relative to the root.
    pub(super) path: PathBuf,
    pub(super) content: String,
}

impl File {
    fn is_test(&self) -> bool {
        self.path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs")
    }
}

/// The text files under version control: all files that `.gitignore` doesn't exclude.
pub(super) fn kept(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    for entry in walk {
        let entry = entry?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(content) = String::from_utf8(fs::read(entry.path())?) {
            let path = entry.path().strip_prefix(root)?.to_path_buf();
            files.push(File { path, content });
        }
    }
    Ok(files)
}

pub(super) fn too_long(files: &[File]) -> Vec<String> {
    let sources = files
        .iter()
        .filter(|file| file.path.extension().is_some_and(|ending| ending == "rs"));
    sources
        .filter_map(|file| {
            let limit = if file.is_test() {
                TEST_LINES_MAX
            } else {
                LINES_MAX
            };
            let lines = file.content.lines().count();
            (lines > limit)
                .then(|| format!("{}: {lines} lines, limit {limit}", file.path.display()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> File {
        File {
            path: path.into(),
            content: "\n".repeat(lines),
        }
    }

    #[test]
    fn sources_are_short_and_tests_a_little_longer() {
        assert!(
            too_long(&[
                file("crates/domain/src/stock.rs", 450),
                file("crates/domain/src/decide/tests.rs", 700),
                file("tests/serve.rs", 700),
                file("docs/openapi.json", 9000),
            ])
            .is_empty()
        );
        assert_eq!(
            too_long(&[
                file("crates/domain/src/stock.rs", 451),
                file("crates/http/tests/api/stock.rs", 701),
            ]),
            [
                "crates/domain/src/stock.rs: 451 lines, limit 450",
                "crates/http/tests/api/stock.rs: 701 lines, limit 700"
            ]
        );
    }
}
