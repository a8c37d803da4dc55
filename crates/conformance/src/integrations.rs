//! Integrations: their configuration, and what is stored about their deliveries.

use std::time::{Duration, Instant};

use stockroom_application::PageRequest;
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, DeliveryProgress, IntegrationState, LeasedIntegration, LogsOf,
};
use stockroom_domain::{
    Configuration, CreateIntegration, DeleteIntegration, DeliveryTimeout, Description,
    DisableIntegration, EventCondition, EventFilter, EventFormat, EventId, Integration,
    IntegrationId, LogId, Observed, Patch, Reason, Refusal, RotateSecret, SecretKey,
    UpdateIntegration, WebhookUrl,
};
use uuid::Uuid;

use crate::client::stored;
use crate::{Bench, Client, make};

/// Longer than any case takes.
const LONG: u32 = 3_600_000;

fn update(id: IntegrationId) -> UpdateIntegration {
    UpdateIntegration {
        id,
        expect_version: None,
        name: None,
        description: Patch::Keep,
        enabled: None,
        observes: None,
        url: None,
        secret_key: Patch::Keep,
        format: None,
        timeout: None,
        filter: Patch::Keep,
    }
}

async fn create(client: &Client) -> Integration {
    client
        .done(make::integration("An integration"))
        .await
        .integration
}

async fn state(client: &Client, id: IntegrationId) -> Option<IntegrationState> {
    let scope = client.scope;
    let found = client
        .database
        .integration(scope.organization, scope.acting, id);
    stored(found.await)
}

async fn list(client: &Client, page: PageRequest<IntegrationId>) -> (Vec<Integration>, u64) {
    let scope = client.scope;
    let listed = client
        .database
        .list_integrations(scope.organization, scope.acting, page);
    let listed = stored(listed.await);
    let items = listed.items.into_iter().map(|it| it.integration).collect();
    (items, listed.total.expect("a total"))
}

async fn take(
    client: &Client,
    id: IntegrationId,
    holder: Uuid,
    milliseconds: u32,
) -> Option<LeasedIntegration> {
    let database = &client.database;
    stored(
        database
            .take_lease(client.scope.organization, id, holder, milliseconds)
            .await,
    )
}

async fn is_active(client: &Client, id: IntegrationId) -> bool {
    let active = stored(client.database.active_integrations().await);
    active.contains(&(client.scope.organization, id))
}

async fn save(
    client: &Client,
    id: IntegrationId,
    holder: Uuid,
    progress: &DeliveryProgress,
) -> bool {
    let database = &client.database;
    stored(
        database
            .save_progress(client.scope.organization, id, holder, progress)
            .await,
    )
}

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

/// Every field is stored, and so are the secrets.
pub async fn every_field_is_kept(bench: Bench) {
    let store = bench.store().await;
    let full = CreateIntegration {
        name: make::text("Ein Suchindex 🔑"),
        description: Description::new("description", "A search index").ok(),
        observes: Observed::parse(["stock.created", "product.deleted"]).expect("events"),
        configuration: Configuration {
            url: WebhookUrl::new("https://example.com/a?b=c").expect("an address"),
            format: EventFormat::Standard,
            timeout: DeliveryTimeout::try_from(30).expect("a time"),
            filter: Some(EventFilter {
                text: "eq(location,berlin)".to_owned(),
                conditions: vec![
                    EventCondition::Location(vec!["berlin".to_owned()]),
                    EventCondition::Product(vec![bench.product()]),
                ],
            }),
        },
        secret_key: SecretKey::new("a key").ok(),
        position: 812,
        ..make::integration("full")
    };
    let disabled = CreateIntegration {
        enabled: false,
        ..make::integration("disabled")
    };
    for request in [full, disabled, make::integration("bare")] {
        let created = store.done(request.clone()).await.integration;
        let expected = IntegrationState {
            integration: created.clone(),
            position: request.position,
            failing_since: None,
        };
        assert_eq!(state(&store, created.id).await, Some(expected));
        assert_eq!(is_active(&store, created.id).await, request.enabled);
        let leased = take(&store, created.id, bench.id(), LONG).await;
        assert_eq!(leased.is_some(), request.enabled);
        if let Some(leased) = leased {
            assert_eq!(leased.integration, created);
            assert_eq!(leased.secrets.secret_key, request.secret_key);
            assert_eq!(leased.secrets.signing, request.secret.secret);
            assert_eq!(leased.progress.position, request.position);
        }
    }
}

