//! The repository's location, and Cargo's metadata of it.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand};
use xshell::Shell;

/// The repository, with a shell whose current directory is its root.
pub(crate) struct Workspace {
    pub(crate) metadata: Metadata,
    pub(crate) shell: Shell,
}

impl Workspace {
    /// The repository that contains the current directory, as Cargo finds it.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("cargo metadata")?;
        let shell = Shell::new()?;
        shell.change_dir(&metadata.workspace_root);
        Ok(Self { metadata, shell })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }
}
