//! The one statement that stores all changes, or none if anything has changed meanwhile.
//!
//! It has four forms, because PostgreSQL needs time to set up parts that have nothing to do. Rows that
//! another server may be changing, too, are changed in the order in which batches lock them. PostgreSQL
//! promises no order among the parts of a statement, so each such part waits for the count of the one
//! before it, and does nothing if that isn't complete.

/// Updates stock, runs the additional `WITH` clauses in `$others`, adds entries, and fails if the sum in
/// `$outdated` isn't 0.
macro_rules! statement {
    ($columns:ident, [$($others:tt)*], [$($outdated:tt)*], $($more:tt)*) => {
        sqlx::query!(
            r#"
            WITH changed AS (
                UPDATE stocks SET
                    available = after.available,
                    allocated = after.allocated,
                    unlocated_available = after.available,
                    unlocated_allocated = after.allocated,
                    sequence = after.sequence,
                    last_hash = after.last_hash,
                    updated_at = after.updated_at,
                    unlocated_held = after.unlocated_held,
                    next_expiry = after.next_expiry,
                    revision = after.revision
                FROM unnest(
                    $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::bigint[], $9::bytea[], $10::bigint[], $11::bigint[], $12::bigint[],
                    $13::bigint[]
                ) AS after (
                    product_id, owner_id, stock_id, revision_before, available, allocated, sequence,
                    last_hash, updated_at, unlocated_held, next_expiry, revision
                )
                CROSS JOIN LATERAL (
                    SELECT ctid FROM stocks
                    WHERE organization_id = $1
                        AND product_id = after.product_id
                        AND owner_id = after.owner_id
                    OFFSET 0
                ) AS found
                -- Names a row, and leaves PostgreSQL no other way to it. It is the only condition
                -- that PostgreSQL doesn't look at again after it had to wait for someone else's
                -- change.
                WHERE stocks.ctid = found.ctid
                    AND stocks.organization_id IS NOT DISTINCT FROM $1
                    AND stocks.revision = after.revision_before
                RETURNING 1
            ),
            noted AS (
                INSERT INTO event_inbox (organization_id, inbox_id, entries, events)
                SELECT $1::uuid, gen_random_uuid(), $33::bytea, $34::text
                WHERE length($33) > 0 OR $34 IS NOT NULL
            )
            "# + $($others)* + r#"
            INSERT INTO entries (
                organization_id, stock_id, sequence, transaction_id, location_id, action, quantity,
                available, allocated, sum_available, sum_allocated, reason, reference,
                idempotency_key, batch_id, undoes, actor_key_id, as_of, created_at, hash
            )
            SELECT $1::uuid, added.*
            FROM unnest(
                $14::uuid[], $15::bigint[], $16::uuid[], $17::uuid[], $18::text[], $19::bigint[],
                $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::text[],
                $25::text[], $26::text[], $27::uuid[], $28::uuid[], $29::uuid[], $30::bigint[],
                $31::bigint[], $32::bytea[]
            ) AS added
            -- Fails, and undoes all of it, if any row is outdated. The text is what the log shows.
            WHERE (
                SELECT CASE WHEN rows = 0 THEN true ELSE (rows || ' rows are outdated')::boolean END
                FROM (
                    SELECT cardinality($2) - (SELECT count(*) FROM changed)
            "# + $($outdated)* + r#"
                    AS rows
                ) AS outdated
            )
            "#,
            $columns.organization_id,
            &$columns.stocks.columns.product_ids,
            &$columns.stocks.columns.owner_ids,
            &$columns.stocks.columns.stock_ids,
            &$columns.stocks.revisions_before,
            &$columns.stocks.columns.available,
            &$columns.stocks.columns.allocated,
            &$columns.stocks.columns.sequences,
            &$columns.stocks.columns.last_hashes,
            &$columns.stocks.columns.updated_at,
            &$columns.stocks.columns.unlocated_held,
            &$columns.stocks.columns.next_expiry as &[Option<i64>],
            &$columns.stocks.revisions,
            &$columns.entries.stock_ids,
            &$columns.entries.sequences,
            &$columns.entries.transaction_ids,
            &$columns.entries.location_ids as &[Option<Uuid>],
            &$columns.entries.actions as &[&'static str],
            &$columns.entries.quantities,
            &$columns.entries.available,
            &$columns.entries.allocated,
            &$columns.entries.sum_available as &[Option<i64>],
            &$columns.entries.sum_allocated as &[Option<i64>],
            &$columns.entries.reasons as &[Option<&str>],
            &$columns.entries.references as &[Option<&str>],
            &$columns.entries.idempotency_keys as &[Option<&str>],
            &$columns.entries.batch_ids as &[Option<Uuid>],
            &$columns.entries.undoes as &[Option<Uuid>],
            &$columns.entries.actor_key_ids as &[Option<Uuid>],
            &$columns.entries.as_of as &[Option<i64>],
            &$columns.entries.created_at,
            &$columns.entries.hashes,
            &$columns.inbox.entries,
            $columns.inbox.events.as_deref() as Option<&str>,
            $($more)*
        )
    };
}

/// In addition, stores reservations. `$others` has to end with `kept`, of which it says whether it is
/// complete.
macro_rules! with_reservations {
    (
        ($columns:ident, $reserved:ident), [$($others:tt)*], [$($outdated:tt)*], $($more:tt)*
    ) => {
        statement!(
            $columns,
            [
                r#"
                , reserved AS (
                    INSERT INTO reservations (
                        organization_id, reservation_id, owner_id, order_id, status, expires_at,
                        created_at, updated_at, revision, version, actor_key_id, actor_name
                    )
                    SELECT $1::uuid, reserved.*
                    FROM unnest(
                        $35::uuid[], $36::uuid[], $37::text[], $38::text[], $39::bigint[],
                        $40::bigint[], $41::bigint[], $42::bigint[], $43::bigint[],
                        $44::uuid[], $45::text[]
                    ) AS reserved
                    WHERE (SELECT count(*) FROM changed) = cardinality($2)
                ),
                moved AS (
                    UPDATE reservations SET
                        status = after.status,
                        expires_at = after.expires_at,
                        updated_at = after.updated_at,
                        revision = after.revision,
                        version = after.version
                    FROM unnest(
                        $46::uuid[], $47::bigint[], $48::text[], $49::bigint[], $50::bigint[],
                        $51::bigint[], $52::bigint[]
                    ) AS after (
                        reservation_id, revision_before, status, expires_at, updated_at, revision,
                        version
                    )
                    CROSS JOIN LATERAL (
                        SELECT ctid FROM reservations
                        WHERE organization_id = $1 AND reservation_id = after.reservation_id
                        OFFSET 0
                    ) AS found
                    WHERE (SELECT count(*) FROM changed) = cardinality($2)
                        AND reservations.ctid = found.ctid
                        AND reservations.organization_id IS NOT DISTINCT FROM $1
                        AND reservations.revision = after.revision_before
                    RETURNING 1
                ),
                made_lines AS (
                    INSERT INTO reservation_lines (
                        organization_id, reservation_id, line, stock_id, product_id,
                        stock_owner_id, quantity, fulfilled, released, expires_at
                    )
                    SELECT $1::uuid, line.*
                    FROM unnest(
                        $53::uuid[], $54::bigint[], $55::uuid[], $56::uuid[], $57::uuid[],
                        $58::bigint[], $59::bigint[], $60::bigint[], $61::bigint[]
                    ) AS line
                    WHERE (SELECT count(*) FROM changed) = cardinality($2)
                ),
                moved_lines AS (
                    UPDATE reservation_lines SET
                        fulfilled = after.fulfilled,
                        released = after.released,
                        expires_at = after.expires_at
                    FROM unnest(
                        $62::uuid[], $63::bigint[], $64::bigint[], $65::bigint[], $66::bigint[]
                    ) AS after (reservation_id, line, fulfilled, released, expires_at)
                    CROSS JOIN LATERAL (
                        SELECT ctid FROM reservation_lines
                        WHERE organization_id = $1
                            AND reservation_id = after.reservation_id
                            AND line = after.line
                        OFFSET 0
                    ) AS found
                    WHERE (SELECT count(*) FROM moved) = cardinality($46)
                        AND reservation_lines.ctid = found.ctid
                        AND reservation_lines.organization_id IS NOT DISTINCT FROM $1
                        AND reservation_lines.fulfilled <= after.fulfilled
                        AND reservation_lines.released <= after.released
                    RETURNING 1
                ),
                orders AS (
                    INSERT INTO reservation_orders AS stored (
                        organization_id, owner_id, order_id, reservation_id
                    )
                    SELECT $1::uuid, ordered.*
                    FROM unnest($67::uuid[], $68::text[], $69::uuid[]) AS ordered
                    WHERE (SELECT count(*) FROM moved) = cardinality($46)
                    ON CONFLICT (organization_id, owner_id, order_id) DO UPDATE
                        SET reservation_id = excluded.reservation_id
                        WHERE stored.reservation_id = ANY ($70::uuid[])
                    RETURNING 1
                )
                "# + $($others)* + r#"
                , counted AS (
                    INSERT INTO level_counts AS stored (organization_id, owner_id, kind, count)
                    SELECT $1::uuid, growth.*
                    FROM unnest($71::uuid[], $72::text[], $73::bigint[]) AS growth
                    WHERE (SELECT is_complete FROM kept_all)
                    ON CONFLICT (organization_id, owner_id, kind)
                        DO UPDATE SET count = stored.count + excluded.count
                    RETURNING 1
                )
                "#
            ],
            [
                r#"
                + cardinality($46) - (SELECT count(*) FROM moved)
                + cardinality($62) - (SELECT count(*) FROM moved_lines)
                + cardinality($67) - (SELECT count(*) FROM orders)
                "# + $($outdated)* + r#"
                + cardinality($71) - (SELECT count(*) FROM counted)
                "#
            ],
            &$reserved.made.ids,
            &$reserved.made.owner_ids,
            &$reserved.made.order_ids as &[Option<&str>],
            &$reserved.made.statuses as &[&'static str],
            &$reserved.made.expires_at as &[Option<i64>],
            &$reserved.made.created_at,
            &$reserved.made.updated_at,
            &$reserved.made.revisions,
            &$reserved.made.versions,
            &$reserved.made.actor_key_ids as &[Option<Uuid>],
            &$reserved.made.actor_names as &[Option<&str>],
            &$reserved.moved.ids,
            &$reserved.moved.revisions_before,
            &$reserved.moved.statuses as &[&'static str],
            &$reserved.moved.expires_at as &[Option<i64>],
            &$reserved.moved.updated_at,
            &$reserved.moved.revisions,
            &$reserved.moved.versions,
            &$reserved.made_lines.reservation_ids,
            &$reserved.made_lines.places,
            &$reserved.made_lines.stock_ids,
            &$reserved.made_lines.product_ids,
            &$reserved.made_lines.stock_owner_ids,
            &$reserved.made_lines.quantities,
            &$reserved.made_lines.fulfilled,
            &$reserved.made_lines.released,
            &$reserved.made_lines.expires_at as &[Option<i64>],
            &$reserved.moved_lines.reservation_ids,
            &$reserved.moved_lines.places,
            &$reserved.moved_lines.fulfilled,
            &$reserved.moved_lines.released,
            &$reserved.moved_lines.expires_at as &[Option<i64>],
            &$reserved.orders.owner_ids,
            &$reserved.orders.order_ids as &[&str],
            &$reserved.orders.reservation_ids,
            &$reserved.orders.replaced,
            &$reserved.growth.owner_ids,
            &$reserved.growth.kinds as &[&'static str],
            &$reserved.growth.growths,
            $($more)*
        )
    };
}

/// In addition, stores idempotency records and batches, and compares what was only read. `$parameters`
/// gives names to its parameters, and `$is_ready` says whether the parts before it are complete.
macro_rules! with_rest {
    ($next:ident, $columns:tt, $rest:ident, $parameters:literal, $is_ready:literal) => {
        $next!(
            $columns,
            [
                $parameters + r#"
                , kept AS (
                    INSERT INTO idempotency_keys AS stored (
                        organization_id, owner_id, idempotency_key, request_digest, outcome,
                        expires_at
                    )
                    SELECT $1::uuid, kept.*
                    FROM parameters
                    CROSS JOIN LATERAL unnest(
                        kept_owner_ids, kept_keys, kept_digests, kept_outcomes, kept_expires_at
                    ) AS kept
                    WHERE "# + $is_ready + r#"
                    ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
                        request_digest = excluded.request_digest,
                        outcome = excluded.outcome,
                        expires_at = excluded.expires_at
                    WHERE stored.expires_at <= (SELECT now FROM parameters)
                    RETURNING 1
                ),
                kept_all AS (
                    SELECT (SELECT count(*) FROM kept) = cardinality(kept_keys) AS is_complete
                    FROM parameters
                ),
                made AS (
                    INSERT INTO batches (organization_id, batch_id, owner_id, entries)
                    SELECT $1::uuid, made.*
                    FROM parameters
                    CROSS JOIN LATERAL unnest(batch_ids, batch_owner_ids, batch_entries) AS made
                )
                "#
            ],
            [
                r#"
                + (
                    SELECT
                        cardinality(kept_keys) - (SELECT count(*) FROM kept)
                        + (
                            SELECT count(*)
                            FROM unnest(
                                seen_product_ids, seen_owner_ids, seen_revisions
                            ) AS seen (product_id, owner_id, revision)
                            LEFT JOIN LATERAL (
                                SELECT revision FROM stocks
                                WHERE organization_id = $1
                                    AND product_id = seen.product_id
                                    AND owner_id = seen.owner_id
                                OFFSET 0
                            ) AS stocks ON true
                            WHERE stocks.revision IS DISTINCT FROM seen.revision
                        )
                        + (
                            SELECT count(*)
                            FROM unnest(
                                seen_reservation_ids, seen_reservation_revisions
                            ) AS seen (reservation_id, revision)
                            LEFT JOIN LATERAL (
                                SELECT revision FROM reservations
                                WHERE organization_id = $1
                                    AND reservation_id = seen.reservation_id
                                OFFSET 0
                            ) AS reservations ON true
                            WHERE reservations.revision IS DISTINCT FROM seen.revision
                        )
                        + (
                            SELECT count(*)
                            FROM unnest(free_owner_ids, free_order_ids) AS free (owner_id, order_id)
                            CROSS JOIN LATERAL (
                                SELECT FROM reservation_orders
                                WHERE organization_id = $1
                                    AND owner_id = free.owner_id
                                    AND order_id = free.order_id
                                OFFSET 0
                            ) AS taken
                        )
                        + (
                            SELECT count(*)
                            FROM unnest(free_key_owner_ids, free_keys) AS free (owner_id, key)
                            CROSS JOIN LATERAL (
                                SELECT FROM idempotency_keys
                                WHERE organization_id = $1
                                    AND owner_id = free.owner_id
                                    AND idempotency_key = free.key
                                    AND expires_at > now
                                OFFSET 0
                            ) AS taken
                        )
                    FROM parameters
                )
                "#
            ],
            &$rest.kept.owner_ids,
            &$rest.kept.keys as &[&str],
            &$rest.kept.request_digests,
            &$rest.kept.outcomes,
            &$rest.kept.expires_at,
            $rest.now,
            &$rest.batches.batch_ids,
            &$rest.batches.owner_ids,
            &$rest.batches.entries,
            &$rest.seen.product_ids,
            &$rest.seen.owner_ids,
            &$rest.seen.revisions as &[Option<i64>],
            &$rest.seen.reservation_ids,
            &$rest.seen.reservation_revisions,
            &$rest.seen.free_owner_ids,
            &$rest.seen.free_order_ids as &[&str],
            &$rest.seen.free_key_owner_ids,
            &$rest.seen.free_keys as &[&str],
        )
    };
}
