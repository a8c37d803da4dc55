//! Secrets among the settings, and who can read what is kept.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

use serde_json::Value;

use crate::support::{DataFolder, Server, stockroom};

#[tokio::test]
async fn a_file_holds_the_signing_key() {
    let folder = DataFolder::new();
    let given = ["--token-signing-key", "a signing key that is long enough"];
    let server = Server::start_with(&folder.path(), &given);
    let key = server.first_key();
    let client = server.client(&key).await;
    drop(server);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", given[1])).unwrap();
    let path = file.path().to_str().unwrap();
    let server = Server::start_with(&folder.path(), &["--token-signing-key-file", path]);
    let client = client.at(server.address);
    assert_eq!(client.get("/v2/inventories").await.0, 200);
}

#[test]
fn a_file_holds_the_database_url() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let complaint = |url: &str| {
        std::fs::write(file.path(), url).unwrap();
        let asked = stockroom()
            .args(["organization", "list"])
            .env("STOCKROOM_DATABASE_URL_FILE", file.path())
            .output()
            .unwrap();
        assert_eq!(asked.status.code(), Some(1), "{asked:?}");
        String::from_utf8(asked.stderr).unwrap()
    };
    let unreachable = complaint("postgres://stockroom:hush@127.0.0.1:1/stockroom\n");
    assert!(
        unreachable.contains("PostgreSQL database can't be opened"),
        "{unreachable}"
    );
    assert!(!unreachable.contains("hush"), "{unreachable}");
    let empty = complaint("\n");
    assert!(empty.contains("is empty"), "{empty}");
}

#[test]
fn a_secret_is_given_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for name in ["database-url", "token-signing-key"] {
        let asked = stockroom()
            .args([
                "serve",
                &format!("--{name}"),
                "text",
                &format!("--{name}-file"),
            ])
            .arg(file.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8(asked.stderr).unwrap();
        assert_eq!(asked.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains("exclude each other"), "{complaint}");
    }
}

/// What a server that starts on a folder of this mode warns of.
fn warnings(mode: u32) -> Vec<Value> {
    let folder = DataFolder::new();
    let path = folder.path();
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    let server = Server::start(&path);
    server.signal(rustix::process::Signal::TERM);
    let (_, log) = server.wait();
    let entries = log.iter().map(|line| serde_json::from_str(line).unwrap());
    let mut warnings: Vec<Value> = entries.collect();
    warnings.retain(|entry| entry["level"] == "WARN");
    for warning in &warnings {
        assert_eq!(warning["path"], path.to_str().unwrap(), "{warning}");
        assert_eq!(warning["mode"], format!("{mode:04o}"), "{warning}");
    }
    warnings
}

#[test]
fn a_data_folder_that_others_may_read_or_change_is_named() {
    for mode in [0o700, 0o711] {
        assert_eq!(warnings(mode), [Value::Null; 0], "{mode:o}");
    }
    for mode in [0o755, 0o740, 0o720, 0o1777] {
        assert_eq!(warnings(mode).len(), 1, "{mode:o}");
    }
}

#[test]
fn what_the_server_makes_is_for_no_one_else() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path()), 0o700);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(server);
}

#[test]
fn compose_asks_for_a_password_and_sets_limits() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let compose = std::fs::read_to_string(root.join("docker-compose.yml")).unwrap();
    let passwords: Vec<_> = compose
        .match_indices("${STOCKROOM_POSTGRES_PASSWORD")
        .collect();
    assert!(!passwords.is_empty());
    for (at, name) in passwords {
        assert!(
            compose[at + name.len()..].starts_with(":?"),
            "{}",
            &compose[at..]
        );
    }
    let services = compose.matches("    image: ").count() + compose.matches("    build: ").count();
    for limit in ["memory: ", "cpus: ", "pids: "] {
        assert_eq!(compose.matches(limit).count(), services, "{limit}");
    }
}
