//! Answers that are kept under idempotency keys outlive the program that kept them: what any
//! version has written, every later one reads.
//!
//! The files beside this one are what was written. A change to a kept type that adds to them makes
//! the first test fail and show what is written now: add that as a file with the next number, and
//! leave the files that are there as they are, so that the second test proves that they can still
//! be read.

use std::collections::BTreeMap;

use serde_json::Value;
use stockroom_application::ports::{outcome_from_text, outcome_to_text};
use stockroom_domain::{
    Access, Address, Alert, Annotation, Answer, ApplicationKey, Balance, BatchId, CommodityType,
    Configuration, Counted, DeliveryCondition, DeliveryTimeout, Description, Entry, EntryAction,
    EntryHash, EventFilter, EventFormat, EventName, ExternalRef, Geolocation, IdempotencyKey,
    IdempotencyRecord, Import, ImportCaller, ImportOptions, ImportStatus, ImportStep, ImportTarget,
    Integration, IntegrationId, ItemAvailability, KeyId, LineCounts, Location, LocationId, Name,
    Observed, OrderId, Organization, OrganizationId, Outcome, Owner, Policy, Position, Priority,
    Product, ProductField, ProductId, ProductStatus, ProductText, Quantity, Reason, Recorded,
    Reference, Refusal, RefusedMovement, RequestDigest, Reservation, ReservationId,
    ReservationState, Reserved, ReservedLine, SecretHash, SecretIssued, SentItem, SentItems,
    SentPlace, Settings, Shortage, Slug, Source, Sourcing, SourcingOrder, Split, Stock, StockId,
    StockKey, StockedProduct, Store, StoreId, Timestamp, TransactionId, WebhookUrl,
};
use stockroom_domain::{
    ActingKey, Arrival, Note, Receipt, Supplier, Transfer, TransferKind, TransferLine,
    TransferOrigin, TransferProgress, TransferState, TransferStepRefused,
};
use uuid::Uuid;

/// What was written of each kind of answer, and of each refusal; the newest last.
const ANSWERS: [&str; 10] = [
    include_str!("answers-1.json"),
    include_str!("answers-2.json"),
    include_str!("answers-3.json"),
    include_str!("answers-4.json"),
    include_str!("answers-5.json"),
    include_str!("answers-6.json"),
    include_str!("answers-7.json"),
    include_str!("answers-8.json"),
    include_str!("answers-9.json"),
    include_str!("answers-10.json"),
];
const REFUSALS: [&str; 5] = [
    include_str!("refusals-1.json"),
    include_str!("refusals-2.json"),
    include_str!("refusals-3.json"),
    include_str!("refusals-4.json"),
    include_str!("refusals-5.json"),
];

/// Samples of every variant of an enum by its name. A variant that is added doesn't compile without
/// a sample.
macro_rules! samples {
    ($function:ident: $enum:ident { $($variant:ident => $sample:expr,)* } $(beside $other:ident)*) => {
        fn $function() -> BTreeMap<&'static str, $enum> {
            let name = |sample: &$enum| match sample {
                $($enum::$variant { .. } => stringify!($variant),)*
                $($enum::$other { .. } => stringify!($other),)*
            };
            let samples = [$($sample),*];
            samples.into_iter().map(|sample| (name(&sample), sample)).collect()
        }
    };
}

samples! { answers: Answer {
    Stock => Answer::Stock(stock()),
    Recorded => Answer::Recorded(recorded()),
    Lines => Answer::Lines(vec![Ok(recorded()), Err(Refusal::UnknownStock)]),
    Counted => Answer::Counted(counted()),
    CountedLines => Answer::CountedLines(vec![Ok(counted()), Err(Refusal::NotACount)]),
    Reserved => Answer::Reserved(Reserved { reservation: reservation(), is_new: true }),
    Reservation => Answer::Reservation(Reservation { state: ReservationState::Paid, ..reservation() }),
    Expired => Answer::Expired(true),
    Settled => Answer::Settled(()),
    Stocks => Answer::Stocks(vec![stock()]),
    Products => Answer::Products(vec![product()]),
    Availability => Answer::Availability(vec![availability()]),
    Location => Answer::Location(location()),
    Product => Answer::Product(product()),
    Key => Answer::Key(key()),
    Organization => Answer::Organization(organization()),
    Store => Answer::Store(store()),
    Settings => Answer::Settings(Settings { per_store_stock: true }),
    Integration => Answer::Integration(integration()),
    SecretIssued => Answer::SecretIssued(SecretIssued { integration: integration(), salt: id(14), digest: SecretHash([6; 32]) }),
    Import => Answer::Import(import()),
    Transfer => Answer::Transfer(transfer()),
    Deleted => Answer::Deleted(()),
} beside Replayed }

