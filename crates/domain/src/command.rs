//! What can be asked for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ApplicationKey, CheckAvailability, Context, CountMany, CountStock, CreateKey, CreateLocation,
    CreateOrganization, CreateStock, CreateStore, Decision, DeleteKey, DeleteLocation,
    DeleteProduct, DeleteStock, ExpireReservation, ExtendReservation, FulfilReservation,
    Idempotency, IdempotencyKey, ItemAvailability, KeptAnswer, KeyId, Location, Needs,
    Organization, Outcome, Owner, PayReservation, Quantity, Recorded, Refusal, RefusalKind,
    RegisterProduct, ReleaseReservation, Reservation, Reserve, Reserved, SetLocations, Settings,
    SettleStock, ShowProducts, ShowStock, State, Stock, StockedProduct, Store, Timestamp, Transact,
    TransactMany, Undo, UndoBatch, UpdateKey, UpdateLocation, UpdateProduct, UpdateSettings,
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
        let kept = state.kept_answer(self.actor.acting, &idempotency.key, context.now);
        if let Some(kept) = kept {
            // What the organization's key was answered is not for those of its stores.
            self.actor.may_administer(kept.key_owner)?;
        }
        match kept {
            Some(kept) if kept.request == idempotency.request => {
                // It was carried out: to do so again would be the one thing that a key is to prevent.
                let outcome = kept.outcome.clone().ok_or(Refusal::KeptAnswerUnreadable)?;
                Ok(Decision::unchanged(Answer::Replayed(Box::new(outcome))))
            }
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
        match state.kept_answer(self.actor.acting, &idempotency.key, now) {
            Some(_) => None,
            None => idempotency.keep(&self.actor, outcome, now),
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
    CountMany => CountedLines(Vec<Result<Counted, Refusal>>),
    Reserve => Reserved(Reserved),
    PayReservation => Reservation(Reservation),
    ReleaseReservation => Reservation(Reservation),
    FulfilReservation => Reservation(Reservation),
    ExtendReservation => Reservation(Reservation),
    ExpireReservation => Expired(bool),
    SettleStock => Settled(()),
    CheckAvailability => Availability(Vec<ItemAvailability>),
    ShowStock => Stocks(Vec<Stock>),
    ShowProducts => Products(Vec<StockedProduct>),
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
            Self::CountMany(many) => many.counts.len(),
            Self::Reserve(reserve) => reserve.items.len(),
            Self::PayReservation(PayReservation { reservation })
            | Self::ReleaseReservation(ReleaseReservation { reservation, .. })
            | Self::FulfilReservation(FulfilReservation { reservation, .. })
            | Self::ExtendReservation(ExtendReservation { reservation, .. })
            | Self::ExpireReservation(ExpireReservation { reservation }) => {
                reservation.stocks.len()
            }
            Self::SettleStock(settle) => settle.stocks.len(),
            Self::CheckAvailability(check) => check.items.len(),
            Self::ShowStock(show) => show.products.len(),
            Self::ShowProducts(show) => show.products.len(),
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
                | Self::Reserve(_)
                | Self::PayReservation(_)
                | Self::ReleaseReservation(_)
                | Self::FulfilReservation(_)
                | Self::ExtendReservation(_)
                | Self::ExpireReservation(_)
                | Self::SettleStock(_)
                | Self::CheckAvailability(_)
                | Self::ShowStock(_)
                | Self::SetLocations(_)
                | Self::DeleteStock(_)
        )
    }
}

/// An accepted count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The number of pieces that the books gave the position at that time. It is negative where
    /// they contradict themselves.
    pub expected: i64,
    /// The number of pieces counted.
    pub counted: Quantity,
    /// The time of the count.
    pub as_of: Timestamp,
    /// The entry that corrects the books by the difference.
    pub recorded: Recorded,
}

impl AsRef<Recorded> for Counted {
    fn as_ref(&self) -> &Recorded {
        &self.recorded
    }
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
    /// The accepted count.
    Counted(Counted),
    /// Each count, or why it was refused.
    CountedLines(Vec<Result<Counted, Refusal>>),
    /// The reservation, made for this or before.
    Reserved(Reserved),
    /// The reservation as it is now.
    Reservation(Reservation),
    /// Whether the reservation has expired and wasn't stored as such.
    Expired(bool),
    /// What has run out is in the ledgers.
    Settled(()),
    /// How much there is of each item.
    Availability(Vec<ItemAvailability>),
    /// The stocks as they are now.
    Stocks(Vec<Stock>),
    /// The products as they are now, with their stock levels.
    Products(Vec<StockedProduct>),
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
