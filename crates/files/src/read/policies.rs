//! Lines of our own files of policies.

use std::borrow::Cow;

use stockroom_domain::{Alert, Patch, PolicyUpdate, Quantity};

use super::stockroom::{Field, Values};
use super::{LineContent, LinePolicy};
use crate::error::LineFault;
use crate::layout::Column;

/// The text in place of a number that takes the alerts away.
const NONE: &str = "none";

pub(super) fn read_row(
    columns: &[Column],
    cells: &[Cow<'_, str>],
) -> Result<LineContent, LineFault> {
    content(&Values::of_row(columns, cells))
}

pub(super) fn read_object(line: &str) -> Result<LineContent, LineFault> {
    content(&Values::of_object(line, &Field::OF_POLICIES)?)
}

fn content(values: &Values<'_>) -> Result<LineContent, LineFault> {
    let product = values.product()?;
    let location = values.location()?;
    let safety_stock = values.quantity(Field::SafetyStock)?;
    let alerts = alerts(values)?;
    if safety_stock.is_none() && alerts == Patch::Keep {
        return Ok(LineContent::Skipped);
    }
    Ok(LineContent::Policy(LinePolicy {
        product,
        location,
        update: PolicyUpdate {
            safety_stock: safety_stock.map_or(Patch::Keep, Patch::Set),
            alerts,
        },
    }))
}

fn alerts(values: &Values<'_>) -> Result<Patch<Vec<Alert>>, LineFault> {
    let (at, rearm_at) = (Field::LowAt.as_str(), Field::LowRearmAt.as_str());
    let text = values.trimmed(Field::LowAt);
    let takes_away = text.is_some_and(|text| text.eq_ignore_ascii_case(NONE));
    let rearm_level = values.quantity(Field::LowRearmAt)?;
    if rearm_level.is_some() && (takes_away || text.is_none()) {
        return Err(LineFault(format!("{rearm_at} needs a number in {at}")));
    }
    if takes_away {
        return Ok(Patch::Clear);
    }
    let level = values.quantity(Field::LowAt);
    let level = level.map_err(|LineFault(fault)| LineFault(format!("{fault}, or {NONE}")))?;
    let Some(level) = level else {
        return Ok(Patch::Keep);
    };
    let alert = Alert::new(level, rearm_level).map(|alert| Patch::Set(vec![alert]));
    alert.map_err(|_| match rearm_level {
        Some(_) => LineFault(format!("{rearm_at} must be more than {at}")),
        None => LineFault(format!("{at} must be less than {}", Quantity::MAX)),
    })
}
