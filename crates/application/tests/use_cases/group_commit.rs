//! What happens to changes that come while others are being stored.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use futures::future::LocalBoxFuture;
use futures::poll;
use stockroom_application::ports::StoreError;
use stockroom_application::{Environment, Error, Limits, SigningKey, Stockroom, Writer};
use stockroom_domain::{
    Answer, Command, Operation, OrganizationId, Outcome, Owner, ProductId, Quantity, Recorded,
    Refusal, Transact, TransactMany, TransactionAction,
};

use crate::mock::{database, uuid};

type Committed = Result<Vec<Outcome>, StoreError>;

/// A database whose commits wait until the test lets them go on.
struct Gate {
    stockroom: Stockroom,
    /// The size of each commit when it begins.
    begun: Receiver<usize>,
    goes_on: SyncSender<()>,
}

impl Gate {
    async fn new(
        queue_max: usize,
        commit: impl Fn(&[Command]) -> Committed + Send + Sync + 'static,
    ) -> Self {
        let (begins, begun) = sync_channel(100);
        let (goes_on, may_go_on) = sync_channel(100);
        let may_go_on = Mutex::new(may_go_on);
        let mut database = database();
        database.expect_commit().returning(move |_, commands| {
            begins.send(commands.len()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
            commit(commands)
        });
        let limits = Limits {
            queue_max,
            ..Limits::default()
        };
        let database = Arc::new(database);
        let signing_key = SigningKey::new(vec![1; 32]);
        let stockroom = Stockroom::open(database, Environment::system(), limits, signing_key).await;
        Self {
            stockroom: stockroom.unwrap(),
            begun,
            goes_on,
        }
    }

    /// A change of an organization, told apart from others by its quantity. It is under way as
    /// soon as it is polled.
    fn change(&self, organization: u128, pieces: u64) -> Change<'_> {
        let caller = Writer::operator(OrganizationId::new(uuid(organization)), Owner::Organization);
        let request = Transact::new(
            ProductId::new(uuid(4)),
            TransactionAction::Allocate,
            Quantity::new(pieces).unwrap(),
        );
        Box::pin(async move { self.stockroom.execute(&caller, request).await })
    }

    /// A change whose commit has begun, and goes on when the test says so.
    async fn first(&self) -> Change<'_> {
        let mut first = self.change(1, 1);
        assert!(poll!(&mut first).is_pending());
        assert_eq!(self.begun.recv().unwrap(), 1);
        first
    }

    /// A change that waits for its turn.
    async fn queued(&self, organization: u128, pieces: u64) -> Change<'_> {
        let mut change = self.change(organization, pieces);
        assert!(poll!(&mut change).is_pending());
        change
    }

    /// Lets so many commits go on.
    fn let_go_on(&self, commits: usize) {
        for _ in 0..commits {
            self.goes_on.send(()).unwrap();
        }
    }

    /// The sizes of the commits that have begun since.
    fn begun(&self) -> Vec<usize> {
        self.begun.try_iter().collect()
    }
}

type Change<'a> = LocalBoxFuture<'a, Result<Recorded, Error>>;

fn pieces(command: &Command) -> u64 {
    match &command.operation {
        Operation::Transact(request) => request.quantity.get(),
        other => panic!("{other:?}"),
    }
}

/// An outcome by which each command is recognized.
fn outcome(command: &Command) -> Outcome {
    let keys_max = pieces(command);
    Err(Refusal::TooManyKeys { keys_max })
}

#[expect(clippy::unnecessary_wraps, reason = "others fail")]
fn outcomes(commands: &[Command]) -> Committed {
    Ok(commands.iter().map(outcome).collect())
}

async fn assert_stored(change: Change<'_>, pieces: u64) {
    match change.await {
        Err(Error::Refused(Refusal::TooManyKeys { keys_max })) => assert_eq!(keys_max, pieces),
        other => panic!("{other:?}"),
    }
}

