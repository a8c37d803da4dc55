//! Statements for raw stock, and its decoding.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use stockroom_application::ports::{Chunk, Cursor, StoreError};
use stockroom_domain::{
    HeldTotals, LocationId, OrganizationId, Owner, ProductId, RawBalance, RawPolicy, RawStock,
    StockId, StockKey, UnreadableRow,
};
use stockroom_sql::raw_policy;

use super::corrupt;
use super::value::{Read, Value, at, key, unreadable};
use crate::connection::error::failed;
use crate::connection::statement::statements;

/// A statement for the columns that current and deleted stock have in common.
macro_rules! select_stock {
    ($held:literal $end:literal) => {
        concat!(
            "
            SELECT
                stock_id, product_id, owner_id, product_owner_id, available, allocated,
                unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
                updated_at, ",
            $held,
            " ",
            $end
        )
    };
}

statements! {
    CURRENT_AFTER = select_stock!(
        "unlocated_held, next_expiry, policy, low, unlocated_set_aside"
        "FROM stocks INDEXED BY stocks_of_organization
        WHERE organization_id = ?1 AND stock_id > ?2
        ORDER BY stock_id
        LIMIT ?3"
    );

    DELETED_AFTER = select_stock!(
        "0, NULL, NULL, 0, 0"
        "FROM deleted_stocks
        WHERE organization_id = ?1 AND stock_id > ?2
        ORDER BY stock_id
        LIMIT ?3"
    );

    CURRENT_OF = select_stock!(
        "unlocated_held, next_expiry, policy, low, unlocated_set_aside"
        "FROM stocks INDEXED BY stocks_of_organization
        WHERE organization_id = ?1 AND stock_id = ?2"
    );

    DELETED_OF = select_stock!(
        "0, NULL, NULL, 0, 0"
        "FROM deleted_stocks
        WHERE organization_id = ?1 AND stock_id = ?2"
    );

    CURRENT = select_stock!(
        "unlocated_held, next_expiry, policy, low, unlocated_set_aside"
        "FROM stocks
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3"
    );

    POSITIONS = "
        SELECT location_id, available, allocated, held, policy, low, set_aside
        FROM positions
        WHERE organization_id = ?1 AND stock_id = ?2
    ";

    OPEN_LINES = "
        SELECT
            lines.reservation_id, location_id, quantity - fulfilled - released, lines.expires_at,
            reservations.hold_reason IS NOT NULL
        FROM reservation_lines AS lines INDEXED BY reservation_lines_open
        LEFT JOIN reservations
            ON reservations.organization_id = ?1
            AND reservations.reservation_id = lines.reservation_id
        WHERE lines.organization_id = ?1
            AND lines.stock_id = ?2
            AND lines.quantity > lines.fulfilled + lines.released
    ";

    OPEN_TRANSFERS = "
        SELECT lines.transfer_id, transfers.from_location_id, lines.allocated
        FROM transfer_lines AS lines INDEXED BY transfer_lines_open
        LEFT JOIN transfers
            ON transfers.organization_id = ?1
            AND transfers.transfer_id = lines.transfer_id
        WHERE lines.organization_id = ?1 AND lines.stock_id = ?2 AND lines.is_open = 1
    ";
}

