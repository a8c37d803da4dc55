//! Helpers for calls of the database.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::ports::StoreError;

/// The time limit of a database call. Adapters have shorter limits of their own; this one is for a
/// connection that was lost without notice, which they can't detect.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Waits for the database with a time limit, and records the duration of the call.
pub(crate) async fn timed<T>(
    operation: &'static str,
    database_call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let start = Instant::now();
    let answer = within(ANSWER_TIMEOUT, database_call).await;
    metrics::histogram!("stockroom_database_duration_seconds", "operation" => operation)
        .record(start.elapsed());
    answer
}

/// Waits for the database with the given time limit.
pub(crate) async fn within<T>(
    limit: Duration,
    database_call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let silent = |_| {
        Err(StoreError::Unavailable(
            "the database doesn't answer".into(),
        ))
    };
    timeout(limit, database_call).await.unwrap_or_else(silent)
}

/// The same as [`timed`], but a panic in the adapter ends only this call, not the task that makes calls
/// for many.
pub(crate) async fn guarded<T>(
    operation: &'static str,
    database_call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = AssertUnwindSafe(timed(operation, database_call)).catch_unwind();
    let panicked = |_| Err(StoreError::Failed("the database's adapter panicked".into()));
    answer.await.unwrap_or_else(panicked)
}

/// Sends an answer. Ignores receivers that have been dropped.
pub(crate) fn tell<T>(waiting: oneshot::Sender<T>, answer: T) {
    drop(waiting.send(answer));
}

/// One error, shared by several waiting callers.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub(crate) struct SharedError(Arc<dyn Error + Send + Sync>);

impl From<Box<dyn Error + Send + Sync>> for SharedError {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self(error.into())
    }
}
