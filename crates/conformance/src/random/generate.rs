//! Requests of the random cases: mostly sensible, often at the edge, sometimes nonsense.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    LocationCondition, LocationOrder, Scope, StockCondition, TransactionCondition,
};
use stockroom_domain::{
    Access, Command, CreateKey, CreateLocation, DeleteKey, DeleteLocation, DeleteProduct,
    DeleteStock, EntryAction, ExternalRef, Geolocation, Idempotency, IdempotencyKey, Operation,
    OrganizationId, Patch, Priority, ProductId, ProductText, Quantity, Reason, Reference,
    RegisterProduct, RequestDigest, SetPolicy, Timestamp, TransactionAction, TransactionId,
    UpdateKey, UpdateLocation, UpdateProduct, UpdateSettings,
};

use super::known::{Known, SLUGS};
use crate::{make, policies};

const TEXTS: [&str; 5] = ["abc", "ABC", "a_c", "100%", "ä'b"];

/// Generates commands and readings.
pub(super) struct Generator {
    random: StdRng,
}

impl Generator {
    pub(super) const fn new(random: StdRng) -> Self {
        Self { random }
    }

    pub(super) const fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    /// The step of the clock before a batch; now and then backwards.
    pub(super) fn step(&mut self) -> i64 {
        self.pick(&[0, 0, 1, 1, 5, 1_000, 60_000, -700])
    }

    pub(super) fn batch(
        &mut self,
        known: &Known,
        now: Timestamp,
    ) -> (OrganizationId, Vec<Command>) {
        let (organization, actors) = self.one_of(&known.actors);
        let size = self.pick(&[0, 1, 1, 1, 2, 3, 5, 10, 40]);
        let commands = (0..size).map(|_| {
            let (actor, operation) = if self.random.random_ratio(1, 5) {
                self.reservation_operation(known, actors)
            } else if self.random.random_ratio(1, 8) {
                self.transfer_operation(known, actors, now)
            } else {
                (self.one_of(actors).clone(), self.operation(known))
            };
            Command {
                idempotency: self.idempotency(),
                ..Command::new(actor, operation)
            }
        });
        (*organization, commands.collect())
    }

    /// Now and then a key: one of few, so that some requests are repeated, and others share a key.
    fn idempotency(&mut self) -> Option<Idempotency> {
        if self.random.random_range(0..5) > 0 {
            return None;
        }
        let key = self.pick(&["a", "b", "c", "d"]);
        Some(Idempotency {
            key: IdempotencyKey::new(key).expect("a key"),
            request: RequestDigest([self.pick(&[1, 1, 1, 2]); 32]),
            kept_milliseconds: self.pick(&[0, 2_000, 600_000]),
        })
    }

    fn operation(&mut self, known: &Known) -> Operation {
        let product = self.product(known);
        match self.random.random_range(0..100) {
            0..50 => self.transaction_on(product).into(),
            50..62 => self.creation(product).into(),
            62..67 => self.put(product).into(),
            67..70 => self.policy(product).into(),
            70..75 => DeleteStock { product }.into(),
            75..80 => self.new_location().into(),
            80..83 => self.location_update(known).into(),
            83..87 => DeleteLocation {
                id: self.pick(&known.locations),
            }
            .into(),
            87..90 => self.registration(product).into(),
            90..93 => self.product_update(product).into(),
            93..94 => DeleteProduct { id: product }.into(),
            94..96 => self.new_key().into(),
            96..98 => self.key_update(known).into(),
            98 => DeleteKey {
                id: self.pick(&known.keys),
            }
            .into(),
            _ => UpdateSettings {
                per_store_stock: self.pick(&[None, Some(true), Some(true), Some(false)]),
            }
            .into(),
        }
    }

    fn policy(&mut self, product: ProductId) -> SetPolicy {
        let levels = self.pick(&[0, 1, 5]);
        let alerts: &[(u64, u64)] = self.pick(&[&[][..], &[(0, 1)], &[(3, 9), (0, 2)]]);
        let there = self.pick(&[("a", 1), ("nowhere", 0), ("west-1", 2)]);
        let locations = [(there.0, there.1, alerts)];
        let locations = self.pick(&[&[][..], &locations]);
        policies::policy(product, levels, alerts, locations)
    }

