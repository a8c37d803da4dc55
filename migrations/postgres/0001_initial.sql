-- The first schema.
--
-- Times are milliseconds since the Unix epoch. An owner_id is a store's id, or the organization's
-- own id for what belongs to the organization. Every key and index starts with organization_id,
-- apart from those of the few small tables in which something is looked up before the organization
-- is known: a cluster that is sharded by organization has the small ones on every machine (see
-- citus.sql). The constraints decide nothing: they are there to catch a fault of the program.
--
-- Foreign keys are kept where the row referred to is not one that all writers would have to lock
-- at the same time. None reaches beyond an organization.

CREATE TABLE organizations (
    organization_id uuid    NOT NULL PRIMARY KEY,
    name            text    NOT NULL,
    per_store_stock boolean NOT NULL,
    created_at      bigint  NOT NULL
);

CREATE TABLE stores (
    organization_id uuid   NOT NULL REFERENCES organizations,
    store_id        uuid   NOT NULL,
    name            text   NOT NULL,
    created_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, store_id)
);

CREATE TABLE application_keys (
    organization_id     uuid    NOT NULL REFERENCES organizations,
    key_id              uuid    NOT NULL,
    owner_id            uuid    NOT NULL,
    name                text    NOT NULL,
    client_id           text    NOT NULL,
    secret_hash         bytea   NOT NULL CHECK (length(secret_hash) = 32),
    reserved_rate_limit bigint  NOT NULL CHECK (reserved_rate_limit BETWEEN 0 AND 4294967295),
    allow_implicit      boolean NOT NULL,
    access              text    NOT NULL DEFAULT 'full' CHECK (access IN ('full', 'read')),
    created_at          bigint  NOT NULL,
    updated_at          bigint  NOT NULL,
    last_used_at        bigint,
    PRIMARY KEY (organization_id, key_id)
) WITH (fillfactor = 80);

-- What keys are called, also those that are gone: the ledger says which key acted.
CREATE TABLE key_names (
    organization_id uuid NOT NULL,
    key_id          uuid NOT NULL,
    name            text NOT NULL,
    PRIMARY KEY (organization_id, key_id)
);

CREATE INDEX application_keys_of_owner ON application_keys (organization_id, owner_id, key_id);

-- Who asks for a token names a client id only; this says whose it is.
CREATE TABLE client_ids (
    client_id       text NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL,
    key_id          uuid NOT NULL
);

CREATE INDEX client_ids_of_key ON client_ids (organization_id, key_id);

-- Every server reads what was revoked lately, of all organizations at once. Rows are added and
-- swept, never changed.
CREATE TABLE token_revocations (
    key_id     uuid   NOT NULL,
    grants     text   NOT NULL CHECK (grants IN ('all', 'full_access', 'implicit')),
    revoked_at bigint NOT NULL,
    PRIMARY KEY (key_id, grants, revoked_at)
);

CREATE INDEX token_revocations_in_time ON token_revocations (revoked_at);