samples! { refusals: Refusal {
    OrganizationKeyRequired => Refusal::OrganizationKeyRequired,
    NoTransaction => Refusal::NoTransaction,
    NotACount => Refusal::NotACount,
    UnknownLocation => Refusal::UnknownLocation { slug: "nowhere".to_owned() },
    LocationNotStocked => Refusal::LocationNotStocked { slug: "nowhere".to_owned() },
    TooManyToPlace => Refusal::TooManyToPlace { items_max: 100 },
    StockExists => Refusal::StockExists,
    InvalidProductIdentifier => Refusal::InvalidProductIdentifier,
    LocationAllocated => Refusal::LocationAllocated { slug: slug() },
    TotalTooLarge => Refusal::TotalTooLarge,
    TooManyStockLocations => Refusal::TooManyStockLocations { locations_max: 1_000 },
    SlugTaken => Refusal::SlugTaken { slug: slug() },
    TooManyLocations => Refusal::TooManyLocations { locations_max: 10_000 },
    StockReserved => Refusal::StockReserved,
    LocationInUse => Refusal::LocationInUse,
    StockInTransfer => Refusal::StockInTransfer,
    LocationInTransfer => Refusal::LocationInTransfer { slug: slug() },
    DifferentOwners => Refusal::DifferentOwners,
    ProductIdTaken => Refusal::ProductIdTaken,
    WhiteSpaceAtEnds => Refusal::WhiteSpaceAtEnds { field: ProductField::ExternalRef },
    SkuTaken => Refusal::SkuTaken { product: id(1) },
    ExternalRefTaken => Refusal::ExternalRefTaken { product: id(1) },
    FiguresNotSet => Refusal::FiguresNotSet,
    ProductHasStock => Refusal::ProductHasStock,
    TooManyKeys => Refusal::TooManyKeys { keys_max: 1_000 },
    AsOfInFuture => Refusal::AsOfInFuture,
    OrganizationExists => Refusal::OrganizationExists,
    UnknownStock => Refusal::UnknownStock,
    LocationNotFound => Refusal::LocationNotFound,
    ProductNotFound => Refusal::ProductNotFound,
    KeyNotFound => Refusal::KeyNotFound,
    OrganizationNotFound => Refusal::OrganizationNotFound,
    TransactionNotFound => Refusal::TransactionNotFound,
    BatchNotFound => Refusal::BatchNotFound,
    ReservationNotFound => Refusal::ReservationNotFound,
    TransferNotFound => Refusal::TransferNotFound,
    NotManagedThen => Refusal::NotManagedThen,
    IntegrationNotFound => Refusal::IntegrationNotFound,
    IntegrationDisabled => Refusal::IntegrationDisabled,
    JobNotFound => Refusal::JobNotFound,
    ReservedRateLimitExceeded => Refusal::ReservedRateLimitExceeded { limit: 50 },
    ExpectationFailed => Refusal::ExpectationFailed(balance(3, 4)),
    LaterCount => Refusal::LaterCount { as_of: at(5) },
    IdempotencyKeyReused => Refusal::IdempotencyKeyReused,
    KeptAnswerUnreadable => Refusal::KeptAnswerUnreadable,
    VersionIs => Refusal::VersionIs { version: 7 },
    ReservationIs => Refusal::ReservationIs(ReservationState::Expired),
    ReservationEdited => Refusal::ReservationEdited,
    TransferEdited => Refusal::TransferEdited,
    TransferStep => Refusal::TransferStep(TransferStepRefused::NotSoMany { product: id(1), open: quantity(2) }),
    ImportIs => Refusal::ImportIs(ImportStatus::PartlyUndone),
    ImportIsDryRun => Refusal::ImportIsDryRun,
    ImportIsOfPolicies => Refusal::ImportIsOfPolicies,
    ImportMovedOn => Refusal::ImportMovedOn,
    OrderReserved => Refusal::OrderReserved,
    InsufficientStock => Refusal::InsufficientStock(movement()),
    TotalWouldOverflow => Refusal::TotalWouldOverflow(movement()),
    ReservationShort => Refusal::ReservationShort(vec![shortage()]),
    AllocatedForReservations => Refusal::AllocatedForReservations { unreserved: quantity(2), movement: movement() },
    NotSoManyOpen => Refusal::NotSoManyOpen { product: id(1), open: 2 },
    NotSoManyShipped => Refusal::NotSoManyShipped { product: id(1), open: 2 },
    ProductsWithoutStock => Refusal::ProductsWithoutStock { products: vec![id(1)] },
    SamePlace => Refusal::SamePlace,
    AlreadyFulfilled => Refusal::AlreadyFulfilled { product: id(1), fulfilled: 2 },
    MadeByReservation => Refusal::MadeByReservation,
    MadeByTransfer => Refusal::MadeByTransfer,
    TooManyOpenTransfers => Refusal::TooManyOpenTransfers { product: id(1), lines_max: 1_000 },
    TooManyUnderWay => Refusal::TooManyUnderWay { product: id(1) },
    AlreadyUndone => Refusal::AlreadyUndone,
    CountNotLatest => Refusal::CountNotLatest,
    CountUndone => Refusal::CountUndone,
    LocationGone => Refusal::LocationGone,
    TooManyIntegrations => Refusal::TooManyIntegrations { integrations_max: 50 },
    Line => Refusal::Line { index: 7, refusal: Box::new(Refusal::AlreadyUndone) },
} }

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_769_851_800_000 + milliseconds).expect("a time")
}

