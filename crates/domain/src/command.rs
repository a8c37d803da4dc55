//! What can be asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Annotation, ApplicationKey, Balance, CommodityType, Context, Decision, Description,
    ExternalRef, Geolocation, Idempotency, IdempotencyKey, KeptAnswer, KeyId, Location, LocationId,
    Name, Needs, Organization, OrganizationId, Outcome, Owner, ProductId, ProductStatus,
    ProductText, Quantity, Recorded, Reference, Refusal, RefusalKind, SecretHash, Settings, Slug,
    State, Stock, StockedProduct, Store, StoreId, Timestamp, TransactionAction,
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The key used, or `None` for the operator at the server's command line.
    pub key: Option<KeyId>,
    /// What the key is called, as far as that is known.
    pub key_name: Option<Arc<str>>,
    /// Whose key it is.
    pub key_owner: Owner,
    /// Whom the request acts as: an organization's key may act in any of its stores.
    pub acting: Owner,
}

impl Actor {
    /// The operator at the command line, who acts for the whole organization.
    pub const OPERATOR: Self = Self {
        key: None,
        key_name: None,
        key_owner: Owner::Organization,
        acting: Owner::Organization,
    };

    /// Whether this caller may change what belongs to `owner` directly.
    ///
    /// # Errors
    /// [`Refusal::OrganizationKeyRequired`] if it is the organization's and the key is a store's.
    pub fn may_administer(&self, owner: Owner) -> Result<(), Refusal> {
        if owner == Owner::Organization && self.key_owner != Owner::Organization {
            Err(Refusal::OrganizationKeyRequired)
        } else {
            Ok(())
        }
    }
}

/// One request for change, by one caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Who asks.
    pub actor: Actor,
    /// What for.
    pub operation: Operation,
    /// What the client calls it, if it may ask again.
    pub idempotency: Option<Idempotency>,
}

impl Command {
    /// A command that isn't to be asked for again.
    pub fn new(actor: Actor, operation: impl Into<Operation>) -> Self {
        Self {
            actor,
            operation: operation.into(),
            idempotency: None,
        }
    }

    /// Who asks under which key, if this may be asked for again.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<(Owner, IdempotencyKey)> {
        let idempotency = self.idempotency.as_ref()?;
        Some((self.actor.acting, idempotency.key.clone()))
    }

    /// What of the state has to be known to decide this command.
    pub fn needs(&self, needs: &mut Needs) {
        needs.idempotency_keys.extend(self.idempotency_key());
        self.operation.needs(&self.actor, needs);
    }

    /// What this command changes, given the state that it [needs](Self::needs). One that was
    /// carried out before, under the same key, changes nothing and is answered the same.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, in the order of their precedence. A refused command
    /// changes nothing.
    pub fn decide(
        &self,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Answer>, Refusal> {
        let Some(idempotency) = &self.idempotency else {
            context.idempotency_key = None;
            return self.operation.decide(&self.actor, state, context);
        };
        context.idempotency_key = Some(idempotency.key.clone());
        match state.kept_answer(self.actor.acting, &idempotency.key, context.now) {
            Some(kept) if kept.request == idempotency.request => Ok(Decision {
                changes: Vec::new(),
                answer: Answer::Replayed(Box::new(kept.outcome.clone())),
            }),
            // What would be refused for an earlier reason is.
            Some(_) => match self.operation.decide(&self.actor, state, context) {
                Err(refusal) if refusal.kind() < RefusalKind::Conflict => Err(refusal),
                _ => Err(Refusal::IdempotencyKeyReused),
            },
            None => self.operation.decide(&self.actor, state, context),
        }
    }

    /// The answer that is to be kept for the case that this is asked for again. One that is kept
    /// already stays.
    pub(crate) fn keep(
        &self,
        outcome: &Outcome,
        state: &State,
        now: Timestamp,
    ) -> Option<KeptAnswer> {
        let idempotency = self.idempotency.as_ref()?;
        let acting = self.actor.acting;
        match state.kept_answer(acting, &idempotency.key, now) {
            Some(_) => None,
            None => idempotency.keep(acting, outcome, now),
        }
    }
}