async fn assert_unavailable(change: Change<'_>) {
    let result = change.await;
    let unavailable = matches!(result, Err(Error::Store(StoreError::Unavailable(_))));
    assert!(unavailable, "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_comes_during_a_commit_shares_the_next() {
    let gate = Gate::new(10, outcomes).await;
    let first = gate.first().await;
    let mut queued = Vec::new();
    for pieces in 2..=4 {
        queued.push(gate.queued(1, pieces).await);
    }
    gate.let_go_on(2);
    assert_stored(first, 1).await;
    for (change, pieces) in queued.into_iter().zip(2..) {
        assert_stored(change, pieces).await;
    }
    assert_eq!(gate.begun(), [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_is_of_one_organization() {
    let gate = Gate::new(10, outcomes).await;
    let first = gate.first().await;
    let changes = [
        gate.queued(1, 2).await,
        gate.queued(2, 3).await,
        gate.queued(1, 4).await,
    ];
    gate.let_go_on(3);
    assert_stored(first, 1).await;
    for (change, pieces) in changes.into_iter().zip(2..) {
        assert_stored(change, pieces).await;
    }
    let mut begun = gate.begun();
    begun.sort_unstable();
    assert_eq!(begun, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_lane_turns_changes_away_at_once() {
    let gate = Gate::new(2, outcomes).await;
    let first = gate.first().await;
    let queued = [gate.queued(1, 2).await, gate.queued(1, 3).await];
    let refused = gate.change(1, 4).await;
    assert!(
        matches!(refused, Err(Error::Busy { queue_max: 2 })),
        "{refused:?}"
    );
    gate.let_go_on(2);
    assert_stored(first, 1).await;
    for (change, pieces) in queued.into_iter().zip(2..) {
        assert_stored(change, pieces).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_nobody_waits_for_any_more_is_left_out() {
    let gate = Gate::new(10, outcomes).await;
    let first = gate.first().await;
    let given_up = gate.queued(1, 2).await;
    let last = gate.queued(1, 3).await;
    drop(given_up);
    gate.let_go_on(2);
    assert_stored(first, 1).await;
    assert_stored(last, 3).await;
    assert_eq!(gate.begun(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_goes_on_when_one_of_its_callers_gives_up() {
    let gate = Gate::new(10, outcomes).await;
    let first = gate.first().await;
    let queued = gate.queued(1, 2).await;
    drop(first);
    gate.let_go_on(2);
    assert_stored(queued, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_that_the_database_chokes_on_hinders_no_other() {
    let gate = Gate::new(10, |commands| {
        if commands.iter().any(|command| pieces(command) == 3) {
            return Err(StoreError::Failed("a constraint is violated".into()));
        }
        outcomes(commands)
    })
    .await;
    let first = gate.first().await;
    let changes = [
        gate.queued(1, 2).await,
        gate.queued(1, 3).await,
        gate.queued(1, 4).await,
    ];
    gate.let_go_on(5);
    assert_stored(first, 1).await;
    let [second, third, fourth] = changes;
    assert_stored(second, 2).await;
    let failed = third.await;
    assert!(
        matches!(failed, Err(Error::Store(StoreError::Failed(_)))),
        "{failed:?}"
    );
    assert_stored(fourth, 4).await;
    assert_eq!(gate.begun(), [3, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_may_have_been_stored_is_not_done_again() {
    let gate = Gate::new(10, |commands| match commands {
        [_, _, ..] => Err(StoreError::Unavailable("gone".into())),
        alone => outcomes(alone),
    })
    .await;
    let first = gate.first().await;
    let queued = [gate.queued(1, 2).await, gate.queued(1, 3).await];
    gate.let_go_on(2);
    assert_stored(first, 1).await;
    for change in queued {
        assert_unavailable(change).await;
    }
    assert_eq!(gate.begun(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closing_stores_what_was_taken_and_takes_no_more() {
    let gate = Gate::new(10, outcomes).await;
    let first = gate.first().await;
    let queued = gate.queued(1, 2).await;
    let mut closing = Box::pin(gate.stockroom.close());
    assert!(poll!(&mut closing).is_pending());
    gate.let_go_on(2);
    assert_stored(first, 1).await;
    assert_stored(queued, 2).await;
    closing.await;
    assert_unavailable(gate.change(1, 3)).await;
}

/// What is stored at once is held in memory several times over: it is never all that waits.
#[tokio::test(flavor = "multi_thread")]
async fn heavy_changes_are_stored_one_after_the_other() {
    let gate = Gate::new(10, |commands| {
        let lines = |_: &Command| Ok(Answer::Lines(Vec::new()));
        Ok(commands.iter().map(lines).collect())
    })
    .await;
    let heavy = || {
        let caller = Writer::operator(OrganizationId::new(uuid(1)), Owner::Organization);
        let many = TransactMany {
            lines: vec![None; TransactMany::LINES_MAX],
            atomic: false,
        };
        let stockroom = &gate.stockroom;
        Box::pin(async move { stockroom.execute(&caller, many).await })
    };
    let mut first = heavy();
    assert!(poll!(&mut first).is_pending());
    assert_eq!(gate.begun.recv().unwrap(), 1);
    let mut others = [heavy(), heavy()];
    for other in &mut others {
        assert!(poll!(other).is_pending());
    }
    gate.let_go_on(3);
    first.await.unwrap();
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(gate.begun(), [1, 1]);
}