/// Current and deleted stock after `after`.
pub(crate) fn stocks(
    connection: &Connection,
    organization: OrganizationId,
    after: &[u8],
    limit: u32,
) -> rusqlite::Result<Chunk<RawStock>> {
    let mut found: Vec<(Vec<u8>, Result<RawStock, UnreadableRow>)> = Vec::new();
    let mut last: Option<Vec<u8>> = None;
    for (statement, is_current) in [(&CURRENT_AFTER, true), (&DELETED_AFTER, false)] {
        let mut statement = connection.prepare_cached(statement.text())?;
        let mut rows = statement.query(params![organization.uuid(), after, limit])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let key = key(row);
            count += 1;
            if count == limit && last.as_ref().is_none_or(|last| key < *last) {
                last = Some(key.clone());
            }
            found.push((key, stock(row, organization, is_current)));
        }
    }
    // If one of the tables has more rows, the rows of the other after that point have to wait.
    if let Some(last) = &last {
        found.retain(|(key, _)| key <= last);
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut chunk = Chunk {
        rows: Vec::with_capacity(found.len()),
        unreadable: Vec::new(),
        next: last.map(|stock| Cursor { stock, sequence: 0 }),
    };
    for (_, found) in found {
        match found {
            Ok(stock) => {
                let (stock, unreadable) = with_parts(connection, organization, stock)?;
                chunk.rows.push(stock);
                chunk.unreadable.extend(unreadable);
            }
            Err(row) => chunk.unreadable.push(row),
        }
    }
    Ok(chunk)
}

/// Current and deleted stock with these ids. Rows that can't be read are left out.
pub(crate) fn stocks_of(
    connection: &Connection,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = StockId>,
) -> rusqlite::Result<Vec<RawStock>> {
    let mut stocks = Vec::new();
    for id in ids {
        for (statement, is_current) in [(&CURRENT_OF, true), (&DELETED_OF, false)] {
            let mut statement = connection.prepare_cached(statement.text())?;
            let found = statement
                .query_row(params![organization.uuid(), id.uuid()], |row| {
                    Ok(stock(row, organization, is_current))
                })
                .optional()?;
            if let Some(Ok(stock)) = found {
                let (stock, _) = with_parts(connection, organization, stock)?;
                stocks.push(stock);
            }
        }
    }
    Ok(stocks)
}

/// The current stock with a key.
pub(crate) fn current(
    connection: &Connection,
    organization: OrganizationId,
    key: StockKey,
) -> Result<Option<RawStock>, StoreError> {
    let mut statement = connection.prepare_cached(CURRENT.text()).map_err(failed)?;
    let owner_id = key.owner.to_uuid(organization);
    let key = params![organization.uuid(), key.product.uuid(), owner_id];
    let found = statement
        .query_row(key, |row| Ok(stock(row, organization, true)))
        .optional()
        .map_err(failed)?;
    let Some(stock) = found.transpose().map_err(corrupt)? else {
        return Ok(None);
    };
    let (stock, unreadable) = with_parts(connection, organization, stock).map_err(failed)?;
    match unreadable.into_iter().next() {
        None => Ok(Some(stock)),
        Some(row) => Err(corrupt(row)),
    }
}

/// A stock without its positions and lines.
fn stock(
    row: &Row<'_>,
    organization: OrganizationId,
    is_current: bool,
) -> Result<RawStock, UnreadableRow> {
    let table = if is_current {
        "stocks"
    } else {
        "deleted_stocks"
    };
    let read = || -> Read<RawStock> {
        let balance = |index, available, allocated| -> Read<RawBalance> {
            Ok(RawBalance {
                available: at(row, index, available).integer()?,
                allocated: at(row, index + 1, allocated).integer()?,
            })
        };
        let owner = |index, column| -> Read<Owner> {
            let owner_id = at(row, index, column).uuid()?;
            Ok(Owner::from_uuid(owner_id, organization))
        };
        let mut held = HeldTotals {
            first_expiry: at(row, 13, "next_expiry").optional(Value::integer)?,
            ..HeldTotals::default()
        };
        let set_aside = at(row, 16, "unlocated_set_aside").integer()?;
        held.add(None, at(row, 12, "unlocated_held").integer()?, set_aside);
        let policies = policy(row, 14)?.map(|policy| (None, policy));
        Ok(RawStock {
            id: StockId::new(at(row, 0, "stock_id").uuid()?),
            product: ProductId::new(at(row, 1, "product_id").uuid()?),
            owner: owner(2, "owner_id")?,
            product_owner: owner(3, "product_owner_id")?,
            is_current,
            sums: balance(4, "available", "allocated")?,
            unlocated: balance(6, "unlocated_available", "unlocated_allocated")?,
            located: BTreeMap::new(),
            policies: policies.into_iter().collect(),
            held,
            lines: HeldTotals::default(),
            sequence: at(row, 8, "sequence").integer()?,
            last_hash: at(row, 9, "last_hash").hash().ok(),
            created_at: at(row, 10, "created_at").integer()?,
            updated_at: at(row, 11, "updated_at").integer()?,
        })
    };
    read().map_err(|column| unreadable(table, column, &key(row)))
}

