//! Verifying and repairing at the command line, beside a running server.

use std::process::Output;

use serde_json::Value;

use crate::support::{Client, DataFolder, Server, figures, product, stockroom};

fn run(folder: &DataFolder, arguments: &[&str]) -> Output {
    stockroom()
        .args(arguments)
        .env("STOCKROOM_DATA_FOLDER", folder.path())
        .output()
        .unwrap()
}

/// The exit code, and what was printed.
fn ran(folder: &DataFolder, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(folder, arguments);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), printed)
}

/// A server that has sold from a stock, and its only organization.
async fn serve(folder: &DataFolder) -> (Server, Client, String) {
    let server = Server::start(&folder.path());
    let key = server.first_key();
    let client = server.client(&key).await;
    client.create_stock(&product(1), 100).await;
    client.create_stock(&product(2), 5).await;
    let (status, _) = client.transact(&product(1), "allocate", 10).await;
    assert_eq!(status, 200);
    (server, client, key.organization)
}

/// Changes the database behind the server's back.
fn damage(folder: &DataFolder, statements: &str) {
    let file = folder.path().join("stockroom.sqlite3");
    let file = rusqlite::Connection::open(file).unwrap();
    file.execute_batch(statements).unwrap();
}

async fn stock(client: &Client) -> (u16, Value) {
    client.get(&format!("/v2/inventories/{}", product(1))).await
}

#[tokio::test]
async fn a_server_goes_on_while_its_stock_is_verified_and_repaired() {
    let folder = DataFolder::new();
    let (_server, client, organization) = serve(&folder).await;
    let intact = "1 organization, 2 stocks, 3 entries in ";
    let (code, printed) = ran(&folder, &["verify"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.starts_with(intact), "{printed}");
    assert!(printed.ends_with(" a second: no difference\n"), "{printed}");
    let (code, printed) = ran(&folder, &["repair"]);
    assert_eq!(code, Some(0), "{printed}");

    damage(
        &folder,
        "UPDATE stocks SET available = 95, unlocated_available = 95 WHERE sequence = 2",
    );
    let of = ["--organization", organization.as_str()];
    let differences = |printed: &str| -> Vec<String> {
        let start = format!("organization {organization}, product {}, ", product(1));
        let lines = printed.lines().filter(|line| line.starts_with(&start));
        lines.map(str::to_owned).collect()
    };
    let (code, found) = ran(&folder, &["verify", of[0], of[1]]);
    assert_eq!(code, Some(1), "{found}");
    assert_eq!(differences(&found).len(), 2, "{found}");
    let ledger =
        "there are 95 available and 10 allocated, but by the ledger 90 available and 10 allocated";
    assert!(found.contains(ledger), "{found}");

    for arguments in [&["repair"][..], &["repair", "--dry-run"]] {
        let (code, planned) = ran(&folder, arguments);
        assert_eq!(code, Some(1), "{planned}");
        assert_eq!(differences(&planned).len(), 3, "{planned}");
        assert!(
            planned.contains("would be made what its ledger and reservations say"),
            "{planned}"
        );
        assert_eq!(figures(&stock(&client).await.1), [95, 10, 105]);
    }
    let (code, done) = ran(&folder, &["repair", "--apply", of[0], of[1]]);
    assert_eq!(code, Some(0), "{done}");
    assert!(
        done.contains("was made what its ledger and reservations say"),
        "{done}"
    );
    assert_eq!(figures(&stock(&client).await.1), [90, 10, 100]);
    let (status, _) = client.transact(&product(1), "decrement", 90).await;
    assert_eq!(status, 200);
    let (code, printed) = ran(&folder, &["verify"]);
    assert_eq!(code, Some(0), "{printed}");
}

#[tokio::test]
async fn a_damaged_ledger_is_named_and_nothing_is_made_of_it() {
    let folder = DataFolder::new();
    let (_server, client, _) = serve(&folder).await;
    damage(
        &folder,
        "DROP TRIGGER entries_are_never_changed;
        UPDATE entries SET quantity = 9 WHERE sequence = 2;",
    );
    let (code, printed) = ran(&folder, &["verify"]);
    assert_eq!(code, Some(1), "{printed}");
    let named = "entry 2: its hash is ";
    assert!(printed.contains(named), "{printed}");
    let (code, printed) = ran(&folder, &["repair", "--apply"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("its ledger isn't sound"), "{printed}");
    assert_eq!(figures(&stock(&client).await.1), [90, 10, 100]);
    // A client is told as well.
    let path = format!("/v2/inventories/verify?product_id={}", product(1));
    let (status, verified) = client.get(&path).await;
    assert_eq!(status, 200);
    assert_eq!(verified["data"]["attributes"]["intact"], false);
    let problem = &verified["data"]["attributes"]["differences"][0];
    assert_eq!(problem["sequence"], 2, "{verified}");
}

#[tokio::test]
async fn hashes_are_printed_to_be_kept_elsewhere() {
    let folder = DataFolder::new();
    let (_server, client, organization) = serve(&folder).await;
    let (code, printed) = ran(&folder, &["verify", "--hashes"]);
    assert_eq!(code, Some(0), "{printed}");
    let path = format!("/v2/inventories/verify?product_id={}", product(1));
    let (_, verified) = client.get(&path).await;
    let attributes = &verified["data"]["attributes"];
    let [id, hash] = ["stock_id", "last_hash"].map(|name| attributes[name].as_str().unwrap());
    let line = format!("{organization} {} {id} 2 {hash}\n", product(1));
    assert!(printed.contains(&line), "{line}{printed}");
}

#[test]
fn what_cannot_be_told_has_a_code_of_its_own() {
    let folder = DataFolder::new();
    let nobody = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";
    for command in ["verify", "repair"] {
        let output = run(&folder, &[command]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("there is no database"), "{error}");
    }
    run(&folder, &["migrate"]);
    for arguments in [
        vec!["verify", "--organization", nobody],
        vec!["verify", "--organization", "x"],
        vec!["repair", "--apply", "--dry-run"],
    ] {
        let output = run(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    // Nothing at all is as it should be.
    let (code, printed) = ran(&folder, &["verify"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.starts_with("0 organizations, 0 stocks, 0 entries in "));
}
