//! Imports: their jobs, as commands change them.

use TransactionAction::{Decrement, Increment};
use stockroom_application::PageRequest;
use stockroom_application::ports::FileChunk;
use stockroom_domain::{
    AppliedChunk, ApplyLines, CancelImport, FinishCheck, Import, ImportAction, ImportId,
    ImportLine, ImportOptions, ImportStatus, ImportStep, LineContent, LineError, LineMovement,
    LineProblem, LineProduct, MadeEntry, ProductId, Refusal, StartImport, StockLine, SubmitImport,
    TransactionAction, UndoImport, UndoLines,
};

use crate::client::stored;
use crate::concurrency::race;
use crate::{Bench, Client, make};

/// A chunk with these lines.
pub(crate) fn chunk(number: u32, first_line: u32, lines: &[&str]) -> FileChunk {
    FileChunk {
        number,
        first_line,
        lines: u32::try_from(lines.len()).expect("few lines"),
        content: lines.join("\n").into_bytes(),
    }
}

/// Two chunks of two lines.
pub(crate) fn chunks() -> [FileChunk; 2] {
    [
        chunk(0, 2, &["a,1", "äußerst 🔑,2"]),
        chunk(1, 4, &["c,3", "d,4"]),
    ]
}

pub(crate) async fn add_chunks(bench: &Bench, client: &Client, id: ImportId, chunks: &[FileChunk]) {
    for chunk in chunks {
        let at = bench.clock.now();
        let database = &client.database;
        let added = database.add_import_chunk(client.scope.organization, id, chunk.clone(), at);
        stored(added.await);
    }
}

/// Stores a file of two chunks, and makes a job of it.
pub(crate) async fn submit(bench: &Bench, client: &Client, options: ImportOptions) -> Import {
    let id = bench.id();
    add_chunks(bench, client, id, &chunks()).await;
    client.done(submission(id, options)).await
}

pub(crate) fn submission(id: ImportId, options: ImportOptions) -> SubmitImport {
    SubmitImport {
        id,
        options,
        layout: "{\"delimiter\":\";\"}".to_owned(),
        request_id: Some("äußerst 🔑".to_owned()),
        chunks: 2,
        lines: 4,
    }
}

/// A job whose lines are checked.
pub(crate) async fn checked(bench: &Bench, client: &Client, options: ImportOptions) -> ImportId {
    let id = submit(bench, client, options).await.id;
    client.done(StartImport { id }).await;
    client.done(check(id, 0, Vec::new())).await;
    id
}

const fn check(id: ImportId, failed: u32, errors: Vec<LineError>) -> FinishCheck {
    FinishCheck { id, failed, errors }
}

pub(crate) fn bearing(abort_after: u32) -> ImportOptions {
    ImportOptions {
        abort_after,
        ..ImportOptions::default()
    }
}

pub(crate) fn apply(import: ImportId, chunk: u32, lines: Vec<ImportLine>) -> ApplyLines {
    ApplyLines {
        import,
        create_stock: false,
        chunk,
        chunks: vec![lines],
    }
}

pub(crate) fn movement(
    number: u32,
    product: ProductId,
    action: TransactionAction,
    pieces: u64,
) -> ImportLine {
    let movement = LineMovement {
        location: None,
        action: ImportAction::Transaction(action),
        quantity: make::quantity(pieces),
    };
    let line = StockLine {
        product: LineProduct::Known(product),
        movements: vec![movement],
        expectation: stockroom_domain::Expectation::default(),
        annotation: stockroom_domain::Annotation::default(),
        sku: None,
        external_ref: None,
    };
    ImportLine {
        number,
        content: LineContent::Movements(Box::new(line)),
    }
}

fn invalid(line: u32) -> LineError {
    let problem = LineProblem::Invalid(format!("line {line}: „äußerst“ is no number 🔑"));
    LineError::new(line, problem)
}

fn failed(line: u32) -> ImportLine {
    ImportLine {
        number: line,
        content: LineContent::Failed(invalid(line).problem),
    }
}

pub(crate) async fn import(client: &Client, id: ImportId) -> Option<Import> {
    let scope = client.scope;
    stored(
        client
            .database
            .import(scope.organization, scope.acting, id)
            .await,
    )
}