    fn transaction_on(&mut self, product: ProductId) -> stockroom_domain::Transact {
        let action = self.pick(&[
            TransactionAction::Increment,
            TransactionAction::Decrement,
            TransactionAction::Allocate,
            TransactionAction::Allocate,
            TransactionAction::Deallocate,
            TransactionAction::Set,
        ]);
        let location = match self.random.random_range(0..8) {
            0..4 => None,
            4 => Some(self.pick(&["nowhere", "no slug", ""])),
            _ => Some(self.pick(&SLUGS)),
        };
        let mut request = make::transaction(product, action, self.pieces(), location);
        if self.random.random_range(0..4) == 0 {
            request.annotation.reason = Reason::new("reason", self.pick(&TEXTS)).ok();
            request.annotation.reference = Reference::new("reference", self.pick(&TEXTS)).ok();
        }
        if self.random.random_range(0..8) == 0 {
            request.expectation.available = Some(make::quantity(self.pieces()));
        }
        request
    }

    fn creation(&mut self, product: ProductId) -> stockroom_domain::CreateStock {
        let count = self.pick(&[0, 0, 1, 2]);
        let located: Vec<_> = (0..count)
            .map(|_| (self.pick(&SLUGS), self.pieces()))
            .collect();
        make::stock(product, self.pieces(), located)
    }

    fn put(&mut self, product: ProductId) -> stockroom_domain::SetLocations {
        let count = self.pick(&[0, 1, 1, 2, 4]);
        let located: Vec<_> = (0..count)
            .map(|_| {
                let pieces = self.pieces();
                (self.pick(&SLUGS), self.sometimes(pieces))
            })
            .collect();
        let mut put = make::put(product, located);
        if self.random.random_ratio(1, 4) {
            put.echoed.allocated = Some(make::quantity(self.pick(&[0, 0, 1])));
        }
        put
    }

    fn new_location(&mut self) -> CreateLocation {
        CreateLocation {
            name: make::name(self.pick(&TEXTS)),
            external_ref: self.external_ref(),
            geolocation: self.geolocation(),
            enabled: self.pick(&[true, true, false]),
            priority: self.priority(),
            ..make::location(self.pick(&SLUGS))
        }
    }

    fn location_update(&mut self, known: &Known) -> UpdateLocation {
        let name = make::name(self.pick(&TEXTS));
        let slug = make::slug(self.pick(&SLUGS));
        UpdateLocation {
            name: self.sometimes(name),
            slug: self.sometimes(slug),
            external_ref: self.external_ref().map_or(Patch::Clear, Patch::Set),
            geolocation: self.geolocation().map_or(Patch::Keep, Patch::Set),
            enabled: match self.random.random_range(0..4) {
                0 => Patch::Keep,
                1 => Patch::Clear,
                2 => Patch::Set(true),
                _ => Patch::Set(false),
            },
            priority: match self.random.random_range(0..3) {
                0 => Patch::Keep,
                1 => Patch::Clear,
                _ => Patch::Set(self.priority()),
            },
            ..UpdateLocation::new(self.pick(&known.locations))
        }
    }

    fn registration(&mut self, id: ProductId) -> RegisterProduct {
        let stock = make::quantity(self.pieces());
        RegisterProduct {
            id: self.sometimes(id),
            sku: self.text(),
            external_ref: self.text(),
            manage_stock: self.random.random(),
            stock: self.sometimes(stock),
            ..make::registration(self.pick(&TEXTS))
        }
    }

    fn product_update(&mut self, id: ProductId) -> UpdateProduct {
        let name = make::text(self.pick(&TEXTS));
        let stock = make::quantity(self.pieces());
        UpdateProduct {
            id,
            name: self.sometimes(name),
            sku: self.text().map_or(Patch::Keep, Patch::Set),
            slug: self.text().map_or(Patch::Clear, Patch::Set),
            description: Patch::Keep,
            status: None,
            commodity_type: None,
            manage_stock: self.pick(&[None, Some(true), Some(false)]),
            external_ref: self.text().map_or(Patch::Clear, Patch::Set),
            stock: self.sometimes(stock),
        }
    }

