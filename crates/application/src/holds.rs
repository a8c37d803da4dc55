//! What holds a stock: reservations and transfers.

use stockroom_domain::{ProductId, Quantity};

use crate::access::Administrator;
use crate::page::{Page, PageRequest, Start};
use crate::pipeline::timed;
use crate::ports::{HoldLine, HoldPlace, StoreError, TransferHold};
use crate::stockroom::Stockroom;

/// A line that holds stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// A line of a reservation.
    Reservation(HoldLine),
    /// A line of a transfer, at its origin.
    Transfer(TransferHold),
}

impl Hold {
    fn place(&self) -> HoldPlace {
        match self {
            Self::Reservation(hold) => hold.place(),
            Self::Transfer(hold) => HoldPlace {
                document: hold.transfer.uuid(),
                line: hold.line,
            },
        }
    }
}

/// The open lines of reservations and transfers that hold a stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPage {
    /// The lines, oldest first.
    pub page: Page<Hold, HoldPlace>,
    /// The number of allocated pieces that nothing holds.
    pub allocated_unreserved: Quantity,
}

impl Stockroom {
    /// The lines of reservations of all owners, and of transfers, that hold a product's stock; `None` if it isn't
    /// managed. Orders are shown only to the owners of their reservations.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn holds(
        &self,
        administrator: &Administrator,
        product: ProductId,
        page: PageRequest<HoldPlace>,
    ) -> Result<Option<HoldPage>, StoreError> {
        let scope = administrator.scope();
        // Holds that expire up to now are booked when the stock is read. Holds that expire later still
        // count: they may be being paid for.
        let now = self.now();
        let Some(stock) = self.pipeline.stock(scope, product).await? else {
            return Ok(None);
        };
        let records = self.pipeline.records();
        let transfers = records.transfer_holds(scope.organization, stock.id);
        let transfers = timed("transfer_holds", transfers).await?;
        let (among, skipped) = wider(page, transfers.len());
        let reserved = self
            .pipeline
            .holds(scope.organization, stock.id, now, among);
        let mut reserved = reserved.await?;
        // Stores share stock, but not their orders. The reason of a hold is in the ledger that they share.
        let others = reserved
            .items
            .iter_mut()
            .filter(|hold| hold.owner != scope.acting);
        others.for_each(|hold| hold.order = None);
        let transfers = transfers.into_iter().map(Hold::Transfer).collect();
        let reserved = reserved.map(Hold::Reservation);
        Ok(Some(HoldPage {
            page: merged(reserved, transfers, &page, skipped),
            allocated_unreserved: stock.allocated_unreserved(),
        }))
    }
}

/// The page of reservations out of which, with so many transfers among them, the requested page is made; and the
/// number of reservations before it.
fn wider(page: PageRequest<HoldPlace>, transfers: usize) -> (PageRequest<HoldPlace>, u32) {
    let transfers = u32::try_from(transfers).unwrap_or(u32::MAX);
    match page.start {
        Start::After(_) => (page, 0),
        Start::Offset(offset) => {
            // At most all transfers come before the first one of the page.
            let skipped = offset.saturating_sub(transfers);
            let limit = page.limit.saturating_add(offset.saturating_sub(skipped));
            (PageRequest::from_offset(limit, skipped), skipped)
        }
    }
}

/// The requested page of reservations and transfers together.
fn merged(
    reserved: Page<Hold, HoldPlace>,
    transfers: Vec<Hold>,
    page: &PageRequest<HoldPlace>,
    skipped: u32,
) -> Page<Hold, HoldPlace> {
    let total = transfers.len() as u64;
    let total = reserved
        .total
        .map(|reserved| reserved.saturating_add(total));
    let has_more = reserved.next.is_some();
    let last = reserved.items.last().map(Hold::place);
    let is_asked_for = |hold: &Hold| page.place().is_none_or(|after| hold.place() > *after);
    // Those behind the reservations that were read belong to a later page, if there are more of these.
    let is_near = |hold: &Hold| !has_more || last.is_none_or(|last| hold.place() < last);
    let transfers = transfers.into_iter();
    let mut all: Vec<Hold> = transfers
        .filter(|hold| is_asked_for(hold) && is_near(hold))
        .collect();
    all.extend(reserved.items);
    all.sort_by_key(Hold::place);
    // The skipped reservations all come before the page, and aren't in the list.
    let to_skip = page.offset().saturating_sub(skipped) as usize;
    let mut items: Vec<Hold> = all.into_iter().skip(to_skip).collect();
    let cut = page.cut(&mut items, Hold::place);
    let next = cut.or_else(|| items.last().filter(|_| has_more).map(Hold::place));
    Page { items, total, next }
}

#[cfg(test)]
mod tests {
    use stockroom_domain::{Owner, ReservationState, TransferState};
    use uuid::Uuid;

    use super::*;

    fn id(number: u32) -> Uuid {
        Uuid::from_u128(number.into())
    }

    fn reserved(number: u32) -> HoldLine {
        HoldLine {
            reservation: id(number).into(),
            line: 0,
            owner: Owner::Organization,
            order: None,
            state: ReservationState::Paid,
            reason: None,
            slug: None,
            quantity: Quantity::ZERO,
        }
    }

    fn transferred(number: u32) -> Hold {
        Hold::Transfer(TransferHold {
            transfer: id(number).into(),
            line: 0,
            state: TransferState::Ready,
            slug: None,
            quantity: Quantity::ZERO,
        })
    }

    /// The page of reservations and transfers with these numbers.
    fn page(
        reservations: &[u32],
        transfers: &[u32],
        request: PageRequest<HoldPlace>,
    ) -> Page<Hold, HoldPlace> {
        let (among, skipped) = wider(request, transfers.len());
        let reservations = reservations.iter().map(|it| reserved(*it)).collect();
        let page = Page::of(reservations, &among, HoldLine::place);
        let transfers = transfers.iter().map(|it| transferred(*it)).collect();
        merged(page.map(Hold::Reservation), transfers, &request, skipped)
    }

    /// Every page of every mixture is the one that the whole list has there, by offsets and by places.
    #[test]
    fn pages_are_those_of_the_whole_list() {
        for mixture in 0..256_u32 {
            let (transfers, reservations): (Vec<u32>, Vec<u32>) =
                (1..=8).partition(|number| mixture & (1 << (number - 1)) != 0);
            let all: Vec<u32> = (1..=8).collect();
            for limit in 1..=9 {
                for offset in 0..=9 {
                    let by_offset = PageRequest::from_offset(limit, offset);
                    let start = HoldPlace {
                        document: id(offset),
                        line: 0,
                    };
                    for request in [by_offset, PageRequest::after(limit, start)] {
                        let page = page(&reservations, &transfers, request);
                        let expected: Vec<Uuid> = all.iter().map(|number| id(*number)).collect();
                        let (offset, limit) = (offset as usize, limit as usize);
                        let expected = expected.into_iter().skip(offset);
                        let expected: Vec<Uuid> = expected.take(limit).collect();
                        let found = page.items.iter().map(|hold| hold.place().document);
                        let found: Vec<Uuid> = found.collect();
                        let told = format!("{transfers:?} among {reservations:?}: {request:?}");
                        assert_eq!(found, expected, "{told}");
                        let has_more = offset + limit < all.len();
                        let next = expected.last().filter(|_| has_more);
                        assert_eq!(page.next.map(|it| it.document), next.copied(), "{told}");
                        assert_eq!(page.total, Some(8), "{told}");
                    }
                }
            }
        }
    }
}
