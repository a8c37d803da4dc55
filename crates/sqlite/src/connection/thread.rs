//! Threads that have a connection each.
//!
//! SQLite is a library that blocks. A whole transaction is handed to a thread, and runs prepared
//! statements row by row.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use tokio::sync::oneshot;

/// What a thread is to do with its connection, or with the reason why it has none.
type Job = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;

/// The jobs of a thread.
pub(crate) struct Jobs(mpsc::Receiver<Job>);

impl Jobs {
    /// Does the next job when it comes. False if no more can come.
    ///
    /// If the job panics, its caller gets an error, and its transaction is rolled back.
    pub(crate) fn next<'c>(
        &self,
        connection: impl FnOnce() -> Result<&'c mut Connection, StoreError>,
    ) -> bool {
        let Ok(job) = self.0.recv() else {
            return false;
        };
        let job = AssertUnwindSafe(|| job(connection()));
        drop(catch_unwind(job));
        true
    }
}

/// A thread, as long as its connection is open.
pub(crate) struct ConnectionThread {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl ConnectionThread {
    /// Starts a thread, which has to do its [`Jobs`] to the end.
    ///
    /// # Errors
    /// [`StoreError`] if the thread can't be started.
    pub(crate) fn start(
        name: &str,
        work: impl FnOnce(Jobs) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let (ending, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                work(Jobs(queue));
                drop(ending);
            })
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            ended: Mutex::new(Some(ended)),
        })
    }

    /// Runs `job` when its turn comes. It runs to its end even if the caller no longer waits.
    ///
    /// # Errors
    /// The errors of the job, or [`StoreError`] if the connection is closed or can't be opened.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.and_then(job);
            drop(reply.send(result));
        });
        let jobs = self.jobs.lock();
        let is_sent = jobs
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if !is_sent {
            return Err(StoreError::Unavailable("the database is closed".into()));
        }
        let broken_off = |_| Err(StoreError::Failed("the transaction was interrupted".into()));
        answer.await.unwrap_or_else(broken_off)
    }

    /// Waits for running work, and closes the connection.
    pub(crate) async fn close(&self) {
        let jobs = self.jobs.lock();
        drop(jobs.unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock();
        let ended = ended.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            drop(ended.await);
        }
    }
}
