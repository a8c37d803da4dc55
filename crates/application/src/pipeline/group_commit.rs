//! Group commit: changes are collected, so that many are stored in one commit.
//!
//! A commit costs a database about as much for one change as for many. And while one buyer's change of a
//! product is being stored, another buyer's change of it can't be. Commits are therefore shared whenever
//! possible: all changes that arrive during a commit go into the next one, up to a limit. No change
//! waits for others to arrive: if no commit is under way, it is committed at once.
//!
//! A commit that is stalled, for example by a lock, doesn't delay the next ones for long: if the
//! database can carry out several at a time, the next one starts in parallel. It also does when a full
//! batch is waiting.
//!
//! Organizations take turns, and an organization's heavy changes are stored one at a time, so that one
//! organization doesn't wait long for another.
//!
//! All this only makes changes fast. Correctness doesn't depend on it: every change is decided on rows
//! that the database has locked, in any commit and on any server.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use stockroom_domain::{Answer, Command, OrganizationId, Outcome};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::committer::Committer;
use super::database_calls::{SharedError, tell};
use super::waiting::{BATCH_MAX, Reply, Submission, WEIGHT_MAX, Waiting};
use crate::error::Error as RequestError;
use crate::ports::StoreError;

/// The time after which a commit counts as stalled if other changes wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// The queue of changes to a database.
pub(crate) struct GroupCommit {
    queue: mpsc::UnboundedSender<Submission>,
    /// The free places in the queue.
    places: Arc<Semaphore>,
    queue_max: usize,
    closing: watch::Sender<bool>,
    worker: Mutex<JoinSet<()>>,
}

impl GroupCommit {
    /// A queue with room for `queue_max` changes.
    pub(super) fn new(committer: &Committer, queue_max: usize) -> Self {
        let (sender, queue) = mpsc::unbounded_channel();
        let closing = watch::Sender::new(false);
        let mut worker = JoinSet::new();
        worker.spawn(work(committer.clone(), queue, closing.subscribe()));
        Self {
            queue: sender,
            places: Arc::new(Semaphore::new(queue_max.max(1))),
            queue_max,
            closing,
            worker: Mutex::new(worker),
        }
    }

    /// Submits a command to be decided and stored, and returns its answer once that is durable. If the
    /// caller stops waiting, the command is dropped, unless its commit is under way already.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as decided, [`RequestError::Busy`] if too many changes are
    /// waiting, and [`RequestError::Store`] if the database fails.
    pub(crate) async fn submit(
        &self,
        organization: OrganizationId,
        command: Command,
    ) -> Result<Answer, RequestError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let queue_max = self.queue_max;
        let place = place.map_err(|_| RequestError::Busy { queue_max })?;
        let (reply, outcome) = oneshot::channel();
        let submission = Submission {
            organization,
            weight: command.operation.weight(),
            command,
            reply,
            _place: place,
        };
        self.queue.send(submission).map_err(|_| closed())?;
        let outcome = outcome.await.unwrap_or_else(|_| Err(closed()))?;
        Ok(outcome?)
    }

    /// Accepts no more changes, and waits until the accepted ones are stored.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        while self.worker.lock().await.join_next().await.is_some() {}
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the server is stopping".into())
}

/// Commits changes until the queue is closed, and then the remaining ones.
async fn work(
    committer: Committer,
    mut queue: mpsc::UnboundedReceiver<Submission>,
    mut closing: watch::Receiver<bool>,
) {
    let mut waiting = Waiting::default();
    let mut commits = Commits::new(committer);
    let mut is_open = true;
    // Looked up once: finding it by its name takes longer than setting it.
    let queued = metrics::gauge!("stockroom_queued_changes");
    loop {
        while let Ok(change) = queue.try_recv() {
            waiting.push(change);
        }
        #[expect(clippy::cast_precision_loss, reason = "no queue is that long")]
        queued.set(waiting.len() as f64);
        if waiting.len() > 0 && commits.has_room(&waiting) && commits.begin(&mut waiting) {
            continue;
        }
        if !is_open && waiting.len() == 0 && commits.under_way.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            () = is_closing(&mut closing), if !queue.is_closed() => queue.close(),
            Some(done) = commits.under_way.join_next() => commits.end(done.ok()),
            change = queue.recv(), if is_open => match change {
                Some(change) => waiting.push(change),
                None => is_open = false,
            },
            () = sleep_until(commits.stalled_at), if waiting.len() > 0 && !commits.is_stalled => {
                commits.is_stalled = true;
            }
        }
    }
}

/// The commits that are under way.
struct Commits {
    committer: Committer,
    /// The commits; each returns the organizations of which it has heavy changes.
    under_way: JoinSet<Vec<OrganizationId>>,
    /// The organizations that have a heavy change under way.
    busy: HashSet<OrganizationId>,
    /// Time at which the latest commit counts as stalled.
    stalled_at: Instant,
    is_stalled: bool,
}

