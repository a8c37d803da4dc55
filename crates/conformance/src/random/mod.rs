//! Random commands; the memory database is the model that predicts every answer.

mod generate;
mod known;
mod reservations;
mod transfers;

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;
use stockroom_application::ports::{
    CommandStore, Database, HistoryReader, KeyReader, LocationReader, PlanningReader as _,
    ProductCondition, ProductFilter, ProductOrder, ProductReader, ProductSort, ReservationReader,
    Scope, StockReader, TenancyReader, TransferReader as _,
};
use stockroom_application::{Environment, LocationOrder, PageRequest};
use stockroom_domain::{
    Actor, Answer, Command, DeleteLocation, LocationId, Needs, Operation, OrganizationId, Outcome,
    Owner, ProductStatus, SettleStock, Stock, Timestamp,
};
use stockroom_memory::MemoryDatabase;
use uuid::Uuid;

use self::generate::Generator;
use self::known::Known;
use crate::client::stored;
use crate::transactions::assert_adds_up;
use crate::{Bench, Clock};

/// The number of batches in a run, which makes a few thousand commands.
const BATCHES: usize = 600;
/// The number of batches after which everything is read and compared.
const COMPARED_EVERY: usize = 100;
/// The variable with the seed of both cases, for repeating a failed run.
const SEED_VARIABLE: &str = "STOCKROOM_TEST_SEED";

/// The same commands in each run: every answer and every reading equals the memory database's.
pub async fn commands_match_the_memory_database(bench: Bench) {
    run(bench, chosen_seed().unwrap_or(1)).await;
}

/// The same with other commands in each run.
pub async fn new_commands_match_the_memory_database(bench: Bench) {
    let fresh = || u64::from_be_bytes(Environment::system().random_bytes());
    run(bench, chosen_seed().unwrap_or_else(fresh)).await;
}

fn chosen_seed() -> Option<u64> {
    let seed = std::env::var(SEED_VARIABLE).ok()?;
    let number = seed.parse();
    Some(number.unwrap_or_else(|_| panic!("{SEED_VARIABLE}={seed} is no number")))
}

async fn run(bench: Bench, seed: u64) {
    let mut generator = Generator::new(StdRng::seed_from_u64(seed));
    let pair = Pair {
        reference: MemoryDatabase::new(bench.twin_environment()),
        subject: Arc::clone(&bench.database),
        clock: bench.clock.clone(),
        seed,
    };
    let mut known = Known::new(&bench);
    for (organization, commands) in known.beginnings() {
        pair.commit(organization, commands, &mut known).await;
    }
    for batch in 1..=BATCHES {
        pair.clock.advance(generator.step());
        let (organization, commands) = generator.batch(&known, pair.clock.now());
        pair.commit(organization, commands, &mut known).await;
        pair.compare_at_random(&known, &mut generator).await;
        if batch % COMPARED_EVERY == 0 {
            pair.compare_everything(&known).await;
        }
    }
}

/// Whether it sets a policy, which PostgreSQL stores under locks: what it decides before, takes ids.
fn sets_policy(command: &Command) -> bool {
    matches!(
        command.operation,
        Operation::SetPolicy(_) | Operation::DeletePolicy(_)
    )
}

/// The database under test, and the memory database.
struct Pair {
    subject: Arc<dyn Database>,
    reference: MemoryDatabase,
    clock: Clock,
    seed: u64,
}

/// Reads the same from both databases, and returns it if the results are equal.
macro_rules! same {
    ($pair:ident.$port:ident($($argument:expr),*)) => {{
        let tested = stored($pair.subject.$port($($argument),*).await);
        let expected = stored($pair.reference.$port($($argument),*).await);
        let asked = stringify!($port($($argument),*));
        assert_eq!(tested, expected, "{asked}: {SEED_VARIABLE}={}", $pair.seed);
        tested
    }};
}

