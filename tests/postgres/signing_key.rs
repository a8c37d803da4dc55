//! Signing keys that servers have in common.

use super::Servers;
use crate::signing_key::keys_are_replaced;

#[tokio::test]
async fn signing_keys_are_replaced_on_all_servers() {
    let Servers { servers, database } = Servers::<2>::start().await;
    keys_are_replaced(["--database-url", database.url()], &servers).await;
}
