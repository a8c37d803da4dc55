//! Filters of events.

use stockroom_application::EventCondition;
use stockroom_domain::{EventName, KeyId};

use crate::answer::ApiError;
use crate::filter::{conditions, nullable_text, product_id, text};

/// Parses a filter on events.
pub(super) fn events(filter: Option<&str>) -> Result<Vec<EventCondition>, ApiError> {
    conditions(filter, || {
        vec![
            text("event", |condition| {
                let names = EventName::ALL.iter().copied();
                let matching = names.filter(|name| condition.matches(Some(name.as_str())));
                EventCondition::Name(matching.collect())
            }),
            product_id("product_id", EventCondition::ProductId),
            nullable_text("location", EventCondition::Location),
            product_id("subject_id", |ids| {
                EventCondition::SubjectId(ids.into_iter().map(Into::into).collect())
            }),
            product_id("actor", |ids| {
                EventCondition::Actor(ids.into_iter().map(|id| KeyId::new(id.uuid())).collect())
            }),
            nullable_text("reason", EventCondition::Reason),
        ]
    })
}
