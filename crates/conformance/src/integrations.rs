//! Integrations: their configuration, and what is stored about their deliveries.

use stockroom_application::PageRequest;
use stockroom_application::ports::{DeliveryProgress, IntegrationState, StoredIntegration};
use stockroom_domain::{
    Configuration, CreateIntegration, DeleteIntegration, DeliveryCondition, DeliveryTimeout,
    Description, DisableIntegration, EventFilter, EventFormat, Integration, IntegrationId,
    Observed, Patch, Reason, Refusal, RotateSecret, SecretKey, UpdateIntegration, WebhookUrl,
};
use uuid::Uuid;

use crate::client::stored;
use crate::{Bench, Client, make};

/// Longer than any case takes.
pub(crate) const LONG: u32 = 3_600_000;

pub(crate) fn update(id: IntegrationId) -> UpdateIntegration {
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

pub(crate) async fn create(client: &Client) -> Integration {
    client
        .done(make::integration("An integration"))
        .await
        .integration
}

pub(crate) async fn state(client: &Client, id: IntegrationId) -> Option<IntegrationState> {
    let scope = client.scope;
    let found = client
        .database
        .integration(scope.organization, scope.acting, id);
    stored(found.await).map(Into::into)
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

pub(crate) async fn take(
    client: &Client,
    id: IntegrationId,
    holder: Uuid,
    milliseconds: u32,
) -> Option<StoredIntegration> {
    let database = &client.database;
    stored(
        database
            .take_lease(client.scope.organization, id, holder, milliseconds)
            .await,
    )
}

pub(crate) async fn is_active(client: &Client, id: IntegrationId) -> bool {
    let active = stored(client.database.active_integrations().await);
    active.contains(&(client.scope.organization, id))
}

pub(crate) async fn save(
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
                    DeliveryCondition::Location(vec!["berlin".to_owned()]),
                    DeliveryCondition::Product(vec![bench.product()]),
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
        replay_from: None,
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
    let Integration { id, version, .. } = create(&store).await;
    let holder = bench.id();
    take(&store, id, holder, LONG).await.expect("a lease");
    let reason = Reason::new("reason", "no success for three days").expect("a reason");
    let disabling = DisableIntegration {
        id,
        version,
        reason,
    };
    let disabled = store.done(disabling).await;
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
