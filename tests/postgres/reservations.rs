//! Buyers who are spread over three servers, none of which sweeps.

use super::Servers;
use crate::reservations::{
    carts_in_all_orders, carts_that_run_out, expiry_at_the_instant, payments_at_the_last_instant,
    rounds, the_last_piece,
};
use crate::support::{Client, Server};

async fn clients() -> (Servers<3>, Vec<Client>) {
    let servers = Servers::start_with(&["--expiry-sweep-seconds", "0"]).await;
    let key = servers.servers[0].first_key();
    let mut clients = Vec::new();
    for server in &servers.servers {
        clients.push(Server::client(server, &key).await);
    }
    (servers, clients)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_piece_is_reserved_once() {
    let (_servers, clients) = clients().await;
    the_last_piece(&clients, 200, rounds(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_are_reserved_whole() {
    let (_servers, clients) = clients().await;
    carts_in_all_orders(&clients, 40 * rounds(25)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_are_seen_whole_when_they_run_out() {
    let (_servers, clients) = clients().await;
    carts_that_run_out(&clients, 10 * rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_available_from_the_instant_of_expiry_on() {
    let (_servers, clients) = clients().await;
    expiry_at_the_instant(&clients, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_paid_for_or_expires() {
    let (_servers, clients) = clients().await;
    payments_at_the_last_instant(&clients, rounds(100)).await;
}
