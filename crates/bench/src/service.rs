//! The same service by hand: what a good engineer would write in a day with axum and sqlx, for one
//! table of stock and one of its history. Each request is one statement in a transaction. No token is
//! checked, nothing can be repeated or undone, no ledger is proved.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::ceiling::{Answer, Document, NewTransaction, TRANSACTIONS, serve};
use crate::load::{self, ONE_STATEMENT};

/// The connections to PostgreSQL: as many as the statements by hand have.
const CONNECTIONS: u32 = 32;

/// Serves until standard input is closed. Prints the address.
///
/// # Errors
/// If there is no address to be had, or no database.
pub(crate) async fn run(socket: &str) -> anyhow::Result<()> {
    load::end_with_input();
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .username("postgres")
        .database("postgres")
        // As the statements by hand have it: plans are made once, and along the index.
        .options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("jit", "off"),
        ]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
    let pool = pool.connect_with(options).await?;
    let router = Router::new().route(TRANSACTIONS, post(transact));
    serve(router.with_state(pool)).await
}

async fn transact(
    State(pool): State<PgPool>,
    Path(product): Path<Uuid>,
    Json(body): Json<Document<NewTransaction>>,
) -> Result<Json<Answer>, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let quantity = i64::try_from(body.data.quantity).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut transaction: Transaction<'_, Postgres> = pool.begin().await.map_err(failed)?;
    let stored = sqlx::query(ONE_STATEMENT)
        .bind(product)
        .bind(quantity)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    if stored.rows_affected() == 0 {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    transaction.commit().await.map_err(failed)?;
    Ok(Json(body.data.answer(product)))
}
