//! Filters as SQL. Each condition is appended to a `WHERE` clause, and its operands as parameters.

use sqlx::postgres::PgHasArrayType;
use sqlx::{Encode, Postgres, QueryBuilder, Type};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    LocationCondition, ReservationCondition, StockCondition, TransactionCondition,
    TransferCondition,
};
use stockroom_domain::{EntryAction, OrganizationId, Owner, ReservationStatus, Timestamp};

/// Appends conditions on a row of `stocks` that belongs to `owner`.
pub(crate) fn push_stock(
    query: &mut QueryBuilder<Postgres>,
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
fn push_low(query: &mut QueryBuilder<Postgres>, organization: OrganizationId, wanted: bool) {
    let is_in = if wanted { "IN" } else { "NOT IN" };
    // Starts from the alerts that are on, which are few.
    query.push(format_args!("stocks.stock_id {is_in} ("));
    query.push("SELECT low.stock_id FROM stocks AS low WHERE low.low AND low.organization_id = ");
    query.push_bind(organization.uuid());
    query.push(
        " UNION ALL SELECT low.stock_id FROM positions AS low \
         WHERE low.low AND low.organization_id = ",
    );
    query.push_bind(organization.uuid()).push(")");
}

/// Appends a condition on the locations that a stock of `owner` has.
fn push_stock_location(
    query: &mut QueryBuilder<Postgres>,
    organization: OrganizationId,
    owner: Owner,
    condition: &TextCondition,
) {
    if *condition == TextCondition::IsNull {
        query.push(
            "NOT EXISTS (SELECT 1 FROM positions \
             WHERE positions.stock_id = stocks.stock_id AND positions.organization_id = ",
        );
        query.push_bind(organization.uuid()).push(")");
        return;
    }
    // Starts from the locations and looks up the stock there, instead of going through all stock.
    query.push(
        "stocks.stock_id IN (SELECT positions.stock_id \
         FROM locations JOIN positions ON positions.organization_id = locations.organization_id \
         AND positions.location_id = locations.location_id \
         WHERE locations.deleted_at IS NULL AND locations.organization_id = ",
    );
    query.push_bind(organization.uuid());
    query.push(" AND locations.owner_id = ");
    query.push_bind(owner.to_uuid(organization)).push(" AND ");
    push_text(query, "locations.slug", condition);
    query.push(")");
}

/// Appends conditions on a row of `entries` that is joined with `locations`.
pub(crate) fn push_transaction(
    query: &mut QueryBuilder<Postgres>,
    filter: &[TransactionCondition],
) {
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
                let words = actions.iter().copied().map(EntryAction::as_str);
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

/// Appends conditions on a row of `locations`.
pub(crate) fn push_location(query: &mut QueryBuilder<Postgres>, filter: &[LocationCondition]) {
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

/// Appends conditions on a row of `reservations`, as of `now`.
pub(crate) fn push_reservation(
    query: &mut QueryBuilder<Postgres>,
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

/// Appends conditions on a row of `transfers`.
pub(crate) fn push_transfer(
    query: &mut QueryBuilder<Postgres>,
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
                    "transfers.transfer_id IN (SELECT lines.transfer_id \
                     FROM transfer_lines AS lines WHERE lines.organization_id = ",
                );
                query.push_bind(organization.uuid()).push(" AND ");
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
    query: &mut QueryBuilder<Postgres>,
    organization: OrganizationId,
    column: &str,
    condition: &TextCondition,
) {
    if *condition == TextCondition::IsNull {
        query.push(column).push(" IS NULL");
        return;
    }
    query.push(format_args!(
        "{column} IN (SELECT locations.location_id FROM locations WHERE locations.organization_id = "
    ));
    query.push_bind(organization.uuid()).push(" AND ");
    push_text(query, "locations.slug", condition);
    query.push(")");
}

/// Begins a condition on one of the lines of a reservation. The lines are joined with their locations.
fn push_lines(query: &mut QueryBuilder<Postgres>, organization: OrganizationId) {
    query.push(
        "reservations.reservation_id IN (SELECT lines.reservation_id \
         FROM reservation_lines AS lines LEFT JOIN locations \
         ON locations.organization_id = lines.organization_id \
         AND locations.location_id = lines.location_id \
         WHERE lines.organization_id = ",
    );
    query.push_bind(organization.uuid()).push(" AND ");
}

/// Appends a condition on the status of a reservation. A reservation that wasn't paid for in time has
/// expired, whatever status is stored.
fn push_status(query: &mut QueryBuilder<Postgres>, statuses: &[ReservationStatus], now: Timestamp) {
    query.push("CASE WHEN reservations.expires_at <= ");
    query.push_bind(now.as_milliseconds());
    query.push(" THEN 'expired' ELSE reservations.status END = ANY (");
    let words: Vec<&'static str> = statuses.iter().map(|status| status.as_str()).collect();
    query.push_bind(words).push(")");
}

fn push_text(query: &mut QueryBuilder<Postgres>, column: &str, condition: &TextCondition) {
    match condition {
        TextCondition::In(texts) => {
            let texts = texts.iter().filter(|text| is_storable(text));
            push_in(query, column, texts.cloned());
        }
        TextCondition::Like(pattern) => push_like(query, column, pattern),
        TextCondition::IsNull => {
            query.push(column).push(" IS NULL");
        }
    }
}

/// Appends a condition on a text. Doesn't use `LIKE`, which gives some characters a special meaning.
fn push_like(query: &mut QueryBuilder<Postgres>, column: &str, pattern: &Pattern) {
    let Pattern {
        text,
        open_start,
        open_end,
    } = pattern;
    if !is_storable(text) {
        query.push("false");
        return;
    }
    match (open_start, open_end) {
        (false, false) => {
            query.push(column).push(" = ").push_bind(text.clone());
        }
        (false, true) => {
            query.push("starts_with(").push(column).push(", ");
            query.push_bind(text.clone()).push(")");
        }
        (true, false) => {
            query.push("right(").push(column).push(", length(");
            query.push_bind(text.clone()).push("::text)) = ");
            query.push_bind(text.clone());
        }
        (true, true) => {
            query.push("strpos(").push(column).push(", ");
            query.push_bind(text.clone()).push(") > 0");
        }
    }
}

/// Whether PostgreSQL accepts the text. It accepts no NUL characters, not even in a search.
pub(crate) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

fn push_time(query: &mut QueryBuilder<Postgres>, column: &str, comparison: &Comparison<Timestamp>) {
    push_comparison(query, column, comparison, |at| at.as_milliseconds());
}

fn push_comparison<T>(
    query: &mut QueryBuilder<Postgres>,
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

pub(crate) fn push_in<T>(
    query: &mut QueryBuilder<Postgres>,
    column: &str,
    values: impl IntoIterator<Item = T>,
) where
    T: PgHasArrayType,
    Vec<T>: for<'q> Encode<'q, Postgres> + Type<Postgres> + Send + 'static,
{
    let values: Vec<T> = values.into_iter().collect();
    query.push(column).push(" = ANY (");
    query.push_bind(values).push(")");
}