-- What all servers on this database have in common.
CREATE TABLE server_state (
    name  text  NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- A deleted location stays: ledger entries still show the slug that it had last.
CREATE TABLE locations (
    organization_id uuid   NOT NULL REFERENCES organizations,
    location_id     uuid   NOT NULL,
    owner_id        uuid   NOT NULL,
    name            text   NOT NULL,
    slug            text   NOT NULL,
    external_ref    text,
    description     text,
    -- A JSON array of the lines.
    address         text,
    latitude        double precision,
    longitude       double precision,
    enabled         boolean NOT NULL DEFAULT true,
    priority        bigint NOT NULL DEFAULT 1000 CHECK (priority BETWEEN 0 AND 1000000),
    created_at      bigint NOT NULL CHECK (created_at >= 0),
    updated_at      bigint NOT NULL,
    -- The number of its changes, the first of which made it.
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    deleted_at      bigint,
    PRIMARY KEY (organization_id, location_id),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);

CREATE UNIQUE INDEX locations_slug ON locations (organization_id, owner_id, slug)
    WHERE deleted_at IS NULL;
-- What lists say of `created_at` is always true: see `stocks_of_owner`.
CREATE INDEX locations_of_owner ON locations (organization_id, owner_id, location_id)
    WHERE deleted_at IS NULL AND created_at >= 0;

CREATE TABLE products (
    organization_id uuid    NOT NULL REFERENCES organizations,
    product_id      uuid    NOT NULL,
    owner_id        uuid    NOT NULL,
    name            text    NOT NULL,
    sku             text,
    -- Digests (SHA-256): a text may be longer than what an index can hold.
    sku_digest      bytea,
    slug            text,
    description     text,
    status          text    NOT NULL CHECK (status IN ('draft', 'live')),
    commodity_type  text    NOT NULL CHECK (commodity_type IN ('physical', 'digital')),
    manage_stock    boolean NOT NULL,
    external_ref    text,
    external_digest bytea,
    created_at      bigint  NOT NULL CHECK (created_at >= 0),
    updated_at      bigint  NOT NULL,
    -- The number of its changes, the first of which made it.
    version         bigint  NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- The beginnings of the case-folded texts, by which products are sorted and found, in the order of
    -- code points. Empty where there is no text.
    name_key        text    NOT NULL COLLATE "C",
    sku_key         text    NOT NULL COLLATE "C" DEFAULT '',
    slug_key        text    NOT NULL COLLATE "C" DEFAULT '',
    external_key    text    NOT NULL COLLATE "C" DEFAULT '',
    -- Two stores may use one id, each for a product of its own.
    PRIMARY KEY (organization_id, product_id, owner_id),
    CHECK ((sku IS NULL) = (sku_digest IS NULL)),
    CHECK ((external_ref IS NULL) = (external_digest IS NULL))
);

-- The digest comes before the owner: else the planner, which knows nothing of a table that was never analyzed,
-- takes all products of an owner for one.
CREATE UNIQUE INDEX products_sku ON products (organization_id, sku_digest, owner_id)
    WHERE sku_digest IS NOT NULL;
CREATE UNIQUE INDEX products_external_ref
    ON products (organization_id, external_digest, owner_id)
    WHERE external_digest IS NOT NULL;
-- Clients choose ids, so that these don't say in which order products were registered. What lists
-- say of `created_at` is always true: see `stocks_of_owner`.
CREATE INDEX products_of_owner ON products (organization_id, owner_id, created_at, product_id)
    WHERE created_at >= 0;
-- The conditions name the indexes in the same way.
CREATE INDEX products_by_update ON products (organization_id, owner_id, updated_at, product_id)
    WHERE updated_at >= 0;
CREATE INDEX products_by_name ON products (organization_id, owner_id, name_key, product_id)
    WHERE name_key >= '';
CREATE INDEX products_by_sku ON products (organization_id, owner_id, sku_key, product_id)
    WHERE sku_key >= '';
CREATE INDEX products_by_slug ON products (organization_id, owner_id, slug_key, product_id)
    WHERE slug_key > '';
CREATE INDEX products_by_external_ref
    ON products (organization_id, owner_id, external_key, product_id)
    WHERE external_key > '';
CREATE INDEX products_by_words
    ON products (organization_id, owner_id, status, commodity_type, manage_stock, product_id)
    WHERE status >= '';

-- The organization-level products, registered or not.
CREATE TABLE organization_products (
    organization_id uuid NOT NULL,
    product_id      uuid NOT NULL,
    PRIMARY KEY (organization_id, product_id)
);

-- Current stock. The unlocated pool is part of the row, so that stock without locations is one
-- row. No index has a column that a transaction changes, and each page has room for the next
-- version of its rows: then a change touches no index.
CREATE TABLE stocks (
    organization_id     uuid    NOT NULL,
    product_id          uuid    NOT NULL,
    owner_id            uuid    NOT NULL,
    stock_id            uuid    NOT NULL,
    product_owner_id    uuid    NOT NULL,
    -- Sums over the unlocated pool and all positions.
    available           bigint  NOT NULL,
    allocated           bigint  NOT NULL,
    unlocated_available bigint  NOT NULL CHECK (unlocated_available BETWEEN 0 AND available),
    unlocated_allocated bigint  NOT NULL CHECK (unlocated_allocated BETWEEN 0 AND allocated),
    -- The number of the last ledger entry: entries count 1, 2, 3 …
    sequence            bigint  NOT NULL CHECK (sequence >= 1),
    -- The hash of that entry.
    last_hash           bytea   NOT NULL CHECK (length(last_hash) = 32),
    created_at          bigint  NOT NULL CHECK (created_at >= 0),
    updated_at          bigint  NOT NULL CHECK (updated_at >= created_at),
    -- False if there certainly are no positions: then nobody looks for them.
    located             boolean NOT NULL,
    -- How much of what is allocated in the unlocated pool reservations hold.
    unlocated_held      bigint  NOT NULL DEFAULT 0
        CHECK (unlocated_held BETWEEN 0 AND unlocated_allocated),
    -- How much of that is set aside with a reason.
    unlocated_set_aside bigint  NOT NULL DEFAULT 0
        CHECK (unlocated_set_aside BETWEEN 0 AND unlocated_held),
    -- No reservation of it expires before.
    next_expiry         bigint,
    -- Its policy, as JSON with a version, and whether an alert of it is on.
    policy              text,
    low                 boolean NOT NULL DEFAULT false,
    -- Another one after every change of the row: a row with the same revision is unchanged.
    revision            bigint  NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, product_id, owner_id),
    CHECK (available + allocated <= 9007199254740991),
    CHECK (located OR (available = unlocated_available AND allocated = unlocated_allocated))
) WITH (fillfactor = 70);

