//! PostgreSQL for tests: a database for each, on a server that is found or started.
//!
//! The server is, in this order:
//! 1. the one at `STOCKROOM_TEST_DATABASE_URL`, whose user may create databases;
//! 2. a container of the image `STOCKROOM_TEST_POSTGRES_IMAGE` (by default the official one, or the
//!    one that `cargo xtask postgres-image` built), if a Docker engine has it or can pull it;
//! 3. a throwaway cluster made with the programs of this machine.
//!
//! `cargo xtask test` starts one for all tests, by the program of this crate, and hands its URL
//! down. Tests that are run without it start one for each process.
//!
//! On Citus, tests run on a cluster that somebody else has, at `STOCKROOM_TEST_CITUS_URL`, and only if
//! `cargo xtask test` says so.
//!
//! Benchmarks make a [`Cluster`] of their own, with settings that keep what is committed.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test that can't have its database fails by panicking"
)]

mod citus;
mod cluster;
mod container;
mod crashing;
mod database;
mod pooler;
mod server;

pub use citus::{CITUS_URL_VARIABLE, Citus, CitusDatabase};
pub use cluster::{Cluster, programs};
pub use crashing::CrashingServer;
pub use database::TestDatabase;
pub use pooler::Pooler;
pub use server::{Server, URL_VARIABLE};
