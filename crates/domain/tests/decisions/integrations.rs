//! Integrations.

use stockroom_domain::{
    Change, Configuration, CreateIntegration, DeleteIntegration, DeliveryCondition,
    DeliveryTimeout, DisableIntegration, EventFilter, EventFormat, EventName, Integration,
    IntegrationChange, IntegrationChangeKind, IntegrationSecrets, NewSecret, Observed, Owner,
    Patch, PreviousSecret, Reason, RecordChange, Refusal, ReplayEvents, RotateSecret, SecretHash,
    SecretKey, SigningSecret, UpdateIntegration, WebhookUrl,
};

use crate::scene::{Scene, assert_precedence, at, id, other_store, store, text};

fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(format!("whsec_{text}")).expect("a secret")
}

fn new_secret(text: &str) -> NewSecret {
    NewSecret {
        secret: secret(text),
        salt: id(5),
        digest: SecretHash([7; 32]),
    }
}

fn configuration(url: &str) -> Configuration {
    Configuration {
        url: WebhookUrl::new(url).expect("an address"),
        format: EventFormat::ElasticPath,
        timeout: DeliveryTimeout::default(),
        filter: None,
    }
}

fn create() -> CreateIntegration {
    CreateIntegration {
        name: text("A search index"),
        description: None,
        enabled: true,
        observes: Observed::All,
        configuration: configuration("https://example.com/hook"),
        secret_key: SecretKey::new("key").ok(),
        secret: new_secret("first"),
        position: 812,
    }
}