    fn new_key(&mut self) -> CreateKey {
        CreateKey {
            reserved_rate_limit: self.random.random_range(0..20),
            allow_implicit: self.random.random(),
            access: self.pick(&Access::ALL),
            rate_limit: self.pick(&[None, Some(30)]),
            // Client ids are random, and therefore unique.
            ..make::key(&format!("{:016x}", self.random.next_u64()))
        }
    }

    fn key_update(&mut self, known: &Known) -> UpdateKey {
        UpdateKey {
            id: self.pick(&known.keys),
            name: self.text(),
            reserved_rate_limit: self.pick(&[None, Some(0), Some(15)]),
            allow_implicit: self.pick(&[None, Some(true), Some(false)]),
            access: self.pick(&[None, Some(Access::Full), Some(Access::Read)]),
            rate_limit: self.pick(&[None, Some(30)]),
        }
    }

    pub(super) fn scope(&mut self, known: &Known) -> Scope {
        self.pick(&known.views())
    }

    /// A limit and an offset.
    pub(super) fn page(&mut self) -> (u32, u32) {
        let limit = self.pick(&[1, 2, 3, 25, 100]);
        (limit, self.pick(&[0, 0, 1, 2, 5, 10_000]))
    }

    /// Mostly an unregistered product.
    pub(super) fn product(&mut self, known: &Known) -> ProductId {
        if self.random.random_range(0..4) == 0 {
            self.pick(&known.products)
        } else {
            self.pick(&known.products[..6])
        }
    }

    pub(super) fn transaction(&mut self, known: &Known) -> Option<TransactionId> {
        let latest = known.transactions.len().saturating_sub(30);
        known.transactions[latest..]
            .choose(&mut self.random)
            .copied()
    }

    pub(super) fn geolocation(&mut self) -> Option<Geolocation> {
        let latitude = self.pick(&[-90.0, -33.3, 0.0, 45.5]);
        let longitude = self.pick(&[-180.0, -0.5, 0.0, 100.25]);
        let point = Geolocation::new(latitude, longitude).ok();
        point.and_then(|point| self.sometimes(point))
    }

    pub(super) fn stock_filter(&mut self, known: &Known, now: Timestamp) -> Vec<StockCondition> {
        let count = self.pick(&[1, 1, 2, 3]);
        let condition = |_| match self.random.random_range(0..7) {
            0 => StockCondition::Location(self.text_condition(&SLUGS)),
            1 => StockCondition::Id(vec![self.product(known), self.product(known)]),
            2 => StockCondition::Available(self.number()),
            3 => StockCondition::Allocated(self.number()),
            4 => StockCondition::Total(self.number()),
            5 => StockCondition::CreatedAt(self.instant(now)),
            _ => StockCondition::UpdatedAt(self.instant(now)),
        };
        (0..count).map(condition).collect()
    }

    pub(super) fn transaction_filter(&mut self, now: Timestamp) -> Vec<TransactionCondition> {
        let count = self.pick(&[1, 1, 2, 3]);
        let condition = |_| match self.random.random_range(0..6) {
            0 => TransactionCondition::Location(self.text_condition(&SLUGS)),
            4 => TransactionCondition::Reason(self.text_condition(&TEXTS)),
            5 => TransactionCondition::Reference(self.text_condition(&TEXTS)),
            1 => TransactionCondition::Action(vec![
                self.pick(&[EntryAction::Create, EntryAction::Increment]),
                self.pick(&[EntryAction::Allocate, EntryAction::Deallocate]),
            ]),
            2 => TransactionCondition::Quantity(self.number()),
            _ => TransactionCondition::CreatedAt(self.instant(now)),
        };
        (0..count).map(condition).collect()
    }

    /// Whether to read the past as well; now and then it is.
    pub(super) fn looks_back(&mut self) -> bool {
        self.random.random_range(0..6) == 0
    }

