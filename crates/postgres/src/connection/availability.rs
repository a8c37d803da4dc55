//! Detects outages of the database server. Without this module, every request would wait for a
//! connection that can't be made, or for an answer on a dead connection, and only then fail.

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions as _, Connection as _, Postgres};
use stockroom_application::ports::StoreError;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::error::{Fault, failed};

/// The wait for a connection after which the server is probed.
const PATIENCE: Duration = Duration::from_millis(100);

/// The wait for an answer after which the server is probed, again and again: a machine that lost power
/// gives no notice of it, and a statement may take long for good reasons.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// The time in which an answer to another caller makes a probe unnecessary.
const LISTENING: Duration = Duration::from_millis(50);

/// The time in which a server must accept a connection, or else it counts as away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The interval between probes of a server that is away.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// A pool of connections that knows when waiting is useless.
pub(crate) struct WatchedPool {
    pub(crate) pool: PgPool,
    watch: Watch,
}

/// Tells callers that wait for the server whether to go on waiting.
#[derive(Clone)]
pub(crate) struct Watch {
    doubt: Arc<Notify>,
    /// The number of answers that have come from the server.
    answers: Arc<AtomicU64>,
    away: watch::Receiver<bool>,
}

impl WatchedPool {
    /// Watches the server that the pool's connections go to, until the pool is closed.
    pub(crate) fn new(pool: PgPool) -> Self {
        let doubt = Arc::new(Notify::new());
        let (says_away, away) = watch::channel(false);
        let watch = Watch {
            doubt,
            answers: Arc::default(),
            away,
        };
        tokio::spawn(look_after(pool.clone(), watch.clone(), says_away));
        Self { pool, watch }
    }

    /// Waits for a connection, and returns it with the watch that waits for its answers. Fails at once
    /// while the server is away.
    pub(crate) async fn acquire(&self) -> Result<(PoolConnection<Postgres>, Watch), StoreError> {
        let watch = self.watch.clone();
        if *watch.away.borrow() {
            return Err(Fault::Away.into());
        }
        let acquired = watch.wait(PATIENCE, self.pool.acquire()).await;
        let connection = acquired.ok_or(Fault::Away)?.map_err(failed)?;
        Ok((connection, watch))
    }
}

impl Watch {
    /// Waits for the answer to a statement, as long as the server is there. If the server is away, the
    /// outcome of the statement is unknown.
    pub(crate) async fn answer<T>(
        &self,
        answer: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let silent = || Err(sqlx::Error::Io(ErrorKind::TimedOut.into()));
        let answered = self.wait(ANSWER_PATIENCE, answer).await;
        if let Some(Ok(_) | Err(sqlx::Error::Database(_))) = &answered {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        answered.unwrap_or_else(silent)
    }

    /// Whether any answer comes from the server within a moment. If so, the server is there, and needs
    /// no probe.
    async fn is_answered(&self) -> bool {
        let before = self.answers.load(Ordering::Relaxed);
        sleep(LISTENING).await;
        self.answers.load(Ordering::Relaxed) > before
    }

    /// Waits for `what`, and has the server probed each time that patience runs out; `None` if the
    /// server is found to be away.
    async fn wait<T>(&self, patience: Duration, what: impl Future<Output = T>) -> Option<T> {
        let mut what = pin!(what);
        let mut away = self.away.clone();
        loop {
            if let Ok(done) = timeout(patience, &mut what).await {
                return Some(done);
            }
            self.doubt.notify_one();
            tokio::select! {
                done = &mut what => return Some(done),
                Ok(_) = away.wait_for(|away| *away) => return None,
                () = sleep(ANSWER_PATIENCE) => {}
            }
        }
    }
}

async fn look_after(pool: PgPool, watch: Watch, away: watch::Sender<bool>) {
    let watching = async {
        loop {
            watch.doubt.notified().await;
            if watch.is_answered().await {
                continue;
            }
            while !is_there(&pool.connect_options(), &watch.answers).await {
                away.send_replace(true);
                sleep(LOOK_INTERVAL).await;
            }
            away.send_replace(false);
        }
    };
    tokio::select! {
        () = pool.close_event() => {}
        () = watching => {}
    }
}

/// Whether the server is there: it accepts a connection, or has no connection to spare, or is slow to
/// accept one but answers on existing connections.
async fn is_there(options: &PgConnectOptions, answers: &AtomicU64) -> bool {
    const TOO_MANY_CONNECTIONS: &str = "53300";
    let answers_before = answers.load(Ordering::Relaxed);
    match timeout(ANSWER_TIMEOUT, options.connect()).await {
        Ok(Ok(connection)) => {
            drop(connection.close().await);
            true
        }
        Ok(Err(sqlx::Error::Database(error))) => {
            error.code().as_deref() == Some(TOO_MANY_CONNECTIONS)
        }
        Ok(Err(_)) => false,
        Err(_) => answers.load(Ordering::Relaxed) > answers_before,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that accepts connections but says nothing on them, and its address.
    async fn silent_server() -> (TcpListener, PgConnectOptions) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let options = PgConnectOptions::new_without_pgpass();
        (listener, options.host("127.0.0.1").port(port))
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_silent_is_away() {
        let (_listener, options) = silent_server().await;
        assert!(!is_there(&options, &AtomicU64::new(7)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_answers_others_is_there_though_it_lets_nobody_in() {
        let (_listener, options) = silent_server().await;
        let answers = AtomicU64::new(7);
        let answered = async {
            sleep(ANSWER_TIMEOUT / 2).await;
            answers.fetch_add(1, Ordering::Relaxed);
        };
        let (is_there, ()) = tokio::join!(is_there(&options, &answers), answered);
        assert!(is_there);
    }
}
