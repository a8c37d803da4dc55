//! Filters of events.

use stockroom_application::EventCondition;
use stockroom_domain::EventName;

use crate::answer::ApiError;
use crate::filter::{conditions, id, nullable_text, text};

/// Parses a filter on events.
pub(super) fn events(filter: Option<&str>) -> Result<Vec<EventCondition>, ApiError> {
    conditions(filter, || {
        vec![
            text("event", |condition| {
                let names = EventName::ALL.iter().copied();
                let matching = names.filter(|name| condition.matches(Some(name.as_str())));
                EventCondition::Name(matching.collect())
            }),
            id("product_id", EventCondition::ProductId),
            nullable_text("location", EventCondition::Location),
            id("subject_id", EventCondition::SubjectId),
            id("actor", EventCondition::Actor),
            nullable_text("reason", EventCondition::Reason),
        ]
    })
}
