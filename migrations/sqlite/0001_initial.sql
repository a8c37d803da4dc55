-- The first schema.
--
-- Ids are UUIDs as 16 bytes, times are milliseconds since the Unix epoch, quantities are integers.
-- An owner_id is a store's id, or the organization's own id for what belongs to the organization.
-- Every key and index starts with organization_id, apart from those of the few small tables in
-- which something is looked up before the organization is known. The constraints decide nothing:
-- they are there to catch a fault of the program.

CREATE TABLE organizations (
    organization_id BLOB    NOT NULL PRIMARY KEY CHECK (length(organization_id) = 16),
    name            TEXT    NOT NULL,
    per_store_stock INTEGER NOT NULL CHECK (per_store_stock IN (0, 1)),
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stores (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    store_id        BLOB    NOT NULL CHECK (length(store_id) = 16),
    name            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, store_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE application_keys (
    organization_id     BLOB    NOT NULL REFERENCES organizations,
    key_id              BLOB    NOT NULL CHECK (length(key_id) = 16),
    owner_id            BLOB    NOT NULL CHECK (length(owner_id) = 16),
    name                TEXT    NOT NULL,
    client_id           TEXT    NOT NULL,
    secret_hash         BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    reserved_rate_limit INTEGER NOT NULL CHECK (reserved_rate_limit BETWEEN 0 AND 4294967295),
    allow_implicit      INTEGER NOT NULL CHECK (allow_implicit IN (0, 1)),
    access              TEXT    NOT NULL DEFAULT 'full' CHECK (access IN ('full', 'read')),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    last_used_at        INTEGER,
    PRIMARY KEY (organization_id, key_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX application_keys_of_owner ON application_keys (organization_id, owner_id, key_id);

-- Who asks for a token names a client id only; this says whose it is.
CREATE TABLE client_ids (
    client_id       TEXT NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL,
    key_id          BLOB NOT NULL,
    FOREIGN KEY (organization_id, key_id) REFERENCES application_keys
) STRICT, WITHOUT ROWID;

-- The child side of the foreign key, looked through when a key is deleted.
CREATE INDEX client_ids_of_key ON client_ids (organization_id, key_id);

-- Every server reads what was revoked lately, of all organizations at once.
CREATE TABLE token_revocations (
    key_id     BLOB    NOT NULL CHECK (length(key_id) = 16),
    grants     TEXT    NOT NULL CHECK (grants IN ('all', 'full_access', 'implicit')),
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, grants)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_revocations_in_time ON token_revocations (revoked_at);

-- What all servers on this database have in common.
CREATE TABLE server_state (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What keys are called, also those that are gone: the ledger says which key acted.
CREATE TABLE key_names (
    organization_id BLOB NOT NULL,
    key_id          BLOB NOT NULL CHECK (length(key_id) = 16),
    name            TEXT NOT NULL,
    PRIMARY KEY (organization_id, key_id)
) STRICT, WITHOUT ROWID;

-- A deleted location stays: ledger entries still show the slug that it had last.
CREATE TABLE locations (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    location_id     BLOB    NOT NULL CHECK (length(location_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    name            TEXT    NOT NULL,
    slug            TEXT    NOT NULL,
    external_ref    TEXT,
    description     TEXT,
    -- The lines, as a JSON array.
    address         TEXT,
    latitude        REAL,
    longitude       REAL,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    priority        INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 1000000),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- The number of its changes, the first of which made it.
    version         INTEGER NOT NULL CHECK (version >= 1),
    deleted_at      INTEGER,
    PRIMARY KEY (organization_id, location_id),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX locations_slug ON locations (organization_id, owner_id, slug)
    WHERE deleted_at IS NULL;
CREATE INDEX locations_of_owner ON locations (organization_id, owner_id, location_id)
    WHERE deleted_at IS NULL;

CREATE TABLE products (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    product_id      BLOB    NOT NULL CHECK (length(product_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    name            TEXT    NOT NULL,
    sku             TEXT,
    slug            TEXT,
    description     TEXT,
    status          TEXT    NOT NULL CHECK (status IN ('draft', 'live')),
    commodity_type  TEXT    NOT NULL CHECK (commodity_type IN ('physical', 'digital')),
    manage_stock    INTEGER NOT NULL CHECK (manage_stock IN (0, 1)),
    external_ref    TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- The number of its changes, the first of which made it.
    version         INTEGER NOT NULL CHECK (version >= 1),
    -- The beginnings of the case-folded texts, by which products are sorted and found. Empty where
    -- there is no text.
    name_key        TEXT    NOT NULL,
    sku_key         TEXT    NOT NULL DEFAULT '',
    slug_key        TEXT    NOT NULL DEFAULT '',
    external_key    TEXT    NOT NULL DEFAULT '',
    -- Two stores may use one id, each for a product of its own.
    PRIMARY KEY (organization_id, product_id, owner_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX products_sku ON products (organization_id, owner_id, sku)
    WHERE sku IS NOT NULL;
CREATE UNIQUE INDEX products_external_ref ON products (organization_id, owner_id, external_ref)
    WHERE external_ref IS NOT NULL;
-- Clients choose ids, so that these don't say in which order products were registered.
CREATE INDEX products_of_owner ON products (organization_id, owner_id, created_at, product_id);
CREATE INDEX products_by_update ON products (organization_id, owner_id, updated_at, product_id);
CREATE INDEX products_by_name ON products (organization_id, owner_id, name_key, product_id);
CREATE INDEX products_by_sku ON products (organization_id, owner_id, sku_key, product_id);
CREATE INDEX products_by_slug ON products (organization_id, owner_id, slug_key, product_id)
    WHERE slug_key > '';
CREATE INDEX products_by_external_ref
    ON products (organization_id, owner_id, external_key, product_id)
    WHERE external_key > '';
CREATE INDEX products_by_words
    ON products (organization_id, owner_id, status, commodity_type, manage_stock, product_id);

-- The organization-level products, registered or not.
CREATE TABLE organization_products (
    organization_id BLOB NOT NULL REFERENCES organizations,
    product_id      BLOB NOT NULL CHECK (length(product_id) = 16),
    PRIMARY KEY (organization_id, product_id)
) STRICT, WITHOUT ROWID;

-- Current stock. The unlocated pool is part of the row, so that stock without locations is one row.
CREATE TABLE stocks (
    organization_id     BLOB    NOT NULL REFERENCES organizations,
    product_id          BLOB    NOT NULL CHECK (length(product_id) = 16),
    owner_id            BLOB    NOT NULL CHECK (length(owner_id) = 16),
    stock_id            BLOB    NOT NULL CHECK (length(stock_id) = 16),
    product_owner_id    BLOB    NOT NULL CHECK (length(product_owner_id) = 16),
    -- Sums over the unlocated pool and all positions.
    available           INTEGER NOT NULL,
    allocated           INTEGER NOT NULL,
    unlocated_available INTEGER NOT NULL CHECK (unlocated_available BETWEEN 0 AND available),
    unlocated_allocated INTEGER NOT NULL CHECK (unlocated_allocated BETWEEN 0 AND allocated),
    -- What reservations hold of that.
    unlocated_held      INTEGER NOT NULL DEFAULT 0
        CHECK (unlocated_held BETWEEN 0 AND unlocated_allocated),
    -- How much of that is set aside with a reason.
    unlocated_set_aside INTEGER NOT NULL DEFAULT 0
        CHECK (unlocated_set_aside BETWEEN 0 AND unlocated_held),
    -- The number of the last ledger entry: entries count 1, 2, 3 …
    sequence            INTEGER NOT NULL CHECK (sequence >= 1),
    -- The hash of that entry.
    last_hash           BLOB    NOT NULL CHECK (length(last_hash) = 32),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL CHECK (updated_at >= created_at),
    -- No reservation of it expires before.
    next_expiry         INTEGER,
    -- Its policy, as JSON with a version, and whether an alert of it is on.
    policy              TEXT,
    low                 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, product_id, owner_id),
    CHECK (available + allocated <= 9007199254740991)
) STRICT, WITHOUT ROWID;

-- Stock ids are UUIDs of version 7: this is the order of creation, in which stock is listed.
CREATE UNIQUE INDEX stocks_of_owner ON stocks (organization_id, owner_id, stock_id);
-- The ledgers lie in this order, and are held against stock in it.
CREATE UNIQUE INDEX stocks_of_organization ON stocks (organization_id, stock_id);

CREATE TABLE positions (
    organization_id BLOB    NOT NULL,
    stock_id        BLOB    NOT NULL CHECK (length(stock_id) = 16),
    location_id     BLOB    NOT NULL,
    available       INTEGER NOT NULL CHECK (available >= 0),
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),
    -- What reservations hold of that.
    held            INTEGER NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND allocated),
    -- How much of that is set aside with a reason.
    set_aside       INTEGER NOT NULL DEFAULT 0 CHECK (set_aside BETWEEN 0 AND held),
    -- Its part of the policy of the stock.
    policy          TEXT,
    low             INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, stock_id, location_id),
    FOREIGN KEY (organization_id, location_id) REFERENCES locations
) STRICT, WITHOUT ROWID;

CREATE INDEX positions_in_location ON positions (organization_id, location_id);

-- The stocks and positions with an alert that is on, which are few.
CREATE INDEX low_stocks ON stocks (organization_id, stock_id) WHERE low;
CREATE INDEX low_positions ON positions (organization_id, stock_id) WHERE low;

-- From when to when a stock has had a position: for those who ask how it was then.
CREATE TABLE position_spans (
    organization_id BLOB    NOT NULL,
    stock_id        BLOB    NOT NULL CHECK (length(stock_id) = 16),
    location_id     BLOB    NOT NULL CHECK (length(location_id) = 16),
    added_at        INTEGER NOT NULL,
    removed_at      INTEGER CHECK (removed_at >= added_at)
) STRICT;

CREATE INDEX position_spans_of_stock ON position_spans (organization_id, stock_id);
CREATE INDEX position_spans_in_location ON position_spans (organization_id, location_id)
    WHERE removed_at IS NULL;

-- The ledger, which is the history: entries are added, never changed, never removed. Those of one
-- stock lie beside each other and are found by their numbers alone: an index beside the table would
-- be one more page to write with every change. Time doesn't run backwards in a ledger, so that the
-- entry of a time is found by halving.
CREATE TABLE entries (
    organization_id BLOB    NOT NULL,
    stock_id        BLOB    NOT NULL CHECK (length(stock_id) = 16),
    sequence        INTEGER NOT NULL CHECK (sequence >= 1),
    transaction_id  BLOB    NOT NULL CHECK (length(transaction_id) = 16),
    location_id     BLOB,
    -- A word of the program's, which checks it: a list of words here could not grow without the
    -- table being built anew.
    action          TEXT    NOT NULL,
    quantity        INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740991),
    -- What the position holds right after the entry.
    available       INTEGER NOT NULL CHECK (available >= 0),
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),
    -- What the whole stock holds right after it, if that is something else.
    sum_available   INTEGER CHECK (sum_available >= available),
    sum_allocated   INTEGER CHECK (sum_allocated >= allocated),
    reason          TEXT,
    reference       TEXT,
    idempotency_key TEXT,
    batch_id        BLOB,
    -- The transaction_id of an entry of the same ledger.
    undoes          BLOB,
    actor_key_id    BLOB,
    -- The time that the entry is a count for, if it is one.
    as_of           INTEGER CHECK (as_of <= created_at),
    created_at      INTEGER NOT NULL,
    -- Of all of the above and of the hash in front of it.
    hash            BLOB    NOT NULL CHECK (length(hash) = 32),
    CHECK ((sum_available IS NULL) = (sum_allocated IS NULL)),
    PRIMARY KEY (organization_id, stock_id, sequence)
) STRICT, WITHOUT ROWID;

-- No entry is undone twice.
CREATE UNIQUE INDEX entries_undone ON entries (organization_id, stock_id, undoes)
    WHERE undoes IS NOT NULL;
-- Counts are compared with what has corrected the books since the time that they are for.
CREATE INDEX entries_correcting ON entries (organization_id, stock_id, created_at)
    WHERE as_of IS NOT NULL OR undoes IS NOT NULL;
-- What lay in a location at some time is found without going through all that happened elsewhere.
CREATE INDEX entries_in_location ON entries (organization_id, stock_id, location_id, sequence)
    WHERE location_id IS NOT NULL;

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are never changed');
END;

CREATE TRIGGER entries_are_never_removed BEFORE DELETE ON entries
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are never removed');
END;

-- Stock that is no longer managed, as it was last: for auditors, who find its ledger by stock_id.
CREATE TABLE deleted_stocks (
    organization_id     BLOB    NOT NULL,
    stock_id            BLOB    NOT NULL CHECK (length(stock_id) = 16),
    product_id          BLOB    NOT NULL,
    owner_id            BLOB    NOT NULL,
    product_owner_id    BLOB    NOT NULL,
    available           INTEGER NOT NULL,
    allocated           INTEGER NOT NULL,
    unlocated_available INTEGER NOT NULL,
    unlocated_allocated INTEGER NOT NULL,
    sequence            INTEGER NOT NULL,
    last_hash           BLOB    NOT NULL,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    deleted_at          INTEGER NOT NULL CHECK (deleted_at >= updated_at),
    PRIMARY KEY (organization_id, stock_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deleted_stocks_of_product ON deleted_stocks (organization_id, product_id);
CREATE INDEX deleted_stocks_of_owner ON deleted_stocks (organization_id, owner_id, stock_id);

-- What was made by one request for many. The entries are named in one value, 40 bytes each: the
-- product, its stock, and the sequence number, the most significant byte first.
CREATE TABLE batches (
    organization_id BLOB NOT NULL,
    batch_id        BLOB NOT NULL CHECK (length(batch_id) = 16),
    owner_id        BLOB NOT NULL CHECK (length(owner_id) = 16),
    entries         BLOB NOT NULL CHECK (length(entries) % 40 = 0),
    PRIMARY KEY (organization_id, batch_id)
) STRICT;

-- Stock that is kept for buyers. One that is pending has expired from `expires_at` on, whether or
-- not that is stored.
CREATE TABLE reservations (
    organization_id BLOB    NOT NULL,
    reservation_id  BLOB    NOT NULL CHECK (length(reservation_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    order_id        TEXT,
    status          TEXT    NOT NULL
        CHECK (status IN ('pending', 'paid', 'fulfilled', 'released', 'expired', 'held')),
    expires_at      INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- The number of its changes, the first of which made it.
    version         INTEGER NOT NULL CHECK (version >= 1),
    -- The key that made it, with the name that it had then; none for the operator.
    actor_key_id    BLOB,
    actor_name      TEXT,
    -- Why the pieces are set aside, if they are.
    hold_reason     TEXT,
    -- The items as they were sent, where they say more than the lines: JSON with a version.
    sent            TEXT,
    PRIMARY KEY (organization_id, reservation_id),
    CHECK ((status = 'pending') = (expires_at IS NOT NULL)),
    CHECK (status <> 'held' OR hold_reason IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_of_owner ON reservations (organization_id, owner_id, reservation_id);
CREATE INDEX reservations_of_order
    ON reservations (organization_id, owner_id, order_id, reservation_id)
    WHERE order_id IS NOT NULL;
CREATE INDEX reservations_set_aside ON reservations (organization_id, owner_id, reservation_id)
    WHERE hold_reason IS NOT NULL;
-- Which is the oldest?
CREATE INDEX reservations_pending ON reservations (organization_id, reservation_id)
    WHERE expires_at IS NOT NULL;
CREATE INDEX reservations_in_time ON reservations (organization_id, expires_at, reservation_id)
    WHERE expires_at IS NOT NULL;

-- The reservation that an order had last.
CREATE TABLE reservation_orders (
    organization_id BLOB NOT NULL,
    owner_id        BLOB NOT NULL CHECK (length(owner_id) = 16),
    order_id        TEXT NOT NULL,
    reservation_id  BLOB NOT NULL CHECK (length(reservation_id) = 16),
    PRIMARY KEY (organization_id, owner_id, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservation_lines (
    organization_id BLOB    NOT NULL,
    reservation_id  BLOB    NOT NULL CHECK (length(reservation_id) = 16),
    -- Counted from 0.
    line            INTEGER NOT NULL CHECK (line >= 0),
    stock_id        BLOB    NOT NULL CHECK (length(stock_id) = 16),
    product_id      BLOB    NOT NULL CHECK (length(product_id) = 16),
    -- Whose stock it is.
    stock_owner_id  BLOB    NOT NULL CHECK (length(stock_owner_id) = 16),
    location_id     BLOB,
    quantity        INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    fulfilled       INTEGER NOT NULL DEFAULT 0 CHECK (fulfilled >= 0),
    released        INTEGER NOT NULL DEFAULT 0 CHECK (released >= 0),
    -- How many of the fulfilled pieces came back.
    returned        INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0),
    -- The reservation's, as long as the line holds anything.
    expires_at      INTEGER,
    PRIMARY KEY (organization_id, reservation_id, line),
    CHECK (fulfilled + released <= quantity),
    CHECK (returned <= fulfilled),
    CHECK (expires_at IS NULL OR fulfilled + released < quantity)
) STRICT, WITHOUT ROWID;

-- With all that counting them takes.
CREATE INDEX reservation_lines_open
    ON reservation_lines (
        organization_id, stock_id, reservation_id, line, expires_at, quantity, fulfilled, released
    )
    WHERE quantity > fulfilled + released;
CREATE INDEX reservation_lines_of_stock_in_time
    ON reservation_lines (organization_id, stock_id, expires_at)
    WHERE expires_at IS NOT NULL;
CREATE INDEX reservation_lines_in_time ON reservation_lines (organization_id, expires_at)
    WHERE expires_at IS NOT NULL;
CREATE INDEX reservation_lines_of_product
    ON reservation_lines (organization_id, product_id, reservation_id);

-- What requests were answered that may be sent again.
CREATE TABLE idempotency_keys (
    organization_id BLOB    NOT NULL,
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    idempotency_key TEXT    NOT NULL,
    request_digest  BLOB    NOT NULL CHECK (length(request_digest) = 32),
    -- The outcome, in JSON.
    outcome         TEXT    NOT NULL,
    expires_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, owner_id, idempotency_key)
) STRICT;

CREATE INDEX idempotency_keys_in_time ON idempotency_keys (organization_id, expires_at);

-- How long lists are, kept with every change, so that no list has to be counted. The kind
-- 'shadowing_stock' counts a store's stock of products of which the organization has stock, too:
-- the store sees its own instead.
CREATE TABLE level_counts (
    organization_id BLOB    NOT NULL,
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    kind            TEXT    NOT NULL
        CHECK (kind IN (
            'stock', 'shadowing_stock', 'product', 'location', 'reservation_pending',
            'reservation_paid', 'reservation_fulfilled', 'reservation_released',
            'reservation_expired', 'reservation_held'
        )),
    count           INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (organization_id, owner_id, kind)
) STRICT, WITHOUT ROWID;

-- The feed of each organization.
CREATE TABLE event_heads (
    organization_id BLOB    NOT NULL PRIMARY KEY CHECK (length(organization_id) = 16),
    -- Another one after a restored database was restarted.
    feed_id         BLOB    NOT NULL CHECK (length(feed_id) = 16),
    -- The position of the oldest event that is kept; one more than `head` if none is.
    oldest          INTEGER NOT NULL CHECK (oldest BETWEEN 1 AND head + 1),
    -- The position of the last event.
    head            INTEGER NOT NULL CHECK (head >= 0),
    -- The size of all pages.
    bytes           INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

-- Numbered events: those of one commit, or a part of them, without a gap between their positions. An
-- entry of a ledger takes 24 bytes: the stock and the sequence number. A stock of zeros stands for an
-- event in JSON, whose place among these the number is.
CREATE TABLE event_pages (
    organization_id BLOB    NOT NULL,
    last_position   INTEGER NOT NULL,
    first_position  INTEGER NOT NULL CHECK (first_position BETWEEN 1 AND last_position),
    entries         BLOB    NOT NULL
        CHECK (length(entries) = 24 * (last_position - first_position + 1)),
    events          TEXT,
    written_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, last_position)
) STRICT;

-- The webhooks of an owner. What is known about their deliveries is beside their configuration.
CREATE TABLE integrations (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    integration_id  BLOB    NOT NULL CHECK (length(integration_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    name            TEXT    NOT NULL,
    description     TEXT,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- JSON: what it observes, the way in which events are sent, and the secrets.
    observes        TEXT    NOT NULL,
    configuration   TEXT    NOT NULL,
    secrets         TEXT    NOT NULL,
    version         INTEGER NOT NULL CHECK (version > 0),
    disabled_reason TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- Up to where in the feed everything is delivered, and what else the deliverer wants to know.
    position        INTEGER NOT NULL CHECK (position >= 0),
    progress        TEXT,
    failing_since   INTEGER,
    -- The position from which a client wants events again, until the deliverer has begun with them.
    replay_from     INTEGER CHECK (replay_from > 0),
    lease_holder    BLOB CHECK (length(lease_holder) = 16),
    leased_until    INTEGER,
    PRIMARY KEY (organization_id, integration_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX integrations_of_owner ON integrations (organization_id, owner_id, integration_id);

-- Whose events are delivered is asked before the organization is known.
CREATE TABLE active_integrations (
    organization_id BLOB NOT NULL,
    integration_id  BLOB NOT NULL,
    PRIMARY KEY (organization_id, integration_id),
    FOREIGN KEY (organization_id, integration_id) REFERENCES integrations
) STRICT, WITHOUT ROWID;

-- Attempts to deliver an event. The event is the job.
CREATE TABLE integration_logs (
    organization_id BLOB    NOT NULL,
    integration_id  BLOB    NOT NULL,
    log_id          BLOB    NOT NULL CHECK (length(log_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    event_id        BLOB    NOT NULL CHECK (length(event_id) = 16),
    succeeded       INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    attempt         INTEGER NOT NULL CHECK (attempt > 0),
    status_code     INTEGER CHECK (status_code BETWEEN 100 AND 999),
    error_detail    TEXT,
    body            TEXT,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, integration_id, log_id),
    FOREIGN KEY (organization_id, integration_id) REFERENCES integrations
) STRICT, WITHOUT ROWID;

CREATE INDEX integration_logs_of_owner ON integration_logs (organization_id, owner_id, log_id);
CREATE INDEX integration_logs_of_job
    ON integration_logs (organization_id, integration_id, event_id, log_id);

-- Jobs that apply a file of stock movements. The job itself is JSON, with a version; what is searched for
-- stands beside it.
CREATE TABLE imports (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    import_id       BLOB    NOT NULL CHECK (length(import_id) = 16),
    owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
    status          TEXT    NOT NULL
        CHECK (status IN (
            'pending', 'started', 'success', 'failed', 'cancelled', 'undoing', 'undone',
            'partly_undone'
        )),
    -- Whether a server has work to do for the job.
    is_active       INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    document        TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    lease_holder    BLOB CHECK (length(lease_holder) = 16),
    leased_until    INTEGER,
    PRIMARY KEY (organization_id, import_id),
    CHECK ((lease_holder IS NULL) = (leased_until IS NULL))
) STRICT, WITHOUT ROWID;

-- Import ids are UUIDs of version 7: this is the order of creation, in which jobs are listed.
CREATE INDEX imports_of_owner ON imports (organization_id, owner_id, import_id);
CREATE INDEX imports_waiting ON imports (organization_id) WHERE status = 'pending';
-- Which have been over for long?
CREATE INDEX imports_in_time ON imports (organization_id, created_at) WHERE is_active = 0;

-- Which jobs there is work for is asked before the organization is known.
CREATE TABLE active_imports (
    organization_id BLOB NOT NULL,
    import_id       BLOB NOT NULL,
    PRIMARY KEY (organization_id, import_id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports
) STRICT, WITHOUT ROWID;

-- The files of imports, in chunks of whole lines. They are stored before the job, so they don't refer to it.
-- The content comes last: SQLite reads what comes before it without reading through it.
CREATE TABLE import_chunks (
    organization_id BLOB    NOT NULL REFERENCES organizations,
    import_id       BLOB    NOT NULL CHECK (length(import_id) = 16),
    -- Counted from 0.
    chunk           INTEGER NOT NULL CHECK (chunk >= 0),
    -- Counted from 1.
    first_line      INTEGER NOT NULL CHECK (first_line >= 1),
    lines           INTEGER NOT NULL CHECK (lines >= 0),
    -- The length of the content; both are NULL once the file is forgotten.
    bytes           INTEGER,
    created_at      INTEGER NOT NULL,
    -- The batch of the entries that the chunk made, and the line of each of them: 4 bytes, the most
    -- significant byte first.
    batch_id        BLOB CHECK (length(batch_id) = 16),
    batch_lines     BLOB CHECK (length(batch_lines) % 4 = 0),
    content         BLOB,
    PRIMARY KEY (organization_id, import_id, chunk),
    CHECK (bytes = length(content)),
    CHECK ((bytes IS NULL) = (content IS NULL)),
    CHECK ((batch_id IS NULL) = (batch_lines IS NULL))
) STRICT;

CREATE INDEX import_chunks_of_line ON import_chunks (organization_id, import_id, first_line);
CREATE INDEX import_chunks_kept ON import_chunks (organization_id, created_at, bytes)
    WHERE bytes IS NOT NULL;

-- The lines of a file that failed, or whose entries could not be undone: JSON, with a version.
CREATE TABLE import_errors (
    organization_id BLOB    NOT NULL,
    import_id       BLOB    NOT NULL,
    -- Counted from 0, in the order in which they were added.
    place           INTEGER NOT NULL CHECK (place >= 0),
    document        TEXT    NOT NULL,
    PRIMARY KEY (organization_id, import_id, place),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports
) STRICT, WITHOUT ROWID;

-- The first changes that a dry run would make: JSON, with a version.
CREATE TABLE import_changes (
    organization_id BLOB    NOT NULL,
    import_id       BLOB    NOT NULL,
    -- Counted from 0, in the order of the lines.
    place           INTEGER NOT NULL CHECK (place >= 0),
    document        TEXT    NOT NULL,
    PRIMARY KEY (organization_id, import_id, place),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports
) STRICT, WITHOUT ROWID;

-- Transfers and deliveries.
CREATE TABLE transfers (
    organization_id  BLOB    NOT NULL REFERENCES organizations,
    transfer_id      BLOB    NOT NULL CHECK (length(transfer_id) = 16),
    owner_id         BLOB    NOT NULL CHECK (length(owner_id) = 16),
    created_at       INTEGER NOT NULL,
    -- The key that made it, with the name that it had then; none for the operator.
    actor_key_id     BLOB,
    actor_name       TEXT,
    state            TEXT    NOT NULL
        CHECK (state IN ('draft', 'ready', 'in_transit', 'received', 'cancelled')),
    -- Whether pieces are allocated or under way.
    is_open          INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    -- Where a delivery comes from; a location has none, nor has the unlocated pool.
    supplier         TEXT,
    -- NULL for the unlocated pool.
    from_location_id BLOB,
    to_location_id   BLOB,
    reference        TEXT,
    note             TEXT,
    expected_at      INTEGER,
    -- The date of which it was announced that it has passed, and the one that is to be announced next.
    announced        INTEGER,
    to_be_announced  INTEGER,
    updated_at       INTEGER NOT NULL,
    -- The number of its changes, the first of which made it.
    version          INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (organization_id, transfer_id),
    CHECK (supplier IS NULL OR from_location_id IS NULL),
    CHECK (is_open = 1 = (state IN ('ready', 'in_transit'))),
    CHECK (to_be_announced IS NULL OR state = 'in_transit')
) STRICT, WITHOUT ROWID;

-- Transfer ids are UUIDs of version 7: this is the order of creation, in which transfers are listed.
CREATE INDEX transfers_of_owner ON transfers (organization_id, owner_id, transfer_id);
CREATE INDEX transfers_open_from ON transfers (organization_id, from_location_id)
    WHERE is_open = 1;
CREATE INDEX transfers_open_to ON transfers (organization_id, to_location_id)
    WHERE is_open = 1;
CREATE INDEX transfers_overdue ON transfers (organization_id, to_be_announced, transfer_id)
    WHERE to_be_announced IS NOT NULL;

CREATE TABLE transfer_lines (
    organization_id BLOB    NOT NULL,
    transfer_id     BLOB    NOT NULL CHECK (length(transfer_id) = 16),
    -- Counted from 0.
    line            INTEGER NOT NULL CHECK (line >= 0),
    product_id      BLOB    NOT NULL CHECK (length(product_id) = 16),
    quantity        INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    -- Drafts may name products that have no stock.
    stock_id        BLOB     CHECK (length(stock_id) = 16),
    -- The transfer's.
    is_open         INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),
    in_transit      INTEGER NOT NULL CHECK (in_transit >= 0),
    received        INTEGER NOT NULL CHECK (received >= 0),
    damaged         INTEGER NOT NULL CHECK (damaged >= 0),
    missing         INTEGER NOT NULL CHECK (missing >= 0),
    cancelled       INTEGER NOT NULL CHECK (cancelled >= 0),
    surplus         INTEGER NOT NULL CHECK (surplus BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (organization_id, transfer_id, line),
    CHECK (allocated + in_transit + received + damaged + missing + cancelled IN (0, quantity)),
    CHECK (is_open = 0 OR stock_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What is open of a stock?
CREATE INDEX transfer_lines_open
    ON transfer_lines (organization_id, stock_id, transfer_id, line)
    WHERE is_open = 1;
CREATE INDEX transfer_lines_of_product
    ON transfer_lines (organization_id, product_id, transfer_id);

CREATE TABLE transfer_receipts (
    organization_id BLOB    NOT NULL,
    transfer_id     BLOB    NOT NULL CHECK (length(transfer_id) = 16),
    -- Counted from 0.
    receipt         INTEGER NOT NULL CHECK (receipt >= 0),
    receipt_id      BLOB    NOT NULL CHECK (length(receipt_id) = 16),
    received_at     INTEGER NOT NULL,
    undone_at       INTEGER,
    -- The pieces of each product: JSON with a version.
    items           TEXT    NOT NULL,
    PRIMARY KEY (organization_id, transfer_id, receipt)
) STRICT, WITHOUT ROWID;
