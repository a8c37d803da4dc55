//! Starts the program, and calls it.

mod client;
mod load;
mod receiver;
mod server;

pub(crate) use client::{Client, figures};
pub(crate) use load::{Load, fold};
pub(crate) use receiver::{Received, Receiver};
pub(crate) use server::{FirstKey, Server};

use std::path::PathBuf;
use std::process::Command;

/// The program, as a command with nothing of the surroundings' settings.
pub(crate) fn stockroom() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockroom"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STOCKROOM_") {
            command.env_remove(name);
        }
    }
    command
}

/// The end of a pipe that nobody reads from.
pub(crate) fn closed_pipe() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

/// A data folder that goes away with the value.
pub(crate) struct DataFolder(tempfile::TempDir);

impl DataFolder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

/// A fresh product id from a number.
pub(crate) fn product(number: u64) -> String {
    format!("15fbeab0-75a3-4d6b-b23b-{number:012}")
}