fn update() -> UpdateIntegration {
    UpdateIntegration {
        id: id(1),
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

fn integration(owner: Owner) -> Integration {
    Integration {
        id: id(1),
        owner,
        name: text("A search index"),
        description: None,
        enabled: true,
        observes: Observed::All,
        configuration: configuration("https://example.com/hook"),
        version: 3,
        disabled_reason: None,
        created_at: at(-1_000),
        updated_at: at(-1_000),
    }
}

fn secrets() -> IntegrationSecrets {
    IntegrationSecrets {
        secret_key: SecretKey::new("key").ok(),
        signing: secret("first"),
        previous: Some(PreviousSecret {
            secret: secret("oldest"),
            until: at(1_000),
        }),
    }
}

fn with<R: stockroom_domain::Answered + Clone>(request: R, owner: Owner) -> Scene<R> {
    let mut scene = Scene::new(request);
    let stored = (integration(owner), secrets());
    scene.state.integrations.insert(id(1), stored);
    scene
}

/// The change among some changes, which is the only one.
fn change(changes: &[Change]) -> IntegrationChange {
    match changes {
        [Change::Record(RecordChange::Integration(change))] => (**change).clone(),
        changes => panic!("{changes:?}"),
    }
}

#[test]
fn an_integration_begins_at_the_head_of_the_feed() {
    let decision = Scene::new(create()).accepted();
    let change = change(&decision.changes);
    assert_eq!(
        change.kind,
        IntegrationChangeKind::Created { position: 812 }
    );
    assert_eq!(change.integration, decision.answer.integration);
    let expected = Integration {
        id: change.integration.id,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
        ..integration(store())
    };
    assert_eq!(change.integration, expected);
    assert_eq!(change.secrets.signing, secret("first"));
    assert_eq!(change.secrets.previous, None);
    assert_eq!(
        (decision.answer.salt, decision.answer.digest),
        (id(5), SecretHash([7; 32]))
    );
}

#[test]
fn the_number_of_integrations_is_limited() {
    let integrations_max = Integration::PER_OWNER_MAX;
    let mut scene = Scene::new(create());
    let counts = &mut scene.state.integration_counts;
    counts.insert(Owner::Organization, integrations_max);
    counts.insert(store(), integrations_max - 1);
    scene.accepted();
    scene
        .state
        .integration_counts
        .insert(store(), integrations_max);
    let refused = Refusal::TooManyIntegrations { integrations_max };
    assert_eq!(scene.decide(), Err(refused));
}

#[test]
fn refusals_of_an_update_come_in_order() {
    assert_precedence(
        &with(update(), store()),
        &[
            (
                |scene| scene.state.integrations.clear(),
                Refusal::IntegrationNotFound,
            ),
            (
                |scene| scene.request.expect_version = Some(2),
                Refusal::VersionIs { version: 3 },
            ),
        ],
    );
}

/// Integrations are administered at their own level only.
#[test]
fn an_integration_of_another_level_is_not_found() {
    for (owner, by) in [
        (Owner::Organization, store()),
        (other_store(), store()),
        (store(), Owner::Organization),
    ] {
        let not_found = Refusal::IntegrationNotFound;
        let refused = with(update(), owner).by(by).decide();
        assert_eq!(refused, Err(not_found.clone()));
        let deletion = DeleteIntegration { id: id(1) };
        assert_eq!(
            with(deletion, owner).by(by).decide(),
            Err(not_found.clone())
        );
        let rotation = RotateSecret {
            id: id(1),
            secret: new_secret("second"),
            overlap_hours: 1,
        };
        let refused = with(rotation, owner).by(by).decide();
        assert_eq!(refused, Err(not_found.clone()));
        let replay = ReplayEvents { id: id(1), from: 5 };
        let refused = with(replay, owner).by(by).decide();
        assert_eq!(refused, Err(not_found.clone()));
        let disabling = DisableIntegration {
            id: id(1),
            version: 3,
            reason: Reason::new("reason", "gone").expect("a reason"),
        };
        assert_eq!(with(disabling, owner).by(by).decide(), Err(not_found));
    }
}

#[test]
fn an_update_changes_what_it_names() {
    let nothing = with(update(), store()).accepted();
    let expected = Integration {
        version: 4,
        updated_at: at(0),
        ..integration(store())
    };
    assert_eq!(nothing.answer, expected);
    assert_eq!(change(&nothing.changes).secrets, secrets());
    assert_eq!(
        change(&nothing.changes).kind,
        IntegrationChangeKind::Updated
    );

    let filter = EventFilter {
        text: "eq(location,berlin)".to_owned(),
        conditions: vec![DeliveryCondition::Location(vec!["berlin".to_owned()])],
    };
    let everything = UpdateIntegration {
        expect_version: Some(3),
        name: Some(text("Another name")),
        enabled: Some(false),
        observes: Observed::parse(["stock.created"]).ok(),
        url: WebhookUrl::new("https://example.org").ok(),
        secret_key: Patch::Clear,
        format: Some(EventFormat::Standard),
        timeout: DeliveryTimeout::try_from(30).ok(),
        filter: Patch::Set(filter.clone()),
        ..update()
    };
    let decision = with(everything, store()).accepted();
    let expected = Integration {
        name: text("Another name"),
        enabled: false,
        observes: Observed::Only([EventName::StockCreated].into()),
        configuration: Configuration {
            format: EventFormat::Standard,
            timeout: DeliveryTimeout::try_from(30).expect("a time"),
            filter: Some(filter),
            ..configuration("https://example.org")
        },
        ..expected
    };
    assert_eq!(decision.answer, expected);
    assert_eq!(change(&decision.changes).secrets.secret_key, None);
}

/// The clocks of servers differ.
#[test]
fn time_does_not_run_backwards() {
    let decision = with(update(), store()).decide_at(at(-5_000));
    assert_eq!(decision.expect("accepted").answer.updated_at, at(-1_000));
}

#[test]
fn enabling_clears_the_reason_and_nothing_else_does() {
    for (enabled, reason_is_kept) in [(None, true), (Some(false), true), (Some(true), false)] {
        let mut scene = with(update(), store());
        scene.request.enabled = enabled;
        let stored = scene.state.integrations.get_mut(&id(1)).expect("it");
        stored.0.enabled = false;
        stored.0.disabled_reason = Reason::new("reason", "gone").ok();
        let answer = scene.accepted().answer;
        assert_eq!(
            answer.disabled_reason.is_some(),
            reason_is_kept,
            "{enabled:?}"
        );
        assert_eq!(answer.enabled, enabled == Some(true));
    }
}

#[test]
fn the_server_disables_with_a_reason_and_once() {
    let reason = Reason::new("reason", "gone").expect("a reason");
    let request = DisableIntegration {
        id: id(1),
        version: 3,
        reason: reason.clone(),
    };
    let mut scene = with(request, store());
    let decision = scene.accepted();
    assert_eq!(
        change(&decision.changes).kind,
        IntegrationChangeKind::Disabled
    );
    assert_eq!(decision.answer.disabled_reason, Some(reason));
    assert!(!decision.answer.enabled);
    assert_eq!(decision.answer.version, 4);
    scene
        .state
        .integrations
        .get_mut(&id(1))
        .expect("it")
        .0
        .enabled = false;
    assert_eq!(scene.accepted().changes, []);
}

#[test]
fn a_rotation_keeps_one_secret_for_the_overlap() {
    for (overlap_hours, until) in [(0, None), (1, Some(3_600_000)), (168, Some(604_800_000))] {
        let request = RotateSecret {
            id: id(1),
            secret: new_secret("second"),
            overlap_hours,
        };
        let decision = with(request, store()).accepted();
        let change = change(&decision.changes);
        assert_eq!(change.integration.version, 4);
        assert_eq!(change.secrets.signing, secret("second"));
        assert_eq!(change.secrets.secret_key, secrets().secret_key);
        let previous = until.map(|until| PreviousSecret {
            secret: secret("first"),
            until: at(until),
        });
        assert_eq!(change.secrets.previous, previous);
        if let Some(until) = until {
            let count = |now| change.secrets.signing_at(at(now)).count();
            assert_eq!((count(until - 1), count(until)), (2, 1));
        }
    }
}

#[test]
fn the_server_disables_only_what_it_knows() {
    let request = DisableIntegration {
        id: id(1),
        version: 2,
        reason: Reason::new("reason", "gone").expect("a reason"),
    };
    let decision = with(request, store()).accepted();
    assert_eq!(decision.changes, []);
    assert!(decision.answer.enabled);
}

#[test]
fn enabled_integrations_get_events_again() {
    let mut scene = with(ReplayEvents { id: id(1), from: 5 }, store());
    let replayed = RecordChange::EventsReplayed(id(1), 5);
    assert_eq!(scene.accepted().changes, [Change::Record(replayed)]);
    let (integration, _) = scene.state.integrations.get_mut(&id(1)).expect("it");
    integration.enabled = false;
    assert_eq!(scene.decide(), Err(Refusal::IntegrationDisabled));
}

#[test]
fn a_deletion_says_what_is_gone_and_when() {
    let decision = with(DeleteIntegration { id: id(1) }, store()).accepted();
    let deleted = RecordChange::IntegrationDeleted(Integration {
        version: 4,
        updated_at: at(0),
        ..integration(store())
    });
    assert_eq!(decision.changes, [Change::Record(deleted)]);
}

#[test]
fn addresses_are_short_and_of_plain_characters() {
    let long = format!("https://example.com/{}", "x".repeat(2_029));
    let longest = long.strip_suffix('x').expect("a shorter one");
    assert!(WebhookUrl::new(longest).is_ok());
    for url in [
        "",
        "https://exämple.com",
        "https://example.com/ä",
        "https://example.com\\@10.0.0.1",
        " https://example.com",
        "https://example.com\n",
        &long,
    ] {
        assert!(WebhookUrl::new(url).is_err(), "{url}");
    }
}

#[test]
fn every_event_has_one_name() {
    for event in EventName::ALL {
        assert_eq!(EventName::from_word(event.as_str()), Some(*event));
    }
    let both = Observed::parse(["stock.deleted", "stock.created", "stock.created"]);
    let both = both.expect("events");
    assert_eq!(both.names(), ["stock.created", "stock.deleted"]);
    assert!(both.includes(EventName::StockDeleted) && !both.includes(EventName::ProductUpdated));
    assert_eq!(Observed::parse(["stock.created", "*"]), Ok(Observed::All));
    for names in [
        &[][..],
        &[""],
        &["stock.high"],
        &["stock.created", "Stock.Created"],
    ] {
        assert!(Observed::parse(names.iter().copied()).is_err(), "{names:?}");
    }
}

#[test]
fn a_filter_asks_for_what_an_event_is_about() {
    let filter = EventFilter {
        text: String::new(),
        conditions: vec![
            DeliveryCondition::Product(vec![id(1), id(2)]),
            DeliveryCondition::Location(vec!["berlin".to_owned()]),
        ],
    };
    for (products, locations, matches) in [
        (&[id(2)][..], &["paris", "berlin"][..], true),
        (&[id(3)], &["berlin"], false),
        (&[id(1)], &["paris"], false),
        (&[id(1)], &[], false),
        (&[], &["berlin"], false),
    ] {
        assert_eq!(filter.matches(products, locations), matches);
    }
}

#[test]
fn times_to_answer_are_limited() {
    for (seconds, accepted) in [(0, false), (1, true), (30, true), (31, false), (256, false)] {
        assert_eq!(DeliveryTimeout::try_from(seconds).is_ok(), accepted);
    }
    assert_eq!(DeliveryTimeout::default().seconds(), 10);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?} {:?}", with(create(), store()).command(), secrets());
    for secret in ["whsec", "first", "oldest", "\"key\"", "[7, 7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for text in ["", " a", "a\n", "ä"] {
        assert!(SecretKey::new(text).is_err(), "{text:?}");
    }
}