fn quantity(pieces: u64) -> Quantity {
    Quantity::new(pieces).expect("a quantity")
}

fn balance(available: u64, allocated: u64) -> Balance {
    Balance {
        available: quantity(available),
        allocated: quantity(allocated),
    }
}

fn slug() -> Slug {
    Slug::new("berlin").expect("a slug")
}

fn name() -> Name {
    Name::new("name", "A name").expect("a name")
}

fn text(text: &str) -> Option<ProductText> {
    ProductText::new("text", text).ok()
}

fn owner() -> Owner {
    Owner::Store(id::<StoreId>(2))
}

fn stock() -> Stock {
    let position = Position {
        slug: slug(),
        enabled: false,
        priority: Priority::new(5).expect("a priority"),
        geolocation: Geolocation::new(52.5, 13.4).ok(),
        balance: balance(3, 1),
        held: quantity(1),
        set_aside: quantity(1),
        policy: Policy {
            safety_stock: quantity(2),
            alerts: vec![alert(3, 5, true)],
        },
    };
    Stock {
        id: id::<StockId>(3),
        product: id::<ProductId>(1),
        owner: owner(),
        product_owner: Owner::Organization,
        unlocated: balance(5, 2),
        unlocated_held: quantity(1),
        unlocated_set_aside: quantity(1),
        located: [(id::<LocationId>(4), position)].into(),
        sequence: 9,
        last_hash: EntryHash([5; 32]),
        created_at: at(0),
        updated_at: at(1),
        next_expiry: Some(at(900_000)),
        policy: Policy {
            safety_stock: quantity(4),
            alerts: vec![alert(0, 1, false)],
        },
    }
}

fn alert(at: u64, rearm_at: u64, is_on: bool) -> Alert {
    let alert = Alert::new(quantity(at), Some(quantity(rearm_at))).expect("an alert");
    Alert { is_on, ..alert }
}