    /// A recent time.
    pub(super) fn time(&mut self, now: Timestamp) -> Timestamp {
        now.plus_milliseconds(-self.pick(&[0, 1, 700, 5_000, 90_000, 900_000, 10_000_000]))
    }

    /// Few different ones, so that some are equal.
    fn priority(&mut self) -> Priority {
        let number = self.pick(&[0, 1, 1_000, 1_000_000]);
        Priority::new(number).expect("a priority")
    }

    pub(super) fn location_order(&mut self) -> LocationOrder {
        match self.random.random_range(0..3) {
            0 => LocationOrder::Priority,
            _ => self
                .geolocation()
                .map_or(LocationOrder::Created, LocationOrder::Nearest),
        }
    }

    pub(super) fn location_filter(&mut self) -> Vec<LocationCondition> {
        let count = self.pick(&[0, 1, 1, 2]);
        let condition = |_| match self.random.random_range(0..4) {
            0 => LocationCondition::Name(self.text_condition(&TEXTS)),
            1 => LocationCondition::Slug(self.text_condition(&SLUGS)),
            2 => LocationCondition::Enabled(vec![self.random.random()]),
            _ => LocationCondition::ExternalRef(self.text_condition(&TEXTS)),
        };
        (0..count).map(condition).collect()
    }

    pub(super) fn text_condition(&mut self, texts: &[&str]) -> TextCondition {
        match self.random.random_range(0..6) {
            0 => TextCondition::IsNull,
            1 | 2 => TextCondition::In(vec![
                self.pick(texts).to_owned(),
                self.pick(texts).to_owned(),
            ]),
            _ => {
                let text = self.pick(texts);
                // A text without its first character, its last one, or both.
                let start = usize::from(self.random.random::<bool>());
                let end = usize::from(self.random.random::<bool>());
                let length = text.chars().count().saturating_sub(start + end);
                TextCondition::Like(Pattern {
                    text: text.chars().skip(start).take(length).collect(),
                    open_start: self.random.random(),
                    open_end: self.random.random(),
                })
            }
        }
    }

    fn number(&mut self) -> Comparison<i64> {
        let bound = i64::from(make::quantity(self.pieces()));
        let other = i64::from(make::quantity(self.pieces()));
        self.comparison(bound, other)
    }

    pub(super) fn instant(&mut self, now: Timestamp) -> Comparison<Timestamp> {
        let bound = now.plus_milliseconds(self.pick(&[0, -1, -1_000, -100_000, 1]));
        self.comparison(bound, now)
    }

    fn comparison<T>(&mut self, bound: T, other: T) -> Comparison<T> {
        match self.random.random_range(0..5) {
            0 => Comparison::In(vec![bound, other]),
            1 => Comparison::Greater(bound),
            2 => Comparison::GreaterOrEqual(bound),
            3 => Comparison::Less(bound),
            _ => Comparison::LessOrEqual(bound),
        }
    }

    /// Mostly a small number, often one at an edge.
    fn pieces(&mut self) -> u64 {
        let most = Quantity::MAX.get();
        match self.random.random_range(0..12) {
            0 => 0,
            1 => 1,
            2 => self.pick(&[most, most - 1, most / 2, most / 2 + 1]),
            3 => self.random.random_range(0..=most),
            4..6 => self.random.random_range(0..1_000),
            _ => self.random.random_range(0..10),
        }
    }

    fn text(&mut self) -> Option<ProductText> {
        let text = make::text(self.pick(&TEXTS));
        self.sometimes(text)
    }

    fn external_ref(&mut self) -> Option<ExternalRef> {
        let text = ExternalRef::new("external_ref", self.pick(&TEXTS)).ok();
        text.and_then(|text| self.sometimes(text))
    }

    fn sometimes<T>(&mut self, value: T) -> Option<T> {
        self.random.random::<bool>().then_some(value)
    }

    pub(super) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        self.one_of(choices).clone()
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let chosen = choices.choose(&mut self.random);
        chosen.expect("there is something to choose from")
    }
}
