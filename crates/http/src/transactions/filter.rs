//! Filters of transactions.

use stockroom_application::ports::TransactionCondition;
use stockroom_domain::EntryAction;

use super::body::shown_action;
use crate::answer::ApiError;
use crate::filter::{conditions, nullable_text, number, text, time_of};
use crate::request::Form;

/// Parses a filter on transactions. Actions are compared by the words of `form`.
pub(crate) fn transactions(
    filter: Option<&str>,
    form: Form,
) -> Result<Vec<TransactionCondition>, ApiError> {
    conditions(filter, || {
        vec![
            nullable_text("location", TransactionCondition::Location),
            text("action", move |condition| {
                let matching = EntryAction::ALL
                    .into_iter()
                    .filter(|action| condition.matches(Some(shown_action(*action, form))));
                TransactionCondition::Action(matching.collect())
            }),
            number("quantity", TransactionCondition::Quantity),
            time_of("created_at", TransactionCondition::CreatedAt),
            nullable_text("reason", TransactionCondition::Reason),
            nullable_text("reference", TransactionCondition::Reference),
        ]
    })
}
