//! A server that parses and answers what Stockroom does, and does nothing else: no token is
//! checked, nothing is decided or stored. What it manages on this machine with this load is the
//! ceiling for everything that speaks HTTP here.

use axum::extract::Path;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::load;

/// What requests and answers are wrapped in.
#[derive(Deserialize, Serialize)]
pub(crate) struct Document<T> {
    pub(crate) data: T,
}

/// A requested transaction.
#[derive(Deserialize)]
pub(crate) struct NewTransaction {
    r#type: String,
    action: String,
    pub(crate) quantity: u64,
}

/// The answer to it.
pub(crate) type Answer = Document<Transaction>;

#[derive(Serialize)]
pub(crate) struct Transaction {
    id: Uuid,
    r#type: String,
    action: String,
    product_id: Uuid,
    quantity: u64,
    timestamps: Timestamps,
}

#[derive(Serialize)]
struct Timestamps {
    created_at: &'static str,
}

/// Where a transaction is asked for.
pub(crate) const TRANSACTIONS: &str = "/v2/inventories/{product}/transactions";

/// Serves the ceiling until standard input is closed. Prints the address.
///
/// # Errors
/// If there is no address to be had.
pub(crate) async fn run() -> anyhow::Result<()> {
    load::end_with_input();
    serve(Router::new().route(TRANSACTIONS, post(transact))).await
}

/// Serves, and prints the address.
///
/// # Errors
/// If there is no address to be had.
pub(crate) async fn serve(router: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        let _not_vital = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn transact(
    Path(product): Path<Uuid>,
    Json(body): Json<Document<NewTransaction>>,
) -> Json<Answer> {
    Json(body.data.answer(product))
}

impl NewTransaction {
    /// An answer as long as Stockroom's.
    pub(crate) fn answer(self, product: Uuid) -> Answer {
        Document {
            data: Transaction {
                id: product,
                r#type: self.r#type,
                action: self.action,
                product_id: product,
                quantity: self.quantity,
                timestamps: Timestamps {
                    created_at: "2026-01-01T00:00:00.000Z",
                },
            },
        }
    }
}