/// How an update treats one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// As it is.
    #[default]
    Keep,
    /// Emptied.
    Clear,
    /// Replaced.
    Set(T),
}

impl<T> Patch<T> {
    /// The field after the update.
    #[must_use]
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same update with a converted value.
    ///
    /// # Errors
    /// What `convert` returns.
    pub fn try_map<U, E>(self, convert: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(convert(value)?),
        })
    }

    /// The new value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Creates a product's stock, held by whoever the caller acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStock {
    /// The product.
    pub product: ProductId,
    /// What is available outside of any location.
    pub unlocated: Quantity,
    /// What is available in each location.
    pub located: BTreeMap<Slug, Quantity>,
}

/// Makes one transaction on the stock of a product that the caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transact {
    /// The product.
    pub product: ProductId,
    /// What to do.
    pub action: TransactionAction,
    /// To how many pieces.
    pub quantity: Quantity,
    /// In which location; the unlocated pool if none is named. A text that is no slug names no
    /// location, and is refused like any other unknown one.
    pub location: Option<String>,
    /// What the position has to hold for this to be done.
    pub expectation: Expectation,
    /// What the ledger is to say of it.
    pub annotation: Annotation,
}

impl Transact {
    /// A transaction on the unlocated pool, whatever it holds.
    #[must_use]
    pub fn new(product: ProductId, action: TransactionAction, quantity: Quantity) -> Self {
        Self {
            product,
            action,
            quantity,
            location: None,
            expectation: Expectation::default(),
            annotation: Annotation::default(),
        }
    }
}

/// What a client takes a position to hold. What isn't named may be anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What is available there.
    pub available: Option<Quantity>,
    /// What is allocated there.
    pub allocated: Option<Quantity>,
    /// Both together.
    pub total: Option<Quantity>,
}

impl Expectation {
    /// Whether a position with these figures is as expected.
    #[must_use]
    pub fn is_met(self, balance: Balance) -> bool {
        let is = |expected: Option<Quantity>, figure| expected.is_none_or(|it| it == figure);
        is(self.available, balance.available)
            && is(self.allocated, balance.allocated)
            && is(self.total, balance.total())
    }
}

/// Makes transactions in order, each seeing what the ones before it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactMany {
    /// The transactions; `None` for a line that is none, which is refused in its turn.
    pub lines: Vec<Option<Transact>>,
    /// Whether all are made or none. Else each stands alone.
    pub atomic: bool,
}

impl TransactMany {
    /// How many lines there may be. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 10_000;
}

/// Undoes an entry of the ledger of a stock that the caller sees, once at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The entry. It is read before: entries never change.
    pub recorded: Recorded,
}

/// Undoes all entries of a batch that aren't undone yet, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoBatch {
    /// The entries, in the order in which they were made. They are read before: entries never
    /// change.
    pub entries: Vec<Recorded>,
}

/// Makes a position what it has to be if so much of it was counted at some time: all that has
/// happened since stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountStock {
    /// The product.
    pub product: ProductId,
    /// Where it was counted; the unlocated pool if no location is named.
    pub location: Option<String>,
    /// How many pieces there were, allocated or not.
    pub counted: Quantity,
    /// When.
    pub as_of: Timestamp,
    /// What it belongs to in another system.
    pub reference: Option<Reference>,
}

/// Sets what is available in locations of a stock, or takes locations out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLocations {
    /// The product.
    pub product: ProductId,
    /// For each location named, what is to be available there, or `None` to take it out.
    pub located: BTreeMap<Slug, Option<Quantity>>,
}

/// Ends the management of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteStock {
    /// The product.
    pub product: ProductId,
}

/// Creates a location of whoever the caller acts as.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateLocation {
    /// Its name for people.
    pub name: Name,
    /// Its name in paths and bodies.
    pub slug: Slug,
    /// What another system calls it.
    pub external_ref: Option<ExternalRef>,
    /// What it is.
    pub description: Option<Description>,
    /// Its postal address.
    pub address: Option<Address>,
    /// Where it is.
    pub geolocation: Option<Geolocation>,
}