/// The same stock with its positions and lines, and the rows of these that can't be read.
fn with_parts(
    connection: &Connection,
    organization: OrganizationId,
    mut stock: RawStock,
) -> rusqlite::Result<(RawStock, Vec<UnreadableRow>)> {
    let mut unread = Vec::new();
    if !stock.is_current {
        return Ok((stock, unread));
    }
    let of_stock = params![organization.uuid(), stock.id.uuid()];
    let mut statement = connection.prepare_cached(POSITIONS.text())?;
    let mut rows = statement.query(of_stock)?;
    while let Some(row) = rows.next()? {
        if let Err(column) = position(row, &mut stock) {
            let stock = stock.id.uuid();
            unread.push(unreadable("positions", column, stock.as_bytes()));
        }
    }
    let mut statement = connection.prepare_cached(OPEN_LINES.text())?;
    let mut rows = statement.query(of_stock)?;
    while let Some(row) = rows.next()? {
        if let Err(column) = line(row, &mut stock.lines) {
            unread.push(unreadable("reservation_lines", column, &key(row)));
        }
    }
    let mut statement = connection.prepare_cached(OPEN_TRANSFERS.text())?;
    let mut rows = statement.query(of_stock)?;
    while let Some(row) = rows.next()? {
        if let Err(column) = transfer_line(row, &mut stock.lines) {
            unread.push(unreadable("transfer_lines", column, &key(row)));
        }
    }
    Ok((stock, unread))
}

/// The policy in this column, with `low` in the next one.
fn policy(row: &Row<'_>, index: usize) -> Read<Option<RawPolicy>> {
    let policy = at(row, index, "policy")
        .optional(|value| value.text(|text| Ok::<_, ()>(text.to_owned())))?;
    let low = at(row, index + 1, "low").integer()?;
    Ok(raw_policy(policy, low != 0))
}

/// Adds a position to its stock.
fn position(row: &Row<'_>, stock: &mut RawStock) -> Read<()> {
    let location = LocationId::new(at(row, 0, "location_id").uuid()?);
    let balance = RawBalance {
        available: at(row, 1, "available").integer()?,
        allocated: at(row, 2, "allocated").integer()?,
    };
    let held = at(row, 3, "held").integer()?;
    let policy = policy(row, 4)?.map(|policy| (Some(location), policy));
    let set_aside = at(row, 6, "set_aside").integer()?;
    stock.located.insert(location, balance);
    stock.held.add(Some(location), held, set_aside);
    stock.policies.extend(policy);
    Ok(())
}

/// Adds the quantity that an open line holds.
fn line(row: &Row<'_>, lines: &mut HeldTotals) -> Read<()> {
    let location = at(row, 1, "location_id").optional(Value::uuid)?;
    let expires_at = at(row, 3, "expires_at").optional(Value::integer)?;
    let open = at(row, 2, "quantity").integer()?;
    let is_aside = at(row, 4, "hold_reason").integer()? != 0;
    lines.add_line(location.map(LocationId::new), open, is_aside);
    let expiries = lines.first_expiry.into_iter().chain(expires_at);
    lines.first_expiry = expiries.min();
    Ok(())
}

/// Adds the quantity that an open line of a transfer holds at its origin.
fn transfer_line(row: &Row<'_>, lines: &mut HeldTotals) -> Read<()> {
    let location = at(row, 1, "from_location_id").optional(Value::uuid)?;
    let allocated = at(row, 2, "allocated").integer()?;
    lines.add_line(location.map(LocationId::new), allocated, false);
    Ok(())
}
