//! Whether the database server is there. Without this, every request would wait for a connection
//! that cannot come, or for an answer on one that leads nowhere any more, and only then be told so.

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

/// Who waits for a connection longer than this has the server looked after.
const PATIENCE: Duration = Duration::from_millis(100);

/// Who waits for an answer longer than this has the server looked after, again and again: a machine
/// that lost power doesn't say so, and a statement may take long for good reasons.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// How long answers to others are listened for before the server is looked after.
const LISTENING: Duration = Duration::from_millis(50);

/// How long a server may take to let someone in before it counts as away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// How often a server that is away is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// A pool of connections that knows when it is of no use to wait.
pub(crate) struct WatchedPool {
    pub(crate) pool: PgPool,
    watch: Watch,
}

/// Who waits for the server asks this whether to go on.
#[derive(Clone)]
pub(crate) struct Watch {
    doubt: Arc<Notify>,
    /// How many answers have come from the server.
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

    /// A connection, as soon as there is one, and what to wait with for its answers; an error at
    /// once while the server is away.
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
    /// Waits for the answer to a statement, as long as the server is there. What became of the
    /// statement is unknown otherwise.
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

    /// Whether any answer comes from the server within a moment. Then it is there, and is asked enough.
    async fn is_answered(&self) -> bool {
        let before = self.answers.load(Ordering::Relaxed);
        sleep(LISTENING).await;
        self.answers.load(Ordering::Relaxed) > before
    }

    /// Waits, and has the server looked after each time that patience runs out; `None` when it is
    /// found to be away.
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

/// Whether the server lets someone in. One that has no connection to spare is there, and so is one
/// that is slow to let someone in but answers those who are.
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

    /// The address of a server that takes connections, and says nothing on them.
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
