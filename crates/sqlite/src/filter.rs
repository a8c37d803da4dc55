//! Filters as SQL. Each condition is appended to a `WHERE` clause, and its operands as parameters.

use rusqlite::types::Value;
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    LocationCondition, ReservationCondition, StockCondition, TransactionCondition,
    TransferCondition,
};
use stockroom_domain::{OrganizationId, Owner, ReservationStatus, Timestamp};

use crate::connection::query::Query;

/// Appends conditions on a row of `stocks` that belongs to `owner`.
pub(crate) fn push_stock(
    query: &mut Query,
    organization: OrganizationId,
    owner: Owner,
    filter: &[StockCondition],
) {
    for condition in filter {
        query.push(" AND ");
        match condition {
            StockCondition::Location(condition) => {
                push_stock_location(query, organization, owner, condition);
            }
            StockCondition::Id(products) => {
                let ids = products.iter().map(|product| product.uuid());
                push_in(query, "stocks.product_id", ids);
            }
            StockCondition::Available(comparison) => {
                push_comparison(query, "stocks.available", comparison, |pieces| *pieces);
            }
            StockCondition::Allocated(comparison) => {
                push_comparison(query, "stocks.allocated", comparison, |pieces| *pieces);
            }
            StockCondition::Total(comparison) => {
                let total = "stocks.available + stocks.allocated";
                push_comparison(query, total, comparison, |pieces| *pieces);
            }
            StockCondition::Low(wanted) => push_low(query, organization, *wanted),
            StockCondition::CreatedAt(comparison) => {
                push_time(query, "stocks.created_at", comparison);
            }
            StockCondition::UpdatedAt(comparison) => {
                push_time(query, "stocks.updated_at", comparison);
            }
        }
    }
}

/// Appends a condition on the alerts of a stock and of its positions.
fn push_low(query: &mut Query, organization: OrganizationId, wanted: bool) {
    let is_in = if wanted { "IN" } else { "NOT IN" };
    // Starts from the alerts that are on, which are few.
    query.push(format!("stocks.stock_id {is_in} ("));
    query.push(
        "SELECT low.stock_id FROM stocks AS low INDEXED BY low_stocks \
         WHERE low.low AND low.organization_id = ",
    );
    query.push_organization(organization);
    query.push(
        " UNION ALL SELECT low.stock_id FROM positions AS low INDEXED BY low_positions \
         WHERE low.low AND low.organization_id = ",
    );
    query.push_organization(organization).push(")");
}

/// Appends a condition on the locations that a stock of `owner` has.
fn push_stock_location(
    query: &mut Query,
    organization: OrganizationId,
    owner: Owner,
    condition: &TextCondition,
) {
    if *condition == TextCondition::IsNull {
        query.push(
            "NOT EXISTS (SELECT 1 FROM positions \
             WHERE positions.stock_id = stocks.stock_id AND positions.organization_id = ",
        );
        query.push_organization(organization).push(")");
        return;
    }
    // Starts from the locations and looks up the stock there, instead of going through all stock.
    query.push(
        "stocks.stock_id IN (SELECT positions.stock_id \
         FROM locations INDEXED BY locations_of_owner \
         CROSS JOIN positions INDEXED BY positions_in_location \
         ON positions.organization_id = locations.organization_id \
         AND positions.location_id = locations.location_id \
         WHERE locations.deleted_at IS NULL AND locations.organization_id = ",
    );
    query.push_organization(organization);
    query.push(" AND locations.owner_id = ");
    query.push_owner(organization, owner).push(" AND ");
    push_text(query, "locations.slug", condition);
    query.push(")");
}

/// Appends conditions on a row of `entries` that is joined with `locations`.
pub(crate) fn push_transaction(query: &mut Query, filter: &[TransactionCondition]) {
    for condition in filter {
        query.push(" AND ");
        match condition {
            TransactionCondition::Location(TextCondition::IsNull) => {
                query.push("entries.location_id IS NULL");
            }
            TransactionCondition::Location(condition) => {
                push_text(query, "locations.slug", condition);
            }
            TransactionCondition::Action(actions) => {
                let words = actions.iter().map(|action| action.as_str().to_owned());
                push_in(query, "entries.action", words);
            }
            TransactionCondition::Quantity(comparison) => {
                push_comparison(query, "entries.quantity", comparison, |pieces| *pieces);
            }
            TransactionCondition::CreatedAt(comparison) => {
                push_time(query, "entries.created_at", comparison);
            }
            TransactionCondition::Reason(condition) => {
                push_text(query, "entries.reason", condition);
            }
            TransactionCondition::Reference(condition) => {
                push_text(query, "entries.reference", condition);
            }
        }
    }
}