/// Changes the named fields of a location.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateLocation {
    /// Which.
    pub id: LocationId,
    /// A new name.
    pub name: Option<Name>,
    /// A new slug.
    pub slug: Option<Slug>,
    /// What another system calls it.
    pub external_ref: Patch<ExternalRef>,
    /// What it is.
    pub description: Patch<Description>,
    /// Its postal address.
    pub address: Patch<Address>,
    /// Where it is.
    pub geolocation: Patch<Geolocation>,
}

/// Deletes a location in which no stock lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteLocation {
    /// Which.
    pub id: LocationId,
}

/// Registers a product of whoever the caller acts as, with its first stock if it is to be managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterProduct {
    /// What it is called.
    pub name: ProductText,
    /// The stock keeping unit.
    pub sku: Option<ProductText>,
    /// Its name in addresses of web pages.
    pub slug: Option<ProductText>,
    /// What it is.
    pub description: Option<ProductText>,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// Whether it needs shipping.
    pub commodity_type: CommodityType,
    /// Whether its stock is managed.
    pub manage_stock: bool,
    /// What another system calls it.
    pub external_ref: Option<ProductText>,
    /// The first stock level. Without it stock is created only if it is to be managed, with zero.
    pub stock: Option<Quantity>,
}

/// Changes the named fields of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateProduct {
    /// Which.
    pub id: ProductId,
    /// A new name.
    pub name: Option<ProductText>,
    /// The stock keeping unit.
    pub sku: Patch<ProductText>,
    /// Its name in addresses of web pages.
    pub slug: Patch<ProductText>,
    /// What it is.
    pub description: Patch<ProductText>,
    /// Whether it is for sale.
    pub status: Option<ProductStatus>,
    /// Whether it needs shipping.
    pub commodity_type: Option<CommodityType>,
    /// Whether its stock is managed.
    pub manage_stock: Option<bool>,
    /// What another system calls it.
    pub external_ref: Patch<ProductText>,
    /// The level that its unlocated stock is to have, as a `set` transaction does it.
    pub stock: Option<Quantity>,
}

/// Deletes a product that has no stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteProduct {
    /// Which.
    pub id: ProductId,
}

/// Creates an application key of whoever the caller acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// What it is called.
    pub name: ProductText,
    /// What a client presents to get a token; random.
    pub client_id: String,
    /// The digest of the secret; random as well.
    pub secret_hash: SecretHash,
    /// Requests per second kept free for it.
    pub reserved_rate_limit: u32,
    /// Whether it gives tokens without its secret.
    pub allow_implicit: bool,
    /// The rate limit that all reserved ones together may not pass, if there is one.
    pub rate_limit: Option<u32>,
}

/// Changes the named fields of an application key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKey {
    /// Which.
    pub id: KeyId,
    /// A new name.
    pub name: Option<ProductText>,
    /// Requests per second kept free for it.
    pub reserved_rate_limit: Option<u32>,
    /// Whether it gives tokens without its secret.
    pub allow_implicit: Option<bool>,
    /// The rate limit that all reserved ones together may not pass, if there is one.
    pub rate_limit: Option<u32>,
}

/// Deletes an application key, whose tokens stop working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteKey {
    /// Which.
    pub id: KeyId,
}

/// Creates the organization that the batch is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its id: fresh.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
}

/// Creates a store of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStore {
    /// Its id: fresh.
    pub id: StoreId,
    /// What it is called.
    pub name: Name,
}

/// Changes how the organization wants things done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateSettings {
    /// Whether every store may keep stock of its own of an organization-level product.
    pub per_store_stock: Option<bool>,
}

impl Operation {
    /// The product whose stock this is about, for what is about one.
    #[must_use]
    pub const fn product(&self) -> Option<ProductId> {
        match self {
            Self::CreateStock(CreateStock { product, .. })
            | Self::Transact(Transact { product, .. })
            | Self::CountStock(CountStock { product, .. })
            | Self::SetLocations(SetLocations { product, .. })
            | Self::DeleteStock(DeleteStock { product }) => Some(*product),
            _ => None,
        }
    }
}

/// What a kind of operation is answered with, so that who asks for a [`Transact`] gets a
/// [`Recorded`] and nothing else.
pub trait Answered: Into<Operation> {
    /// What an accepted request is answered with.
    type Answer;

