//! What a decision is made from in these tests, and how its refusals are checked.

use std::fmt::Debug;

use stockroom_domain::{
    Actor, Answered, Balance, Change, Changes, Command, CommodityType, Context, Decision, Entry,
    EntryHash, IdempotencyRecords, Ids, KeyId, Location, LocationId, Name, Organization,
    OrganizationId, Outcome, Owner, Policy, Position, Priority, Product, ProductId, ProductStatus,
    ProductText, Quantity, Refusal, RefusedMovement, Settings, Slug, State, Stock, StockId,
    StockKey, StoreId, Timestamp,
};
use uuid::Uuid;

/// Ids that count upwards, each carrying the time that it was asked for.
#[derive(Default)]
pub(crate) struct CountingIds(u64);

impl CountingIds {
    /// Ids that come after so many others.
    pub(crate) const fn after(count: u64) -> Self {
        Self(count)
    }
}

impl Ids for CountingIds {
    fn next_id(&mut self, at: Timestamp) -> Uuid {
        self.0 += 1;
        let milliseconds = u64::try_from(at.as_milliseconds()).expect("after 1970");
        Uuid::from_u64_pair((milliseconds << 16) | 0x7000, (0b10 << 62) | self.0)
    }
}

/// 2026-01-31T09:30:00Z, and milliseconds after it.
pub(crate) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_769_851_800_000 + milliseconds).expect("a time")
}

pub(crate) fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

pub(crate) fn quantity(pieces: u64) -> Quantity {
    Quantity::new(pieces).expect("a quantity")
}

pub(crate) fn balance(available: u64, allocated: u64) -> Balance {
    Balance {
        available: quantity(available),
        allocated: quantity(allocated),
    }
}

