//! Events of several servers.

use super::Servers;
use crate::events::{follow_and_compare, has_python};

/// The copies are kept with one server, and changes made with both.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_keeps_a_copy() {
    if !has_python() {
        return;
    }
    let Servers { servers, database } = Servers::<2>::start().await;
    let first = servers[0].first_key();
    let url = ["--database-url", database.url()];
    follow_and_compare(&[&servers[0], &servers[1]], &first, url).await;
}
