//! The work in the shop beside the sales, in the order of a day.

use std::collections::BTreeMap;

use stockroom_domain::TransactionAction::{self, Allocate, Decrement, Increment};
use stockroom_domain::{
    ItemPlace, Reason, ReservationId, ReservationItem, SetAside, TransactionId,
};

use crate::catalogue::{Item, Note};
use crate::places::{Desk, RETURNS, SHOP_BERLIN, SHOP_PARIS, WAREHOUSE};
use crate::shop::{Movement, Shop, quantity};

/// Goods that can't be sold: on the day that is so many days ago.
pub(crate) struct Damage {
    pub(crate) days_ago: i64,
    pub(crate) sku: &'static str,
    pub(crate) location: &'static str,
    pub(crate) pieces: u64,
    pub(crate) reason: &'static str,
}

/// All damages.
pub(crate) const DAMAGES: [Damage; 5] = [
    Damage {
        days_ago: 4,
        sku: "BRW-CHX-6",
        location: WAREHOUSE,
        pieces: 2,
        reason: "damaged in transit",
    },
    Damage {
        days_ago: 3,
        sku: "CUP-HND-01",
        location: SHOP_PARIS,
        pieces: 1,
        reason: "dropped",
    },
    Damage {
        days_ago: 2,
        sku: "COF-SUM-250",
        location: WAREHOUSE,
        pieces: 6,
        reason: "best before passed",
    },
    Damage {
        days_ago: 1,
        sku: "BRW-V60-S",
        location: SHOP_BERLIN,
        pieces: 1,
        reason: "damaged",
    },
    Damage {
        days_ago: 0,
        sku: "COF-ESP-250",
        location: WAREHOUSE,
        pieces: 4,
        reason: "bags leaked",
    },
];

/// Goods that aren't sold for now: set aside on the day that is so many days ago.
pub(crate) const HELD: [Damage; 5] = [
    Damage {
        days_ago: 4,
        sku: "GRD-HND-C2",
        location: SHOP_BERLIN,
        pieces: 1,
        reason: "display",
    },
    Damage {
        days_ago: 4,
        sku: "KET-GSN-09",
        location: SHOP_PARIS,
        pieces: 1,
        reason: "display",
    },
    Damage {
        days_ago: 3,
        sku: "BRW-AER-01",
        location: WAREHOUSE,
        pieces: 2,
        reason: "quality_control",
    },
    Damage {
        days_ago: 1,
        sku: "CUP-HND-01",
        location: WAREHOUSE,
        pieces: 1,
        reason: "damaged",
    },
    Damage {
        days_ago: 0,
        sku: "COF-FIL-250",
        location: WAREHOUSE,
        pieces: 3,
        reason: "recall",
    },
];

/// Products that a buyer sent back: on the day that is so many days ago, for an order.
pub(crate) const RETURNED: [(i64, &str, u64, &str); 5] = [
    (4, "GRD-HND-C2", 1, "W-10377"),
    (3, "BRW-AER-01", 1, "W-10401"),
    (2, "KET-GSN-09", 1, "W-10398"),
    (1, "CUP-TGO-35", 2, "W-10405"),
    (0, "ACC-SCA-01", 1, "W-10409"),
];

/// The differences that the count in Berlin found.
const COUNTED: [(&str, i64); 12] = [
    ("COF-ETH-250", -1),
    ("COF-COL-250", 0),
    ("COF-BRA-250", 2),
    ("COF-ESP-250", -2),
    ("COF-ESP-1000", 0),
    ("COF-FIL-250", 0),
    ("CHO-MAD-70", -3),
    ("FIL-V60-02", 1),
    ("FIL-AER-350", 0),
    ("CUP-TGO-35", -1),
    ("ACC-PIT-35", 0),
    ("ACC-CLN-PT", 0),
];

/// The missing part of the first stock from which on coffee is roasted, and the number of bags in a batch.
const ROAST_ABOVE_PERCENT: u64 = 7;
const BATCH_BAGS: u64 = 6;

/// The part of the first stock below which shops are filled.
const FILL_BELOW_PERCENT: u64 = 60;

fn percent_of(pieces: u64, percent: u64) -> u64 {
    pieces.saturating_mul(percent) / 100
}

fn is_coffee(item: &Item) -> bool {
    item.sku.starts_with("COF-")
}

impl Shop {
    /// The places in the catalogue of the products that fulfil a condition.
    fn all(&self, condition: impl Fn(&Item) -> bool) -> Vec<usize> {
        let items = self.items.iter().enumerate();
        let found = items.filter(|(_, item)| condition(item));
        found.map(|(number, _)| number).collect()
    }

