//! Finds or starts a PostgreSQL server, says on standard output what its URL and what it is, with
//! a tab between, and keeps it until standard input ends. Says nothing if there is none to be had.
//! With the argument `image`, only says which image of PostgreSQL there is for containers.
//!
//! With `citus` and the program's file, it says the same of a database on the Citus cluster that is
//! named, with its name instead of its URL: one that has the program's tables, and can be copied.

use std::ffi::OsStr;
use std::io::Write as _;

use anyhow::Context as _;
use stockroom_test_postgres::{CITUS_URL_VARIABLE, Citus, Server};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(word) if word == "image" => {
            if let Some(image) = Server::image().await {
                println!("{image}");
            }
            Ok(())
        }
        Some(word) if word == "citus" => {
            let program = arguments.next().context("no program is named")?;
            keep_citus(&program).await
        }
        _ => keep_server().await,
    }
}

async fn keep_server() -> anyhow::Result<()> {
    let Some(server) = Server::find().await? else {
        return Ok(());
    };
    keep(server.url(), server.source()).await?;
    server.stop().await
}

async fn keep_citus(program: &OsStr) -> anyhow::Result<()> {
    let Some(citus) = Citus::named() else {
        return Ok(());
    };
    let source = citus.source().await.context(CITUS_URL_VARIABLE)?;
    let database = citus.create().await?;
    database.distribute(program.as_ref()).await?;
    database.close().await?;
    keep(database.name(), &source).await
}

/// Says what there is, and waits until it is no longer needed.
async fn keep(what: &str, source: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{what}\t{source}")?;
    output.flush()?;
    let mut ignored = Vec::new();
    tokio::io::stdin().read_to_end(&mut ignored).await?;
    Ok(())
}
