//! What is stored about the deliveries of integrations: leases, progress and logs.

use std::time::{Duration, Instant};

use stockroom_application::ports::{DeliveryJob, DeliveryLog, DeliveryProgress, LogsOf};
use stockroom_domain::{
    DeleteIntegration, EventId, Integration, IntegrationId, LogId, Refusal, ReplayEvents,
};
use uuid::Uuid;

use crate::client::stored;
use crate::integrations::{LONG, create, is_active, save, state, take, update};
use crate::{Bench, Client};

fn log(
    bench: &Bench,
    of: &Integration,
    event: EventId,
    succeeded: bool,
    attempt: u32,
) -> DeliveryLog {
    DeliveryLog {
        id: bench.id::<LogId>(),
        owner: of.owner,
        integration: of.id,
        event,
        succeeded,
        attempt,
        status_code: Some(if succeeded { 200 } else { 503 }),
        error_detail: (!succeeded).then(|| "the receiver answered 503".to_owned()),
        body: Some("äußerst 🔑".to_owned()),
        created_at: bench.clock.now(),
    }
}

async fn add(client: &Client, id: IntegrationId, logs: &[DeliveryLog]) {
    let database = &client.database;
    stored(database.add_logs(client.scope.organization, id, logs).await);
}

async fn logs(client: &Client, of: LogsOf, limit: u32, offset: u32) -> (Vec<DeliveryLog>, u64) {
    let database = &client.database;
    stored(
        database
            .delivery_logs(client.scope.organization, of, limit, offset)
            .await,
    )
}

/// One holder at a time has the lease, until it ends it or lets it end.
pub async fn a_lease_has_one_holder(bench: Bench) {
    let store = bench.store().await;
    let id = create(&store).await.id;
    let organization = store.scope.organization;
    let [one, other]: [Uuid; 2] = [bench.id(), bench.id()];
    assert!(take(&store, id, one, LONG).await.is_some());
    assert_eq!(take(&store, id, other, LONG).await, None);
    assert!(take(&store, id, one, LONG).await.is_some());
    let renew = async |holder| {
        let renewed = store.database.renew_lease(organization, id, holder, LONG);
        stored(renewed.await)
    };
    assert!(renew(one).await && !renew(other).await);
    stored(store.database.release_lease(organization, id, other).await);
    assert_eq!(take(&store, id, other, LONG).await, None);
    stored(store.database.release_lease(organization, id, one).await);
    assert!(take(&store, id, other, LONG).await.is_some());
    assert!(!renew(one).await);
    assert_eq!(take(&store, id, one, LONG).await, None);

    // The lease of the other ends. A database with a clock of its own takes its time.
    assert!(take(&store, id, other, 1).await.is_some());
    let deadline = Instant::now() + Duration::from_secs(30);
    while take(&store, id, one, LONG).await.is_none() {
        assert!(Instant::now() < deadline, "the lease doesn't end");
        bench.clock.advance(1);
    }
    assert!(!renew(other).await);
}

/// Progress is stored by the holder of the lease only.
pub async fn progress_needs_the_lease(bench: Bench) {
    let store = bench.store().await;
    let id = create(&store).await.id;
    let [one, other]: [Uuid; 2] = [bench.id(), bench.id()];
    let progress = |position| DeliveryProgress {
        position,
        details: Some(format!("{{\"held back\":{position}}}")),
        failing_since: None,
        replay_from: None,
    };
    assert!(!save(&store, id, one, &progress(1)).await);
    take(&store, id, one, LONG).await.expect("a lease");
    assert!(save(&store, id, one, &progress(2)).await);
    assert!(!save(&store, id, other, &progress(3)).await);
    let organization = store.scope.organization;
    stored(store.database.release_lease(organization, id, one).await);
    let leased = take(&store, id, other, LONG).await.expect("a lease");
    assert_eq!(leased.progress, progress(2));
    assert!(!save(&store, id, one, &progress(4)).await);
    assert_eq!(state(&store, id).await.map(|it| it.position), Some(2));
}

