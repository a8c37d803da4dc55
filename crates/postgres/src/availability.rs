//! Whether the database server is there. Without this, every request would wait for a connection
//! that cannot come, and only then be told so.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions as _, Connection as _, Postgres};
use stockroom_application::ports::StoreError;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::error::{Fault, failed};

/// Who waits for a connection longer than this has the server looked after.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a server may take to let someone in before it counts as away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// How often a server that is away is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// A pool of connections that knows when it is of no use to wait.
pub(crate) struct WatchedPool {
    pub(crate) pool: PgPool,
    doubt: Arc<Notify>,
    away: watch::Receiver<bool>,
}

impl WatchedPool {
    /// Watches the server that the pool's connections go to, until the pool is closed.
    pub(crate) fn new(pool: PgPool) -> Self {
        let doubt = Arc::new(Notify::new());
        let (says_away, away) = watch::channel(false);
        tokio::spawn(look_after(pool.clone(), Arc::clone(&doubt), says_away));
        Self { pool, doubt, away }
    }

    /// A connection, as soon as there is one; an error at once while the server is away.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let mut away = self.away.clone();
        if *away.borrow_and_update() {
            return Err(Fault::Away.into());
        }
        let mut acquired = Box::pin(self.pool.acquire());
        if let Ok(acquired) = timeout(PATIENCE, &mut acquired).await {
            return acquired.map_err(failed);
        }
        self.doubt.notify_one();
        tokio::select! {
            acquired = acquired => acquired.map_err(failed),
            Ok(_) = away.wait_for(|away| *away) => Err(Fault::Away.into()),
        }
    }
}

async fn look_after(pool: PgPool, doubt: Arc<Notify>, away: watch::Sender<bool>) {
    let watching = async {
        loop {
            doubt.notified().await;
            while !is_there(&pool.connect_options()).await {
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

/// Whether the server lets someone in. One that has no connection to spare is there.
async fn is_there(options: &PgConnectOptions) -> bool {
    const TOO_MANY_CONNECTIONS: &str = "53300";
    match timeout(ANSWER_TIMEOUT, options.connect()).await {
        Ok(Ok(connection)) => {
            drop(connection.close().await);
            true
        }
        Ok(Err(sqlx::Error::Database(error))) => {
            error.code().as_deref() == Some(TOO_MANY_CONNECTIONS)
        }
        Ok(Err(_)) | Err(_) => false,
    }
}
