//! Webhooks of several servers.

use std::collections::VecDeque;

use super::Servers;
use crate::support::{Receiver, Server, product};
use crate::webhooks::{LOOPBACK, check, delivered, feed, integrate};

/// When the server that delivers is killed, another one goes on, and nothing is lost. At most one
/// delivers at a time: otherwise the events of a subject would come out of order.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_goes_on_when_one_is_killed() {
    let Servers { servers, database } = Servers::<2>::start_with(&LOOPBACK).await;
    let [first, second] = servers;
    let key = first.first_key();
    let receiver = Receiver::start().await;
    let mut client = second.client(&key).await;
    let path = integrate(&client, &receiver).await;
    for number in 0..4 {
        assert_eq!(client.create_stock(&product(number), 10).await.0, 201);
    }
    let mut others = VecDeque::from([first, second]);
    for _ in 0..2 {
        for number in 0..60 {
            let product = product(number % 4);
            let (status, answer) = client.transact(&product, "increment", 1).await;
            assert_eq!(status, 200, "{answer}");
        }
        receiver.wait_for(20).await;
        others.push_back(Server::start_on_with(database.url(), &LOOPBACK));
        others.pop_front().unwrap().kill();
        receiver.mark();
        client = others[1].client(&key).await;
    }
    delivered(&client, &path).await;
    let feed = feed(&client).await;
    let twice = check(&receiver.received(), &feed);
    println!("{} events, {twice} of them twice", feed.len());
}
