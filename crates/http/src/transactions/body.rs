//! Transactions.

use std::sync::Arc;

use serde::Serialize;
use stockroom_domain::{EntryAction, Recorded, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::as_text;
use crate::request::Form;
use crate::stock::body::Figures;

/// A transaction, in one of the two forms.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Transaction)]
pub(crate) enum TransactionBody {
    Basic(BasicTransaction),
    MultiLocation(Box<MultiLocationTransaction>),
}

/// A transaction in the basic form.
#[derive(Serialize, ToSchema)]
pub(crate) struct BasicTransaction {
    id: Uuid,
    /// Always `stock-transaction`.
    r#type: &'static str,
    /// `create`, `increment`, `decrement`, `allocate` or `deallocate`.
    action: &'static str,
    product_id: Uuid,
    /// How many pieces were concerned.
    quantity: u64,
    timestamps: TransactionTimestamps,
}

/// A transaction in the multi-location form.
#[derive(Serialize, ToSchema)]
pub(crate) struct MultiLocationTransaction {
    id: Uuid,
    /// Always `stock-transaction`.
    r#type: &'static str,
    attributes: TransactionAttributes,
    meta: TransactionMeta,
}

#[derive(Serialize, ToSchema)]
struct TransactionAttributes {
    /// `increment`, `decrement`, `allocate` or `deallocate`.
    action: &'static str,
    product_id: Uuid,
    /// How many pieces were concerned.
    quantity: u64,
    /// The slug that the location has now; absent for the unlocated pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// What the position held right after it.
    balance: Figures,
    /// Its place in the stock's history: 1, 2, 3 … without a gap.
    sequence: u64,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What it belongs to: an order, a delivery note.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// The time that the transaction is a count for; absent if it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    as_of: Option<String>,
    /// The application key that acted; absent for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<ActorBody>,
}

/// The application key that acted.
#[derive(Serialize, ToSchema)]
struct ActorBody {
    id: Uuid,
    /// What it is called, or was last.
    #[schema(value_type = Option<String>)]
    name: Option<Arc<str>>,
}

#[derive(Serialize, ToSchema)]
struct TransactionMeta {
    timestamps: TransactionTimestamps,
    /// The stock that it changed, which is new each time stock is created.
    stock_id: Uuid,
    /// The batch that it was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    /// The transaction that it undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<Uuid>,
    /// The transaction that undoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<Uuid>,
    /// Proves it, and all transactions of the stock before it (BLAKE3, in hexadecimal digits).
    hash: String,
}

#[derive(Serialize, ToSchema)]
struct TransactionTimestamps {
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
}

/// The word for an action in a form: the multi-location vocabulary has none for the creation of
/// stock, which it shows as an increment.
pub(crate) fn shown_action(action: EntryAction, form: Form) -> &'static str {
    match (action, form) {
        (EntryAction::Create, Form::MultiLocation) => EntryAction::Increment.as_str(),
        (action, _) => action.as_str(),
    }
}

impl TransactionBody {
    pub(crate) fn new(recorded: Recorded, form: Form) -> Self {
        let Recorded {
            entry,
            product,
            slug,
            actor_name,
            undone_by,
        } = recorded;
        let id = entry.id.uuid();
        let action = shown_action(entry.action, form);
        let product_id = product.uuid();
        let quantity = entry.quantity.get();
        let timestamps = TransactionTimestamps {
            created_at: entry.created_at,
        };
        match form {
            Form::Basic => Self::Basic(BasicTransaction {
                id,
                r#type: "stock-transaction",
                action,
                product_id,
                quantity,
                timestamps,
            }),
            Form::MultiLocation => Self::MultiLocation(Box::new(MultiLocationTransaction {
                id,
                r#type: "stock-transaction",
                attributes: TransactionAttributes {
                    action,
                    product_id,
                    quantity,
                    location: slug.map(|slug| slug.to_string()),
                    balance: entry.balance.into(),
                    sequence: entry.sequence,
                    reason: entry.annotation.reason.map(|reason| reason.to_string()),
                    reference: entry.annotation.reference.map(|it| it.to_string()),
                    as_of: entry.as_of.map(|as_of| as_of.to_string()),
                    actor: entry.actor.map(|key| ActorBody {
                        id: key.uuid(),
                        name: actor_name,
                    }),
                },
                meta: TransactionMeta {
                    timestamps,
                    stock_id: entry.stock.uuid(),
                    batch_id: entry.batch.map(Into::into),
                    undoes: entry.undoes.map(Into::into),
                    undone_by: undone_by.map(Into::into),
                    hash: entry.hash.to_string(),
                },
            })),
        }
    }
}