fn recorded() -> Recorded {
    Recorded {
        entry: Entry {
            id: id::<TransactionId>(6),
            stock: id::<StockId>(3),
            sequence: 9,
            location: Some(id::<LocationId>(4)),
            action: EntryAction::Decrement,
            quantity: quantity(2),
            balance: balance(3, 1),
            sums: balance(8, 3),
            annotation: Annotation {
                reason: Reason::new("reason", "count").ok(),
                reference: Reference::new("reference", "sheet 7").ok(),
            },
            idempotency_key: IdempotencyKey::new("once").ok(),
            batch: Some(id::<BatchId>(7)),
            undoes: Some(id::<TransactionId>(8)),
            actor: Some(id::<KeyId>(9)),
            as_of: Some(at(-1)),
            created_at: at(1),
            hash: EntryHash([5; 32]),
        },
        product: id::<ProductId>(1),
        slug: Some(slug()),
        actor_name: Some("ERP".into()),
        undone_by: Some(id::<TransactionId>(10)),
    }
}

fn counted() -> Counted {
    Counted {
        expected: -2,
        counted: quantity(3),
        as_of: at(-1),
        recorded: recorded(),
    }
}

fn reservation() -> Reservation {
    let key = StockKey {
        product: id(1),
        owner: owner(),
    };
    let line = ReservedLine {
        stock: id(3),
        key,
        location: Some((id(4), slug())),
        quantity: quantity(5),
        fulfilled: quantity(1),
        released: quantity(2),
        returned: quantity(1),
    };
    Reservation {
        id: id::<ReservationId>(11),
        owner: owner(),
        order: OrderId::new("order_id", "order 12").ok(),
        hold_reason: Reason::new("hold_reason", "damaged").ok(),
        state: ReservationState::Pending {
            expires_at: at(900_000),
        },
        lines: vec![line],
        sent: Some(Box::new(sent())),
        actor: Some(stockroom_domain::ActingKey {
            key: id(9),
            name: Some("ERP".into()),
        }),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

fn sent() -> SentItems {
    let near = Geolocation::new(52.5, 13.4).expect("a point");
    let only = vec!["berlin".to_owned()];
    let order = SourcingOrder::Nearest(near);
    let place = SentPlace::Moved(Some(slug()));
    SentItems {
        sourcing: Sourcing::new(order, Split::Units, Some(only)).ok(),
        items: vec![SentItem { place, lines: 1 }],
    }
}

fn shortage() -> Shortage {
    Shortage {
        product: id(1),
        location: Some(slug()),
        requested: 5,
        available: quantity(3),
    }
}

fn availability() -> ItemAvailability {
    ItemAvailability {
        product: id(1),
        location: Some("berlin".to_owned()),
        requested: 5,
        available: quantity(3),
        available_by: Some(quantity(4)),
        sources: Some(vec![Source {
            location: Some(slug()),
            quantity: quantity(3),
        }]),
    }
}

fn movement() -> RefusedMovement {
    RefusedMovement {
        requested: quantity(9),
        balance: balance(3, 4),
        reserved: quantity(2),
    }
}

fn product() -> StockedProduct {
    let product = Product {
        id: id::<ProductId>(1),
        owner: owner(),
        name: text("A product").expect("a name"),
        sku: text("sku"),
        slug: text("slug"),
        description: text("description"),
        status: ProductStatus::Live,
        commodity_type: CommodityType::Digital,
        manage_stock: true,
        external_ref: text("external"),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    };
    StockedProduct {
        product,
        level: quantity(8),
    }
}

fn location() -> Location {
    Location {
        id: id::<LocationId>(4),
        owner: Owner::Organization,
        name: name(),
        slug: slug(),
        external_ref: ExternalRef::new("external_ref", "external").ok(),
        description: Description::new("description", "A shelf").ok(),
        address: Address::new(vec!["One street".to_owned()]).ok(),
        geolocation: Geolocation::new(52.5, 13.4).ok(),
        enabled: false,
        priority: Priority::new(5).expect("a priority"),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

fn key() -> ApplicationKey {
    ApplicationKey {
        id: id::<KeyId>(9),
        owner: owner(),
        name: text("ERP").expect("a name"),
        client_id: "client".to_owned(),
        secret_hash: SecretHash([6; 32]),
        reserved_rate_limit: 5,
        allow_implicit: true,
        access: Access::Read,
        created_at: at(0),
        updated_at: at(1),
        last_used_at: Some(at(2)),
    }
}

fn transfer() -> Transfer {
    let arrival = Arrival {
        received: quantity(3),
        damaged: quantity(1),
        missing: quantity(1),
        surplus: quantity(2),
    };
    Transfer {
        id: id(31),
        owner: owner(),
        from: TransferOrigin::Supplier(Supplier::new("supplier", "ACME").expect("a text")),
        to: Some((id(5), slug())),
        progress: TransferProgress {
            kind: TransferKind::Delivery,
            state: TransferState::InTransit,
            lines: vec![TransferLine {
                product: id(1),
                stock: Some(id(4)),
                quantity: quantity(10),
                allocated: Quantity::ZERO,
                in_transit: quantity(4),
                received: quantity(3),
                damaged: quantity(1),
                missing: quantity(1),
                cancelled: quantity(1),
                surplus: quantity(2),
            }],
            receipts: vec![Receipt {
                id: id(32),
                at: at(3),
                items: vec![(id(1), arrival)],
                undone_at: Some(at(4)),
            }],
        },
        reference: Reference::new("reference", "TO-17").ok(),
        note: Note::new("note", "by rail").ok(),
        expected_at: Some(at(9)),
        announced: Some(at(8)),
        actor: Some(ActingKey {
            key: id(9),
            name: Some("ERP".into()),
        }),
        created_at: at(1),
        updated_at: at(4),
        version: 5,
    }
}

fn import() -> Import {
    Import {
        id: id(21),
        owner: Owner::Store(id(2)),
        undo: None,
        caller: ImportCaller {
            key: Some(id(3)),
            key_name: Some("ERP".to_owned()),
            key_owner: Owner::Organization,
        },
        status: ImportStatus::Failed,
        options: ImportOptions {
            target: ImportTarget::Policies,
            dry_run: true,
            abort_after: 3,
            create_stock: true,
            create_products: true,
            create_locations: true,
            reason: Reason::new("reason", "move").ok(),
            reference: Reference::new("reference", "file 7").ok(),
        },
        layout: "{}".to_owned(),
        request_id: Some("r-1".to_owned()),
        chunks: 3,
        next_chunk: 2,
        is_checked: true,
        lines: LineCounts {
            total: 2_500,
            changed: 1_000,
            unchanged: 900,
            skipped: 60,
            failed: 40,
        },
        errors: 40,
        changes: 30,
        not_undone: 5,
        stopped_by: Some(ImportStep::Apply),
        created_at: at(1),
        started_at: Some(at(2)),
        completed_at: Some(at(3)),
        updated_at: at(4),
        version: 7,
    }
}

fn integration() -> Integration {
    let conditions = vec![
        DeliveryCondition::Product(vec![id(1)]),
        DeliveryCondition::Location(vec!["berlin".to_owned()]),
    ];
    Integration {
        id: id::<IntegrationId>(13),
        owner: owner(),
        name: text("Search index").expect("a name"),
        description: Description::new("description", "A search index").ok(),
        enabled: false,
        observes: Observed::Only([EventName::StockCreated].into()),
        configuration: Configuration {
            url: WebhookUrl::new("https://example.com").expect("an address"),
            format: EventFormat::Standard,
            timeout: DeliveryTimeout::default(),
            filter: Some(EventFilter {
                text: "a filter".to_owned(),
                conditions,
            }),
        },
        version: 2,
        disabled_reason: Reason::new("reason", "gone").ok(),
        created_at: at(0),
        updated_at: at(1),
    }
}

fn organization() -> Organization {
    Organization {
        id: id::<OrganizationId>(12),
        name: name(),
        settings: Settings::default(),
        created_at: at(0),
    }
}

fn store() -> Store {
    Store {
        id: id::<StoreId>(2),
        name: name(),
        created_at: at(0),
    }
}

/// Each sample as an outcome, under its name.
fn outcomes() -> [BTreeMap<&'static str, Outcome>; 2] {
    let answers = answers().into_iter();
    let refusals = refusals().into_iter();
    [
        answers.map(|(name, answer)| (name, Ok(answer))).collect(),
        refusals
            .map(|(name, refusal)| (name, Err(refusal)))
            .collect(),
    ]
}

/// What is written of the outcome of a request.
fn text_of(outcome: &Outcome, owner: Owner, key_owner: Owner) -> String {
    let kept = IdempotencyRecord {
        owner,
        key_owner,
        key: IdempotencyKey::new("key").expect("a key"),
        request: RequestDigest([0; 32]),
        outcome: Some(outcome.clone()),
        expires_at: Timestamp::UNIX_EPOCH,
    };
    outcome_to_text(&kept).expect("every outcome is kept")
}

fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(file).expect("a golden file is an object of kept answers")
}

#[test]
fn what_is_written_is_what_the_newest_files_say() {
    let newest = [ANSWERS.last(), REFUSALS.last()];
    for (outcomes, file) in outcomes().iter().zip(newest.into_iter().flatten()) {
        let written: BTreeMap<String, Value> = outcomes
            .iter()
            .map(|(name, outcome)| {
                let text = text_of(outcome, Owner::Organization, Owner::Organization);
                let value = serde_json::from_str(&text).expect("it is kept as JSON");
                ((*name).to_owned(), value)
            })
            .collect();
        let shown = serde_json::to_string_pretty(&written).expect("it is JSON");
        assert!(written == golden(file), "now written:\n{shown}\n");
    }
}

#[test]
fn what_was_ever_written_can_be_read() {
    for file in ANSWERS.into_iter().chain(REFUSALS) {
        for (name, value) in golden(file) {
            let read = outcome_from_text(Owner::Organization, &value.to_string());
            assert!(read.outcome.is_some(), "{name} can't be read: {value}");
        }
    }
    let newest = [ANSWERS.last(), REFUSALS.last()];
    for (outcomes, file) in outcomes().into_iter().zip(newest.into_iter().flatten()) {
        for (name, value) in golden(file) {
            let read = outcome_from_text(Owner::Organization, &value.to_string());
            assert_eq!(read.outcome.as_ref(), outcomes.get(name.as_str()), "{name}");
        }
    }
}

/// It isn't guessed at, nor is it an error of the database.
#[test]
fn what_no_version_has_written_is_not_read() {
    let outcome: Outcome = Ok(Answer::Deleted(()));
    let text = text_of(&outcome, Owner::Organization, Owner::Organization);
    let read = |text: &str| outcome_from_text(Owner::Organization, text).outcome;
    assert_eq!(read(&text), Some(outcome));
    for text in [
        &text.replace("\"format\":1", "\"format\":2"),
        &text.replace("Deleted", "Destroyed"),
        r#"{"Ok":{"Deleted":null}}"#,
        "",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

/// So that answers stay as they were as long as nobody sets these.
#[test]
fn what_is_usual_of_a_location_is_not_written() {
    let mut usual = location();
    usual.enabled = true;
    usual.priority = Priority::default();
    let mut enabled = stock();
    for position in enabled.located.values_mut() {
        position.enabled = true;
        position.priority = Priority::default();
    }
    for answer in [Answer::Location(usual), Answer::Stock(enabled)] {
        let outcome: Outcome = Ok(answer);
        let text = text_of(&outcome, Owner::Organization, Owner::Organization);
        assert!(!text.contains("enabled"), "{text}");
        assert!(!text.contains("priority"), "{text}");
        let read = outcome_from_text(Owner::Organization, &text);
        assert_eq!(read.outcome, Some(outcome));
    }
}

/// An organization's key may do more in a store than the store's own.
#[test]
fn whose_key_asked_is_kept() {
    let store = Owner::Store(StoreId::new(Uuid::from_u128(5)));
    for (key_owner, written) in [
        (store, r#"{"format":1,"outcome":{"Ok":{"Deleted":null}}}"#),
        (
            Owner::Organization,
            r#"{"format":1,"key_owner":"Organization","outcome":{"Ok":{"Deleted":null}}}"#,
        ),
    ] {
        let text = text_of(&Ok(Answer::Deleted(())), store, key_owner);
        assert_eq!(text, written);
        let read = outcome_from_text(store, &text);
        assert_eq!(read.key_owner, key_owner);
        assert_eq!(read.outcome, Some(Ok(Answer::Deleted(()))));
    }
}
