//! Stores the events of commits, and numbers them.
//!
//! Commits run in parallel and end in any order. So a commit only puts its events into the inbox. Who
//! numbers locks the row of the feed, takes everything out of the inbox, and gives positions: only what
//! is committed gets one, and positions become visible in their order.

use stockroom_application::ports::{FeedState, StoreError};
use stockroom_domain::{Changes, FeedId, OrganizationId, Timestamp};
use stockroom_sql::{FeedRow, InboxRow, integer, pages};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Puts the events of these changes into the inbox.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &Changes,
) -> Result<(), StoreError> {
    let row = InboxRow::of(&changes.entries, &changes.events)?;
    if row.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO event_inbox (organization_id, inbox_id, entries, events)
        VALUES ($1, gen_random_uuid(), $2, $3)
        "#,
        organization.uuid(),
        row.entries,
        row.events,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The state of the feed, and whether the inbox is empty.
pub(crate) async fn look(
    session: &mut Session,
    organization: OrganizationId,
) -> Result<(FeedState, bool), StoreError> {
    let found = sqlx::query!(
        r#"
        SELECT
            event_heads.feed_id AS "feed_id?",
            event_heads.oldest AS "oldest?",
            event_heads.head AS "head?",
            event_heads.bytes AS "bytes?",
            NOT EXISTS (SELECT FROM event_inbox WHERE organization_id = $1) AS "is_empty!"
        FROM (SELECT $1::uuid AS organization_id) AS wanted
        LEFT JOIN event_heads ON event_heads.organization_id = $1
        "#,
        organization.uuid(),
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    let row = (found.feed_id, found.oldest, found.head, found.bytes);
    let state = match row {
        (Some(feed_id), Some(oldest), Some(head), Some(bytes)) => {
            let row = FeedRow {
                feed_id,
                oldest,
                head,
                bytes,
            };
            row.decode(organization)?
        }
        _ => FeedState::empty(organization),
    };
    Ok((state, found.is_empty))
}

/// Locks the feed, which begins here if there is none.
async fn lock(session: &mut Session, organization: OrganizationId) -> Result<FeedRow, StoreError> {
    let empty = FeedState::empty(organization);
    sqlx::query!(
        r#"
        INSERT INTO event_heads (organization_id, feed_id, oldest, head, bytes)
        VALUES ($1, $2, 1, 0, 0)
        ON CONFLICT (organization_id) DO NOTHING
        "#,
        organization.uuid(),
        empty.id.uuid(),
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query_as!(
        FeedRow,
        r#"
        SELECT feed_id AS "feed_id!", oldest AS "oldest!", head AS "head!", bytes AS "bytes!"
        FROM event_heads
        WHERE organization_id = $1
        FOR UPDATE
        "#,
        organization.uuid(),
    )
    .fetch_one(session)
    .await
    .map_err(failed)
}

/// Numbers all events in the inbox, within a transaction.
pub(crate) async fn number(
    session: &mut Session,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<FeedState, StoreError> {
    let feed = lock(session, organization).await?;
    // A statement that begins with the lock sees all commits that the ones before it have seen. All
    // rows are taken: of a part, the events of one subject could be in the wrong order.
    let taken = sqlx::query_as!(
        InboxRow,
        r#"
        DELETE FROM event_inbox WHERE organization_id = $1
        RETURNING entries AS "entries!", events AS "events?"
        "#,
        organization.uuid(),
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    let mut items = Vec::new();
    for row in &taken {
        row.decode(organization, &mut items)?;
    }
    items.sort_by_key(|(order, _)| *order);
    let mut state = feed.decode(organization)?;
    let numbered = items.len() as u64;
    let items = items.into_iter().map(|(_, item)| item);
    let pages = pages(items, state.head, now)?;
    let mut bytes: i64 = 0;
    for page in pages {
        bytes = bytes.saturating_add(page.bytes());
        sqlx::query!(
            r#"
            INSERT INTO event_pages (
                organization_id, last_position, first_position, entries, events, written_at
            )
            VALUES ($1, $2, $3, $4, $5, $6)
            "#,
            organization.uuid(),
            page.last_position,
            page.first_position,
            page.entries,
            page.events,
            page.written_at,
        )
        .execute(&mut *session)
        .await
        .map_err(failed)?;
    }
    state.head = state.head.saturating_add(numbered);
    let result = sqlx::query!(
        "UPDATE event_heads SET head = $2, bytes = bytes + $3 WHERE organization_id = $1",
        organization.uuid(),
        integer(state.head),
        bytes,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("event_heads", 1, &result)?;
    Ok(state)
}

/// Deletes some of the pages that are too old or too many, and returns whether there may be more.
pub(crate) async fn forget(
    session: &mut Session,
    organization: OrganizationId,
    before: Timestamp,
    bytes_max: u64,
    pages_max: u32,
) -> Result<bool, StoreError> {
    let feed = lock(session, organization).await?;
    let pages = sqlx::query!(
        r#"
        SELECT
            last_position,
            octet_length(entries) + coalesce(octet_length(events), 0) AS "bytes!",
            written_at
        FROM event_pages
        WHERE organization_id = $1
        ORDER BY last_position
        LIMIT $2
        "#,
        organization.uuid(),
        i64::from(pages_max),
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    let pages = pages.into_iter();
    let pages = pages.map(|page| (page.last_position, page.bytes.into(), page.written_at));
    let Some(old) = feed.forgettable(pages, before, bytes_max) else {
        return Ok(false);
    };
    sqlx::query!(
        "DELETE FROM event_pages WHERE organization_id = $1 AND last_position <= $2",
        organization.uuid(),
        old.last_position,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    let result = sqlx::query!(
        r#"
        UPDATE event_heads SET oldest = $2::bigint + 1, bytes = bytes - $3
        WHERE organization_id = $1
        "#,
        organization.uuid(),
        old.last_position,
        old.bytes,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("event_heads", 1, &result)?;
    Ok(old.pages == pages_max as usize)
}

/// Gives the feed another id.
pub(crate) async fn restart(
    session: &mut Session,
    organization: OrganizationId,
    id: FeedId,
) -> Result<(), StoreError> {
    lock(session, organization).await?;
    let result = sqlx::query!(
        "UPDATE event_heads SET feed_id = $2 WHERE organization_id = $1",
        organization.uuid(),
        id.uuid(),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("event_heads", 1, &result)
}