    /// Roasts coffee, which comes to the warehouse.
    ///
    /// # Errors
    /// If it is refused or fails; so for everything below.
    pub(crate) async fn roast(&mut self) -> anyhow::Result<()> {
        let mut movements = Vec::new();
        for item in self.all(|item| is_coffee(item) && item.note == Note::Nothing) {
            let first = self.items[item].pieces_in(WAREHOUSE);
            let by = &self.people.warehouse;
            let left = self.balance(by, item, Some(WAREHOUSE)).await?.available;
            let missing = first.saturating_sub(left.get());
            if missing > percent_of(first, ROAST_ABOVE_PERCENT) {
                let bags = missing.div_ceil(BATCH_BAGS).saturating_mul(BATCH_BAGS);
                movements.push(Movement::new(item, Increment, Some(WAREHOUSE), bags));
            }
        }
        let reference = self.paper("ROAST");
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, "roasted", &reference)
            .await?;
        Ok(())
    }

    /// Fills a shop from the warehouse, as far as that has goods.
    pub(crate) async fn fill_shop(&mut self, desk: Desk) -> anyhow::Result<()> {
        let mut movements = Vec::new();
        let shop = desk.location();
        for item in self.all(|item| item.of == Desk::Web && item.note == Note::Nothing) {
            let wanted = self.items[item].pieces_in(shop);
            let by = &self.people.warehouse;
            let here = self.balance(by, item, Some(shop)).await?.available.get();
            let there = self.balance(by, item, Some(WAREHOUSE)).await?.available;
            let missing = wanted.saturating_sub(here).min(there.get());
            if here >= percent_of(wanted, FILL_BELOW_PERCENT) || missing == 0 {
                continue;
            }
            movements.push(Movement::new(item, Decrement, Some(WAREHOUSE), missing));
            movements.push(Movement::new(item, Increment, Some(shop), missing));
        }
        let reference = self.paper("TR");
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, "transfer", &reference)
            .await?;
        Ok(())
    }

    /// Bakes in the morning what a store sells during the day.
    pub(crate) async fn bake(&mut self, desk: Desk) -> anyhow::Result<()> {
        let baked = self.all(|item| item.of == desk && item.note == Note::Baked);
        let movements: Vec<Movement> = baked
            .into_iter()
            .map(|item| {
                let pieces = self.items[item].pieces[desk.number()];
                Movement::new(item, Increment, None, pieces)
            })
            .collect();
        let reference = self.paper("BAKERY");
        let by = self.people.at(desk);
        self.move_goods(by, &movements, "baked this morning", &reference)
            .await?;
        Ok(())
    }

    /// Gives away in the evening what is left of that.
    pub(crate) async fn give_away(&mut self, desk: Desk) -> anyhow::Result<()> {
        let mut movements = Vec::new();
        for item in self.all(|item| item.of == desk && item.note == Note::Baked) {
            let left = self.balance(self.people.at(desk), item, None).await?;
            if !left.available.is_zero() {
                movements.push(Movement::new(item, Decrement, None, left.available.get()));
            }
        }
        let reference = self.paper("CLOSING");
        let by = self.people.at(desk);
        self.move_goods(by, &movements, "left over, given away", &reference)
            .await?;
        Ok(())
    }

    /// Takes in a supplier's delivery of these products.
    pub(crate) async fn deliver(&mut self, goods: &[(&str, u64)]) -> anyhow::Result<()> {
        let movements = self.movements(goods, Increment, WAREHOUSE)?;
        let reference = self.paper("PO");
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, "delivery", &reference)
            .await?;
        Ok(())
    }

    fn movements(
        &self,
        goods: &[(&str, u64)],
        action: TransactionAction,
        location: &'static str,
    ) -> anyhow::Result<Vec<Movement>> {
        let movements = goods.iter().map(|(sku, pieces)| {
            let item = self.item(sku)?;
            Ok(Movement::new(item, action, Some(location), *pieces))
        });
        movements.collect()
    }

    /// Writes off damaged goods.
    pub(crate) async fn write_off(&mut self, damage: &Damage) -> anyhow::Result<()> {
        let goods = [(damage.sku, damage.pieces)];
        let movements = self.movements(&goods, Decrement, damage.location)?;
        let reference = self.paper("DMG");
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, damage.reason, &reference)
            .await?;
        Ok(())
    }

    /// Sets goods aside that aren't sold for now.
    pub(crate) async fn hold(&self, held: &Damage) -> anyhow::Result<()> {
        let item = self.item(held.sku)?;
        let request = SetAside {
            reason: Reason::new("reason", held.reason)?,
            items: vec![ReservationItem {
                product: self.products[item],
                place: ItemPlace::Location(held.location.to_owned()),
                quantity: quantity(held.pieces),
            }],
        };
        self.stockroom
            .execute(self.people.at(Desk::Web), request)
            .await?;
        Ok(())
    }

    /// Puts what a buyer sent back on the shelf for returns.
    pub(crate) async fn take_back(
        &mut self,
        sku: &str,
        pieces: u64,
        order: &str,
    ) -> anyhow::Result<()> {
        let movements = self.movements(&[(sku, pieces)], Increment, RETURNS)?;
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, "return", order).await?;
        Ok(())
    }

    /// Moves a product that came back sound to the warehouse.
    pub(crate) async fn put_back(&mut self, sku: &str, pieces: u64) -> anyhow::Result<()> {
        let goods = [(sku, pieces)];
        let mut movements = self.movements(&goods, Decrement, RETURNS)?;
        movements.extend(self.movements(&goods, Increment, WAREHOUSE)?);
        let reference = self.paper("RET");
        let by = &self.people.warehouse;
        self.move_goods(by, &movements, "return checked, sound", &reference)
            .await?;
        Ok(())
    }

    /// Counts a part of the shop in Berlin.
    pub(crate) async fn count_berlin(&mut self) -> anyhow::Result<()> {
        let mut counted = BTreeMap::new();
        for (sku, difference) in COUNTED {
            let item = self.item(sku)?;
            let by = &self.people.office;
            let books = self.balance(by, item, Some(SHOP_BERLIN)).await?;
            let pieces = books.total().get().saturating_add_signed(difference);
            counted.insert(item, pieces.max(books.allocated.get()));
        }
        let reference = self.paper("STOCKTAKING-BERLIN");
        self.count(&self.people.office, SHOP_BERLIN, counted, &reference)
            .await?;
        Ok(())
    }

    /// Books a delivery with a zero too many; returns the entry.
    pub(crate) async fn book_wrongly(&mut self) -> anyhow::Result<Option<Mistake>> {
        let item = self.item("GRD-HND-C2")?;
        let reference = self.paper("PO");
        let movements = [Movement::new(item, Increment, Some(WAREHOUSE), 100)];
        let by = &self.people.warehouse;
        let made = self.move_goods(by, &movements, "delivery", &reference);
        let entry = made.await?.into_iter().next();
        Ok(entry.map(|recorded| Mistake {
            item,
            entry: recorded.entry.id,
            reference,
        }))
    }

    /// Undoes the wrong entry, and books the delivery as it was.
    pub(crate) async fn put_right(&mut self, mistake: &Mistake) -> anyhow::Result<()> {
        let product = self.products[mistake.item];
        let office = &self.people.office;
        self.stockroom.undo(office, product, mistake.entry).await?;
        let movement = Movement::new(mistake.item, Increment, Some(WAREHOUSE), 10);
        let by = &self.people.warehouse;
        self.move_goods(by, &[movement], "delivery", &mistake.reference)
            .await?;
        Ok(())
    }

    /// Sells the last pieces of what is not delivered any more; returns the sales.
    pub(crate) async fn sell_out(&mut self) -> anyhow::Result<Vec<ReservationId>> {
        let mut sales = Vec::new();
        for item in self.all(|item| item.note == Note::SoldOut) {
            let mut lines = Vec::new();
            for desk in Desk::ALL {
                let location = Some(desk.location());
                let left = self.balance(&self.people.office, item, location).await?;
                if !left.available.is_zero() {
                    lines.push((item, location, left.available.get()));
                }
            }
            sales.extend(self.reserve_lines(Desk::Web, &lines, 900).await?);
        }
        Ok(sales)
    }

    /// Sets goods aside for a café, without a reservation.
    pub(crate) async fn set_aside(&mut self) -> anyhow::Result<()> {
        let goods = [("COF-ESP-1000", 12), ("CUP-ESP-6", 4)];
        let movements = self.movements(&goods, Allocate, WAREHOUSE)?;
        let by = &self.people.office;
        self.move_goods(by, &movements, "set aside for Café Anders", "B2B-118")
            .await?;
        Ok(())
    }
}

/// An entry to be undone.
pub(crate) struct Mistake {
    item: usize,
    entry: TransactionId,
    reference: String,
}
