//! Stores events. There is one writer, so that a commit numbers its own.

use rusqlite::{Connection, params};
use stockroom_application::ports::{FeedState, StoreError};
use stockroom_domain::{Changes, FeedId, OrganizationId, Timestamp};
use stockroom_sql::{FeedRow, NewItem, PageRow, pages};

use crate::connection::statement::{columns, insert, of_organization, statements};

statements! {
    FEED = format!(
        "SELECT {} FROM event_heads WHERE organization_id = ?1",
        columns("event_heads", FeedRow::COLUMNS)
    );

    ADVANCE = "
        INSERT INTO event_heads (organization_id, feed_id, oldest, head, bytes)
        VALUES (?1, ?2, 1, ?3, ?4)
        ON CONFLICT (organization_id)
            DO UPDATE SET head = excluded.head, bytes = bytes + excluded.bytes
    ";

    INSERT_PAGE = insert("event_pages", PageRow::COLUMNS);

    OLDEST_PAGES = "
        SELECT last_position, coalesce(length(CAST(events AS BLOB)), 0) + length(entries), written_at
        FROM event_pages
        WHERE organization_id = ?1
        ORDER BY last_position
        LIMIT ?2
    ";

    FORGET = "DELETE FROM event_pages WHERE organization_id = ?1 AND last_position <= ?2";

    FORGOTTEN = "
        UPDATE event_heads SET oldest = ?2 + 1, bytes = bytes - ?3 WHERE organization_id = ?1
    ";

    RESTART = "
        INSERT INTO event_heads (organization_id, feed_id, oldest, head, bytes)
        VALUES (?1, ?2, 1, 0, 0)
        ON CONFLICT (organization_id) DO UPDATE SET feed_id = excluded.feed_id
    ";
}

/// The state of a feed.
pub(crate) fn feed(
    connection: &Connection,
    organization: OrganizationId,
) -> Result<FeedState, StoreError> {
    let row: Option<FeedRow> = FEED.row(connection, params![organization.uuid()])?;
    let state = row.map(|row| row.decode(organization)).transpose()?;
    Ok(state.unwrap_or(FeedState::empty(organization)))
}

/// Adds the events of these changes to the feed.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    changes: &Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let items = changes.feed_items();
    if items.is_empty() {
        return Ok(());
    }
    let feed = feed(connection, organization)?;
    let items: Vec<_> = items.iter().map(NewItem::of).collect::<Result<_, _>>()?;
    for page in pages(items, feed.head, now)? {
        let (head, bytes) = (page.last_position, page.bytes());
        let values = of_organization(organization, page.values());
        INSERT_PAGE.change(connection, "event_pages", values)?;
        let state = params![organization.uuid(), feed.id.uuid(), head, bytes];
        ADVANCE.change(connection, "event_heads", state)?;
    }
    Ok(())
}

/// Deletes some of the pages that are too old or too many, and returns whether there are more.
pub(crate) fn forget(
    connection: &Connection,
    organization: OrganizationId,
    before: Timestamp,
    bytes_max: u64,
    pages_max: u32,
) -> Result<bool, StoreError> {
    let id = organization.uuid();
    let Some(feed) = FEED.row::<FeedRow>(connection, params![id])? else {
        return Ok(false);
    };
    let pages: Vec<(i64, i64, i64)> = OLDEST_PAGES.rows(connection, params![id, pages_max])?;
    let Some(old) = feed.forgettable(pages, before, bytes_max) else {
        return Ok(false);
    };
    FORGET.execute(connection, params![id, old.last_position])?;
    let forgotten = params![id, old.last_position, old.bytes];
    FORGOTTEN.change(connection, "event_heads", forgotten)?;
    Ok(old.pages == pages_max as usize)
}

/// Gives the feed another id.
pub(crate) fn restart(
    connection: &Connection,
    organization: OrganizationId,
    id: FeedId,
) -> Result<(), StoreError> {
    let feed = params![organization.uuid(), id.uuid()];
    RESTART.change(connection, "event_heads", feed)
}