/// Who has the lease learns of changes, and of the position from which events are wanted again: the
/// earliest one, until it has said that it has begun with it.
pub async fn the_holder_learns_of_changes_and_replays(bench: Bench) {
    let store = bench.store().await;
    let Integration { id, version, .. } = create(&store).await;
    let [one, other]: [Uuid; 2] = [bench.id(), bench.id()];
    let organization = store.scope.organization;
    let leased = async |holder| stored(store.database.leased(organization, id, holder).await);
    assert_eq!(leased(one).await, None);
    take(&store, id, one, LONG).await.expect("a lease");
    assert_eq!(leased(other).await, None);
    store.done(update(id)).await;
    let found = leased(one).await.expect("its lease");
    assert_eq!(found.integration.version, version + 1);
    assert_eq!(found.progress, DeliveryProgress::default());
    for from in [7, 4, 9] {
        store.done(ReplayEvents { id, from }).await;
    }
    let found = leased(one).await.expect("its lease");
    assert_eq!(found.progress.replay_from, Some(4));
    let mut progress = DeliveryProgress {
        position: 12,
        ..DeliveryProgress::default()
    };
    assert!(save(&store, id, one, &progress).await);
    assert_eq!(state(&store, id).await.map(|it| it.position), Some(3));
    progress.replay_from = Some(4);
    assert!(save(&store, id, one, &progress).await);
    let found = leased(one).await.expect("its lease");
    assert_eq!(found.progress.replay_from, None);
    assert_eq!(state(&store, id).await.map(|it| it.position), Some(12));
}

/// Logs are shown to their owner, the latest first, by integration and by job.
pub async fn logs_are_found_by_owner_integration_and_job(bench: Bench) {
    let tenant = bench.tenant().await;
    let [store, other] = [tenant.store().await, tenant.store().await];
    let [first, second] = [create(&store).await, create(&store).await];
    let theirs = create(&other).await;
    let events: [EventId; 2] = [bench.id(), bench.id()];
    let mut made = Vec::new();
    let attempts = [
        (&first, events[0], false, 1),
        (&second, events[0], true, 1),
        (&first, events[1], true, 1),
        (&first, events[0], true, 2),
        (&theirs, events[0], true, 1),
    ];
    for (of, event, succeeded, attempt) in attempts {
        bench.clock.advance(1_000);
        let log = log(&bench, of, event, succeeded, attempt);
        // Who doesn't know whether it was stored adds it again.
        for _ in 0..2 {
            add(&store, of.id, std::slice::from_ref(&log)).await;
        }
        made.push(log);
    }
    let pick = |places: &[usize]| {
        places
            .iter()
            .map(|it| made[*it].clone())
            .collect::<Vec<_>>()
    };
    for (of, places) in [
        (LogsOf::Owner(store.owner()), &[3, 2, 1, 0][..]),
        (LogsOf::Owner(other.owner()), &[4]),
        (LogsOf::Owner(stockroom_domain::Owner::Organization), &[]),
        (LogsOf::Integration(first.id), &[3, 2, 0]),
        (LogsOf::Integration(second.id), &[1]),
        (LogsOf::Job(first.id, events[0]), &[3, 0]),
        (LogsOf::Job(second.id, events[1]), &[]),
    ] {
        let total = places.len() as u64;
        assert_eq!(
            logs(&store, of, 25, 0).await,
            (pick(places), total),
            "{of:?}"
        );
        let rest = places.get(1..).unwrap_or_default();
        assert_eq!(logs(&store, of, 25, 1).await, (pick(rest), total), "{of:?}");
    }
    let organization = tenant.organization;
    let jobs = store.database.delivery_jobs(organization, first.id, 25, 0);
    let job = |event, attempts, created: &DeliveryLog, updated: &DeliveryLog| DeliveryJob {
        event,
        succeeded: true,
        attempts,
        created_at: created.created_at,
        updated_at: updated.created_at,
    };
    let expected = vec![
        job(events[0], 2, &made[0], &made[3]),
        job(events[1], 1, &made[2], &made[2]),
    ];
    assert_eq!(stored(jobs.await), (expected.clone(), 2));
    let jobs = store.database.delivery_jobs(organization, first.id, 1, 1);
    assert_eq!(stored(jobs.await), (expected[1..].to_vec(), 2));
    let elsewhere = bench.store().await;
    let foreign = logs(&elsewhere, LogsOf::Integration(first.id), 25, 0).await;
    assert_eq!(foreign, (vec![], 0));
}