    /// Takes this request's answer out of the answer to a command; `None` if it is another's.
    fn answer(answer: Answer) -> Option<Self::Answer>;
}

/// The rules of one operation, implemented by its own type.
pub trait Request: Answered {
    /// What of the state has to be known to decide.
    fn needs(&self, actor: &Actor, needs: &mut Needs);

    /// What the request changes.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, in the order of their precedence.
    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Self::Answer>, Refusal>;
}

macro_rules! operations {
    ($($name:ident => $answer:ident($type:ty),)*) => {
        /// Everything that can be asked for.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is what its type says")]
        pub enum Operation {
            $($name($name),)*
        }

        $(impl From<$name> for Operation {
            fn from(request: $name) -> Self {
                Self::$name(request)
            }
        }

        impl Answered for $name {
            type Answer = $type;

            fn answer(answer: Answer) -> Option<$type> {
                match answer {
                    Answer::$answer(answer) => Some(answer),
                    _ => None,
                }
            }
        })*

        impl Operation {
            fn needs(&self, actor: &Actor, needs: &mut Needs) {
                match self {
                    $(Self::$name(request) => request.needs(actor, needs),)*
                }
            }

            fn decide(
                &self,
                actor: &Actor,
                state: &State,
                context: &mut Context<'_>,
            ) -> Result<Decision<Answer>, Refusal> {
                match self {
                    $(Self::$name(request) => request
                        .decide(actor, state, context)
                        .map(|decision| decision.map(Answer::$answer)),)*
                }
            }
        }
    };
}

operations! {
    CreateStock => Stock(Stock),
    Transact => Recorded(Recorded),
    TransactMany => Lines(Vec<Result<Recorded, Refusal>>),
    Undo => Recorded(Recorded),
    UndoBatch => Lines(Vec<Result<Recorded, Refusal>>),
    CountStock => Counted(Counted),
    SetLocations => Stock(Stock),
    DeleteStock => Deleted(()),
    CreateLocation => Location(Location),
    UpdateLocation => Location(Location),
    DeleteLocation => Deleted(()),
    RegisterProduct => Product(StockedProduct),
    UpdateProduct => Product(StockedProduct),
    DeleteProduct => Deleted(()),
    CreateKey => Key(ApplicationKey),
    UpdateKey => Key(ApplicationKey),
    DeleteKey => Deleted(()),
    CreateOrganization => Organization(Organization),
    CreateStore => Store(Store),
    UpdateSettings => Settings(Settings),
}

impl Operation {
    /// How many changes it asks for: what it weighs beside others in one commit.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::TransactMany(many) => many.lines.len(),
            Self::UndoBatch(batch) => batch.entries.len(),
            _ => 1,
        }
    }

    /// Whether it can share its state with others in one batch: operations on single stocks can,
    /// those whose state reaches further are decided on their own.
    #[must_use]
    pub const fn shares_state(&self) -> bool {
        matches!(
            self,
            Self::CreateStock(_)
                | Self::Transact(_)
                | Self::TransactMany(_)
                | Self::SetLocations(_)
                | Self::DeleteStock(_)
        )
    }
}

/// What a count has led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many pieces there were to be when they were counted.
    pub expected: Quantity,
    /// How many there were.
    pub counted: Quantity,
    /// When they were counted.
    pub as_of: Timestamp,
    /// The entry that makes up for the difference.
    pub recorded: Recorded,
}

/// What an accepted command is answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The stock as it is now.
    Stock(Stock),
    /// The ledger entry made.
    Recorded(Recorded),
    /// What became of each transaction.
    Lines(Vec<Result<Recorded, Refusal>>),
    /// What a count has led to.
    Counted(Counted),
    /// The location as it is now.
    Location(Location),
    /// The product as it is now, with its stock level.
    Product(StockedProduct),
    /// The key as it is now.
    Key(ApplicationKey),
    /// The organization.
    Organization(Organization),
    /// The store.
    Store(Store),
    /// The settings as they are now.
    Settings(Settings),
    /// What was to be deleted is.
    Deleted(()),
    /// What the same request was answered before.
    Replayed(Box<Outcome>),
}
