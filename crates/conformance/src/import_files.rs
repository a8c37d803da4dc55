//! What is stored about imports beside their jobs: files, leases, and how all of it is forgotten.

use std::time::{Duration, Instant};

use stockroom_application::ports::{FileChunk, ImportUsage};
use stockroom_domain::{
    CancelImport, FinishCheck, Import, ImportId, ImportOptions, LineError, LineProblem,
    StartImport, Timestamp, UndoImport,
};
use uuid::Uuid;

use crate::client::stored;
use crate::imports::{active, add_chunks, chunk, chunks, errors, import, submit};
use crate::integrations::LONG;
use crate::{Bench, Client};

async fn read(client: &Client, id: ImportId, number: u32) -> Option<FileChunk> {
    let database = &client.database;
    let found = database.import_chunk(client.scope.organization, id, number);
    stored(found.await)
}

async fn of_line(client: &Client, id: ImportId, line: u32) -> Option<u32> {
    let database = &client.database;
    let found = database.import_chunk_of_line(client.scope.organization, id, line);
    stored(found.await)
}

async fn drop_chunks(client: &Client, id: ImportId) {
    let database = &client.database;
    let dropped = database.drop_import_chunks(client.scope.organization, id);
    stored(dropped.await);
}

async fn usage(client: &Client) -> (u64, u64) {
    let usage = client
        .database
        .import_usage(client.scope.organization)
        .await;
    let ImportUsage {
        waiting,
        file_bytes,
    } = stored(usage);
    (waiting, file_bytes)
}

async fn lease(client: &Client, id: ImportId, holder: Uuid, milliseconds: u32) -> Option<Import> {
    let organization = client.scope.organization;
    let database = &client.database;
    let leased = database.lease_import(organization, id, holder, milliseconds);
    stored(leased.await)
}

async fn release(client: &Client, id: ImportId, holder: Uuid) {
    let organization = client.scope.organization;
    let released = client.database.release_import(organization, id, holder);
    stored(released.await);
}

/// Forgets files, jobs and uploads, each from before a time.
async fn forget(client: &Client, files: Timestamp, jobs: Timestamp, uploads: Timestamp) {
    let organization = client.scope.organization;
    let database = &client.database;
    let forgotten = database.forget_imports(organization, files, jobs, uploads);
    stored(forgotten.await);
}

const NEVER: Timestamp = Timestamp::UNIX_EPOCH;

fn sum(chunks: &[FileChunk]) -> u64 {
    let sizes = chunks.iter().map(|chunk| chunk.content.len() as u64);
    sizes.sum()
}

/// A job with an error that has ended.
async fn ended(bench: &Bench, client: &Client) -> ImportId {
    let id = submit(bench, client, ImportOptions::default()).await.id;
    client.done(StartImport { id }).await;
    let problem = LineProblem::Invalid("no number".to_owned());
    let errors = vec![LineError::new(1, problem)];
    let failed = 1;
    client.done(FinishCheck { id, failed, errors }).await;
    assert_eq!(self::errors(client, id, 0, 9).await.len(), 1);
    id
}

/// What is stored is read back, byte for byte, whether or not there is a job.
pub async fn chunks_are_kept_as_they_are(bench: Bench) {
    let tenant = bench.tenant().await;
    let store = tenant.store().await;
    let elsewhere = bench.store().await;
    let [one, several]: [ImportId; 2] = [bench.id(), bench.id()];
    let single = FileChunk {
        content: vec![0, 0xff, 0xfe, b'\n', 0, 0xc3],
        ..chunk(0, 1, &["binary"])
    };
    add_chunks(&bench, &store, one, std::slice::from_ref(&single)).await;
    let mut many: Vec<FileChunk> = chunks().into();
    // More than fits into a page of any database.
    let long = "äußerst 🔑\t,\"\n".repeat(100_000);
    many.push(chunk(2, 6, &[&long]));
    many.extend((3..40).map(|number| chunk(number, number + 4, &["x,1"])));
    add_chunks(&bench, &store, several, &many).await;
    assert_eq!(read(&store, one, 0).await.as_ref(), Some(&single));
    assert_eq!(read(&store, one, 1).await, None);
    for chunk in &many {
        let found = read(&store, several, chunk.number).await;
        assert!(found.as_ref() == Some(chunk), "chunk {}", chunk.number);
        assert_eq!(read(&elsewhere, several, chunk.number).await, None);
    }
    assert_eq!(import(&store, several).await, None);
    assert_eq!(active(&store).await, []);

    drop_chunks(&elsewhere, several).await;
    assert!(read(&store, several, 39).await.is_some());
    drop_chunks(&store, several).await;
    for chunk in &many {
        assert_eq!(read(&store, several, chunk.number).await, None);
    }
    assert_eq!(read(&store, one, 0).await, Some(single));
}

