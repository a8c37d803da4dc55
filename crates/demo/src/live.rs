//! The shop goes on while somebody watches.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use stockroom_domain::TransactionAction::Increment;

use crate::RANDOM_SEED;
use crate::agenda::Agenda;
use crate::history::{Made, Step};
use crate::places::Desk;
use crate::sale::{Ending, Sale};
use crate::shop::{Movement, Shop};

/// The shortest and the longest pause between two steps, in milliseconds.
const PAUSE: std::ops::Range<u64> = 1_500..5_500;

/// The largest number of steps, about two days of them: all is kept in memory.
const STEPS_MAX: u32 = 50_000;

/// The number of steps after which somebody fills the shops, or roasts.
const WORK_INTERVAL: u32 = 40;

/// The number of steps that may wait before nothing more is sold.
const WAITING_MAX: usize = 500;

/// The part of the first stock that is delivered when a product runs out.
const DELIVERED_PART: u64 = 4;

/// Has the shop go on: a sale, or another movement, every few seconds. It ends after many thousands of
/// them, or when it is aborted.
pub async fn go_on(made: Made) {
    let Made {
        mut shop,
        mut agenda,
        ..
    } = made;
    let mut random = StdRng::seed_from_u64(RANDOM_SEED.wrapping_add(1));
    let mut missed = None;
    for number in 1..=STEPS_MAX {
        let pause = Duration::from_millis(random.random_range(PAUSE));
        tokio::time::sleep(pause).await;
        let done = shop.go_on(number, missed.take(), &mut random, &mut agenda);
        match done.await {
            Ok(sale) => missed = sale,
            // Somebody may have deleted a product, or the server stops.
            Err(error) => tracing::debug!(%error, "the demonstration left out a step"),
        }
    }
    tracing::info!(steps = STEPS_MAX, "the demonstration makes no more sales");
}

impl Shop {
    /// Takes the next step: a delivery for the sale that was missed, what is due, or else a sale. Returns
    /// the sale if there was too little stock for it.
    pub(crate) async fn go_on(
        &mut self,
        number: u32,
        missed: Option<Sale>,
        random: &mut StdRng,
        agenda: &mut Agenda<Step>,
    ) -> anyhow::Result<Option<Sale>> {
        if let Some(sale) = missed {
            return self.restock(&sale).await.map(|()| None);
        }
        let now = self.stockroom.now();
        let step = if number.is_multiple_of(WORK_INTERVAL) {
            Some(match random.random_range(0..3_u32) {
                0 => Step::Roast,
                1 => Step::Fill(Desk::Berlin),
                _ => Step::Fill(Desk::Paris),
            })
        } else if let Some((_, step)) = agenda.next_until(now) {
            Some(step)
        } else if agenda.len() < WAITING_MAX {
            let desk = Desk::ALL[random.random_range(0..Desk::ALL.len())];
            let sale = Sale::random(random, &self.items, desk);
            sale.map(|sale| Step::Sell(hurried(random, sale)))
        } else {
            None
        };
        match step {
            Some(step) => self.take(step, now, agenda).await,
            None => Ok(None),
        }
    }

    /// Has the goods of a sale delivered of which there was too little.
    async fn restock(&mut self, sale: &Sale) -> anyhow::Result<()> {
        for &(item, pieces) in &sale.lines {
            let (of, location) = (self.items[item].of, self.items[item].location(sale.desk));
            let by = self.people.keeper(of);
            let left = self.balance(by, item, location).await?.available.get();
            if left >= pieces {
                continue;
            }
            let first = self.items[item].pieces[sale.desk.number()];
            let delivered = (first / DELIVERED_PART).max(pieces);
            let reference = self.paper("PO");
            let movement = Movement::new(item, Increment, location, delivered);
            let by = self.people.keeper(of);
            self.move_goods(by, &[movement], "delivery", &reference)
                .await?;
        }
        Ok(())
    }
}

/// The sale with an end that somebody who watches lives to see.
fn hurried(random: &mut StdRng, sale: Sale) -> Sale {
    let ending = match sale.ending {
        Ending::Paid { .. } => Ending::Paid {
            after: random.random_range(15..120),
            shipped_after: random.random_range(20..400),
        },
        Ending::Released { .. } => Ending::Released {
            after: random.random_range(20..180),
        },
        Ending::Abandoned => Ending::Abandoned,
    };
    Sale { ending, ..sale }
}
