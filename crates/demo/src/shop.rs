//! The shop, with those who work in it: what they do, they do by use cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockroom_application::{Error, Stockroom, Writer};
use stockroom_domain::{
    Annotation, Balance, Count, CountMany, Counted, ExpiresIn, Invalid, OrderId, ProductId,
    Quantity, Reason, Recorded, Reference, Refusal, ReservationId, ReservationItem, Reserve,
    Transact, TransactMany, TransactionAction,
};

use crate::catalogue::Item;
use crate::places::Desk;
use crate::sale::Sale;

/// The shop.
pub(crate) struct Shop {
    pub(crate) stockroom: Arc<Stockroom>,
    pub(crate) items: Vec<Item>,
    /// The id of each product of the catalogue.
    pub(crate) products: Vec<ProductId>,
    pub(crate) people: People,
    /// The number of the next order of each desk.
    pub(crate) next_orders: [u64; 3],
    /// The number of the next delivery note, transfer and the like.
    pub(crate) next_paper: u64,
}

/// Those who work in the shop: each has a key.
pub(crate) struct People {
    /// The head office, which acts for the organization.
    pub(crate) office: Writer,
    /// The warehouse, which acts for the organization.
    pub(crate) warehouse: Writer,
    /// Those who sell, for each desk by its number.
    pub(crate) desks: [Writer; 3],
}

impl People {
    /// Who sells at a desk.
    pub(crate) const fn at(&self, desk: Desk) -> &Writer {
        &self.desks[desk.number()]
    }

    /// Who moves the goods of a desk's owner.
    pub(crate) const fn keeper(&self, of: Desk) -> &Writer {
        match of {
            Desk::Web => &self.warehouse,
            Desk::Berlin | Desk::Paris => self.at(of),
        }
    }
}

/// A movement of a product.
pub(crate) struct Movement {
    pub(crate) item: usize,
    pub(crate) action: TransactionAction,
    pub(crate) location: Option<&'static str>,
    pub(crate) pieces: u64,
}

impl Movement {
    pub(crate) const fn new(
        item: usize,
        action: TransactionAction,
        location: Option<&'static str>,
        pieces: u64,
    ) -> Self {
        Self {
            item,
            action,
            location,
            pieces,
        }
    }
}

/// The quantity of this number of pieces.
pub(crate) fn quantity(pieces: u64) -> Quantity {
    Quantity::new(pieces).unwrap_or(Quantity::MAX)
}

/// Notes for the ledger.
fn annotation(reason: &str, reference: &str) -> Result<Annotation, Invalid> {
    Ok(Annotation {
        reason: Some(Reason::new("reason", reason)?),
        reference: Some(Reference::new("reference", reference)?),
    })
}

