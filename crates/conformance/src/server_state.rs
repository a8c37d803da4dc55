//! State that the servers on one database share.

use std::sync::Arc;

use crate::Bench;
use crate::client::stored;
use crate::concurrency::race;

/// Under each name, the first stored value is the one that every server gets.
pub async fn what_is_kept_first_is_kept(bench: Bench) {
    for (name, value, kept) in [
        ("key", &b"\x00first\xff"[..], &b"\x00first\xff"[..]),
        ("key", b"second", b"\x00first\xff"),
        ("KEY", b"", b""),
        ("KEY", b"third", b""),
    ] {
        let got = stored(bench.database.get_or_keep(name, value).await);
        assert_eq!(got, kept, "{name}");
        let read = stored(bench.database.kept(name).await);
        assert_eq!(read.as_deref(), Some(kept), "{name}");
    }
    assert_eq!(stored(bench.database.kept("nothing").await), None);
}

/// Servers that start at once all get the same value.
pub async fn racing_servers_keep_one_value(bench: Bench) {
    let values = race(32, |number| {
        let database = Arc::clone(&bench.database);
        async move {
            let value = number.to_be_bytes();
            stored(database.get_or_keep("key", &value).await)
        }
    });
    let values = values.await;
    assert!(values.iter().all(|value| *value == values[0]));
    let kept = stored(bench.database.get_or_keep("key", b"later").await);
    assert_eq!(kept, values[0]);
}

/// A value is replaced only if it is the stored one, and only by the first replacement.
pub async fn what_is_kept_is_replaced_once(bench: Bench) {
    let replace = async |name: &str, former: &[u8], value: &[u8]| {
        stored(bench.database.replace(name, former, value).await)
    };
    assert!(!replace("key", b"", b"first").await, "nothing is kept");
    assert_eq!(stored(bench.database.kept("key").await), None);
    stored(bench.database.get_or_keep("key", b"\x00first\xff").await);
    stored(bench.database.get_or_keep("other", b"\x00first\xff").await);
    assert!(!replace("key", b"another", b"second").await);
    assert!(replace("key", b"\x00first\xff", b"\x00second").await);
    assert!(!replace("key", b"\x00first\xff", b"third").await);
    for (name, kept) in [("key", &b"\x00second"[..]), ("other", b"\x00first\xff")] {
        let read = stored(bench.database.kept(name).await);
        assert_eq!(read.as_deref(), Some(kept), "{name}");
    }
    let replaced = race(16, |number| {
        let database = Arc::clone(&bench.database);
        async move {
            let value = number.to_be_bytes();
            stored(database.replace("key", b"\x00second", &value).await)
        }
    });
    let replaced = replaced.await;
    assert_eq!(replaced.iter().filter(|replaced| **replaced).count(), 1);
}

/// A database that is available answers a ping.
pub async fn a_database_answers_a_ping(bench: Bench) {
    stored(bench.database.ping().await);
}