pub(crate) async fn errors(client: &Client, id: ImportId, from: u32, limit: u32) -> Vec<LineError> {
    let database = &client.database;
    let errors = database.import_errors(client.scope.organization, id, from, limit);
    stored(errors.await)
}

async fn applied(client: &Client, id: ImportId, chunk: u32) -> Option<AppliedChunk> {
    let database = &client.database;
    let applied = database.applied_chunk(client.scope.organization, id, chunk);
    stored(applied.await)
}

pub(crate) async fn active(client: &Client) -> Vec<ImportId> {
    let active = stored(client.database.active_imports().await);
    let own = active
        .into_iter()
        .filter(|(organization, _)| *organization == client.scope.organization);
    own.map(|(_, id)| id).collect()
}

/// Checks that a job is stored as a command has left it, and is active or not.
async fn assert_stored(client: &Client, expected: &Import, is_active: bool) {
    assert_eq!(import(client, expected.id).await.as_ref(), Some(expected));
    let is_found = active(client).await.contains(&expected.id);
    assert_eq!(is_found, is_active, "{:?}", expected.status);
}

/// The entries that a chunk made, in order.
async fn made(client: &Client, id: ImportId, chunk: u32) -> Vec<MadeEntry> {
    let organization = client.scope.organization;
    let applied = applied(client, id, chunk).await.expect("it made some");
    let batch = stored(client.database.batch(organization, applied.batch).await);
    let entries = batch.expect("the batch").entries;
    assert_eq!(entries.len(), applied.lines.len());
    let found = stored(client.database.entries(organization, &entries).await);
    let entries = entries.into_iter().zip(applied.lines);
    let entries = entries.map(|(entry, line)| {
        let mut found = found.iter();
        let recorded =
            found.find(|it| (it.entry.stock, it.entry.sequence) == (entry.stock, entry.sequence));
        let recorded = recorded.expect("the entry").clone();
        assert_eq!(recorded.entry.batch, Some(applied.batch));
        MadeEntry { line, recorded }
    });
    entries.collect()
}

/// Undoes the entries of a chunk.
async fn undo(client: &Client, import: ImportId, chunk: u32) -> Import {
    let entries = match applied(client, import, chunk).await {
        Some(_) => made(client, import, chunk).await,
        None => Vec::new(),
    };
    client
        .done(UndoLines {
            import,
            chunk,
            entries,
        })
        .await
}