/// Appends conditions on a row of `reservations`, as of `now`.
pub(crate) fn push_reservation(
    query: &mut Query,
    organization: OrganizationId,
    filter: &[ReservationCondition],
    now: Timestamp,
) {
    for condition in filter {
        query.push(" AND ");
        match condition {
            ReservationCondition::Status(statuses) => push_status(query, statuses, now),
            ReservationCondition::OrderId(condition) => {
                push_text(query, "reservations.order_id", condition);
            }
            ReservationCondition::HoldReason(condition) => {
                push_text(query, "reservations.hold_reason", condition);
            }
            ReservationCondition::Product(products) => {
                push_lines(query, organization);
                let ids = products.iter().map(|product| product.uuid());
                push_in(query, "lines.product_id", ids);
                query.push(")");
            }
            ReservationCondition::Location(TextCondition::IsNull) => {
                push_lines(query, organization);
                query.push("lines.location_id IS NULL)");
            }
            ReservationCondition::Location(condition) => {
                push_lines(query, organization);
                push_text(query, "locations.slug", condition);
                query.push(")");
            }
            ReservationCondition::ExpiresAt(comparison) => {
                query.push("(reservations.expires_at > ");
                query.push_bind(now.as_milliseconds()).push(" AND ");
                push_time(query, "reservations.expires_at", comparison);
                query.push(")");
            }
            ReservationCondition::CreatedAt(comparison) => {
                push_time(query, "reservations.created_at", comparison);
            }
        }
    }
}

/// Begins a condition on one of the lines of a reservation. The lines are joined with their locations.
fn push_lines(query: &mut Query, organization: OrganizationId) {
    query.push(
        "EXISTS (SELECT 1 FROM reservation_lines AS lines LEFT JOIN locations \
         ON locations.organization_id = lines.organization_id \
         AND locations.location_id = lines.location_id \
         WHERE lines.reservation_id = reservations.reservation_id AND lines.organization_id = ",
    );
    query.push_organization(organization).push(" AND ");
}

/// Appends a condition on the status of a reservation. A reservation that wasn't paid for in time has
/// expired, whatever status is stored.
fn push_status(query: &mut Query, statuses: &[ReservationStatus], now: Timestamp) {
    query.push("CASE WHEN reservations.expires_at <= ");
    query.push_bind(now.as_milliseconds());
    let status = " THEN 'expired' ELSE reservations.status END";
    let words = statuses.iter().map(|status| status.as_str().to_owned());
    push_in(query, status, words);
}

/// Appends conditions on a row of `transfers`.
pub(crate) fn push_transfer(
    query: &mut Query,
    organization: OrganizationId,
    filter: &[TransferCondition],
) {
    for condition in filter {
        query.push(" AND ");
        match condition {
            TransferCondition::State(states) => {
                let words = states.iter().map(|state| state.as_str().to_owned());
                push_in(query, "transfers.state", words);
            }
            TransferCondition::From(condition) => {
                query.push("transfers.supplier IS NULL AND ");
                push_place(query, organization, "transfers.from_location_id", condition);
            }
            TransferCondition::To(condition) => {
                push_place(query, organization, "transfers.to_location_id", condition);
            }
            TransferCondition::Supplier(condition) => {
                push_text(query, "transfers.supplier", condition);
            }
            TransferCondition::Reference(condition) => {
                push_text(query, "transfers.reference", condition);
            }
            TransferCondition::Product(products) => {
                query.push(
                    "EXISTS (SELECT 1 FROM transfer_lines AS lines \
                     WHERE lines.transfer_id = transfers.transfer_id AND lines.organization_id = ",
                );
                query.push_organization(organization).push(" AND ");
                let ids = products.iter().map(|product| product.uuid());
                push_in(query, "lines.product_id", ids);
                query.push(")");
            }
            TransferCondition::ExpectedAt(comparison) => {
                push_time(query, "transfers.expected_at", comparison);
            }
            TransferCondition::CreatedAt(comparison) => {
                push_time(query, "transfers.created_at", comparison);
            }
        }
    }
}

