//! Required contents of every crate's manifest.

use std::fs;

use toml::Table;

use crate::workspace::Workspace;

/// Checks that every crate inherits the lints of the workspace.
pub(super) fn violations(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    for package in workspace.metadata.workspace_packages() {
        let manifest: Table = fs::read_to_string(&package.manifest_path)?.parse()?;
        if !inherits_lints(&manifest) {
            violations.push(format!(
                "{}: its manifest lacks `[lints] workspace = true`",
                package.name
            ));
        }
    }
    Ok(violations)
}

fn inherits_lints(manifest: &Table) -> bool {
    manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_must_be_inherited() {
        for (manifest, inherits) in [
            ("[lints]\nworkspace = true", true),
            ("lints.workspace = true", true),
            ("[lints.clippy]\nall = \"warn\"", false),
            ("[package]\nname = \"x\"", false),
        ] {
            assert_eq!(
                inherits_lints(&manifest.parse().unwrap()),
                inherits,
                "{manifest}"
            );
        }
    }
}