impl Commits {
    fn new(committer: Committer) -> Self {
        Self {
            committer,
            under_way: JoinSet::new(),
            busy: HashSet::new(),
            stalled_at: Instant::now(),
            is_stalled: false,
        }
    }

    /// Whether another commit may begin.
    fn has_room(&self, waiting: &Waiting) -> bool {
        let is_worth_it = self.is_stalled || waiting.len() >= BATCH_MAX || !self.busy.is_empty();
        self.under_way.is_empty()
            || self.under_way.len() < self.committer.database.parallel_commits() && is_worth_it
    }

    /// Begins a commit, if any of the changes may be stored now.
    fn begin(&mut self, waiting: &mut Waiting) -> bool {
        let taken = waiting.take(&self.busy);
        if taken.changes.is_empty() {
            return false;
        }
        self.busy.extend(&taken.heavy);
        let stored = store(self.committer.clone(), batches(taken.changes));
        self.under_way.spawn(async move {
            stored.await;
            taken.heavy
        });
        self.is_stalled = false;
        self.stalled_at = Instant::now() + PATIENCE;
        true
    }

    /// Notes that a commit has ended. `heavy` are the organizations of which it had heavy changes;
    /// `None` if they are unknown.
    fn end(&mut self, heavy: Option<Vec<OrganizationId>>) {
        match heavy {
            Some(heavy) => heavy.iter().for_each(|organization| {
                self.busy.remove(organization);
            }),
            None => self.busy.clear(),
        }
        self.is_stalled = false;
    }
}

async fn is_closing(closing: &mut watch::Receiver<bool>) {
    drop(closing.wait_for(|closing| *closing).await);
}

/// Stores batches of several organizations in parallel.
async fn store(committer: Committer, batches: Vec<Batch>) {
    stream::iter(batches)
        .for_each_concurrent(committer.database.parallel_commits(), |batch| {
            batch.store(&committer)
        })
        .await;
}

/// Changes of one organization, with a reply channel for each.
struct Batch {
    organization: OrganizationId,
    weight: usize,
    commands: Vec<Command>,
    replies: Vec<Reply>,
}

/// Groups changes by organization.
fn batches(submissions: Vec<Submission>) -> Vec<Batch> {
    let mut batches: HashMap<OrganizationId, Vec<Batch>> = HashMap::new();
    for submission in submissions {
        let organization = submission.organization;
        let weight = submission.weight;
        let batches = batches.entry(organization).or_default();
        let last = batches.pop_if(|batch| batch.weight + weight <= WEIGHT_MAX);
        let mut batch = last.unwrap_or_else(|| Batch {
            organization,
            weight: 0,
            commands: Vec::new(),
            replies: Vec::new(),
        });
        batch.weight += weight;
        batch.commands.push(submission.command);
        batch.replies.push(submission.reply);
        batches.push(batch);
    }
    let mut batches: Vec<Batch> = batches.into_values().flatten().collect();
    // If they are stored one after the other, the longest ones come last.
    batches.sort_by_key(|batch| batch.weight);
    batches
}

impl Batch {
    /// Stores the changes, and sends each caller the outcome.
    async fn store(self, committer: &Committer) {
        #[expect(clippy::cast_precision_loss, reason = "no batch is that large")]
        metrics::histogram!("stockroom_commit_changes").record(self.commands.len() as f64);
        let Self {
            organization,
            commands,
            replies,
            ..
        } = self;
        match commit(committer, organization, &commands).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    tell(reply, Ok(outcome));
                }
            }
            // The batch may have been stored nevertheless: it must not be repeated.
            Err(StoreError::Unavailable(source)) => {
                let source = SharedError::from(source);
                for reply in replies {
                    tell(reply, Err(StoreError::Unavailable(source.clone().into())));
                }
            }
            // Nothing was stored. The fault may be of one change: the others are stored without it.
            Err(error) => match <[Reply; 1]>::try_from(replies) {
                Ok([reply]) => tell(reply, Err(error)),
                Err(replies) => {
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "a batch failed; its changes are stored one by one"
                    );
                    for (reply, command) in replies.into_iter().zip(commands.chunks(1)) {
                        let outcomes = commit(committer, organization, command).await;
                        tell(reply, outcomes.and_then(only));
                    }
                }
            },
        }
    }
}

/// Commits the commands, and returns an outcome for each, or an error.
async fn commit(
    committer: &Committer,
    organization: OrganizationId,
    commands: &[Command],
) -> Result<Vec<Outcome>, StoreError> {
    let outcomes = committer.commit("commit", organization, commands).await?;
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
