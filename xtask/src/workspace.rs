//! The repository's location, and Cargo's metadata of it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand};
use xshell::{Shell, cmd};

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

    /// Builds all programs, not optimized, and gives the folder that they are in. Such programs assert
    /// more, and are built for tests as well.
    ///
    /// # Errors
    /// If one of them can't be built.
    pub(crate) fn build(&self) -> anyhow::Result<PathBuf> {
        // With the tests: their dependencies have other features, and would be built a second time.
        cmd!(self.shell, "cargo build --quiet --workspace --tests --bins").run()?;
        Ok(self.target().join("debug"))
    }

    /// Builds programs as they are shipped, and gives the folder that they are in.
    ///
    /// # Errors
    /// If one of them can't be built.
    pub(crate) fn build_optimized(&self, packages: [&str; 2]) -> anyhow::Result<PathBuf> {
        // One after the other: if they were built together, they would share features.
        for package in packages {
            cmd!(self.shell, "cargo build --release --package {package}").run()?;
        }
        Ok(self.target().join("release"))
    }
}
