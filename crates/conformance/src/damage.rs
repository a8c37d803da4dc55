//! Stock to be damaged, for adapter tests that change an adapter's data behind its back.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockroom_application::ports::{Database, Scope};
use stockroom_application::{
    Repair, RepairOutcome, Repairing, Verifier, VerifyObserver, VerifySummary,
};
use stockroom_domain::{
    Actor, Annotation, Command, CreateOrganization, CreateStock, DeleteStock, Difference,
    EntryHash, Idempotency, IdempotencyKey, KeyId, Operation, OrganizationId, Owner, ProductId,
    RawStock, Reason, Reference, RequestDigest, RequestedStep, Transact, TransactMany,
    TransactionAction, TransferState, VerifiedLedger,
};
use uuid::Uuid;

use crate::client::{Client, stored};
use crate::make;
use crate::reservations::{pay, release, reserve, reserve_all};
use crate::transfer_make::{arrival, draft, of, step};

/// A product whose stock has six entries, the fourth with a value in every column, a position in
/// the location `berlin`, and 4 pieces available in the pool.
pub const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));
/// A product whose stock, with two entries, is deleted.
pub const DELETED: ProductId = ProductId::new(Uuid::from_u128(3));
/// A product whose stock has one entry.
pub const OTHER: ProductId = ProductId::new(Uuid::from_u128(4));
/// A product that has stock after [`Damageable::reserve`]. In the pool, 5 pieces are allocated: 3
/// of them for a cart, and one for a reservation that is paid for. In `berlin`, both allocated
/// pieces are for the same cart.
pub const RESERVED: ProductId = ProductId::new(Uuid::from_u128(5));
/// The number of entries in all.
pub const ENTRIES: u64 = 9;

/// Damage to the transfer of [`Damageable::transfer`], in the dialect of every database, and a part of each difference
/// that is found, in their order.
pub const TRANSFER_DAMAGES: [(&str, &[&str]); 9] = [
    (
        "UPDATE transfer_lines SET in_transit = 4",
        &["transfers.state holds an impossible value"],
    ),
    (
        "UPDATE transfer_lines SET in_transit = 2, received = 2",
        &["transfers.state holds an impossible value"],
    ),
    (
        "UPDATE transfer_lines SET allocated = 1, in_transit = 4",
        &["in no location reservations are said to hold 2, but by their lines 1"],
    ),
    (
        "UPDATE transfer_lines SET is_open = false",
        &[
            "in no location reservations are said to hold 2, but by their lines 0",
            "transfer_lines.is_open holds an impossible value",
        ],
    ),
    (
        "UPDATE transfers SET state = 'received'",
        &["transfers.state holds an impossible value"],
    ),
    (
        "UPDATE transfers SET version = -1",
        &["transfers.version holds an impossible value"],
    ),
    (
        "UPDATE transfers SET to_be_announced = 5",
        &["transfers.to_be_announced holds an impossible value"],
    ),
    (
        "DELETE FROM transfer_receipts",
        &["transfers.state holds an impossible value"],
    ),
    (
        "UPDATE transfer_receipts SET items = '{}'",
        &["transfer_receipts.items holds an impossible value"],
    ),
];

/// Damage to reserved stock behind the database's back.
pub struct HeldDamage {
    /// The SQL statement, in the dialect of every database.
    pub statement: &'static str,
    /// A part of each difference that is found, in the differences' order.
    pub named: &'static [&'static str],
    /// The outcome of repairing it.
    pub outcome: &'static str,
}

