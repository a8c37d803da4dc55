//! What is read of reservations when all is quiet.

use std::time::Duration;

use anyhow::Context as _;
use jiff::SignedDuration;
use serde_json::Value;

use super::{get, pages};
use crate::check::Fault;
use crate::client::{Stage, Wire};
use crate::reservation::{Hold, Holds, Shown};

/// Whoever expires later than that does so when the round is long over.
const SOON: SignedDuration = SignedDuration::from_mins(1);

/// How much longer is waited than until the last one expires.
const MARGIN: Duration = Duration::from_millis(20);

/// Waits until all have expired that do so soon, so that nothing changes while it is read.
pub(super) async fn run_out(stage: &Stage) -> anyhow::Result<()> {
    let reservations = list(&mut Wire::new(stage.board.servers()), stage, 0).await?;
    let now = stage.clock.time();
    let times = reservations.iter().filter_map(|it| it.expires_at);
    let soon = times.filter(|at| at.duration_since(now) < SOON);
    if let Some(last) = soon.max() {
        let wait = Duration::try_from(last.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(wait + MARGIN).await;
    }
    Ok(())
}

/// All reservations of a round, on which all servers have to agree.
pub(super) async fn read(stage: &Stage) -> anyhow::Result<(Vec<Shown>, Option<Fault>)> {
    let mut wire = Wire::new(stage.board.servers());
    let reservations = list(&mut wire, stage, 0).await?;
    for server in 1..stage.board.servers() {
        let others = list(&mut wire, stage, server).await?;
        if others != reservations {
            let mut pairs = reservations.iter().zip(&others);
            let differing = pairs.find(|(one, other)| one != other);
            let sentence = match differing {
                Some((one, other)) => format!("servers differ: {one:?}, but {other:?}"),
                None => format!(
                    "servers differ: there are {} reservations, and {}",
                    reservations.len(),
                    others.len(),
                ),
            };
            return Ok((reservations, Some(Fault::new(sentence))));
        }
    }
    Ok((reservations, None))
}

async fn list(wire: &mut Wire, stage: &Stage, server: usize) -> anyhow::Result<Vec<Shown>> {
    let epoch = stage.clock.epoch;
    let path = format!("/v2/inventories/reservations?filter=ge(created_at,{epoch:.3})");
    let (reservations, _) = pages(wire, stage, server, &path).await?;
    Ok(reservations)
}

/// What reservations hold of a product's stock, if there is any.
pub(super) async fn holds(
    wire: &mut Wire,
    stage: &Stage,
    product: usize,
) -> anyhow::Result<Option<Holds>> {
    let id = stage.products.get(product).map(|product| product.id);
    let id = id.unwrap_or_default();
    let stock = get(wire, stage, 0, format!("/v2/inventories/{id}")).await?;
    if stock.is_none() {
        return Ok(None);
    }
    let path = format!("/v2/inventories/{id}/holds");
    let (holds, body): (Vec<Hold>, Value) = pages(wire, stage, 0, &path).await?;
    let allocated_unreserved = body.pointer("/meta/allocated_unreserved");
    let allocated_unreserved = allocated_unreserved.and_then(Value::as_u64);
    Ok(Some(Holds {
        holds,
        allocated_unreserved: allocated_unreserved
            .context("nothing is said of plain allocations")?,
    }))
}
