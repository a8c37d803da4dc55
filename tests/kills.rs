//! Power cuts.

use crate::support::{DataFolder, Load, Server};

const ROUNDS: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = DataFolder::new();
    let mut server = Server::start(&folder.path());
    let key = server.first_key();
    let mut load = Load::new();
    load.create_stock(&server.client(&key).await).await;
    for _ in 0..ROUNDS {
        load.start(&[server.client(&key).await]);
        load.wait_for_answers(100).await;
        server.kill();
        load.stop().await;
        server = Server::start(&folder.path());
    }
    load.check(&server.client(&key).await).await;
}