/// A line is found in the chunk in which it stands.
pub async fn a_line_is_found_in_its_chunk(bench: Bench) {
    let store = bench.store().await;
    let [id, other]: [ImportId; 2] = [bench.id(), bench.id()];
    add_chunks(&bench, &store, id, &chunks()).await;
    add_chunks(&bench, &store, other, &[chunk(0, 1, &["x"; 9])]).await;
    for (line, expected) in [
        (0, None),
        (1, None),
        (2, Some(0)),
        (3, Some(0)),
        (4, Some(1)),
        (5, Some(1)),
        // A line may be longer than one, so nobody knows where the last one ends.
        (6, Some(1)),
        (u32::MAX, Some(1)),
    ] {
        assert_eq!(of_line(&store, id, line).await, expected, "line {line}");
    }
    let elsewhere = bench.store().await;
    assert_eq!(of_line(&elsewhere, id, 2).await, None);
    drop_chunks(&store, id).await;
    assert_eq!(of_line(&store, id, 2).await, None);
    assert_eq!(of_line(&store, other, 9).await, Some(0));
}

/// One holder at a time has the lease of an active job, until it ends it or lets it end.
pub async fn an_import_is_leased_to_one_holder(bench: Bench) {
    let store = bench.store().await;
    let submitted = submit(&bench, &store, ImportOptions::default()).await;
    let id = submitted.id;
    let [one, other]: [Uuid; 2] = [bench.id(), bench.id()];
    let elsewhere = bench.store().await;
    assert_eq!(lease(&elsewhere, id, one, LONG).await, None);
    assert_eq!(lease(&store, bench.id(), one, LONG).await, None);
    assert_eq!(lease(&store, id, one, LONG).await, Some(submitted));
    assert_eq!(lease(&store, id, other, LONG).await, None);
    // Who renews it learns of changes, which leave the lease as it is.
    let started = store.done(StartImport { id }).await;
    assert_eq!(lease(&store, id, other, LONG).await, None);
    assert_eq!(lease(&store, id, one, LONG).await, Some(started));
    release(&store, id, other).await;
    assert_eq!(lease(&store, id, other, LONG).await, None);
    release(&store, id, one).await;
    assert!(lease(&store, id, other, LONG).await.is_some());
    assert_eq!(lease(&store, id, one, LONG).await, None);

    // The lease of the other ends. A database with a clock of its own takes its time.
    assert!(lease(&store, id, other, 1).await.is_some());
    let deadline = Instant::now() + Duration::from_secs(30);
    while lease(&store, id, one, LONG).await.is_none() {
        assert!(Instant::now() < deadline, "the lease doesn't end");
        bench.clock.advance(1);
    }
    assert_eq!(lease(&store, id, other, LONG).await, None);
}

/// A job that is over is leased to nobody, and one that is undone is leased again.
pub async fn only_active_imports_are_leased(bench: Bench) {
    let store = bench.store().await;
    let [one, other]: [Uuid; 2] = [bench.id(), bench.id()];
    let id = submit(&bench, &store, ImportOptions::default()).await.id;
    store.done(StartImport { id }).await;
    assert!(lease(&store, id, one, LONG).await.is_some());
    store.done(CancelImport { id }).await;
    assert_eq!(lease(&store, id, one, LONG).await, None);
    release(&store, id, one).await;
    assert_eq!(lease(&store, id, other, LONG).await, None);
    // Nothing is to be undone.
    store.done(UndoImport { id }).await;
    assert_eq!(lease(&store, id, other, LONG).await, None);
}

/// The jobs that wait and the files that are kept are counted for the organization.
pub async fn files_and_waiting_jobs_are_counted(bench: Bench) {
    let tenant = bench.tenant().await;
    let [store, other] = [tenant.store().await, tenant.store().await];
    let elsewhere = bench.store().await;
    let file = sum(&chunks());
    assert_eq!(usage(&store).await, (0, 0));
    let first = submit(&bench, &store, ImportOptions::default()).await.id;
    let second = submit(&bench, &other, ImportOptions::default()).await.id;
    let upload = bench.id();
    add_chunks(&bench, &store, upload, &chunks()[..1]).await;
    let part = sum(&chunks()[..1]);
    for client in [&store, &other] {
        assert_eq!(usage(client).await, (2, 2 * file + part));
    }
    assert_eq!(usage(&elsewhere).await, (0, 0));
    store.done(StartImport { id: first }).await;
    assert_eq!(usage(&store).await, (1, 2 * file + part));
    other.done(CancelImport { id: second }).await;
    assert_eq!(usage(&store).await, (0, 2 * file + part));
    drop_chunks(&store, upload).await;
    assert_eq!(usage(&store).await, (0, 2 * file));
}

