//! The history of the shop: five days up to the present.

use std::sync::Arc;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use stockroom_application::{Clock as _, NewKey, Stockroom};
use stockroom_domain::{Organization, ReservationId, Store, Timestamp};

use crate::RANDOM_SEED;
use crate::agenda::Agenda;
use crate::catalogue::Item;
use crate::clock::DemoClock;
use crate::foundation::{Founded, found};
use crate::places::Desk;
use crate::sale::{Ending, Sale};
use crate::shop::Shop;
use crate::work::{DAMAGES, Damage, HELD, Mistake, RETURNED};

/// The number of days of history.
const DAYS: i64 = 5;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time for which tills are open each day: as long, up to the time of day that it is now.
const TILL_HOURS: i64 = 10;

/// The number of sales of each desk on a day.
const SALES_A_DAY: [(Desk, u32); 3] = [(Desk::Web, 24), (Desk::Berlin, 15), (Desk::Paris, 11)];

/// Reservations that wait for their payment now: made so many minutes ago, with so many minutes left.
const WAITING: [(Desk, i64, i64); 8] = [
    (Desk::Web, 24, 6),
    (Desk::Paris, 18, 12),
    (Desk::Web, 9, 21),
    (Desk::Berlin, 7, 23),
    (Desk::Web, 6, 9),
    (Desk::Paris, 4, 26),
    (Desk::Web, 2, 28),
    (Desk::Berlin, 1, 29),
];

/// The demonstration.
pub struct Made {
    /// The organization.
    pub organization: Organization,
    /// Its stores.
    pub stores: [Store; 2],
    /// A key of the organization, with its secret.
    pub key: NewKey,
    pub(crate) shop: Shop,
    /// What is still to be done: goods that are paid for and not shipped.
    pub(crate) agenda: Agenda<Step>,
}

