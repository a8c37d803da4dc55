//! Lanes: where changes wait for each other, so that many are stored in one commit.
//!
//! A commit costs a database about as much for one change as for many, and while one buyer's change
//! of a product is being stored, no other buyer's can be. So nobody commits alone who needn't:
//! whatever has come into a lane while its last commit was under way goes into the next one, up to
//! a limit. There is no timer: a change that finds its lane idle is committed at once.
//!
//! Changes of the same stock meet in the same lane. That makes them fast, and nothing else: what is
//! correct is decided on rows that the database has locked, whichever lane or server a change came
//! through.

use std::collections::HashMap;
use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use stockroom_domain::{Answer, Command, OrganizationId, Outcome};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::Error as RequestError;
use crate::ports::{Database, StoreError};
use crate::shared::{SharedError, guarded, tell};

/// The most changes that are stored in one commit.
const BATCH_MAX: usize = 256;

type Reply = oneshot::Sender<Result<Outcome, StoreError>>;

/// A change that waits for its turn, and who waits for its outcome.
struct Submission {
    organization: OrganizationId,
    command: Command,
    reply: Reply,
}

/// The lanes to a database.
pub(crate) struct Lanes {
    queues: Vec<mpsc::Sender<Submission>>,
    queue_max: usize,
    hasher: RandomState,
    closing: watch::Sender<bool>,
    workers: Mutex<JoinSet<()>>,
}

impl Lanes {
    /// As many lanes as the database can make use of, each with room for `queue_max` changes.
    pub(crate) fn new(database: &Arc<dyn Database>, queue_max: usize) -> Self {
        let closing = watch::Sender::new(false);
        let mut workers = JoinSet::new();
        let queues = (0..database.parallel_commits().max(1)).map(|_| {
            let (lane, queue) = mpsc::channel(queue_max.max(1));
            workers.spawn(work(Arc::clone(database), queue, closing.subscribe()));
            lane
        });
        Self {
            queues: queues.collect(),
            queue_max,
            hasher: RandomState::new(),
            closing,
            workers: Mutex::new(workers),
        }
    }

    /// Has a command decided and stored, and gives its answer when that is durable. Whoever stops
    /// waiting has the command left out, unless its commit is under way already.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as decided, [`RequestError::Busy`] if too many changes are waiting, and
    /// [`RequestError::Store`] if the database fails.
    pub(crate) async fn submit(
        &self,
        organization: OrganizationId,
        command: Command,
    ) -> Result<Answer, RequestError> {
        let lane = self.lane(organization, &command).ok_or_else(closed)?;
        let (reply, outcome) = oneshot::channel();
        let submission = Submission {
            organization,
            command,
            reply,
        };
        match lane.try_send(submission) {
            Ok(()) => metrics::gauge!("stockroom_queued_changes").increment(1),
            Err(TrySendError::Full(_)) => {
                let queue_max = self.queue_max;
                return Err(RequestError::Busy { queue_max });
            }
            Err(TrySendError::Closed(_)) => return Err(closed().into()),
        }
        let outcome = outcome.await.unwrap_or_else(|_| Err(closed()))?;
        Ok(outcome?)
    }

    fn lane(
        &self,
        organization: OrganizationId,
        command: &Command,
    ) -> Option<&mpsc::Sender<Submission>> {
        let meeting_point = (organization, command.operation.product());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of a hash will do"
        )]
        let hash = self.hasher.hash_one(meeting_point) as usize;
        self.queues.get(hash.checked_rem(self.queues.len())?)
    }

    /// Takes nothing more, and waits until all that was taken is stored.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        while self.workers.lock().await.join_next().await.is_some() {}
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the server is stopping".into())
}

/// Commits what comes into a lane until it is closed, and then what is left.
async fn work(
    database: Arc<dyn Database>,
    mut queue: mpsc::Receiver<Submission>,
    mut closing: watch::Receiver<bool>,
) {
    let mut taken = Vec::new();
    loop {
        let count = tokio::select! {
            biased;
            () = is_closing(&mut closing), if !queue.is_closed() => {
                queue.close();
                continue;
            }
            count = queue.recv_many(&mut taken, BATCH_MAX) => count,
        };
        if count == 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "no batch is that large")]
        metrics::gauge!("stockroom_queued_changes").decrement(count as f64);
        stream::iter(batches(taken.drain(..)))
            .for_each_concurrent(database.parallel_commits(), |batch| batch.store(&*database))
            .await;
    }
}

async fn is_closing(closing: &mut watch::Receiver<bool>) {
    drop(closing.wait_for(|closing| *closing).await);
}

/// Changes of one organization, and who waits for each.
struct Batch {
    organization: OrganizationId,
    commands: Vec<Command>,
    replies: Vec<Reply>,
}

/// Sorts changes by organization, without those that nobody waits for any more.
fn batches(submissions: impl Iterator<Item = Submission>) -> impl Iterator<Item = Batch> {
    let mut batches: HashMap<OrganizationId, Batch> = HashMap::new();
    for submission in submissions.filter(|submission| !submission.reply.is_closed()) {
        let organization = submission.organization;
        let batch = batches.entry(organization).or_insert_with(|| Batch {
            organization,
            commands: Vec::new(),
            replies: Vec::new(),
        });
        batch.commands.push(submission.command);
        batch.replies.push(submission.reply);
    }
    batches.into_values()
}

impl Batch {
    /// Stores the changes, and tells everybody what became of theirs.
    async fn store(self, database: &dyn Database) {
        #[expect(clippy::cast_precision_loss, reason = "no batch is that large")]
        metrics::histogram!("stockroom_commit_changes").record(self.commands.len() as f64);
        let Self {
            organization,
            commands,
            replies,
        } = self;
        match commit(database, organization, &commands).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    tell(reply, Ok(outcome));
                }
            }
            // It may have been stored all the same: it mustn't be done again.
            Err(StoreError::Unavailable(source)) => {
                let source = SharedError::from(source);
                for reply in replies {
                    tell(reply, Err(StoreError::Unavailable(source.clone().into())));
                }
            }
            // Nothing was stored. If one of many is at fault, the others needn't suffer for it.
            Err(error) => match <[Reply; 1]>::try_from(replies) {
                Ok([reply]) => tell(reply, Err(error)),
                Err(replies) => {
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "a batch failed; its changes are stored one by one"
                    );
                    for (reply, command) in replies.into_iter().zip(commands.chunks(1)) {
                        let outcomes = commit(database, organization, command).await;
                        tell(reply, outcomes.and_then(only));
                    }
                }
            },
        }
    }
}

/// Commits, and gives an outcome for each command, or an error.
async fn commit(
    database: &dyn Database,
    organization: OrganizationId,
    commands: &[Command],
) -> Result<Vec<Outcome>, StoreError> {
    let outcomes = guarded("commit", database.commit(organization, commands)).await?;
    if outcomes.len() == commands.len() {
        Ok(outcomes)
    } else {
        Err(failed("not every command has an outcome"))
    }
}

fn only(outcomes: Vec<Outcome>) -> Result<Outcome, StoreError> {
    let outcome = outcomes.into_iter().next();
    outcome.ok_or_else(|| failed("a command has no outcome"))
}

fn failed(fault: &'static str) -> StoreError {
    StoreError::Failed(fault.into())
}