-- Stock ids are UUIDs of version 7: this is the order of creation, in which stock is listed. What
-- lists say of `created_at` is always true. It is there for those who look for one stock and don't
-- say it: as long as PostgreSQL knows nothing of the table, it would find any index as good as the
-- primary key, and might go through all that an owner has.
CREATE UNIQUE INDEX stocks_of_owner ON stocks (organization_id, owner_id, stock_id)
    WHERE created_at >= 0;
-- The ledgers lie in this order, and are held against stock in it. What is said of `created_at` is
-- something else that is always true, so that lists don't go along this index.
CREATE UNIQUE INDEX stocks_of_organization ON stocks (organization_id, stock_id)
    WHERE created_at < 9223372036854775807;

CREATE TABLE positions (
    organization_id uuid   NOT NULL,
    stock_id        uuid   NOT NULL,
    location_id     uuid   NOT NULL,
    available       bigint NOT NULL CHECK (available >= 0),
    allocated       bigint NOT NULL CHECK (allocated >= 0),
    -- How much of that reservations hold.
    held            bigint NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND allocated),
    -- How much of that is set aside with a reason.
    set_aside       bigint NOT NULL DEFAULT 0 CHECK (set_aside BETWEEN 0 AND held),
    -- Its part of the policy of the stock.
    policy          text,
    low             boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, stock_id, location_id),
    FOREIGN KEY (organization_id, location_id) REFERENCES locations
) WITH (fillfactor = 80);

CREATE INDEX positions_in_location ON positions (organization_id, location_id);

-- The stocks and positions with an alert that is on, which are few.
CREATE INDEX low_stocks ON stocks (organization_id, stock_id) WHERE low;
CREATE INDEX low_positions ON positions (organization_id, stock_id) WHERE low;

-- From when to when a stock has had a position: for those who ask how it was then.
CREATE TABLE position_spans (
    organization_id uuid   NOT NULL,
    stock_id        uuid   NOT NULL,
    location_id     uuid   NOT NULL,
    added_at        bigint NOT NULL,
    removed_at      bigint CHECK (removed_at >= added_at)
);

CREATE INDEX position_spans_of_stock ON position_spans (organization_id, stock_id);
CREATE INDEX position_spans_in_location ON position_spans (organization_id, location_id)
    WHERE removed_at IS NULL;