/// The same for the page at an offset, and for the page behind it.
macro_rules! pages {
    ($limit:expr, $offset:expr, |$page:ident| $pair:ident.$port:ident($($argument:expr),*)) => {{
        let $page = PageRequest::from_offset($limit, $offset);
        let found = same!($pair.$port($($argument),*));
        if let Some(next) = found.next {
            let $page = PageRequest::after($limit, next);
            same!($pair.$port($($argument),*));
        }
    }};
}

/// A page large enough for everything.
const WHOLE: u32 = 100_000;

fn whole<P>() -> PageRequest<P> {
    PageRequest::from_offset(WHOLE, 0)
}

impl Pair {
    async fn commit(
        &self,
        organization: OrganizationId,
        mut commands: Vec<Command>,
        known: &mut Known,
    ) {
        self.settle_shadowed(organization).await;
        if commands.iter().any(sets_policy)
            || self.may_be_decided_twice(organization, &commands).await
        {
            // It is refused, and with it a batch is committed under locks at once.
            let id = LocationId::new(Uuid::nil());
            commands.push(Command::new(Actor::OPERATOR, DeleteLocation { id }));
        }
        let tested = self.subject.commit(organization, &commands).await;
        let tested: Vec<Outcome> = stored(tested);
        let expected = self.reference.commit(organization, &commands).await;
        let expected: Vec<Outcome> = stored(expected);
        let seed = self.seed;
        assert_eq!(tested.len(), expected.len(), "{SEED_VARIABLE}={seed}");
        for (command, (tested, expected)) in commands.iter().zip(tested.iter().zip(&expected)) {
            assert_eq!(tested, expected, "{command:?}: {SEED_VARIABLE}={seed}");
        }
        known.remember(expected.iter().filter_map(|outcome| outcome.as_ref().ok()));
    }

