//! The command line.

use std::process::Output;

use crate::support::{DataFolder, stockroom};

fn run(folder: &DataFolder, arguments: &[&str]) -> Output {
    stockroom()
        .args(arguments)
        .env("STOCKROOM_DATA_FOLDER", folder.path())
        .output()
        .unwrap()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_shows_every_setting_with_its_default() {
    let folder = DataFolder::new();
    let help = printed(run(&folder, &["serve", "--help"]));
    for setting in [
        "--config",
        "--data-folder",
        "--in-memory",
        "--demo",
        "--listen",
        "--metrics-listen",
        "--token-signing-key",
        "--token-signing-key-file",
        "--database-url-file",
        "--body-bytes-max",
        "--concurrent-requests-max",
        "--request-timeout-seconds",
        "--header-timeout-seconds",
        "--organization-rate-limit",
        "--store-rate-limit",
        "--shutdown-timeout-seconds",
        "--log-format",
        "--log ",
        "[default: 127.0.0.1:8080]",
        "[env: STOCKROOM_LISTEN=]",
    ] {
        assert!(help.contains(setting), "{setting} is not in\n{help}");
    }
}

#[test]
fn tenants_and_keys_are_made_and_listed() {
    let folder = DataFolder::new();
    printed(run(&folder, &["migrate"]));
    let created = printed(run(&folder, &["organization", "create", "My company"]));
    let organization = created.split_whitespace().nth(1).unwrap().to_owned();
    let of = ["--organization", organization.as_str()];
    assert_eq!(
        printed(run(&folder, &["organization", "list"])),
        format!("{organization} My company\n")
    );

    let created = printed(run(&folder, &["store", "create", of[0], of[1], "My shop"]));
    let store = created.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(
        printed(run(&folder, &["store", "list", of[0], of[1]])),
        format!("{store} My shop\n")
    );

    let key = ["key", "create", of[0], of[1], "--store", &store, "ERP"];
    let created = printed(run(&folder, &key));
    let id = created.split_whitespace().nth(1).unwrap().to_owned();
    let list = ["key", "list", of[0], of[1], "--store", &store];
    assert!(printed(run(&folder, &list)).starts_with(&id));
    let revoke = ["key", "revoke", of[0], of[1], "--store", &store, &id];
    printed(run(&folder, &revoke));
    assert_eq!(printed(run(&folder, &list)), "");
}

#[test]
fn a_mistyped_folder_gets_no_database() {
    let folder = DataFolder::new();
    let output = run(&folder, &["organization", "create", "My company"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("there is no database"), "{error}");
    assert!(!folder.path().exists());
}

#[test]
fn mistakes_are_named() {
    let folder = DataFolder::new();
    printed(run(&folder, &["migrate"]));
    let nobody = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";
    for (arguments, message) in [
        (
            vec!["organization", "create", "ab"],
            "name must be a text of 3 to 1024 characters",
        ),
        (
            vec!["store", "create", "--organization", "x", "Shop"],
            "an id is a UUID",
        ),
        (
            vec!["store", "create", "--organization", nobody, "Shop"],
            "There is no such organization",
        ),
        (
            vec!["key", "list", "--organization", nobody],
            "There is no such organization",
        ),
        (vec!["serve", "--listen", "nowhere"], "--listen"),
        (
            vec!["serve", "--concurrent-requests-max", "0"],
            "--concurrent-requests-max",
        ),
        (
            vec!["serve", "--token-signing-key", "short"],
            "fewer than 32 bytes",
        ),
        (
            vec!["serve", "--config", "no-such-file.toml"],
            "no-such-file.toml",
        ),
    ] {
        let output = run(&folder, &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

#[test]
fn the_openapi_document_is_printed() {
    let folder = DataFolder::new();
    let document = printed(run(&folder, &["openapi"]));
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v2/inventories/{product}/transactions"]["post"].is_object());
}