/// Old files are forgotten, and their jobs are not. Files of active jobs stay, and so do those that are still
/// being sent.
pub async fn old_files_are_forgotten(bench: Bench) {
    let store = bench.store().await;
    let elsewhere = bench.store().await;
    let theirs = ended(&bench, &elsewhere).await;
    let over = ended(&bench, &store).await;
    let waiting = submit(&bench, &store, ImportOptions::default()).await.id;
    let upload = bench.id();
    // More than one step of work.
    let many: Vec<_> = (0..250)
        .map(|number| chunk(number, number + 1, &["x,1"]))
        .collect();
    add_chunks(&bench, &store, upload, &many).await;
    bench.clock.advance(1);
    let now = bench.clock.now();
    let later = ended(&bench, &store).await;
    let job = import(&store, over).await;
    forget(&store, now, NEVER, NEVER).await;
    for number in [0, 1] {
        assert_eq!(read(&store, over, number).await, None);
        assert!(read(&store, waiting, number).await.is_some());
        assert!(read(&store, upload, number).await.is_some());
        assert!(read(&store, later, number).await.is_some());
        assert!(read(&elsewhere, theirs, number).await.is_some());
    }
    assert_eq!(of_line(&store, over, 2).await, None);
    assert_eq!(import(&store, over).await, job);
    assert_eq!(errors(&store, over, 0, 9).await.len(), 1);
    assert_eq!(usage(&store).await, (1, 2 * sum(&chunks()) + sum(&many)));
    forget(&store, now, NEVER, NEVER).await;
    assert!(read(&store, later, 1).await.is_some());
}

/// Old jobs are forgotten with everything about them, unless they are active.
pub async fn old_jobs_are_forgotten(bench: Bench) {
    let store = bench.store().await;
    let elsewhere = bench.store().await;
    let theirs = ended(&bench, &elsewhere).await;
    let mut over = Vec::new();
    for _ in 0..3 {
        over.push(ended(&bench, &store).await);
    }
    let waiting = submit(&bench, &store, ImportOptions::default()).await.id;
    bench.clock.advance(1);
    let now = bench.clock.now();
    let later = ended(&bench, &store).await;
    forget(&store, NEVER, now, NEVER).await;
    for id in over {
        assert_eq!(import(&store, id).await, None);
        assert_eq!(read(&store, id, 0).await, None);
        assert_eq!(errors(&store, id, 0, 9).await, []);
    }
    for id in [waiting, later] {
        assert!(import(&store, id).await.is_some());
        assert!(read(&store, id, 1).await.is_some());
    }
    assert_eq!(errors(&store, later, 0, 9).await.len(), 1);
    assert_eq!(active(&store).await, [waiting]);
    assert_eq!(usage(&store).await, (1, 2 * sum(&chunks())));
    assert!(import(&elsewhere, theirs).await.is_some());
}

/// Old files of which no job was made are forgotten, and no others.
pub async fn abandoned_uploads_are_forgotten(bench: Bench) {
    let store = bench.store().await;
    let elsewhere = bench.store().await;
    let [old, young, theirs]: [ImportId; 3] = [bench.id(), bench.id(), bench.id()];
    let many: Vec<_> = (0..250)
        .map(|number| chunk(number, number + 1, &["x,1"]))
        .collect();
    add_chunks(&bench, &store, old, &many).await;
    add_chunks(&bench, &elsewhere, theirs, &chunks()).await;
    let over = ended(&bench, &store).await;
    let waiting = submit(&bench, &store, ImportOptions::default()).await.id;
    bench.clock.advance(1);
    let now = bench.clock.now();
    add_chunks(&bench, &store, young, &chunks()).await;
    forget(&store, NEVER, NEVER, now).await;
    for chunk in &many {
        assert_eq!(read(&store, old, chunk.number).await, None);
    }
    for id in [young, over, waiting] {
        assert!(read(&store, id, 1).await.is_some());
    }
    assert!(read(&elsewhere, theirs, 1).await.is_some());
    assert_eq!(usage(&store).await, (1, 3 * sum(&chunks())));
}