/// Appends a condition on the slug of the location in a column.
fn push_place(
    query: &mut Query,
    organization: OrganizationId,
    column: &str,
    condition: &TextCondition,
) {
    if *condition == TextCondition::IsNull {
        query.push(column).push(" IS NULL");
        return;
    }
    query.push(format!(
        "EXISTS (SELECT 1 FROM locations \
         WHERE locations.location_id = {column} AND locations.organization_id = "
    ));
    query.push_organization(organization).push(" AND ");
    push_text(query, "locations.slug", condition);
    query.push(")");
}

/// Appends conditions on a row of `locations`.
pub(crate) fn push_location(query: &mut Query, filter: &[LocationCondition]) {
    for condition in filter {
        query.push(" AND ");
        match condition {
            LocationCondition::Name(condition) => push_text(query, "locations.name", condition),
            LocationCondition::Slug(condition) => push_text(query, "locations.slug", condition),
            LocationCondition::ExternalRef(condition) => {
                push_text(query, "locations.external_ref", condition);
            }
            LocationCondition::Enabled(values) => {
                push_in(query, "locations.enabled", values.iter().copied());
            }
        }
    }
}

fn push_text(query: &mut Query, column: &str, condition: &TextCondition) {
    match condition {
        TextCondition::In(texts) => push_in(query, column, texts.iter().cloned()),
        TextCondition::Like(pattern) => push_like(query, column, pattern),
        TextCondition::IsNull => {
            query.push(column).push(" IS NULL");
        }
    }
}

/// Appends a condition on a text. Doesn't use `LIKE`, which ignores letter case and gives some
/// characters a special meaning.
fn push_like(query: &mut Query, column: &str, pattern: &Pattern) {
    let Pattern {
        text,
        open_start,
        open_end,
    } = pattern;
    match (open_start, open_end) {
        (false, false) => {
            query.push(column).push(" = ").push_bind(text.clone());
        }
        // Every text starts and ends with the empty text, but `substr` handles that case differently.
        _ if text.is_empty() => {
            query.push(column).push(" IS NOT NULL");
        }
        (false, true) => {
            query.push("substr(").push(column).push(", 1, length(");
            query.push_bind(text.clone()).push(")) = ");
            query.push_bind(text.clone());
        }
        (true, false) => {
            query.push("substr(").push(column).push(", -length(");
            query.push_bind(text.clone()).push(")) = ");
            query.push_bind(text.clone());
        }
        (true, true) => {
            query.push("instr(").push(column).push(", ");
            query.push_bind(text.clone()).push(") > 0");
        }
    }
}

fn push_time(query: &mut Query, column: &str, comparison: &Comparison<Timestamp>) {
    push_comparison(query, column, comparison, |at| at.as_milliseconds());
}

fn push_comparison<T>(
    query: &mut Query,
    column: &str,
    comparison: &Comparison<T>,
    stored: impl Fn(&T) -> i64,
) {
    let (operator, bound) = match comparison {
        Comparison::In(values) => return push_in(query, column, values.iter().map(stored)),
        Comparison::Greater(bound) => (" > ", bound),
        Comparison::GreaterOrEqual(bound) => (" >= ", bound),
        Comparison::Less(bound) => (" < ", bound),
        Comparison::LessOrEqual(bound) => (" <= ", bound),
    };
    query.push(column).push(operator).push_bind(stored(bound));
}

pub(crate) fn push_in<T: Into<Value>>(
    query: &mut Query,
    column: &str,
    values: impl IntoIterator<Item = T>,
) {
    // The NULL, to which nothing is equal, keeps the list from being empty. For an empty list, SQLite
    // would see that no row matches, and would not look for the index that the query names.
    query.push(column).push(" IN (NULL");
    for value in values {
        query.push(", ").push_bind(value);
    }
    query.push(")");
}
