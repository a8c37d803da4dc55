-- Spreads an empty database over the machines of a Citus cluster, one organization always on one
-- machine. To be run once on the coordinator, after the migrations.
--
-- Everything that a transaction changes is then on one machine, apart from the few rows of the
-- reference tables, which are on all of them.

SELECT create_reference_table('client_ids');
SELECT create_reference_table('token_revocations');
SELECT create_reference_table('server_state');
SELECT create_reference_table('active_integrations');
SELECT create_reference_table('active_imports');

SELECT create_distributed_table('organizations', 'organization_id');
SELECT create_distributed_table('stores', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'application_keys', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('key_names', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table('locations', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table('products', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'organization_products', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('stocks', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table('positions', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'position_spans', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('entries', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'deleted_stocks', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('batches', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'reservations', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'reservation_orders', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'reservation_lines', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'idempotency_keys', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'level_counts', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('event_inbox', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table('event_heads', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table('event_pages', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'integrations', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'integration_logs', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('imports', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'import_chunks', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'import_errors', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'import_changes', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table('transfers', 'organization_id', colocate_with => 'organizations');
SELECT create_distributed_table(
    'transfer_lines', 'organization_id', colocate_with => 'organizations'
);
SELECT create_distributed_table(
    'transfer_receipts', 'organization_id', colocate_with => 'organizations'
);