-- The ledger, which is the history: entries are added, never changed, never removed.
CREATE TABLE entries (
    organization_id uuid   NOT NULL,
    stock_id        uuid   NOT NULL,
    sequence        bigint NOT NULL CHECK (sequence >= 1),
    transaction_id  uuid   NOT NULL,
    location_id     uuid,
    -- No list of the known ones: another action must not need a look at every row.
    action          text   NOT NULL,
    quantity        bigint NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740991),
    -- What the position holds right after the entry.
    available       bigint NOT NULL CHECK (available >= 0),
    allocated       bigint NOT NULL CHECK (allocated >= 0),
    -- What the whole stock holds right after it, if that is something else.
    sum_available   bigint CHECK (sum_available >= available),
    sum_allocated   bigint CHECK (sum_allocated >= allocated),
    reason          text,
    reference       text,
    idempotency_key text,
    batch_id        uuid,
    -- The transaction_id of an entry of the same ledger.
    undoes          uuid,
    actor_key_id    uuid,
    -- The time that the entry is a count for, if it is one.
    as_of           bigint CHECK (as_of <= created_at),
    created_at      bigint NOT NULL,
    -- Of all of the above and of the hash in front of it.
    hash            bytea  NOT NULL CHECK (length(hash) = 32),
    CHECK ((sum_available IS NULL) = (sum_allocated IS NULL)),
    -- Time doesn't run backwards in a ledger: what happened at some time is found by halving.
    PRIMARY KEY (organization_id, stock_id, sequence)
);

-- No entry is undone twice.
CREATE UNIQUE INDEX entries_undone ON entries (organization_id, stock_id, undoes)
    WHERE undoes IS NOT NULL;
-- Counts are compared with what has corrected the books since the time that they are for.
CREATE INDEX entries_correcting ON entries (organization_id, stock_id, created_at)
    WHERE as_of IS NOT NULL OR undoes IS NOT NULL;
-- What lay in a location at some time is found without going through all that happened elsewhere.
CREATE INDEX entries_in_location ON entries (organization_id, stock_id, location_id, sequence)
    WHERE location_id IS NOT NULL;

-- The program can't rewrite history even if it tried, unless it runs as a superuser. A trigger
-- would say so as well, but has no place in a cluster that is sharded.
REVOKE UPDATE, DELETE, TRUNCATE ON entries FROM CURRENT_USER;

-- Stock that is no longer managed, as it was last: for auditors, who find its ledger by stock_id.
CREATE TABLE deleted_stocks (
    organization_id     uuid   NOT NULL,
    stock_id            uuid   NOT NULL,
    product_id          uuid   NOT NULL,
    owner_id            uuid   NOT NULL,
    product_owner_id    uuid   NOT NULL,
    available           bigint NOT NULL,
    allocated           bigint NOT NULL,
    unlocated_available bigint NOT NULL,
    unlocated_allocated bigint NOT NULL,
    sequence            bigint NOT NULL,
    last_hash           bytea  NOT NULL,
    created_at          bigint NOT NULL,
    updated_at          bigint NOT NULL,
    deleted_at          bigint NOT NULL CHECK (deleted_at >= updated_at),
    PRIMARY KEY (organization_id, stock_id)
);

CREATE INDEX deleted_stocks_of_product ON deleted_stocks (organization_id, product_id);
CREATE INDEX deleted_stocks_of_owner ON deleted_stocks (organization_id, owner_id, stock_id);

-- What was made by one request for many. The entries are named in one value, 40 bytes each: the
-- product, its stock, and the sequence number, the most significant byte first.
CREATE TABLE batches (
    organization_id uuid  NOT NULL,
    batch_id        uuid  NOT NULL,
    owner_id        uuid  NOT NULL,
    entries         bytea NOT NULL CHECK (length(entries) % 40 = 0),
    PRIMARY KEY (organization_id, batch_id)
);

-- Ids can't be compressed: PostgreSQL needn't try.
ALTER TABLE batches ALTER COLUMN entries SET STORAGE EXTERNAL;

-- Stock that is kept for buyers. One that is pending has expired from `expires_at` on, whether or
-- not that is stored.
CREATE TABLE reservations (
    organization_id uuid   NOT NULL,
    reservation_id  uuid   NOT NULL,
    owner_id        uuid   NOT NULL,
    order_id        text,
    status          text   NOT NULL
        CHECK (status IN ('pending', 'paid', 'fulfilled', 'released', 'expired', 'held')),
    expires_at      bigint,
    created_at      bigint NOT NULL CHECK (created_at >= 0),
    updated_at      bigint NOT NULL CHECK (updated_at >= created_at),
    -- The number of its changes, the first of which made it.
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- Another one after every change of the row, and when its order gets another reservation.
    revision        bigint NOT NULL DEFAULT 1,
    -- The key that made it, with the name that it had then; none for the operator.
    actor_key_id    uuid,
    actor_name      text,
    -- Why the pieces are set aside, if they are.
    hold_reason     text,
    -- The items as they were sent, where they say more than the lines: JSON with a version.
    sent            text,
    PRIMARY KEY (organization_id, reservation_id),
    CHECK ((status = 'pending') = (expires_at IS NOT NULL)),
    CHECK (status <> 'held' OR hold_reason IS NOT NULL)
);