/// So many pieces of a position with these figures, of which reservations hold nothing.
pub(crate) fn refused(pieces: u64, balance: Balance) -> RefusedMovement {
    RefusedMovement {
        requested: quantity(pieces),
        balance,
        reserved: Quantity::ZERO,
    }
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

pub(crate) fn name(text: &str) -> Name {
    Name::new("name", text).expect("a name")
}

pub(crate) fn text(text: &str) -> ProductText {
    ProductText::new("text", text).expect("a text")
}

pub(crate) const MOST: u64 = Quantity::MAX.get();

/// The product that most tests are about.
pub(crate) fn product() -> ProductId {
    id(0xA)
}

/// The store that acts, and another one.
pub(crate) fn store() -> Owner {
    Owner::Store(id::<StoreId>(0x51))
}

pub(crate) fn other_store() -> Owner {
    Owner::Store(id::<StoreId>(0x52))
}

/// Someone with a key of `owner`, acting as `owner`.
pub(crate) fn actor(owner: Owner) -> Actor {
    Actor {
        key: Some(id::<KeyId>(0xE)),
        key_name: None,
        key_owner: owner,
        acting: owner,
    }
}

/// A stock of the product without any locations.
pub(crate) fn stock(owner: Owner, unlocated: Balance) -> Stock {
    Stock {
        last_hash: EntryHash([0; 32]),
        id: id::<StockId>(0x57),
        product: product(),
        owner,
        product_owner: owner,
        unlocated,
        unlocated_held: Quantity::ZERO,
        unlocated_set_aside: Quantity::ZERO,
        located: std::collections::BTreeMap::new(),
        sequence: 1,
        created_at: at(-1_000),
        updated_at: at(-1_000),
        next_expiry: None,
        policy: Policy::default(),
    }
}

pub(crate) fn location(owner: Owner, number: u128, called: &str) -> Location {
    Location {
        id: id::<LocationId>(number),
        owner,
        name: name("A location"),
        slug: slug(called),
        external_ref: None,
        description: None,
        address: None,
        geolocation: None,
        enabled: true,
        priority: Priority::default(),
        created_at: at(-2_000),
        updated_at: at(-2_000),
        version: 1,
    }
}

pub(crate) fn registered(owner: Owner, id: ProductId) -> Product {
    Product {
        id,
        owner,
        name: text("A product"),
        sku: None,
        slug: None,
        description: None,
        status: ProductStatus::Draft,
        commodity_type: CommodityType::Physical,
        manage_stock: false,
        external_ref: None,
        created_at: at(-2_000),
        updated_at: at(-2_000),
        version: 1,
    }
}

/// Somebody asks for something in some state.
#[derive(Clone)]
pub(crate) struct Scene<R> {
    pub(crate) state: State,
    pub(crate) actor: Actor,
    pub(crate) request: R,
}

impl<R: Answered + Clone> Scene<R> {
    /// A store asks, in an organization where there is nothing yet.
    pub(crate) fn new(request: R) -> Self {
        let organization = Organization {
            id: id::<OrganizationId>(0x0),
            name: name("An organization"),
            settings: Settings::default(),
            created_at: at(-3_000),
        };
        let mut state = State::default();
        state.organization = Some(organization);
        Self {
            state,
            actor: actor(store()),
            request,
        }
    }

    pub(crate) fn with_stock(mut self, stock: Stock) -> Self {
        self.add_stock(stock);
        self
    }

    pub(crate) fn with_location(mut self, location: Location) -> Self {
        self.state.add_location(location);
        self
    }

    pub(crate) fn with_product(mut self, product: Product) -> Self {
        self.state.add_product(product);
        self
    }

    pub(crate) fn by(mut self, owner: Owner) -> Self {
        self.actor = actor(owner);
        self
    }

    pub(crate) fn add_stock(&mut self, stock: Stock) {
        if stock.product_owner == Owner::Organization {
            let management = self.state.management.entry(stock.product).or_default();
            management.organization_level = true;
            management.managed_by.insert(stock.owner);
        }
        self.state.stocks.insert(stock.key(), stock);
    }

    pub(crate) fn remove_stock(&mut self, owner: Owner) {
        let product = product();
        self.state.stocks.remove(&StockKey { product, owner });
    }

    /// Gives a stock a position in a location, and the state the location.
    pub(crate) fn with_position(
        mut self,
        owner: Owner,
        number: u128,
        called: &str,
        balance: Balance,
    ) -> Self {
        self.add_position(owner, number, called, balance);
        self
    }

    pub(crate) fn add_position(
        &mut self,
        owner: Owner,
        number: u128,
        called: &str,
        balance: Balance,
    ) {
        let location = location(owner, number, called);
        let product = product();
        let stock = self.state.stocks.get_mut(&StockKey { product, owner });
        let position = Position {
            balance,
            ..Position::empty(&location)
        };
        let stock = stock.expect("the stock that gets a position");
        stock.located.insert(location.id, position);
        self.state.add_location(location);
    }

    pub(crate) fn decide_at(&self, now: Timestamp) -> Result<Decision<R::Answer>, Refusal> {
        let mut ids = CountingIds::default();
        let ids = &mut ids;
        self.request
            .decide(&self.actor, &self.state, &mut Context::new(now, ids))
    }

    pub(crate) fn decide(&self) -> Result<Decision<R::Answer>, Refusal> {
        self.decide_at(at(0))
    }

    pub(crate) fn accepted(&self) -> Decision<R::Answer> {
        self.decide()
            .unwrap_or_else(|refusal| panic!("refused: {refusal:?}"))
    }

    pub(crate) fn command(&self) -> Command {
        Command::new(self.actor.clone(), self.request.clone().into())
    }
}

/// The ledger entries among some changes.
pub(crate) fn entries(changes: &[Change]) -> Vec<&Entry> {
    let entries = changes.iter().filter_map(|change| match change {
        Change::Entry(entry) => Some(entry),
        _ => None,
    });
    entries.collect()
}

/// The stock among some changes.
pub(crate) fn changed_stock(changes: &[Change]) -> Option<&Stock> {
    changes.iter().find_map(|change| match change {
        Change::Stock(stock) => Some(stock),
        _ => None,
    })
}

/// Brings something into a scene for which it has to be refused.
pub(crate) type Fault<R> = fn(&mut Scene<R>);

/// Checks that each fault on its own is refused for its reason, and that of every two faults at
/// once the one further up is given.
pub(crate) fn assert_precedence<R>(scene: &Scene<R>, faults: &[(Fault<R>, Refusal)])
where
    R: Answered + Clone,
    R::Answer: PartialEq + Debug,
{
    scene.accepted();
    for (place, (fault, refusal)) in faults.iter().enumerate() {
        let mut broken = scene.clone();
        fault(&mut broken);
        assert_eq!(broken.decide(), Err(refusal.clone()));
        for (later_fault, later) in &faults[place + 1..] {
            for order in [[fault, later_fault], [later_fault, fault]] {
                let mut broken = scene.clone();
                for fault in order {
                    fault(&mut broken);
                }
                let given = broken.decide();
                assert_eq!(given, Err(refusal.clone()), "together with {later:?}");
            }
            assert!(
                refusal.kind() <= later.kind(),
                "{refusal:?} stands before {later:?}"
            );
        }
    }
}

/// Decides commands that were not sent before.
pub(crate) fn decide_all(
    commands: &[Command],
    state: State,
    context: &mut Context<'_>,
) -> (Vec<Outcome>, Changes) {
    let decided =
        stockroom_domain::decide_all(commands, state, IdempotencyRecords::default(), context);
    (decided.outcomes, decided.changes)
}
