//! A demonstration: it is made, printed, and goes on.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use stockroom_application::{Environment, Stockroom};
use stockroom_demo::{DemoClock, Made};
use tokio::task::JoinHandle;

use crate::health;

/// A demonstration that is to be made.
#[derive(Default)]
pub(crate) struct Demo {
    clock: DemoClock,
}

/// The environment to work in: that of a demonstration has a clock that can be stopped.
pub(crate) fn environment(demo: Option<&Demo>) -> Environment {
    demo.map_or_else(Environment::system, |demo| demo.clock.environment())
}

impl Demo {
    /// Makes the demonstration and prints a key for it. The task has it go on until it is aborted.
    ///
    /// # Errors
    /// If it can't be made or printed.
    pub(crate) async fn start(
        self,
        stockroom: &Arc<Stockroom>,
        address: SocketAddr,
        console: Option<SocketAddr>,
    ) -> anyhow::Result<JoinHandle<()>> {
        let made = stockroom_demo::make(stockroom, &self.clock).await;
        let made = made.context("the demonstration can't be made")?;
        print(&made, health::on_this_machine(address), console)
            .context("the key of the demonstration can't be printed")?;
        Ok(tokio::spawn(stockroom_demo::go_on(made)))
    }
}

/// The line that leads to the console, if there is one.
fn console_line(console: Option<SocketAddr>) -> String {
    console.map_or_else(String::new, |console| {
        let console = health::on_this_machine(console);
        format!("Open http://{console}/console/ and sign in with these.")
    })
}

fn print(made: &Made, address: SocketAddr, console: Option<SocketAddr>) -> std::io::Result<()> {
    let key = &made.key;
    let [berlin, paris] = &made.stores;
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        r#"
Stockroom shows a demonstration, which is gone when the server stops:

  organization  {organization}  ({organization_name})
  store         {berlin}  ({berlin_name})
  store         {paris}  ({paris_name})
  key           {key_id}  ({key_name}, of the organization)
  client_id     {client_id}
  client_secret {client_secret}

{console}

Paste this to list stock, with its products:

curl -s "http://{address}/v2/inventories?include=product" -H "Authorization: Bearer $(curl -s http://{address}/oauth/access_token -d grant_type=client_credentials -d client_id={client_id} -d client_secret={client_secret} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"
"#,
        organization = made.organization.id,
        organization_name = made.organization.name,
        berlin = berlin.id,
        berlin_name = berlin.name,
        paris = paris.id,
        paris_name = paris.name,
        key_id = key.key.id,
        key_name = key.key.name,
        console = console_line(console),
        client_id = key.key.client_id,
        client_secret = key.client_secret,
    )?;
    stdout.flush()
}