-- What lists say of `created_at` is always true: see `stocks_of_owner`.
CREATE INDEX reservations_of_owner ON reservations (organization_id, owner_id, reservation_id)
    WHERE created_at >= 0;
CREATE INDEX reservations_of_order ON reservations (organization_id, owner_id, order_id)
    WHERE order_id IS NOT NULL AND created_at >= 0;
CREATE INDEX reservations_set_aside ON reservations (organization_id, owner_id, reservation_id)
    WHERE hold_reason IS NOT NULL AND created_at >= 0;
-- Which is the oldest?
CREATE INDEX reservations_pending ON reservations (organization_id, reservation_id)
    WHERE expires_at IS NOT NULL;
CREATE INDEX reservations_in_time ON reservations (organization_id, expires_at, reservation_id)
    WHERE expires_at IS NOT NULL;

-- The reservation that an order had last.
CREATE TABLE reservation_orders (
    organization_id uuid NOT NULL,
    owner_id        uuid NOT NULL,
    order_id        text NOT NULL,
    reservation_id  uuid NOT NULL,
    PRIMARY KEY (organization_id, owner_id, order_id)
);

CREATE TABLE reservation_lines (
    organization_id uuid   NOT NULL,
    reservation_id  uuid   NOT NULL,
    -- Counted from 0.
    line            bigint NOT NULL CHECK (line >= 0),
    stock_id        uuid   NOT NULL,
    product_id      uuid   NOT NULL,
    -- Whose stock it is.
    stock_owner_id  uuid   NOT NULL,
    location_id     uuid,
    quantity        bigint NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    fulfilled       bigint NOT NULL CHECK (fulfilled >= 0),
    released        bigint NOT NULL CHECK (released >= 0),
    -- How many of the fulfilled pieces came back.
    returned        bigint NOT NULL DEFAULT 0 CHECK (returned >= 0),
    -- The reservation's, as long as the line holds anything.
    expires_at      bigint,
    PRIMARY KEY (organization_id, reservation_id, line),
    CHECK (fulfilled + released <= quantity),
    CHECK (returned <= fulfilled),
    CHECK (expires_at IS NULL OR quantity > fulfilled + released)
);

-- With all that counting them takes.
CREATE INDEX reservation_lines_open
    ON reservation_lines (organization_id, stock_id, reservation_id, line)
    INCLUDE (expires_at, quantity, fulfilled, released)
    WHERE quantity > fulfilled + released;
CREATE INDEX reservation_lines_of_stock_in_time
    ON reservation_lines (organization_id, stock_id, expires_at)
    WHERE expires_at IS NOT NULL;
-- What is said of `line` is always true, so that who looks for a stock's lines doesn't go along this.
CREATE INDEX reservation_lines_in_time ON reservation_lines (organization_id, expires_at)
    WHERE expires_at IS NOT NULL AND line >= 0;
CREATE INDEX reservation_lines_of_product
    ON reservation_lines (organization_id, product_id, reservation_id);

-- What requests were answered that may be sent again.
CREATE TABLE idempotency_keys (
    organization_id uuid   NOT NULL,
    owner_id        uuid   NOT NULL,
    idempotency_key text   NOT NULL,
    request_digest  bytea  NOT NULL CHECK (length(request_digest) = 32),
    -- The outcome, in JSON.
    outcome         text   NOT NULL,
    expires_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, owner_id, idempotency_key)
);

CREATE INDEX idempotency_keys_in_time ON idempotency_keys (organization_id, expires_at);