/// Something that happens in the shop.
pub(crate) enum Step {
    Sell(Sale),
    Pay(Desk, ReservationId),
    Ship(Desk, ReservationId),
    Release(Desk, ReservationId),
    /// Reservations that have expired are stored as expired.
    Expire,
    StockUp,
    Roast,
    Fill(Desk),
    Bake(Desk),
    GiveAway(Desk),
    Deliver(&'static [(&'static str, u64)]),
    WriteOff(&'static Damage),
    Hold(&'static Damage),
    TakeBack(&'static str, u64, &'static str),
    PutBack(&'static str, u64),
    CountBerlin,
    BookWrongly,
    PutRight(Mistake),
    SellOut,
    SetAside,
    Import,
    Integrate,
}

/// Makes the demonstration: an organization with five days of history that end now. The clock must be
/// that of the Stockroom, which has to work on a database without organizations.
///
/// # Errors
/// If anything of it is refused or fails.
pub async fn make(stockroom: &Arc<Stockroom>, clock: &DemoClock) -> anyhow::Result<Made> {
    let made = make_until(stockroom, clock, clock.now()).await;
    clock.follow_machine();
    made
}

async fn make_until(
    stockroom: &Arc<Stockroom>,
    clock: &DemoClock,
    now: Timestamp,
) -> anyhow::Result<Made> {
    clock.stop_at(now.plus_milliseconds(-DAYS * DAY));
    let Founded {
        organization,
        stores,
        key,
        mut shop,
    } = found(stockroom).await?;
    let mut agenda = Agenda::new();
    let mut random = StdRng::seed_from_u64(RANDOM_SEED);
    plan_work(&mut agenda, now);
    plan_sales(&mut agenda, &mut random, &shop.items, now);
    while let Some((at, step)) = agenda.next_until(now) {
        clock.stop_at(at);
        if matches!(step, Step::Import) {
            shop.import(clock, at).await?;
        } else {
            shop.take(step, at, &mut agenda).await?;
        }
    }
    Ok(Made {
        organization,
        stores,
        key,
        shop,
        agenda,
    })
}

impl Shop {
    /// Takes a step, and notes in the agenda what follows from it. Returns the sale if there was too
    /// little stock for it.
    ///
    /// # Errors
    /// If it is refused or fails. A sale that is refused, or can't go on, is no error.
    pub(crate) async fn take(
        &mut self,
        step: Step,
        at: Timestamp,
        agenda: &mut Agenda<Step>,
    ) -> anyhow::Result<Option<Sale>> {
        match step {
            Step::Sell(sale) => match self.reserve(&sale).await? {
                Some(id) => note_ending(agenda, &sale, id, at),
                None => return Ok(Some(sale)),
            },
            Step::Pay(desk, id) => drop(self.pay(desk, id).await?),
            Step::Ship(desk, id) => drop(self.ship(desk, id).await?),
            Step::Release(desk, id) => drop(self.release(desk, id).await?),
            Step::Expire => self.stockroom.expire_reservations().await?,
            Step::StockUp => {
                self.stock_up().await?;
                self.watch().await?;
            }
            Step::Roast => self.roast().await?,
            Step::Fill(desk) => self.fill_shop(desk).await?,
            Step::Bake(desk) => self.bake(desk).await?,
            Step::GiveAway(desk) => self.give_away(desk).await?,
            Step::Deliver(goods) => self.deliver(goods).await?,
            Step::WriteOff(damage) => self.write_off(damage).await?,
            Step::Hold(held) => self.hold(held).await?,
            Step::TakeBack(sku, pieces, order) => self.take_back(sku, pieces, order).await?,
            Step::PutBack(sku, pieces) => self.put_back(sku, pieces).await?,
            Step::CountBerlin => self.count_berlin().await?,
            Step::BookWrongly => {
                if let Some(mistake) = self.book_wrongly().await? {
                    let later = at.plus_milliseconds(7 * MINUTE + 12 * SECOND);
                    agenda.add(later, Step::PutRight(mistake));
                }
            }
            Step::PutRight(mistake) => self.put_right(&mistake).await?,
            Step::SellOut => {
                for id in self.sell_out().await? {
                    agenda.add(at.plus_milliseconds(3 * MINUTE), Step::Pay(Desk::Web, id));
                    agenda.add(at.plus_milliseconds(5 * HOUR), Step::Ship(Desk::Web, id));
                }
            }
            Step::SetAside => self.set_aside().await?,
            Step::Integrate => self.integrate().await?,
            // Needs the clock; only history has one.
            Step::Import => {}
        }
        Ok(None)
    }
}

/// Notes what becomes of a sale whose goods have just been reserved.
fn note_ending(agenda: &mut Agenda<Step>, sale: &Sale, id: ReservationId, at: Timestamp) {
    let desk = sale.desk;
    let after = |seconds: i64| at.plus_milliseconds(seconds.saturating_mul(SECOND));
    match sale.ending {
        Ending::Paid {
            after: paid,
            shipped_after,
        } => {
            let shipped = after(paid.saturating_add(shipped_after));
            agenda.add(after(paid), Step::Pay(desk, id));
            agenda.add(shipped, Step::Ship(desk, id));
        }
        Ending::Released { after: released } => {
            agenda.add(after(released), Step::Release(desk, id));
        }
        Ending::Abandoned => {
            let seconds = i64::try_from(sale.reserved_seconds).unwrap_or(i64::MAX);
            let expired = seconds.saturating_add(2);
            agenda.add(after(expired), Step::Expire);
        }
    }
}

fn plan_sales(agenda: &mut Agenda<Step>, random: &mut StdRng, items: &[Item], now: Timestamp) {
    for (desk, count) in SALES_A_DAY {
        for day in 0..DAYS {
            // Fewer buy on the first days.
            let fewer = u32::try_from(day).unwrap_or(0);
            for _ in 0..count.saturating_sub(fewer) {
                let hours = match desk {
                    Desk::Web if random.random_range(0..4_u32) == 0 => 24,
                    Desk::Web => 15,
                    Desk::Berlin | Desk::Paris => TILL_HOURS,
                };
                let before = random.random_range(2 * MINUTE..hours * HOUR);
                let before = before.saturating_add(day * DAY);
                let sale = Sale::random(random, items, desk);
                // The first hours are for the opening.
                if let Some(sale) = sale.filter(|_| before < DAYS * DAY - 3 * HOUR) {
                    agenda.add(now.plus_milliseconds(-before), Step::Sell(sale));
                }
            }
        }
    }
    for (desk, minutes_ago, minutes_left) in WAITING {
        let minutes = u64::try_from(minutes_ago.saturating_add(minutes_left)).unwrap_or(30);
        if let Some(sale) = Sale::random(random, items, desk) {
            let at = now.plus_milliseconds(-minutes_ago * MINUTE);
            let waiting = Sale {
                reserved_seconds: minutes.saturating_mul(60),
                ending: Ending::Abandoned,
                ..sale
            };
            agenda.add(at, Step::Sell(waiting));
        }
    }
}

/// Notes the work of all days. Of each day, the tills close at the time of day that it is now.
fn plan_work(agenda: &mut Agenda<Step>, now: Timestamp) {
    let mut add = |days: i64, hours: i64, minutes: i64, step: Step| {
        let before = days * DAY + hours * HOUR + minutes * MINUTE;
        agenda.add(now.plus_milliseconds(-before), step);
    };
    add(DAYS, 0, -25, Step::StockUp);
    for day in 0..DAYS {
        if day < DAYS - 1 {
            add(day, 13, 10, Step::Roast);
            add(day, 11, 40, Step::Fill(Desk::Berlin));
            add(day, 11, 5, Step::Fill(Desk::Paris));
        }
        add(day, 10, 31, Step::Bake(Desk::Berlin));
        add(day, 10, 22, Step::Bake(Desk::Paris));
        if day > 0 {
            add(day, 0, -24, Step::GiveAway(Desk::Berlin));
            add(day, 0, -31, Step::GiveAway(Desk::Paris));
        }
    }
    for damage in &DAMAGES {
        add(damage.days_ago, 6, 17, Step::WriteOff(damage));
    }
    for held in &HELD {
        add(held.days_ago, 6, 2, Step::Hold(held));
    }
    for (day, sku, pieces, order) in RETURNED {
        add(day, 5, 44, Step::TakeBack(sku, pieces, order));
        // The last ones lie there still.
        if day > 1 {
            add(day, 4, 3, Step::PutBack(sku, pieces));
        }
    }
    add(4, 9, 38, Step::Integrate);
    add(4, 8, 12, Step::SellOut);
    add(3, 9, 26, Step::Deliver(&MACHINES));
    add(3, 2, 51, Step::SetAside);
    add(2, 1, 9, Step::CountBerlin);
    add(1, 7, 2, Step::Import);
    add(1, 3, 36, Step::BookWrongly);
    add(0, 8, 47, Step::Deliver(&DRY_GOODS));
}

/// Deliveries of suppliers.
const MACHINES: [(&str, u64); 5] = [
    ("GRD-ELE-E5", 4),
    ("MAC-LEV-01", 2),
    ("KET-ELE-09", 6),
    ("ACC-TMP-58", 10),
    ("BRW-MOK-3", 12),
];
const DRY_GOODS: [(&str, u64); 5] = [
    ("TEA-ASS-100", 24),
    ("TEA-SEN-100", 18),
    ("CHO-MAD-70", 48),
    ("ACC-CLN-PT", 30),
    ("FIL-AER-350", 40),
];