/// A job is listed only for its owner, in the order of creation.
pub async fn jobs_are_listed_per_owner(bench: Bench) {
    let tenant = bench.tenant().await;
    let clients = [
        tenant.organization(),
        tenant.store().await,
        tenant.store().await,
        bench.store().await,
    ];
    let mut made = [vec![], vec![], vec![], vec![]];
    for place in 0..16 {
        bench.clock.advance(i64::from(place % 2 == 0));
        let client = &clients[place % 4];
        made[place % 4].push(submit(&bench, client, bearing(3)).await);
    }
    let list = async |client: &Client, page| {
        let scope = client.scope;
        let database = &client.database;
        let listed = database.list_imports(scope.organization, scope.acting, page);
        let listed = stored(listed.await);
        assert_eq!(listed.total, Some(4));
        (listed.items, listed.next)
    };
    for (client, made) in clients.iter().zip(&made) {
        let all = list(client, PageRequest::default()).await;
        assert_eq!(all, (made.clone(), None));
        let middle = list(client, PageRequest::from_offset(2, 1)).await;
        assert_eq!(middle, (made[1..3].to_vec(), Some(made[2].id)));
        let behind = list(client, PageRequest::after(2, made[1].id)).await;
        assert_eq!(behind, (made[2..].to_vec(), None));
        for import in made {
            assert_stored(client, import, true).await;
        }
    }
    for (client, other) in [(0, 1), (1, 0), (1, 2), (1, 3), (3, 1)] {
        let id = made[other][0].id;
        let client = &clients[client];
        assert_eq!(import(client, id).await, None);
        let not_found = Err(Refusal::JobNotFound);
        assert_eq!(client.ask(StartImport { id }).await, not_found);
        assert_eq!(client.ask(CancelImport { id }).await, not_found);
    }
    let of_tenant: Vec<ImportId> = {
        let made = made[..3].iter().flatten();
        let mut ids: Vec<_> = made.map(|import| import.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(active(&clients[0]).await, of_tenant);
}

/// From its beginning to the undoing of its last entry, a job is stored as each command leaves it, together
/// with its errors and what its chunks made.
pub async fn commands_change_the_stored_job(bench: Bench) {
    let store = bench.store().await;
    let [product, other] = [bench.product(), bench.product()];
    store.create(product, 5).await;
    store.create(other, 5).await;
    let options = ImportOptions {
        create_stock: true,
        reason: stockroom_domain::Reason::new("reason", "a delivery").ok(),
        ..bearing(9)
    };
    let submitted = submit(&bench, &store, options).await;
    let id = submitted.id;
    assert_stored(&store, &submitted, true).await;
    bench.clock.advance(1_000);
    let started = store.done(StartImport { id }).await;
    assert_eq!(started.status, ImportStatus::Started);
    assert_stored(&store, &started, true).await;
    let after_check = store.done(check(id, 1, vec![invalid(3)])).await;
    assert_stored(&store, &after_check, true).await;
    assert_eq!(errors(&store, id, 0, 9).await, []);

    let first = vec![movement(2, product, Increment, 3), failed(3)];
    let begun = store.done(apply(id, 0, first)).await;
    assert_eq!((begun.next_chunk, begun.errors), (1, 1));
    assert_stored(&store, &begun, true).await;
    assert_eq!(applied(&store, id, 1).await, None);
    let second = vec![
        movement(4, other, Increment, 2),
        movement(5, product, Decrement, 90),
    ];
    let done = store.done(apply(id, 1, second)).await;
    assert_eq!(done.status, ImportStatus::Success);
    assert_stored(&store, &done, false).await;
    let refused = LineError::new(5, make::insufficient(90, 8, 0).into());
    assert_eq!(errors(&store, id, 0, 9).await, [invalid(3), refused]);
    for (chunk, line) in [(0, 2), (1, 4)] {
        let applied = applied(&store, id, chunk).await.expect("it made entries");
        assert_eq!((applied.chunk, applied.lines), (chunk, vec![line]));
    }
    assert_eq!(store.available(product).await, make::quantity(8));

    bench.clock.advance(1_000);
    let undoing = store.done(UndoImport { id }).await;
    assert_stored(&store, &undoing, true).await;
    let half = undo(&store, id, 1).await;
    assert_eq!(half.next_chunk, 1);
    assert_stored(&store, &half, true).await;
    let undone = undo(&store, id, 0).await;
    assert_eq!(undone.status, ImportStatus::Undone);
    assert_stored(&store, &undone, false).await;
    for product in [product, other] {
        assert_eq!(store.available(product).await, make::quantity(5));
    }
}

/// An entry that can't be undone stays, and the error comes after those of the job.
pub async fn what_stays_of_an_undone_job_is_told(bench: Bench) {
    let store = bench.store().await;
    let [product, other] = [bench.product(), bench.product()];
    store.create(product, 0).await;
    store.create(other, 0).await;
    let id = checked(&bench, &store, bearing(9)).await;
    let lines = vec![
        movement(2, product, Increment, 3),
        movement(3, other, Increment, 4),
    ];
    store.done(apply(id, 0, lines)).await;
    store.done(apply(id, 1, vec![failed(4), failed(5)])).await;
    assert_eq!(applied(&store, id, 1).await, None);
    let sold = store.transact(product, Decrement, 1).await;
    sold.expect("there are some");
    store.done(UndoImport { id }).await;
    undo(&store, id, 1).await;
    let undone = undo(&store, id, 0).await;
    assert_eq!(undone.status, ImportStatus::PartlyUndone);
    assert_eq!((undone.errors, undone.not_undone), (3, 1));
    assert_stored(&store, &undone, false).await;
    let left = LineError {
        is_of_undo: true,
        ..LineError::new(2, make::insufficient(3, 2, 0).into())
    };
    assert_eq!(errors(&store, id, 2, 9).await, [left]);
    assert_eq!(store.available(other).await, make::quantity(0));
}

/// Of the errors of a job, the first ten thousand are stored, all in one commit, and read in pages.
pub async fn errors_are_read_in_pages(bench: Bench) {
    let store = bench.store().await;
    let other = submit(&bench, &store, bearing(0)).await.id;
    let id = submit(&bench, &store, bearing(0)).await.id;
    store.done(StartImport { id }).await;
    let all: Vec<LineError> = (1..=Import::ERRORS_MAX + 5).map(invalid).collect();
    let failed = store.done(check(id, 70_000, all.clone())).await;
    assert_eq!(failed.status, ImportStatus::Failed);
    assert_eq!(failed.stopped_by, Some(ImportStep::Check));
    assert_eq!(failed.errors, Import::ERRORS_MAX);
    assert_stored(&store, &failed, false).await;
    for (from, limit, places) in [
        (0, 3, 0..3),
        (3, 3, 3..6),
        (9_998, 100, 9_998..10_000),
        (10_000, 100, 10_000..10_000),
        (0, 100_000, 0..10_000),
    ] {
        assert_eq!(errors(&store, id, from, limit).await, all[places]);
    }
    assert_eq!(errors(&store, other, 0, 9).await, []);
    let elsewhere = bench.store().await;
    assert_eq!(errors(&elsewhere, id, 0, 9).await, []);
}

/// A job can be ended before and after it has begun. Then nothing more is applied.
pub async fn a_cancelled_job_is_not_active(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    for has_begun in [false, true] {
        let id = submit(&bench, &store, bearing(0)).await.id;
        if has_begun {
            store.done(StartImport { id }).await;
            store.done(check(id, 0, Vec::new())).await;
        }
        let cancelled = store.done(CancelImport { id }).await;
        assert_eq!(cancelled.status, ImportStatus::Cancelled);
        assert_stored(&store, &cancelled, false).await;
        let lines = vec![movement(2, product, Increment, 3)];
        let late = store.ask(apply(id, 0, lines)).await;
        assert_eq!(late, Err(Refusal::ImportIs(ImportStatus::Cancelled)));
        let undone = store.done(UndoImport { id }).await;
        assert_eq!(undone.status, ImportStatus::Undone);
        assert_stored(&store, &undone, false).await;
    }
    assert_eq!(store.available(product).await, make::quantity(5));
}

/// A dry run counts, and changes nothing but its job.
pub async fn a_dry_run_makes_no_entries(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let options = ImportOptions {
        dry_run: true,
        ..bearing(9)
    };
    let id = checked(&bench, &store, options).await;
    let lines = vec![movement(2, product, Increment, 3), failed(3)];
    let done = store.done(apply(id, 0, lines)).await;
    assert_eq!((done.lines.changed, done.lines.failed), (1, 1));
    assert_stored(&store, &done, true).await;
    assert_eq!(errors(&store, id, 0, 9).await, [invalid(3)]);
    assert_eq!(applied(&store, id, 0).await, None);
    assert_eq!(store.history(product).await.len(), 1);
}

/// Of servers that apply the same chunk, one does so, and the others change nothing.
pub async fn a_chunk_is_applied_once(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let id = checked(&bench, &store, bearing(0)).await;
    for (number, available) in [(0, 8), (1, 11)] {
        let apply = apply(id, number, vec![movement(2, product, Increment, 3)]);
        let outcomes = race(4, |_| {
            let (store, apply) = (store.clone(), apply.clone());
            async move { store.ask(apply).await }
        });
        let outcomes = outcomes.await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        let late = match number {
            0 => Refusal::ImportMovedOn,
            _ => Refusal::ImportIs(ImportStatus::Success),
        };
        let mut refusals = outcomes.into_iter().filter_map(Result::err);
        assert!(refusals.all(|refusal| refusal == late));
        assert_eq!(store.ask(apply).await, Err(late));
        assert_eq!(store.available(product).await, make::quantity(available));
    }
    assert_eq!(store.history(product).await.len(), 3);
    // In one batch, too.
    store.done(UndoImport { id }).await;
    let entries = made(&store, id, 1).await;
    let undoing = store.command(UndoLines {
        import: id,
        chunk: 1,
        entries,
    });
    let mut outcomes = store.commit(vec![undoing.clone(), undoing]).await;
    assert_eq!(outcomes.pop(), Some(Err(Refusal::ImportMovedOn)));
    assert!(outcomes.pop().is_some_and(|outcome| outcome.is_ok()));
    assert_eq!(store.available(product).await, make::quantity(8));
}