-- How long lists are, kept with every change, so that no list has to be counted. The kind
-- 'shadowing_stock' counts a store's stock of products of which the organization has stock, too:
-- the store sees its own instead. A count is never negative, but there can be no CHECK for that:
-- PostgreSQL would apply it to what is added to a count.
CREATE TABLE level_counts (
    organization_id uuid   NOT NULL,
    owner_id        uuid   NOT NULL,
    kind            text   NOT NULL
        CHECK (kind IN (
            'stock', 'shadowing_stock', 'product', 'location', 'reservation_pending',
            'reservation_paid', 'reservation_fulfilled', 'reservation_released',
            'reservation_expired', 'reservation_held'
        )),
    count           bigint NOT NULL,
    PRIMARY KEY (organization_id, owner_id, kind)
) WITH (fillfactor = 50);

-- The events of each commit, until they are numbered: for every entry of a ledger 32 bytes (the
-- stock, the sequence number, the time), and other events as JSON. Rows stay for some milliseconds.
CREATE TABLE event_inbox (
    organization_id uuid  NOT NULL,
    inbox_id        uuid  NOT NULL,
    entries         bytea NOT NULL CHECK (length(entries) % 32 = 0),
    events          text,
    PRIMARY KEY (organization_id, inbox_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
-- Rows live for milliseconds: compressing them costs more than it saves.
ALTER TABLE event_inbox ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE event_inbox ALTER COLUMN events SET STORAGE EXTERNAL;

-- The feed of each organization. Its row is locked while events are numbered.
CREATE TABLE event_heads (
    organization_id uuid   NOT NULL PRIMARY KEY,
    -- Another one after a restored database was restarted.
    feed_id         uuid   NOT NULL,
    -- The position of the oldest event that is kept; one more than `head` if none is.
    oldest          bigint NOT NULL CHECK (oldest BETWEEN 1 AND head + 1),
    -- The position of the last event.
    head            bigint NOT NULL CHECK (head >= 0),
    -- The size of all pages.
    bytes           bigint NOT NULL CHECK (bytes >= 0)
) WITH (fillfactor = 50);

-- Numbered events, those of a page without a gap between their positions. An entry of a ledger takes
-- 24 bytes: the stock and the sequence number. A stock of zeros stands for an event in JSON, whose
-- place among these the number is.
CREATE TABLE event_pages (
    organization_id uuid   NOT NULL,
    last_position   bigint NOT NULL,
    first_position  bigint NOT NULL CHECK (first_position BETWEEN 1 AND last_position),
    entries         bytea  NOT NULL
        CHECK (length(entries) = 24 * (last_position - first_position + 1)),
    events          text,
    written_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, last_position)
);
-- Compressing costs more than it saves: pages are deleted after some days.
ALTER TABLE event_pages ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE event_pages ALTER COLUMN events SET STORAGE EXTERNAL;

-- The webhooks of an owner. What is known about their deliveries is beside their configuration.
CREATE TABLE integrations (
    organization_id uuid    NOT NULL REFERENCES organizations,
    integration_id  uuid    NOT NULL,
    owner_id        uuid    NOT NULL,
    name            text    NOT NULL,
    description     text,
    enabled         boolean NOT NULL,
    -- JSON: what it observes, the way in which events are sent, and the secrets.
    observes        text    NOT NULL,
    configuration   text    NOT NULL,
    secrets         text    NOT NULL,
    version         bigint NOT NULL CHECK (version > 0),
    disabled_reason text,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    -- Up to where in the feed everything is delivered, and what else the deliverer wants to know.
    position        bigint NOT NULL CHECK (position >= 0),
    progress        text,
    failing_since   bigint,
    -- The position from which a client wants events again, until the deliverer has begun with them.
    replay_from     bigint CHECK (replay_from > 0),
    lease_holder    uuid,
    leased_until    bigint,
    PRIMARY KEY (organization_id, integration_id)
) WITH (fillfactor = 50);

CREATE INDEX integrations_of_owner ON integrations (organization_id, owner_id, integration_id);

-- Whose events are delivered is asked before the organization is known.
CREATE TABLE active_integrations (
    organization_id uuid NOT NULL,
    integration_id  uuid NOT NULL,
    PRIMARY KEY (organization_id, integration_id)
);

-- Attempts to deliver an event. The event is the job.
CREATE TABLE integration_logs (
    organization_id uuid    NOT NULL,
    integration_id  uuid    NOT NULL,
    log_id          uuid    NOT NULL,
    owner_id        uuid    NOT NULL,
    event_id        uuid    NOT NULL,
    succeeded       boolean NOT NULL,
    attempt         bigint NOT NULL CHECK (attempt > 0),
    status_code     bigint CHECK (status_code BETWEEN 100 AND 999),
    error_detail    text,
    body            text,
    created_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, integration_id, log_id),
    FOREIGN KEY (organization_id, integration_id) REFERENCES integrations
);

