//! Finds or starts a PostgreSQL server, says on standard output what its URL and what it is, with
//! a tab between, and keeps it until standard input ends. Says nothing if there is none to be had.
//! With the argument `image`, only says which image of PostgreSQL there is for containers.

use std::io::Write as _;

use stockroom_test_postgres::Server;
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("image") {
        if let Some(image) = Server::image().await {
            println!("{image}");
        }
        return Ok(());
    }
    let Some(server) = Server::find().await? else {
        return Ok(());
    };
    let mut output = std::io::stdout();
    writeln!(output, "{}\t{}", server.url(), server.source())?;
    output.flush()?;
    let mut ignored = Vec::new();
    tokio::io::stdin().read_to_end(&mut ignored).await?;
    server.stop().await
}
