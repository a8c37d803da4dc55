//! Starting on a database, whatever its state.

use std::process::Output;
use std::thread;

use stockroom_test_postgres::TestDatabase;

use super::Servers;
use crate::support::{Server, stockroom};

fn run(database_url: &str, arguments: &[&str]) -> Output {
    let mut stockroom = stockroom();
    stockroom
        .args(arguments)
        .args(["--database-url", database_url]);
    stockroom.output().unwrap()
}

/// What it complains of.
fn complaint(database_url: &str, arguments: &[&str]) -> String {
    let output = run(database_url, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

const SERVE_UNMIGRATED: [&str; 6] = [
    "serve",
    "--no-migrate",
    "--listen",
    "127.0.0.1:0",
    "--metrics-listen",
    "127.0.0.1:0",
];

#[tokio::test]
async fn ten_servers_start_at_once_on_an_empty_database() {
    let database = TestDatabase::create().await;
    let servers: Vec<Server> = thread::scope(|scope| {
        let start = || scope.spawn(|| Server::start_on(database.url()));
        let starts: Vec<_> = std::iter::repeat_with(start).take(10).collect();
        starts.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let printed = servers.iter().filter(|server| !server.printed.is_empty());
    let [first] = printed.collect::<Vec<_>>()[..] else {
        panic!("not one server printed a key");
    };
    let key = first.first_key();
    for server in &servers {
        // A token of each is good.
        let client = server.client(&key).await;
        assert_eq!(client.get("/v2/inventories").await.0, 200);
    }
}

#[tokio::test]
async fn a_schema_that_others_migrate_is_left_alone() {
    let database = TestDatabase::create().await;
    let complaint = complaint(database.url(), &SERVE_UNMIGRATED);
    assert!(complaint.contains("`stockroom migrate`"), "{complaint}");
    let migrated = run(database.url(), &["migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    let created = run(
        database.url(),
        &["organization", "create", "--no-migrate", "Pear Ltd"],
    );
    assert!(created.status.success(), "{created:?}");
}

#[tokio::test]
async fn a_database_without_citus_is_not_distributed() {
    let database = TestDatabase::create().await;
    let complaint = complaint(database.url(), &["migrate", "--citus"]);
    assert!(complaint.contains("CREATE EXTENSION citus"), "{complaint}");
}

#[test]
fn a_database_that_cannot_be_reached_is_not_waited_for() {
    let url = "postgres://stockroom:secret@127.0.0.1:1/stockroom";
    let complaint = complaint(url, &["organization", "list"]);
    assert!(complaint.contains("Connection refused"), "{complaint}");
    assert!(!complaint.contains("secret"), "{complaint}");
}

#[test]
fn another_databases_url_is_refused() {
    let complaint = complaint("mysql://127.0.0.1/stockroom", &["organization", "list"]);
    assert!(complaint.contains("postgres://"), "{complaint}");
}

#[tokio::test]
async fn the_operator_works_beside_running_servers() {
    let Servers { servers, database } = Servers::<1>::start().await;
    let organization = servers[0].first_key().organization;
    let listed = run(database.url(), &["organization", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with(&organization), "{listed}");
}