/// Possible damage to the reservations' totals in stock, and to the reservations' lines.
pub const HELD_DAMAGES: [HeldDamage; 14] = [
    HeldDamage {
        statement: "UPDATE stocks SET unlocated_held = 0 WHERE unlocated_held > 0",
        named: &["in no location reservations are said to hold 0, but by their lines 4"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE stocks SET unlocated_held = 5 WHERE unlocated_held > 0",
        named: &["in no location reservations are said to hold 5, but by their lines 4"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE positions SET held = -1 WHERE held > 0",
        named: &["reservations are said to hold -1, but by their lines 2"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE stocks SET next_expiry = NULL WHERE next_expiry > 0",
        named: &["none of its reservations is said to expire, but by their lines one does at 2"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE stocks SET next_expiry = next_expiry + 1 WHERE next_expiry > 0",
        named: &["none of its reservations is said to expire before 2"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE reservation_lines SET expires_at = 1 WHERE quantity = 3",
        named: &["but by their lines one does at 1970-01-01T00:00:00.001Z"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE reservation_lines SET released = 2 WHERE quantity = 3",
        named: &["in no location reservations are said to hold 4, but by their lines 2"],
        outcome: "done",
    },
    HeldDamage {
        statement: "DELETE FROM reservation_lines WHERE quantity = 3",
        named: &["in no location reservations are said to hold 4, but by their lines 1"],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE reservation_lines SET quantity = 30 WHERE quantity = 3",
        named: &[
            "in no location reservations are said to hold 4, but by their lines 31",
            "reservations hold 31 in no location, of which only 5 are allocated by the ledger",
        ],
        outcome: "damaged",
    },
    HeldDamage {
        statement: "UPDATE reservation_lines SET location_id = NULL WHERE location_id IS NOT NULL",
        named: &[
            "in no location reservations are said to hold 4, but by their lines 6",
            "reservations are said to hold 2, but by their lines 0",
            "reservations hold 6 in no location, of which only 5 are allocated by the ledger",
        ],
        outcome: "damaged",
    },
    HeldDamage {
        statement: r#"UPDATE stocks SET low = true, policy =
            '{"version":1,"alerts":[{"at":0,"rearm_at":1,"is_on":true}]}'
            WHERE unlocated_held > 0"#,
        named: &["in all an alert isn't as it has to be with "],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE stocks SET low = true WHERE unlocated_held > 0",
        named: &["in all an alert isn't as it has to be with "],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE positions SET low = true WHERE held > 0",
        named: &["an alert isn't as it has to be with "],
        outcome: "done",
    },
    HeldDamage {
        statement: "UPDATE stocks SET policy = '{}' WHERE unlocated_held > 0",
        named: &["in all its policy holds an impossible value"],
        outcome: "damaged",
    },
];

/// The organization that owns the stock.
const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));

/// A database that contains this stock.
pub struct Damageable {
    database: Arc<dyn Database>,
}

/// The findings of a verification.
#[derive(Debug, Default)]
pub struct Told {
    /// The differences that were found.
    pub differences: Vec<Difference>,
    /// The number of verified entries.
    pub entries: u64,
    /// Each ledger's product, whether its stock is current, and its last hash.
    pub verified: Vec<(ProductId, bool, Option<EntryHash>)>,
    /// The outcomes of repairs, in words.
    pub outcomes: Vec<&'static str>,
    /// The stock that repairs would store.
    pub planned: Vec<RawStock>,
}

impl VerifyObserver for Told {
    fn difference(&mut self, difference: Difference) {
        self.differences.push(difference);
    }

    fn progress(&mut self, entries: u64) {
        self.entries += entries;
    }

    fn verified(&mut self, ledger: &VerifiedLedger) {
        let stock = &ledger.stock;
        let verified = (stock.product, stock.is_current, ledger.last_hash);
        self.verified.push(verified);
    }

    fn repair(&mut self, repair: &Repair<'_>) {
        self.outcomes.push(match &repair.outcome {
            RepairOutcome::Planned(stock) => {
                self.planned.push(stock.clone());
                "planned"
            }
            RepairOutcome::Done(_) => "done",
            RepairOutcome::Damaged => "damaged",
            RepairOutcome::Deleted => "deleted",
            RepairOutcome::Changed => "changed",
            RepairOutcome::Failed(_) => "failed",
        });
    }
}

impl Told {
    /// The differences, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.differences.iter().map(ToString::to_string).collect()
    }
}

impl Damageable {
    /// Fills an empty database.
    pub async fn fill(database: Arc<dyn Database>) -> Self {
        for (number, operation) in operations().into_iter().enumerate() {
            let actor = Actor {
                key: Some(KeyId::new(Uuid::from_u128(9))),
                ..Actor::OPERATOR
            };
            let mut command = Command::new(actor, operation);
            command.idempotency = Some(Idempotency {
                key: IdempotencyKey::new(&format!("key-{number}")).expect("a key"),
                request: RequestDigest([7; 32]),
                kept_milliseconds: 1_000_000,
            });
            for outcome in stored(database.commit(ORGANIZATION, &[command]).await) {
                outcome.expect("it is possible");
            }
        }
        Self { database }
    }

    /// Adds stock with reservations.
    pub async fn reserve(&self) {
        let scope = Scope {
            organization: ORGANIZATION,
            acting: Owner::Organization,
        };
        let client = Client::new(Arc::clone(&self.database), scope, Actor::OPERATOR);
        client
            .done(make::stock(RESERVED, 10, [("berlin", 5)]))
            .await;
        let allocate = make::transaction(RESERVED, TransactionAction::Allocate, 1, None);
        client.done(allocate).await;
        let cart = [(RESERVED, None, 3), (RESERVED, Some("berlin"), 2)];
        client.done(reserve_all(&cart)).await;
        let paid = client.done(reserve(RESERVED, 1)).await.reservation;
        client.done(pay(&paid)).await;
        let released = client.done(reserve(RESERVED, 2)).await.reservation;
        client.done(release(&released)).await;
    }

    /// Adds a transfer out of the pool of [`OTHER`] of which 2 pieces are allocated, 3 are under way, and 1 is received.
    pub async fn transfer(&self) {
        let scope = Scope {
            organization: ORGANIZATION,
            acting: Owner::Organization,
        };
        let client = Client::new(Arc::clone(&self.database), scope, Actor::OPERATOR);
        let mut made = draft(OTHER, 6, None, "berlin");
        made.state = TransferState::Ready;
        let ready = client.done(made).await;
        let four = RequestedStep::Ship(Some(of(OTHER, 4)));
        let shipped = client.done(step(&ready, four)).await;
        client
            .done(step(&shipped, arrival(OTHER, [1, 0, 0, 0])))
            .await;
    }

    /// A verifier of the organization's stock.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.database.clone(), ORGANIZATION)
    }

    /// Verifies in chunks so small that they end everywhere.
    pub async fn verify(&self) -> Told {
        let mut told = Told::default();
        let verifier = self.verifier().in_chunks_of(2);
        stored(verifier.verify(&mut told).await);
        told
    }

    /// Checks that there are no differences.
    pub async fn assert_intact(&self) {
        let mut told = Told::default();
        let summary = stored(self.verifier().verify(&mut told).await);
        assert_eq!(told.lines(), [""; 0]);
        let expected = VerifySummary {
            stocks: 3,
            entries: ENTRIES,
            ..VerifySummary::default()
        };
        assert_eq!(summary, expected);
    }

    /// Repairs, or shows the repairs that would be made.
    pub async fn repair(&self, repairing: Repairing) -> Told {
        let mut told = Told::default();
        stored(self.verifier().repair(repairing, &mut told).await);
        told
    }
}

fn operations() -> [Operation; 11] {
    let id = ORGANIZATION;
    let name = make::name("An organization");
    let increment = TransactionAction::Increment;
    let decrement = TransactionAction::Decrement;
    [
        CreateOrganization { id, name }.into(),
        make::location("berlin").into(),
        make::stock(PRODUCT, 10, [("berlin", 5)]).into(),
        transact(PRODUCT, TransactionAction::Allocate, None).into(),
        many(transact(PRODUCT, increment, Some("berlin"))),
        transact(PRODUCT, decrement, None).into(),
        transact(PRODUCT, decrement, Some("berlin")).into(),
        create(DELETED),
        transact(DELETED, increment, None).into(),
        DeleteStock { product: DELETED }.into(),
        create(OTHER),
    ]
}

fn create(product: ProductId) -> Operation {
    let create = CreateStock {
        product,
        unlocated: make::quantity(10),
        located: BTreeMap::new(),
    };
    create.into()
}

fn transact(product: ProductId, action: TransactionAction, location: Option<&str>) -> Transact {
    Transact {
        annotation: Annotation {
            reason: Reason::new("reason", "Größe").ok(),
            reference: Reference::new("reference", "DN-17").ok(),
        },
        ..make::transaction(product, action, 3, location)
    }
}

fn many(transact: Transact) -> Operation {
    let many = TransactMany {
        lines: vec![Some(transact)],
        atomic: true,
    };
    many.into()
}
