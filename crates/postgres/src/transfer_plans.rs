//! Tests how PostgreSQL runs the statements for transfers, as [`plans`](crate::plans) does for others.

use stockroom_application::ports::{CommandStore as _, PlanningReader as _, TransferReader as _};
use stockroom_domain::{
    Actor, Answer, Command, CreateStock, CreateTransfer, DeleteStock, DeleteTransfer, Operation,
    ProductId, Quantity, RequestedOrigin, RequestedPlace, RequestedStep, TakeStep, Timestamp,
    Transfer, TransferId, TransferState,
};
use uuid::Uuid;

use crate::connection::open::PostgresDatabase;
use crate::plans::{
    EXPLAIN, ORGANIZATION, VIEW, assert_few_rows, assert_narrow_query, commit, database, execute,
    pages, rows_read,
};
use crate::transfers::read::page_query;

/// Of each of two owners 20,000 transfers that are over, each with a line of the same stock and a receipt.
const ROWS: &str = "
    CREATE TEMPORARY TABLE numbered AS
        SELECT
            '00000000-0000-0000-0000-000000000001'::uuid AS organization_id,
            ('00000000-0000-0000-0000-' || lpad(owner::text, 12, '0'))::uuid AS owner_id,
            ('2000000' || owner || '-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid AS id,
            n
        FROM generate_series(1, 2) AS owner, generate_series(1, 20000) AS n;
    INSERT INTO transfers (
        organization_id, transfer_id, owner_id, created_at, state, is_open, supplier,
        to_location_id, updated_at, version
    )
        SELECT organization_id, id, owner_id, n, 'received', false, 'ACME',
            '00000000-0000-0000-0000-000000000003', n, 3
        FROM numbered;
    INSERT INTO transfer_lines
        SELECT organization_id, id, 0, '00000000-0000-0000-0000-000000000007', 1, id, false,
            0, 0, 1, 0, 0, 0, 0
        FROM numbered;
    INSERT INTO transfer_receipts
        SELECT organization_id, id, 0, id, n, NULL, '{\"format\":1,\"items\":[[\"00000000-0000-0000-0000-000000000007\",
            {\"received\":1,\"damaged\":0,\"missing\":0,\"surplus\":0}]]}'
        FROM numbered";

/// The most rows of a table that a statement may read.
const ROWS_MAX: i64 = 250;

fn pieces(pieces: u64) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn order(product: ProductId, state: TransferState) -> CreateTransfer {
    CreateTransfer {
        from: RequestedOrigin::Place(RequestedPlace::Unlocated),
        to: RequestedPlace::Location("place".to_owned()),
        items: vec![(product, pieces(4))],
        reference: None,
        note: None,
        expected_at: Some(Timestamp::UNIX_EPOCH),
        state,
        reason: None,
    }
}

/// Makes stock and transfers of it, takes every step, and reads them in every way.
async fn live(database: &PostgresDatabase, product: ProductId) {
    let organization = VIEW.organization;
    commit(
        database,
        CreateStock {
            product,
            unlocated: pieces(9),
            located: [].into(),
        },
    )
    .await;
    let draft = transfer(database, order(product, TransferState::Draft)).await;
    let deletion = DeleteTransfer {
        transfer: draft.reference(),
    };
    commit(database, deletion).await;
    let take = async |of: &Transfer, step: RequestedStep| {
        let step = TakeStep {
            transfer: of.reference(),
            step,
            reason: None,
            expect_version: None,
        };
        let after = transfer(database, step).await;
        let found = database.transfer(VIEW, after.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&after));
        after
    };
    let ready = transfer(database, order(product, TransferState::Ready)).await;
    let part = Some([(product, pieces(2))].into());
    let shipped = take(&ready, RequestedStep::Ship(part)).await;
    let planned = database.planned_stocks(VIEW, &[product]).await.unwrap();
    assert_eq!(planned[0].expected.len(), 1);
    let now = Timestamp::from_milliseconds(1_000).unwrap();
    let overdue = database.overdue_transfers(organization, now, 10);
    assert!(!overdue.await.unwrap().is_empty());
    let received = take(&shipped, RequestedStep::Receive(None)).await;
    let receipt = received.progress.receipts[0].id;
    let undone = take(&received, RequestedStep::UndoReceipt(receipt)).await;
    take(&undone, RequestedStep::Cancel(None)).await;
    commit(database, DeleteStock { product }).await;
}

/// The transfer after an operation on it.
async fn transfer(database: &PostgresDatabase, operation: impl Into<Operation>) -> Transfer {
    let actor = Actor {
        acting: VIEW.acting,
        ..Actor::OPERATOR
    };
    let command = Command::new(actor, operation);
    let outcomes = database.commit(VIEW.organization, &[command]).await;
    match outcomes.unwrap().pop() {
        Some(Ok(Answer::Transfer(transfer))) => transfer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn plans_that_were_made_while_tables_were_empty_stay_good() {
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    let [first, second] = [1, 2].map(|id| ProductId::new(Uuid::from_u128(id)));
    live(&database, first).await;
    execute(&database, ROWS).await;
    let before = rows_read(&database).await;
    live(&database, second).await;
    assert_few_rows(&database, &before, ROWS_MAX).await;
}

#[tokio::test]
async fn pages_of_transfers_read_little_more_than_they_give() {
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    execute(&database, ROWS).await;
    execute(&database, "ANALYZE").await;
    for page in pages() {
        let page = page.map(TransferId::new);
        let query = page_query(EXPLAIN, VIEW, &[], page);
        assert_narrow_query(&database, query).await;
    }
}