impl Shop {
    /// The place in the catalogue of the product with this SKU.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn item(&self, sku: &str) -> anyhow::Result<usize> {
        let found = self.items.iter().position(|item| item.sku == sku);
        found.ok_or_else(|| anyhow::anyhow!("the catalogue has no product {sku:?}"))
    }

    /// The number of a new delivery note, transfer or the like, after these letters.
    pub(crate) fn paper(&mut self, letters: &str) -> String {
        let number = self.next_paper;
        self.next_paper = number.saturating_add(1);
        format!("{letters}-{number}")
    }

    /// Moves goods, all or none, and notes why.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn move_goods(
        &self,
        by: &Writer,
        movements: &[Movement],
        reason: &str,
        reference: &str,
    ) -> anyhow::Result<Vec<Recorded>> {
        if movements.is_empty() {
            return Ok(Vec::new());
        }
        let annotation = annotation(reason, reference)?;
        let lines = movements.iter().map(|movement| {
            let product = self.products[movement.item];
            let transact = Transact::new(product, movement.action, quantity(movement.pieces));
            Some(Transact {
                location: movement.location.map(Into::into),
                annotation: annotation.clone(),
                ..transact
            })
        });
        let request = TransactMany {
            lines: lines.collect(),
            atomic: true,
        };
        let lines = self.stockroom.execute(by, request).await?;
        Ok(lines.into_iter().collect::<Result<_, Refusal>>()?)
    }

    /// The figures of a position of a product.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn balance(
        &self,
        by: &Writer,
        item: usize,
        location: Option<&str>,
    ) -> anyhow::Result<Balance> {
        let stock = self.stockroom.stock(by.caller(), self.products[item]);
        let Some(stock) = stock.await? else {
            return Ok(Balance::default());
        };
        let Some(slug) = location else {
            return Ok(stock.unlocated);
        };
        let mut positions = stock.located.values();
        let found = positions.find(|position| position.slug.as_str() == slug);
        Ok(found.map_or_else(Balance::default, |position| position.balance))
    }

    /// Corrects the books of positions in a location to what was counted.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn count(
        &self,
        by: &Writer,
        location: &str,
        counted: BTreeMap<usize, u64>,
        reference: &str,
    ) -> anyhow::Result<Vec<Counted>> {
        let reference = Reference::new("reference", reference)?;
        let counts = counted.into_iter().map(|(item, pieces)| {
            Some(Count {
                product: self.products[item],
                location: Some(location.into()),
                counted: quantity(pieces),
                reference: Some(reference.clone()),
            })
        });
        let request = CountMany {
            counts: counts.collect(),
            as_of: None,
            atomic: true,
        };
        let counted = self.stockroom.execute(by, request).await?;
        Ok(counted.into_iter().collect::<Result<_, Refusal>>()?)
    }

    /// Reserves the goods of a sale; `None` if there are too few.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) async fn reserve(&mut self, sale: &Sale) -> anyhow::Result<Option<ReservationId>> {
        let desk = sale.desk;
        let lines = sale.lines.iter().map(|(item, pieces)| {
            let location = self.items[*item].location(desk);
            (*item, location, *pieces)
        });
        let lines: Vec<_> = lines.collect();
        self.reserve_lines(desk, &lines, sale.reserved_seconds)
            .await
    }

    /// Reserves goods, wherever they lie; `None` if there are too few.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) async fn reserve_lines(
        &mut self,
        desk: Desk,
        lines: &[(usize, Option<&'static str>, u64)],
        seconds: u64,
    ) -> anyhow::Result<Option<ReservationId>> {
        let number = self.next_orders[desk.number()];
        let order = format!("{}-{number}", desk.order_prefix());
        let items = lines
            .iter()
            .map(|(item, location, pieces)| ReservationItem {
                product: self.products[*item],
                place: location.map(Into::into).into(),
                quantity: quantity(*pieces),
            });
        let request = Reserve {
            order: Some(OrderId::new("order_id", order)?),
            expires_in: ExpiresIn::from_seconds(seconds)?,
            items: items.collect(),
            sourcing: None,
        };
        let reserved = self.stockroom.execute(self.people.at(desk), request).await;
        let reserved = unless_refused(reserved)?;
        if reserved.is_some() {
            self.next_orders[desk.number()] = number.saturating_add(1);
        }
        Ok(reserved.map(|reserved| reserved.reservation.id))
    }

    /// Records that a sale is paid for. Returns whether it still could be.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) async fn pay(&self, desk: Desk, id: ReservationId) -> anyhow::Result<bool> {
        let paid = self.stockroom.pay_reservation(self.people.at(desk), id);
        Ok(unless_refused(paid.await)?.is_some())
    }

    /// Records that the goods of a sale were shipped, or handed over.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) async fn ship(&self, desk: Desk, id: ReservationId) -> anyhow::Result<bool> {
        let by = self.people.at(desk);
        let shipped = self.stockroom.fulfil_reservation(by, id, None).await;
        Ok(unless_refused(shipped)?.is_some())
    }

    /// Gives up a sale.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) async fn release(&self, desk: Desk, id: ReservationId) -> anyhow::Result<bool> {
        let by = self.people.at(desk);
        let released = self.stockroom.release_reservation(by, id, None).await;
        Ok(unless_refused(released)?.is_some())
    }
}

/// `None` for what the rules don't allow: somebody else may have changed the shop.
fn unless_refused<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
