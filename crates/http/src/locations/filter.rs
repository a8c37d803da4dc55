//! Filters of locations.

use stockroom_application::ports::LocationCondition;

use crate::answer::ApiError;
use crate::filter::{conditions, flag, nullable_text, text};

/// Parses a filter on locations.
pub(crate) fn locations(filter: Option<&str>) -> Result<Vec<LocationCondition>, ApiError> {
    conditions(filter, || {
        vec![
            text("name", LocationCondition::Name),
            text("slug", LocationCondition::Slug),
            nullable_text("external_ref", LocationCondition::ExternalRef),
            flag("enabled", LocationCondition::Enabled),
        ]
    })
}
