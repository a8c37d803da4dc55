//! Stock to be damaged: for the tests of an adapter that change what it keeps behind its back.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockroom_application::ports::Database;
use stockroom_application::{
    Repair, RepairOutcome, Repairing, Verifier, VerifyObserver, VerifySummary,
};
use stockroom_domain::{
    Actor, Annotation, Command, CreateOrganization, CreateStock, DeleteStock, Difference,
    EntryHash, Idempotency, IdempotencyKey, KeyId, Operation, OrganizationId, ProductId, Reason,
    Reference, RequestDigest, StoredStock, Transact, TransactMany, TransactionAction,
    VerifiedLedger,
};
use uuid::Uuid;

use crate::client::stored;
use crate::make;

/// A product whose stock has six entries, the fourth with something in every column, a position in
/// the location `berlin`, and 4 pieces available outside.
pub const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));
/// A product whose stock, of two entries, is deleted.
pub const DELETED: ProductId = ProductId::new(Uuid::from_u128(3));
/// A product whose stock has one entry.
pub const OTHER: ProductId = ProductId::new(Uuid::from_u128(4));
/// How many entries there are in all.
pub const ENTRIES: u64 = 9;

/// The organization that has the stock.
const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));

/// A database with this stock in it.
pub struct Damageable {
    database: Arc<dyn Database>,
}

/// Everything that a verification tells.
#[derive(Debug, Default)]
pub struct Told {
    /// What was found.
    pub differences: Vec<Difference>,
    /// How many entries were looked at.
    pub entries: u64,
    /// For each ledger the product, whether its stock is current, and the last hash.
    pub verified: Vec<(ProductId, bool, Option<EntryHash>)>,
    /// What came of repairs, in words.
    pub outcomes: Vec<&'static str>,
    /// What stock would be made.
    pub planned: Vec<StoredStock>,
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
    /// What was found, line by line.
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

    /// A verifier of it.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::new(Arc::clone(&self.database), ORGANIZATION)
    }

    /// Verifies, in chunks that end everywhere.
    pub async fn verify(&self) -> Told {
        let mut told = Told::default();
        let verifier = self.verifier().in_chunks_of(2);
        stored(verifier.verify(&mut told).await);
        told
    }

    /// Checks that nothing is found.
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

    /// Repairs, or shows what would be repaired.
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
