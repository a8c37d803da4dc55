//! Imports on several servers.

use super::Servers;
use crate::imports::{check, moved_on, send, status, version};

/// The other server goes on once the lease of the killed one has ended.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_goes_on_with_an_import() {
    let Servers {
        servers,
        database: _kept,
    } = Servers::<2>::start().await;
    let [first, second] = servers;
    let key = first.first_key();
    let client = first.client(&key).await;
    let path = send(&client).await;
    let other = client.at(second.address);
    let mut job = moved_on(&other, &path, 1).await;
    // Checked, and some of it applied.
    while job["attributes"]["lines"]["done"] == 0 {
        job = moved_on(&other, &path, version(&job)).await;
    }
    first.kill();
    while job["attributes"]["completed_at"].is_null() {
        job = moved_on(&other, &path, version(&job)).await;
    }
    assert_eq!(status(&job), "success");
    check(&other, 600, 601).await;
}
