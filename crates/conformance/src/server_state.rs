//! What the servers on one database have in common.

use std::sync::Arc;

use crate::Bench;
use crate::client::stored;
use crate::concurrency::race;

/// What is kept first is what everyone gets, under each name.
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

/// Servers that start at once all get the same.
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

/// A database that is there says so.
pub async fn a_database_answers_a_ping(bench: Bench) {
    stored(bench.database.ping().await);
}
