//! Policies of stock and of positions, as JSON with a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Policy, RawPolicy, Stock, StockId};
use uuid::Uuid;

use crate::{Row, StocksByFate};

/// The version that is written. All versions up to it are read.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    policy: &'a Policy,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    #[serde(flatten)]
    policy: Policy,
}

/// The column `policy`; NULL for a policy that says nothing.
#[must_use]
pub fn encode_policy(policy: &Policy) -> Option<String> {
    let written = Written {
        version: VERSION,
        policy,
    };
    // No key of a policy is anything but a text, which is all that could fail.
    let text = (!policy.is_default()).then(|| serde_json::to_string(&written));
    text.and_then(Result::ok)
}

/// Decodes the column `policy` of a row.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is no policy, or that of a later version.
pub fn decode_policy(row: &Row, text: Option<&str>) -> Result<Policy, StoreError> {
    let Some(text) = text else {
        return Ok(Policy::default());
    };
    let read: Read = row.valid("policy", serde_json::from_str(text))?;
    if read.version > VERSION {
        return Err(row.corrupt("policy"));
    }
    Ok(read.policy)
}

/// The columns `policy` and `low` as they are; `None` if they say nothing.
#[must_use]
pub fn raw_policy(policy: Option<String>, low: bool) -> Option<RawPolicy> {
    let row = Row::new("stocks", Uuid::nil());
    if policy.is_none() && !low {
        return None;
    }
    let read = decode_policy(&row, policy.as_deref());
    Some(RawPolicy {
        content: read.map_err(|_| policy.unwrap_or_default()),
        low,
    })
}

/// The columns `policy` and `low` of a policy to be stored as it is.
#[must_use]
pub fn raw_columns(policy: Option<&RawPolicy>) -> (Option<String>, bool) {
    let Some(RawPolicy { content, low }) = policy else {
        return (None, false);
    };
    let text = match content {
        Ok(policy) => encode_policy(policy),
        Err(text) => Some(text.clone()),
    };
    (text, *low)
}

/// A policy to be stored in place of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// The product.
    pub product_id: Uuid,
    /// The owner of the stock.
    pub owner_id: Uuid,
    /// The stock.
    pub stock_id: Uuid,
    /// The location, if it is the policy of one.
    pub location_id: Option<Uuid>,
    /// The policy.
    pub policy: Option<String>,
    /// Whether an alert of it is on.
    pub low: bool,
}

/// The policies that differ from those before: a change of stock seldom changes one.
#[must_use]
pub fn changed_policies(stocks: &StocksByFate<'_>, organization: OrganizationId) -> Vec<PolicyRow> {
    let nothing = Policy::default();
    let mut changed = Vec::new();
    // Stock that was created anew takes its row over, with the policy that the row has, but no positions.
    let recreated = stocks.recreated.iter();
    let recreated = recreated.map(|(before, after)| (after.id, &before.policy));
    let former: BTreeMap<StockId, &Policy> = recreated.collect();
    for (before, after) in stocks.remaining() {
        let row = |location_id: Option<Uuid>, policy: &Policy| PolicyRow {
            product_id: after.product.uuid(),
            owner_id: after.owner.to_uuid(organization),
            stock_id: after.id.uuid(),
            location_id,
            policy: encode_policy(policy),
            low: policy.is_low(),
        };
        let former = former.get(&after.id).copied().unwrap_or(&nothing);
        if after.policy != *before.map_or(former, |before| &before.policy) {
            changed.push(row(None, &after.policy));
        }
        for (location, position) in &after.located {
            let before = before.and_then(|before: &Stock| before.located.get(location));
            if position.policy != *before.map_or(&nothing, |before| &before.policy) {
                changed.push(row(Some(location.uuid()), &position.policy));
            }
        }
    }
    changed
}
