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

    /// Builds programs, and gives the folder that they are in. Not optimized, they assert more.
    ///
    /// # Errors
    /// If one of them can't be built.
    pub(crate) fn build(&self, packages: [&str; 2], optimized: bool) -> anyhow::Result<PathBuf> {
        let (profile, folder) = if optimized {
            ("release", "release")
        } else {
            ("dev", "debug")
        };
        // One after the other: if they were built together, they would share features, and much would
        // be rebuilt.
        for package in packages {
            cmd!(
                self.shell,
                "cargo build --profile {profile} --package {package}"
            )
            .run()?;
        }
        Ok(self.target().join(folder))
    }
}