    /// Whether any stock that these commands need has alerts, or pieces that are set aside. If an alert goes on
    /// or off, or other pieces are set aside, PostgreSQL decides once more under locks, which takes ids and
    /// would change all later ones.
    async fn may_be_decided_twice(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> bool {
        let mut needs = Needs::default();
        for command in commands {
            command.needs(&mut needs);
        }
        for key in &needs.stocks {
            let scope = Scope {
                organization,
                acting: key.owner,
            };
            let seen = stored(self.reference.stock(scope, key.product).await);
            let is_decided_twice =
                |stock: &Stock| stock.has_alerts() || !stock.set_aside_in_all().is_zero();
            if seen.as_ref().is_some_and(is_decided_twice) {
                return true;
            }
        }
        false
    }

    /// Settles organizations' stock that stores with their own stock don't see. A caller in such a
    /// store may or may not read the organization's stock as well and thereby settle it, which
    /// takes ids and would change all later ones.
    async fn settle_shadowed(&self, organization: OrganizationId) {
        let now = self.clock.now();
        let due = self.reference.due_stocks(organization, now, WHOLE);
        let mut shadowed = BTreeSet::new();
        for key in stored(due.await) {
            for store in stored(self.reference.stores(organization).await) {
                let acting = Owner::Store(store.id);
                let scope = Scope {
                    organization,
                    acting,
                };
                let seen = stored(self.reference.stock(scope, key.product).await);
                if key.owner == Owner::Organization && seen.is_some_and(|it| it.owner == acting) {
                    shadowed.insert(key);
                }
            }
        }
        if !shadowed.is_empty() {
            let settle = SettleStock { stocks: shadowed };
            let commands = [Command::new(Actor::OPERATOR, settle)];
            stored(self.subject.commit(organization, &commands).await);
            stored(self.reference.commit(organization, &commands).await);
        }
    }

    async fn compare_at_random(&self, known: &Known, generator: &mut Generator) {
        let scope = generator.scope(known);
        let (limit, offset) = generator.page();
        let product = generator.product(known);
        let filter = generator.stock_filter(known, self.clock.now());
        pages!(limit, offset, |page| self.list_stocks(scope, &filter, page));
        pages!(limit, offset, |page| self.list_stocks(scope, &[], page));
        let filter = generator.transaction_filter(self.clock.now());
        same!(self.transactions(scope, product, &filter, limit, offset));
        same!(self.transactions(scope, product, &[], limit, offset));
        let filter = generator.location_filter();
        let order = generator.location_order();
        pages!(limit, offset, |page| self
            .list_locations(scope, &filter, order, page));
        self.assert_same_products(scope, limit, offset).await;
        let page = PageRequest::from_offset(limit, offset);
        let (found, _) = same!(self.list_keys(scope.organization, scope.acting, page));
        if let Some(next) = found.next {
            let page = PageRequest::after(limit, next);
            same!(self.list_keys(scope.organization, scope.acting, page));
        }
        if let Some(id) = generator.transaction(known) {
            same!(self.transaction(scope, product, id));
        }
        let now = self.clock.now();
        let filter = generator.reservation_filter(known, now);
        pages!(limit, offset, |page| self
            .list_reservations(scope, &filter, now, page));
        if let Some((_, reservation)) = generator.reservation(known) {
            same!(self.reservation(scope, reservation.id));
        }
        let filter = [generator.transfer_filter(known, now)];
        pages!(limit, offset, |page| self
            .list_transfers(scope, &filter, page));
        if let Some(transfer) = generator.made_transfer(known) {
            same!(self.transfer(scope, transfer.id));
        }
        if generator.looks_back() {
            self.compare_past(scope, known, generator).await;
        }
    }

    /// Compares lists of products in every order, with a filter and without.
    async fn assert_same_products(&self, scope: Scope, limit: u32, offset: u32) {
        let drafts = ProductFilter(vec![ProductCondition::Status(vec![ProductStatus::Draft])]);
        for filter in [ProductFilter::default(), drafts] {
            for by in [
                ProductSort::CreatedAt,
                ProductSort::UpdatedAt,
                ProductSort::Name,
                ProductSort::Sku,
            ] {
                let order = ProductOrder {
                    by,
                    descending: offset % 2 == 1,
                };
                let page = PageRequest::from_offset(limit, offset);
                let found = same!(self.list_products(scope, &filter, order, page.clone()));
                if let Some(next) = found.and_then(|page| page.next) {
                    let page = PageRequest::after(limit, next);
                    same!(self.list_products(scope, &filter, order, page.clone()));
                }
            }
        }
    }

    async fn compare_past(&self, scope: Scope, known: &Known, generator: &mut Generator) {
        let at = generator.time(self.clock.now());
        let (limit, offset) = generator.page();
        let page = PageRequest::from_offset(limit, offset);
        let periods = same!(self.periods_at(scope, at, page));
        if let Some(first) = periods.first() {
            same!(self.periods_at(scope, at, PageRequest::after(limit, first.id)));
        }
        same!(self.count_periods_at(scope, at));
        let periods = same!(self.periods(scope, &known.products));
        let tested = stored(self.subject.past(scope.organization, &periods, at).await);
        let expected = stored(self.reference.past(scope.organization, &periods, at).await);
        let sorted = |mut stocks: Vec<stockroom_domain::Stock>| {
            stocks.sort_by_key(|stock| stock.id);
            stocks
        };
        let seed = self.seed;
        let asked = format!("past({at}): {SEED_VARIABLE}={seed}");
        assert_eq!(sorted(tested), sorted(expected), "{asked}");
        for period in periods.iter().take(3) {
            let filter = generator.transaction_filter(self.clock.now());
            let organization = scope.organization;
            same!(self.ledger(organization, period, &filter, 2, 5));
            same!(self.ledger(organization, period, &[], 2, 5));
            if let Some(id) = generator.transaction(known) {
                same!(self.sequence_of(organization, period, id));
            }
        }
    }

    async fn compare_everything(&self, known: &Known) {
        for scope in known.views() {
            self.compare_view(scope, known).await;
        }
        for client_id in &known.client_ids {
            same!(self.key_by_client_id(client_id));
        }
        for organization in same!(self.organizations()) {
            let (id, now) = (organization.id, self.clock.now());
            same!(self.due_stocks(id, now, 100_000));
            same!(self.due_reservations(id, now, 100_000));
            same!(self.reservation_figures(id));
            same!(self.overdue_transfers(id, now, 100_000));
        }
        let sorted = |mut revocations: Vec<_>| {
            revocations.sort_by_key(|one: &stockroom_application::ports::Revocation| {
                (one.revoked_at, one.key, one.grants)
            });
            revocations
        };
        let since = Timestamp::UNIX_EPOCH;
        let tested = stored(self.subject.revocations_since(since).await);
        let expected = stored(self.reference.revocations_since(since).await);
        let seed = self.seed;
        assert_eq!(sorted(tested), sorted(expected), "{SEED_VARIABLE}={seed}");
    }

    async fn compare_view(&self, scope: Scope, known: &Known) {
        for product in &known.products {
            let stock = same!(self.stock(scope, *product));
            let history = same!(self.transactions(scope, *product, &[], WHOLE, 0));
            if let (Some(stock), Some(history)) = (stock, history) {
                assert_adds_up(&stock, &history.items);
                let organization = scope.organization;
                same!(self.holds(organization, stock.id, self.clock.now(), whole()));
                same!(self.transfer_holds(organization, stock.id));
                same!(self.planned_stocks(scope, &[*product]));
            }
            same!(self.product(scope, *product));
        }
        for id in &known.locations {
            same!(self.location(scope, *id));
        }
        for id in &known.keys {
            same!(self.key(scope.organization, scope.acting, *id));
        }
        same!(self.list_stocks(scope, &[], whole()));
        same!(self.list_locations(scope, &[], LocationOrder::Created, whole()));
        let (filter, order) = (ProductFilter::default(), ProductOrder::default());
        same!(self.list_products(scope, &filter, order, whole()));
        same!(self.list_reservations(scope, &[], self.clock.now(), whole()));
        same!(self.list_transfers(scope, &[], whole()));
        same!(self.list_keys(scope.organization, scope.acting, whole()));
        same!(self.organization(scope.organization));
        same!(self.stores(scope.organization));
        let mut tested = stored(self.subject.stocks(scope, &known.products).await);
        let mut expected = stored(self.reference.stocks(scope, &known.products).await);
        tested.sort_by_key(|stock| stock.id);
        expected.sort_by_key(|stock| stock.id);
        assert_eq!(tested, expected, "{SEED_VARIABLE}={}", self.seed);
    }
}

impl Known {
    /// Stores the ids in answers for later requests, in their own organization and in the other
    /// one.
    fn remember<'a>(&mut self, answers: impl Iterator<Item = &'a Answer>) {
        for answer in answers {
            match answer {
                Answer::Recorded(recorded) => self.transactions.push(recorded.entry.id),
                Answer::Location(location) => keep(&mut self.locations, location.id),
                Answer::Reserved(reserved) => {
                    let reservation = &reserved.reservation;
                    let made = (reservation.owner, reservation.reference());
                    keep(&mut self.reservations, made);
                }
                // An edited reservation may hold other stock.
                Answer::Reservation(reservation) => {
                    let edited = (reservation.owner, reservation.reference());
                    keep(&mut self.reservations, edited);
                }
                Answer::Transfer(transfer) => {
                    self.transfers.retain(|it| it.id != transfer.id);
                    self.transfers.push(transfer.clone());
                }
                Answer::Product(product) => keep(&mut self.products, product.product.id),
                Answer::Key(key) => {
                    keep(&mut self.keys, key.id);
                    keep(&mut self.client_ids, key.client_id.clone());
                }
                _ => {}
            }
        }
    }
}

fn keep<T: PartialEq>(kept: &mut Vec<T>, id: T) {
    if !kept.contains(&id) {
        kept.push(id);
    }
}