CREATE INDEX integration_logs_of_owner ON integration_logs (organization_id, owner_id, log_id);
CREATE INDEX integration_logs_of_job
    ON integration_logs (organization_id, integration_id, event_id, log_id);

-- Jobs that apply a file of stock movements. The job itself is JSON, with a version; what is searched for
-- stands beside it.
CREATE TABLE imports (
    organization_id uuid    NOT NULL REFERENCES organizations,
    import_id       uuid    NOT NULL,
    owner_id        uuid    NOT NULL,
    status          text    NOT NULL
        CHECK (status IN (
            'pending', 'started', 'success', 'failed', 'cancelled', 'undoing', 'undone',
            'partly_undone'
        )),
    -- Whether a server has work to do for the job.
    is_active       boolean NOT NULL,
    document        text    NOT NULL,
    created_at      bigint  NOT NULL CHECK (created_at >= 0),
    lease_holder    uuid,
    leased_until    bigint,
    PRIMARY KEY (organization_id, import_id),
    CHECK ((lease_holder IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 50);

-- Import ids are UUIDs of version 7: this is the order of creation, in which jobs are listed. What lists say
-- of `created_at` is always true: see `stocks_of_owner`.
CREATE INDEX imports_of_owner ON imports (organization_id, owner_id, import_id)
    WHERE created_at >= 0;
CREATE INDEX imports_waiting ON imports (organization_id, import_id) WHERE status = 'pending';
-- Which have been over for long?
CREATE INDEX imports_in_time ON imports (organization_id, created_at) WHERE NOT is_active;

-- Which jobs there is work for is asked before the organization is known.
CREATE TABLE active_imports (
    organization_id uuid NOT NULL,
    import_id       uuid NOT NULL,
    PRIMARY KEY (organization_id, import_id)
);

-- The files of imports, in chunks of whole lines. They are stored before the job, so they don't refer to it.
CREATE TABLE import_chunks (
    organization_id uuid   NOT NULL REFERENCES organizations,
    import_id       uuid   NOT NULL,
    -- Counted from 0.
    chunk           bigint NOT NULL CHECK (chunk >= 0),
    -- Counted from 1.
    first_line      bigint NOT NULL CHECK (first_line >= 1),
    lines           bigint NOT NULL CHECK (lines >= 0),
    -- The length of the content; both are NULL once the file is forgotten.
    bytes           bigint,
    created_at      bigint NOT NULL,
    -- The batch of the entries that the chunk made, and the line of each of them: 4 bytes, the most
    -- significant byte first.
    batch_id        uuid,
    batch_lines     bytea  CHECK (length(batch_lines) % 4 = 0),
    content         bytea,
    PRIMARY KEY (organization_id, import_id, chunk),
    CHECK (bytes = length(content)),
    CHECK ((bytes IS NULL) = (content IS NULL)),
    CHECK ((batch_id IS NULL) = (batch_lines IS NULL))
) WITH (fillfactor = 90);

-- What is said of `lines` is always true, so that who looks for a chunk doesn't go along this.
CREATE INDEX import_chunks_of_line ON import_chunks (organization_id, import_id, first_line)
    WHERE lines >= 0;
CREATE INDEX import_chunks_kept ON import_chunks (organization_id, created_at) INCLUDE (bytes)
    WHERE bytes IS NOT NULL;

-- The lines of a file that failed, or whose entries could not be undone: JSON, with a version.
CREATE TABLE import_errors (
    organization_id uuid   NOT NULL,
    import_id       uuid   NOT NULL,
    -- Counted from 0, in the order in which they were added.
    place           bigint NOT NULL CHECK (place >= 0),
    document        text   NOT NULL,
    PRIMARY KEY (organization_id, import_id, place),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports
);

-- The first changes that a dry run would make: JSON, with a version.
CREATE TABLE import_changes (
    organization_id uuid   NOT NULL,
    import_id       uuid   NOT NULL,
    -- Counted from 0, in the order of the lines.
    place           bigint NOT NULL CHECK (place >= 0),
    document        text   NOT NULL,
    PRIMARY KEY (organization_id, import_id, place),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports
);

-- Transfers and deliveries.
CREATE TABLE transfers (
    organization_id  uuid    NOT NULL REFERENCES organizations,
    transfer_id      uuid    NOT NULL,
    owner_id         uuid    NOT NULL,
    created_at       bigint  NOT NULL CHECK (created_at >= 0),
    -- The key that made it, with the name that it had then; none for the operator.
    actor_key_id     uuid,
    actor_name       text,
    state            text    NOT NULL
        CHECK (state IN ('draft', 'ready', 'in_transit', 'received', 'cancelled')),
    -- Whether pieces are allocated or under way.
    is_open          boolean NOT NULL,
    -- Where a delivery comes from; a location has none, nor has the unlocated pool.
    supplier         text,
    -- NULL for the unlocated pool.
    from_location_id uuid,
    to_location_id   uuid,
    reference        text,
    note             text,
    expected_at      bigint,
    -- The date of which it was announced that it has passed, and the one that is to be announced next.
    announced        bigint,
    to_be_announced  bigint,
    updated_at       bigint  NOT NULL,
    -- The number of its changes, the first of which made it.
    version          bigint  NOT NULL CHECK (version >= 1),
    PRIMARY KEY (organization_id, transfer_id),
    CHECK (supplier IS NULL OR from_location_id IS NULL),
    CHECK (is_open = (state IN ('ready', 'in_transit'))),
    CHECK (to_be_announced IS NULL OR state = 'in_transit')
);

-- Transfer ids are UUIDs of version 7: this is the order of creation, in which transfers are listed. What lists
-- say of `created_at` is always true: see `stocks_of_owner`.
CREATE INDEX transfers_of_owner ON transfers (organization_id, owner_id, transfer_id)
    WHERE created_at >= 0;
CREATE INDEX transfers_open_from ON transfers (organization_id, from_location_id)
    WHERE is_open;
CREATE INDEX transfers_open_to ON transfers (organization_id, to_location_id)
    WHERE is_open;
CREATE INDEX transfers_overdue ON transfers (organization_id, to_be_announced, transfer_id)
    WHERE to_be_announced IS NOT NULL;

CREATE TABLE transfer_lines (
    organization_id uuid    NOT NULL,
    transfer_id     uuid    NOT NULL,
    -- Counted from 0.
    line            bigint  NOT NULL CHECK (line >= 0),
    product_id      uuid    NOT NULL,
    quantity        bigint  NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    -- Drafts may name products that have no stock.
    stock_id        uuid,
    -- The transfer's.
    is_open         boolean NOT NULL,
    allocated       bigint  NOT NULL CHECK (allocated >= 0),
    in_transit      bigint  NOT NULL CHECK (in_transit >= 0),
    received        bigint  NOT NULL CHECK (received >= 0),
    damaged         bigint  NOT NULL CHECK (damaged >= 0),
    missing         bigint  NOT NULL CHECK (missing >= 0),
    cancelled       bigint  NOT NULL CHECK (cancelled >= 0),
    surplus         bigint  NOT NULL CHECK (surplus BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (organization_id, transfer_id, line),
    CHECK (allocated + in_transit + received + damaged + missing + cancelled IN (0, quantity)),
    CHECK (NOT is_open OR stock_id IS NOT NULL)
);

-- What is open of a stock?
CREATE INDEX transfer_lines_open
    ON transfer_lines (organization_id, stock_id, transfer_id, line)
    WHERE is_open;
CREATE INDEX transfer_lines_of_product
    ON transfer_lines (organization_id, product_id, transfer_id);

CREATE TABLE transfer_receipts (
    organization_id uuid    NOT NULL,
    transfer_id     uuid    NOT NULL,
    -- Counted from 0.
    receipt         bigint  NOT NULL CHECK (receipt >= 0),
    receipt_id      uuid    NOT NULL,
    received_at     bigint  NOT NULL,
    undone_at       bigint,
    -- The pieces of each product: JSON with a version.
    items           text    NOT NULL,
    PRIMARY KEY (organization_id, transfer_id, receipt)
);
