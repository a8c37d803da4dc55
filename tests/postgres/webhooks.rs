//! Webhooks of several servers.

use stockroom_test_postgres::TestDatabase;

use crate::support::{Receiver, Server, product};
use crate::webhooks::{LOOPBACK, check, delivered, feed, integrate};

/// When the server that delivers is killed, another one goes on, and nothing is lost. At most one
/// delivers at a time: otherwise the events of a subject would come out of order.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_goes_on_when_one_is_killed() {
    let database = TestDatabase::create().await;
    let first = Server::start_on_with(database.url(), &LOOPBACK);
    let key = first.first_key();
    let receiver = Receiver::start().await;
    let path = integrate(&first.client(&key).await, &receiver).await;
    // Then it is the first server that delivers.
    receiver.wait_for(1).await;
    let second = Server::start_on_with(database.url(), &LOOPBACK);
    let client = second.client(&key).await;
    for number in 0..4 {
        assert_eq!(client.create_stock(&product(number), 10).await.0, 201);
    }
    for number in 0..60 {
        let product = product(number % 4);
        let (status, answer) = client.transact(&product, "increment", 1).await;
        assert_eq!(status, 200, "{answer}");
    }
    receiver.wait_for(25).await;
    first.kill();
    receiver.mark().await;
    delivered(&client, &path).await;
    let feed = feed(&client).await;
    let twice = check(&receiver.received(), &feed);
    println!("{} events, {twice} of them twice", feed.len());
}
