//! A case that the suite doesn't list would never run.

use std::collections::BTreeSet;
use std::path::Path;

/// Collects the names of the cases in a folder: the public asynchronous functions of modules.
fn cases(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            cases(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source file");
        let functions = source.lines().filter_map(|line| {
            let signature = line.strip_prefix("pub async fn ")?;
            signature.split('(').next()
        });
        found.extend(functions.map(str::to_owned));
    }
}

#[test]
fn every_case_is_listed() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut written = BTreeSet::new();
    cases(&sources, &mut written);
    assert!(!written.is_empty());

    let list = std::fs::read_to_string(sources.join("lib.rs")).expect("lib.rs");
    let listed: BTreeSet<String> = list
        .lines()
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .collect();
    let forgotten: Vec<_> = written.difference(&listed).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
