//! Tests how PostgreSQL runs the statements for imports, as [`plans`](crate::plans) does for others.

use stockroom_application::PageRequest;
use stockroom_application::ports::{FileChunk, ImportStore as _};
use stockroom_domain::{
    CancelImport, ImportId, ImportOptions, StartImport, SubmitImport, Timestamp,
};
use stockroom_sql::ImportRow;
use uuid::Uuid;

use crate::connection::open::PostgresDatabase;
use crate::plans::{
    ORGANIZATION, VIEW, assert_few_rows, commit, database, execute, pages, rows_read,
};

/// Of each of two owners 2,000 jobs that are over, each with a chunk, an error and a change, and of one of
/// them 2,000 more of each.
const ROWS: &str = "
    CREATE TEMPORARY TABLE jobs AS
        SELECT
            '00000000-0000-0000-0000-000000000001'::uuid AS organization_id,
            ('00000000-0000-0000-0000-' || lpad(owner::text, 12, '0'))::uuid AS owner_id,
            ('2000000' || owner || '-0000-0000-0000-' || lpad((10 * n)::text, 12, '0'))::uuid
                AS import_id
        FROM generate_series(1, 2) AS owner, generate_series(1, 2000) AS n;
    INSERT INTO imports (
        organization_id, import_id, owner_id, status, is_active, document, created_at
    )
        SELECT organization_id, import_id, owner_id, 'success', false,
            replace(replace($json$DOCUMENT$json$, 'JOB', import_id::text), '\"OWNER\"',
                CASE owner_id
                    WHEN organization_id THEN '\"Organization\"'
                    ELSE '{\"Store\":\"' || owner_id || '\"}'
                END),
            4000000000000
        FROM jobs;
    INSERT INTO import_chunks (
        organization_id, import_id, chunk, first_line, lines, bytes, created_at, content
    )
        SELECT organization_id, import_id, 0, 1, 1, 1, 4000000000000, 'a'::bytea FROM jobs
        UNION ALL
        SELECT organization_id, import_id, n, n + 1, 1, 1, 4000000000000, 'a'::bytea
        FROM jobs, generate_series(1, 2000) AS n
        WHERE import_id = '20000002-0000-0000-0000-000000000010';
    INSERT INTO import_errors
        SELECT organization_id, import_id, n,
            '{\"format\":1,\"error\":{\"line\":1,\"problem\":{\"Invalid\":\"it is\"}}}'
        FROM jobs, generate_series(0, 2000) AS n
        WHERE n = 0 OR import_id = '20000002-0000-0000-0000-000000000010';
    INSERT INTO import_changes
        SELECT organization_id, import_id, place,
            '{\"format\":1,\"change\":{\"line\":1,\"product\":{\"Known\":\"' || import_id || '\"},
            \"location\":null,\"action\":\"Increment\",\"quantity\":1,
            \"before\":{\"available\":0,\"allocated\":0},
            \"after\":{\"available\":1,\"allocated\":0}}}'
        FROM import_errors";

/// The most rows of a table that a statement may read.
const ROWS_MAX: i64 = 250;

const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

/// The job of `ROWS` with many chunks, errors and changes.
fn large() -> ImportId {
    ImportId::new(Uuid::from_u128((0x2000_0002 << 96) | 0x10))
}

/// Fills the database with the rows to read.
async fn fill(database: &PostgresDatabase, made: ImportId) {
    let scope = VIEW;
    let found = database.import(scope.organization, scope.acting, made);
    let mut import = found.await.unwrap().unwrap();
    import.created_at = Timestamp::from_milliseconds(4_000_000_000_000).unwrap();
    import.status = stockroom_domain::ImportStatus::Success;
    let row = ImportRow::of(&import, scope.organization).unwrap();
    let owner = format!(
        "{{\"Store\":\"{}\"}}",
        scope.acting.to_uuid(scope.organization)
    );
    let document = row.document.replace(&made.to_string(), "JOB");
    // The owner of the job, and not that of the caller's key, which comes later.
    let document = document.replacen(&owner, "\"OWNER\"", 1);
    execute(database, &ROWS.replace("DOCUMENT", &document)).await;
    let found = database.import_chunk_of_line(scope.organization, large(), 1_001);
    assert_eq!(found.await.unwrap(), Some(1_000));
}

/// Makes a job of a file, begins with it, ends it, and reads it in every way.
async fn live(database: &PostgresDatabase, id: ImportId, other: ImportId) {
    let organization = VIEW.organization;
    for number in 0..3 {
        let chunk = FileChunk {
            number,
            first_line: number + 1,
            lines: 1,
            content: b"a".to_vec(),
        };
        let added = database.add_import_chunk(organization, id, chunk, LONG_AGO);
        added.await.unwrap();
    }
    let submission = SubmitImport {
        id,
        options: ImportOptions::default(),
        layout: String::new(),
        request_id: None,
        chunks: 3,
        lines: 3,
    };
    commit(database, submission).await;
    let holder = Uuid::from_u128(5);
    let leased = database.lease_import(organization, id, holder, 1_000);
    assert!(leased.await.unwrap().is_some());
    commit(database, StartImport { id }).await;
    commit(database, CancelImport { id }).await;
    let released = database.release_import(organization, id, holder);
    released.await.unwrap();
    for of in [id, other] {
        let chunk = database.import_chunk(organization, of, 1);
        chunk.await.unwrap();
        let applied = database.applied_chunk(organization, of, 1);
        applied.await.unwrap();
        let chunk = database.import_chunk_of_line(organization, of, 2);
        chunk.await.unwrap();
        let errors = database.import_errors(organization, of, 1_500, 10);
        errors.await.unwrap();
        let changes = database.import_changes(organization, of, 1_500, 10);
        changes.await.unwrap();
        let import = database.import(organization, VIEW.acting, of);
        import.await.unwrap();
    }
    assert_eq!(database.active_imports().await.unwrap(), []);
    let dropped = database.drop_import_chunks(organization, other);
    dropped.await.unwrap();
    let forgotten = database.forget_imports(organization, LONG_AGO, LONG_AGO, LONG_AGO);
    forgotten.await.unwrap();
}

#[tokio::test]
async fn plans_that_were_made_while_tables_were_empty_stay_good() {
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    let [first, second] = [1, 2].map(|id| ImportId::new(Uuid::from_u128(id)));
    live(&database, first, large()).await;
    fill(&database, first).await;
    let before = rows_read(&database).await;
    live(&database, second, large()).await;
    assert_few_rows(&database, &before, ROWS_MAX).await;
}

/// Apart from the count of all jobs of the owner, which an index gives.
#[tokio::test]
async fn pages_of_jobs_read_little_more_than_they_give() {
    const COUNTED: i64 = 2_001;
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    let first = ImportId::new(Uuid::from_u128(1));
    live(&database, first, large()).await;
    fill(&database, first).await;
    let scope = VIEW;
    let list = async |page: PageRequest<ImportId>| {
        let listed = database.list_imports(scope.organization, scope.acting, page);
        listed.await.unwrap()
    };
    for page in pages() {
        let before = rows_read(&database).await;
        let page = list(page.map(ImportId::new)).await;
        assert_eq!(page.total, Some(2_001));
        assert_few_rows(&database, &before, COUNTED + ROWS_MAX).await;
    }
}
