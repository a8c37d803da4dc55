//! The list of all operations.

use serde::{Deserialize, Serialize};

use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};
use crate::imports::{
    ApplyLines, CancelImport, FinishCheck, Import, StartImport, SubmitImport, UndoImport, UndoLines,
};
use crate::integrations::decide::{
    CreateIntegration, DeleteIntegration, DisableIntegration, ReplayEvents, RotateSecret,
    UpdateIntegration,
};
use crate::integrations::{Integration, SecretIssued};
use crate::keys::ApplicationKey;
use crate::keys::decide::{CreateKey, DeleteKey, UpdateKey};
use crate::ledger::Recorded;
use crate::locations::Location;
use crate::locations::decide::{CreateLocation, DeleteLocation, UpdateLocation};
use crate::policies::decide::{DeletePolicy, SetPolicy};
use crate::products::StockedProduct;
use crate::products::decide::{DeleteProduct, RegisterProduct, UpdateProduct};
use crate::reservations::availability::CheckAvailability;
use crate::reservations::edit::EditReservation;
use crate::reservations::relocate::MoveReservation;
use crate::reservations::reserve::Reserve;
use crate::reservations::returns::ReturnReservation;
use crate::reservations::set_aside::SetAside;
use crate::reservations::settle::{SettleStock, ShowProducts, ShowStock};
use crate::reservations::transition::{
    ExpireReservation, ExtendReservation, FulfilReservation, PayReservation, ReleaseReservation,
};
use crate::reservations::{ItemAvailability, Reservation, Reserved};
use crate::stock::Stock;
use crate::stock::decide::{CreateStock, DeleteStock, SetLocations};
use crate::tenancy::decide::{CreateOrganization, CreateStore, UpdateSettings};
use crate::tenancy::{Organization, Settings, Store};
use crate::transactions::count::{CountMany, CountStock, Counted};
use crate::transactions::preview::{PreviewCounts, PreviewTransactions};
use crate::transactions::transact::{Transact, TransactMany};
use crate::transactions::undo::{Undo, UndoBatch};
use crate::transfers::Transfer;
use crate::transfers::announce::AnnounceOverdue;
use crate::transfers::edit::{CreateTransfer, DeleteTransfer, UpdateTransfer};
use crate::transfers::progress::TakeStep;

/// The result of one command.
pub type Outcome = Result<Answer, Refusal>;

/// A request whose answer has a type of its own: the answer to a [`Transact`] is a [`Recorded`] and
/// nothing else.
pub trait Answered: Decide + Into<Operation> {
    /// Extracts this request's answer from the answer to a command; `None` if it is of another type.
    fn take(answer: Answer) -> Option<Self::Answer>;
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
            fn take(answer: Answer) -> Option<$type> {
                match answer {
                    Answer::$answer(answer) => Some(answer),
                    _ => None,
                }
            }
        })*

        impl Operation {
            /// The operation's name in metrics.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(request) => request.name(),)*
                }
            }

            /// The number of changes that it asks for: its weight among the commands of one commit.
            #[must_use]
            pub fn weight(&self) -> usize {
                match self {
                    $(Self::$name(request) => request.weight(),)*
                }
            }

            /// Whether it can share its state with other operations.
            #[must_use]
            pub const fn shares_state(&self) -> bool {
                match self {
                    $(Self::$name(_) => <$name as Decide>::SHARES_STATE,)*
                }
            }

            pub(super) fn needs(&self, actor: &Actor, needs: &mut Needs) {
                match self {
                    $(Self::$name(request) => request.needs(actor, needs),)*
                }
            }

            pub(super) fn decide(
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
    PreviewTransactions => Lines(Vec<Result<Recorded, Refusal>>),
    Undo => Recorded(Recorded),
    UndoBatch => Lines(Vec<Result<Recorded, Refusal>>),
    CountStock => Counted(Counted),
    CountMany => CountedLines(Vec<Result<Counted, Refusal>>),
    PreviewCounts => CountedLines(Vec<Result<Counted, Refusal>>),
    Reserve => Reserved(Reserved),
    SetAside => Reserved(Reserved),
    PayReservation => Reservation(Reservation),
    ReleaseReservation => Reservation(Reservation),
    FulfilReservation => Reservation(Reservation),
    ExtendReservation => Reservation(Reservation),
    ReturnReservation => Reservation(Reservation),
    MoveReservation => Reservation(Reservation),
    EditReservation => Reservation(Reservation),
    ExpireReservation => Expired(bool),
    SettleStock => Settled(()),
    CheckAvailability => Availability(Vec<ItemAvailability>),
    ShowStock => Stocks(Vec<Stock>),
    ShowProducts => Products(Vec<StockedProduct>),
    SetLocations => Stock(Stock),
    DeleteStock => Deleted(()),
    SetPolicy => Stock(Stock),
    DeletePolicy => Deleted(()),
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
    CreateIntegration => SecretIssued(SecretIssued),
    UpdateIntegration => Integration(Integration),
    DeleteIntegration => Deleted(()),
    RotateSecret => SecretIssued(SecretIssued),
    DisableIntegration => Integration(Integration),
    ReplayEvents => Integration(Integration),
    SubmitImport => Import(Import),
    StartImport => Import(Import),
    FinishCheck => Import(Import),
    ApplyLines => Import(Import),
    CancelImport => Import(Import),
    UndoImport => Import(Import),
    UndoLines => Import(Import),
    CreateTransfer => Transfer(Transfer),
    UpdateTransfer => Transfer(Transfer),
    TakeStep => Transfer(Transfer),
    AnnounceOverdue => Transfer(Transfer),
    DeleteTransfer => Deleted(()),
}

/// The answer to an accepted command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The stock as it is now.
    Stock(Stock),
    /// The new ledger entry.
    Recorded(Recorded),
    /// The result of each transaction.
    Lines(Vec<Result<Recorded, Refusal>>),
    /// The accepted count.
    Counted(Counted),
    /// The result of each count.
    CountedLines(Vec<Result<Counted, Refusal>>),
    /// The reservation, new or existing.
    Reserved(Reserved),
    /// The reservation as it is now.
    Reservation(Reservation),
    /// Whether the reservation has expired and wasn't stored as expired.
    Expired(bool),
    /// The expired holds are booked in the ledgers.
    Settled(()),
    /// The availability of each item.
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
    /// The integration as it is now.
    Integration(Integration),
    /// The integration, which has got a new secret.
    SecretIssued(SecretIssued),
    /// The import as it is now.
    Import(Import),
    /// The transfer as it is now.
    Transfer(Transfer),
    /// The deletion is done.
    Deleted(()),
    /// The answer that the same request got before.
    Replayed(Box<Outcome>),
}
