//! What goes wrong in a round, and when.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::time::sleep;

use crate::system::{Store, System};

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Blow {
    /// Servers are killed, and are gone for a while.
    Kill { servers: Vec<usize>, gone: Duration },
    /// A server is stopped as an operator would, and started again.
    Stop { server: usize },
    /// A server does nothing for a while, and then goes on as if nothing had happened.
    Freeze { server: usize, still: Duration },
    /// PostgreSQL is killed, and with it some servers.
    KillPostgres {
        kill: bool,
        servers: Vec<usize>,
        gone: Duration,
    },
    /// PostgreSQL does nothing for a while.
    FreezePostgres { still: Duration },
    /// The connections between servers and the database are cut.
    Cut,
}

/// All that goes wrong in a round, each after a while in which nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chaos {
    blows: Vec<(Duration, Blow)>,
    calm: Duration,
}

fn between(random: &mut StdRng, milliseconds: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(milliseconds))
}

impl Chaos {
    /// Something is killed, or cut, in each round.
    pub(crate) fn plan(random: &mut StdRng, store: Store) -> Self {
        let count = match store {
            Store::Sqlite => random.random_range(2..=4),
            Store::Postgres | Store::Citus => random.random_range(1..=3),
        };
        let blows = (0..count).map(|number| {
            let wait = between(random, 50..600);
            (wait, Blow::at_random(random, store, number == 0))
        });
        Self {
            blows: blows.collect(),
            calm: between(random, 50..400),
        }
    }

    /// Lets it happen. In the end all runs again.
    ///
    /// # Errors
    /// If something doesn't start again.
    pub(crate) async fn happen(self, system: &mut System) -> anyhow::Result<()> {
        for (wait, blow) in self.blows {
            sleep(wait).await;
            blow.strike(system).await?;
        }
        sleep(self.calm).await;
        Ok(())
    }
}

impl Blow {
    fn at_random(random: &mut StdRng, store: Store, kills: bool) -> Self {
        let servers = store.servers();
        let server = random.random_range(0..servers);
        // Rather short than long.
        let longest = if random.random() { 20 } else { 200 };
        let gone = between(random, 0..longest);
        let still = between(random, 20..300);
        let kills = kills || random.random_ratio(3, 4);
        let on_postgres = store == Store::Postgres && random.random_ratio(3, 5);
        if store == Store::Citus && random.random_ratio(2, 5) {
            return Self::Cut;
        }
        match (kills, on_postgres) {
            (true, false) if random.random_ratio(1, 4) => Self::Kill {
                servers: (0..servers).collect(),
                gone,
            },
            (true, false) => Self::Kill {
                servers: vec![server],
                gone,
            },
            (true, true) => Self::KillPostgres {
                kill: random.random_ratio(2, 3),
                servers: (0..random.random_range(0..=servers)).collect(),
                gone,
            },
            (false, false) if random.random() => Self::Stop { server },
            (false, false) => Self::Freeze { server, still },
            (false, true) => Self::FreezePostgres { still },
        }
    }

    async fn strike(self, system: &mut System) -> anyhow::Result<()> {
        match self {
            Self::Kill { servers, gone } => {
                for server in &servers {
                    system.kill_server(*server).await?;
                }
                sleep(gone).await;
                for server in servers {
                    system.start_server(server).await?;
                }
            }
            Self::Stop { server } => {
                system.stop_server(server).await?;
                system.start_server(server).await?;
            }
            Self::Freeze { server, still } => {
                system.freeze_server(server, true)?;
                sleep(still).await;
                system.freeze_server(server, false)?;
            }
            Self::KillPostgres {
                kill,
                servers,
                gone,
            } => {
                system.crash_postgres(kill).await;
                for server in &servers {
                    system.kill_server(*server).await?;
                }
                sleep(gone).await;
                system.restart_postgres().await;
                for server in servers {
                    system.start_server(server).await?;
                }
            }
            Self::FreezePostgres { still } => {
                system.freeze_postgres(true).await;
                sleep(still).await;
                system.freeze_postgres(false).await;
            }
            Self::Cut => system.cut_connections().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::generate;

    use super::*;

    #[test]
    fn something_is_killed_or_cut_in_each_round() {
        for store in [Store::Sqlite, Store::Postgres, Store::Citus] {
            for round in 0..200 {
                let chaos = Chaos::plan(&mut generate::round(1, round), store);
                let kills = |(_, blow): &(Duration, Blow)| {
                    matches!(
                        blow,
                        Blow::Kill { .. } | Blow::KillPostgres { .. } | Blow::Cut
                    )
                };
                assert!(chaos.blows.iter().any(kills), "{chaos:?}");
            }
        }
    }
}