/// An update changes the integration, and nothing of its deliveries.
pub async fn an_update_keeps_the_progress(bench: Bench) {
    let store = bench.store().await;
    let created = create(&store).await;
    let holder = bench.id();
    take(&store, created.id, holder, LONG)
        .await
        .expect("a lease");
    let progress = DeliveryProgress {
        position: 7,
        details: Some("{}".to_owned()),
        failing_since: Some(bench.clock.now()),
    };
    assert!(save(&store, created.id, holder, &progress).await);
    bench.clock.advance(1_000);
    let request = UpdateIntegration {
        expect_version: Some(1),
        name: Some(make::text("Another name")),
        secret_key: Patch::Set(SecretKey::new("another").expect("a key")),
        ..update(created.id)
    };
    let updated = store.done(request.clone()).await;
    assert_eq!(
        (updated.version, updated.updated_at),
        (2, bench.clock.now())
    );
    assert_eq!(
        store.ask(request).await,
        Err(Refusal::VersionIs { version: 2 })
    );
    let found = state(&store, created.id).await.expect("it is there");
    assert_eq!((found.integration, found.position), (updated, 7));
    let rotation = RotateSecret {
        id: created.id,
        secret: make::new_secret("second"),
        overlap_hours: 24,
    };
    store.done(rotation).await;
    let leased = take(&store, created.id, holder, LONG)
        .await
        .expect("the lease");
    assert_eq!(leased.progress, progress);
    assert_eq!(leased.secrets.signing_at(bench.clock.now()).count(), 2);
    assert_eq!(
        leased.secrets.secret_key.map(|it| it.expose().len()),
        Some(7)
    );
}

/// Only enabled integrations are delivered to.
pub async fn disabled_integrations_are_not_active(bench: Bench) {
    let store = bench.store().await;
    let id = create(&store).await.id;
    let holder = bench.id();
    take(&store, id, holder, LONG).await.expect("a lease");
    let reason = Reason::new("reason", "no success for three days").expect("a reason");
    let disabled = store.done(DisableIntegration { id, reason }).await;
    assert_eq!(
        state(&store, id).await.map(|it| it.integration),
        Some(disabled)
    );
    assert!(!is_active(&store, id).await);
    let organization = store.scope.organization;
    let renewed = store.database.renew_lease(organization, id, holder, LONG);
    assert!(!stored(renewed.await));
    assert_eq!(take(&store, id, holder, LONG).await, None);
    let enabled = Some(true);
    store
        .done(UpdateIntegration {
            enabled,
            ..update(id)
        })
        .await;
    assert!(is_active(&store, id).await);
    assert!(take(&store, id, holder, LONG).await.is_some());
}

/// Integrations are listed only for their owner, in the order of creation.
pub async fn integrations_are_listed_per_owner(bench: Bench) {
    let tenant = bench.tenant().await;
    let clients = [
        tenant.organization(),
        tenant.store().await,
        bench.store().await,
    ];
    let mut created = [vec![], vec![], vec![]];
    for place in 0..12 {
        bench.clock.advance(i64::from(place % 2 == 0));
        created[place % 3].push(create(&clients[place % 3]).await);
    }
    for (client, created) in clients.iter().zip(&created) {
        assert_eq!(
            list(client, PageRequest::default()).await,
            (created.clone(), 4)
        );
        let middle = PageRequest::from_offset(2, 1);
        assert_eq!(list(client, middle).await, (created[1..3].to_vec(), 4));
        let behind = PageRequest::after(2, created[1].id);
        assert_eq!(list(client, behind).await, (created[2..].to_vec(), 4));
    }
    for (client, other) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        let id = created[other][0].id;
        let client = &clients[client];
        assert_eq!(state(client, id).await, None);
        let not_found = Refusal::IntegrationNotFound;
        assert_eq!(client.ask(update(id)).await, Err(not_found.clone()));
        assert_eq!(client.ask(DeleteIntegration { id }).await, Err(not_found));
    }
    let [of_store, theirs] = [created[1][0].id, created[2][0].id];
    assert_eq!(take(&clients[1], theirs, bench.id(), LONG).await, None);
    assert_eq!(take(&clients[2], of_store, bench.id(), LONG).await, None);
}

/// The limit counts an owner's integrations, but no other owner's.
pub async fn the_number_of_integrations_is_limited(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    create(&organization).await;
    let integrations_max = Integration::PER_OWNER_MAX;
    let creations =
        (0..=integrations_max).map(|n| store.command(make::integration(&format!("i{n}"))));
    let outcomes = store.commit(creations.collect()).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted as u64, integrations_max);
    let refused = Refusal::TooManyIntegrations { integrations_max };
    assert_eq!(outcomes.last(), Some(&Err(refused)));
    let id = list(&store, PageRequest::default()).await.0[0].id;
    store.done(DeleteIntegration { id }).await;
    create(&store).await;
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

    // Who held it when the position was set anew doesn't overwrite it.
    let reset = store.database.reset_position(organization, id, 9);
    assert!(stored(reset.await));
    assert!(!save(&store, id, other, &progress(5)).await);
    let leased = take(&store, id, one, LONG).await.expect("a lease");
    let expected = DeliveryProgress {
        position: 9,
        ..DeliveryProgress::default()
    };
    assert_eq!(leased.progress, expected);
    let unknown = store.database.reset_position(organization, bench.id(), 9);
    assert!(!stored(unknown.await));
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
        add(&store, of.id, std::slice::from_ref(&log)).await;
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