/// Logs are dropped by age, and by number; of successes, the last hundred stay.
pub async fn logs_are_trimmed(bench: Bench) {
    let store = bench.store().await;
    let [trimmed, other] = [create(&store).await, create(&store).await];
    let organization = store.scope.organization;
    let event = bench.id();
    let old = [log(&bench, &trimmed, event, false, 1)];
    let kept = [log(&bench, &other, event, true, 1)];
    add(&store, trimmed.id, &old).await;
    add(&store, other.id, &kept).await;
    bench.clock.advance(DeliveryLog::KEPT_MILLISECONDS + 1);
    let made: Vec<DeliveryLog> = (0..120)
        .map(|place| log(&bench, &trimmed, event, place % 6 != 0, 1))
        .collect();
    add(&store, trimmed.id, &made).await;
    let all = logs(&store, LogsOf::Integration(trimmed.id), 200, 0).await;
    assert_eq!(all.1, 121);
    let trim = async || {
        let now = bench.clock.now();
        stored(
            store
                .database
                .trim_logs(organization, trimmed.id, now)
                .await,
        )
    };
    // The old one; of a hundred successes and twenty failures none.
    assert_eq!(trim().await, 1);
    let more = [
        log(&bench, &trimmed, event, true, 1),
        log(&bench, &trimmed, event, false, 1),
    ];
    add(&store, trimmed.id, &more).await;
    assert_eq!(trim().await, 1);
    let (left, total) = logs(&store, LogsOf::Integration(trimmed.id), 200, 0).await;
    assert_eq!((left.len(), total), (121, 121));
    assert!(!left.contains(&made[1]) && left.contains(&made[0]));
    assert_eq!(trim().await, 0);
    let (left, _) = logs(&store, LogsOf::Integration(other.id), 25, 0).await;
    assert_eq!(left, kept);
}

/// With an integration go its logs and its lease, and nothing of it comes back.
pub async fn a_deleted_integration_leaves_nothing(bench: Bench) {
    let store = bench.store().await;
    let deleted = create(&store).await;
    let kept = create(&store).await;
    let (id, holder) = (deleted.id, bench.id());
    take(&store, id, holder, LONG).await.expect("a lease");
    let event = bench.id();
    add(&store, id, &[log(&bench, &deleted, event, false, 1)]).await;
    let of_kept = [log(&bench, &kept, event, false, 1)];
    add(&store, kept.id, &of_kept).await;
    store.done(DeleteIntegration { id }).await;
    assert_eq!(state(&store, id).await, None);
    assert!(!is_active(&store, id).await && is_active(&store, kept.id).await);
    assert_eq!(take(&store, id, holder, LONG).await, None);
    assert!(!save(&store, id, holder, &DeliveryProgress::default()).await);
    // A server that was still delivering.
    add(&store, id, &[log(&bench, &deleted, event, true, 2)]).await;
    let (left, _) = logs(&store, LogsOf::Owner(store.owner()), 25, 0).await;
    assert_eq!(left, of_kept);
    let refused = store.ask(DeleteIntegration { id }).await;
    assert_eq!(refused, Err(Refusal::IntegrationNotFound));
}
