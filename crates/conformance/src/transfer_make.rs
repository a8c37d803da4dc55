//! Short ways to make transfers, and to look at them.

use stockroom_application::PageRequest;
use stockroom_application::ports::TransferCondition;
use stockroom_domain::{
    Arrival, CreateTransfer, EntryAction, Patch, ProductId, Refusal, RequestedOrigin,
    RequestedPlace, RequestedStep, Supplier, TakeStep, Timestamp, Transfer, TransferId,
    TransferParts, TransferState, UpdateTransfer,
};

use crate::client::stored;
use crate::{Bench, Client, make};

pub(crate) fn place(slug: Option<&str>) -> RequestedPlace {
    slug.map_or(RequestedPlace::Unlocated, |slug| {
        RequestedPlace::Location(slug.to_owned())
    })
}

/// A draft that moves pieces of a product.
pub(crate) fn draft(
    product: ProductId,
    pieces: u64,
    from: Option<&str>,
    to: &str,
) -> CreateTransfer {
    CreateTransfer {
        from: RequestedOrigin::Place(place(from)),
        to: place(Some(to)),
        items: vec![(product, make::quantity(pieces))],
        reference: None,
        note: None,
        expected_at: None,
        state: TransferState::Draft,
        reason: None,
    }
}

fn acme() -> Supplier {
    Supplier::new("supplier", "ACME").expect("a supplier")
}

/// A delivery that is ordered.
pub(crate) fn delivery(
    items: &[(ProductId, u64)],
    to: &str,
    expected_at: Option<Timestamp>,
) -> CreateTransfer {
    let items = items
        .iter()
        .map(|(it, pieces)| (*it, make::quantity(*pieces)));
    CreateTransfer {
        from: RequestedOrigin::Supplier(acme()),
        to: place(Some(to)),
        items: items.collect(),
        reference: None,
        note: None,
        expected_at,
        state: TransferState::InTransit,
        reason: None,
    }
}

pub(crate) fn step(transfer: &Transfer, step: RequestedStep) -> TakeStep {
    TakeStep {
        transfer: transfer.reference(),
        step,
        reason: None,
        expect_version: None,
    }
}

pub(crate) fn update(transfer: &Transfer) -> UpdateTransfer {
    UpdateTransfer {
        transfer: transfer.reference(),
        from: None,
        to: None,
        items: None,
        reference: Patch::Keep,
        note: Patch::Keep,
        expected_at: Patch::Keep,
        expect_version: None,
    }
}

pub(crate) fn of(product: ProductId, pieces: u64) -> TransferParts {
    [(product, make::quantity(pieces))].into()
}

/// Pieces that arrive in order, damaged, never, and beyond those under way.
pub(crate) fn arrival(product: ProductId, pieces: [u64; 4]) -> RequestedStep {
    let [received, damaged, missing, surplus] = pieces.map(make::quantity);
    let arrival = Arrival {
        received,
        damaged,
        missing,
        surplus,
    };
    RequestedStep::Receive(Some([(product, arrival)].into()))
}

pub(crate) const fn is(state: TransferState) -> Refusal {
    Refusal::transfer_is(state)
}

impl Client {
    /// Takes a step, and checks that what is read afterwards is what was answered.
    pub(crate) async fn takes(&self, transfer: &Transfer, taken: RequestedStep) -> Transfer {
        let after = self.done(step(transfer, taken)).await;
        assert_eq!(self.transfer(after.id).await.as_ref(), Some(&after));
        after
    }

    pub(crate) async fn transfer(&self, id: TransferId) -> Option<Transfer> {
        stored(self.database.transfer(self.scope, id).await)
    }

    pub(crate) async fn transfers(&self, filter: &[TransferCondition]) -> Vec<TransferId> {
        let page = PageRequest::from_offset(100, 0);
        let page = self.database.list_transfers(self.scope, filter, page).await;
        let page = stored(page);
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.iter().map(|transfer| transfer.id).collect()
    }

    /// The entries of a product: where, what, how many and why.
    pub(crate) async fn moves(
        &self,
        product: ProductId,
    ) -> Vec<(String, EntryAction, u64, String)> {
        let history = self.history(product).await.into_iter();
        let moves = history.map(|recorded| {
            let entry = recorded.entry;
            let place = recorded.slug.map(|slug| slug.to_string());
            let reason = entry.annotation.reason.map(|reason| reason.to_string());
            (
                place.unwrap_or_default(),
                entry.action,
                entry.quantity.get(),
                reason.unwrap_or_default(),
            )
        });
        moves.filter(|(.., reason)| !reason.is_empty()).collect()
    }

    /// The pieces under way to a product's stock.
    pub(crate) async fn under_way(&self, product: ProductId) -> Vec<u64> {
        let planned = self.database.planned_stocks(self.scope, &[product]).await;
        let planned = stored(planned).pop().expect("it is managed");
        let stock = self.stock(product).await;
        assert_eq!(stock.as_ref(), Some(&planned.stock));
        let expected = planned.expected;
        expected.iter().map(|it| it.quantity.get()).collect()
    }

    pub(crate) async fn overdue(&self, now: Timestamp) -> Vec<TransferId> {
        let overdue = self
            .database
            .overdue_transfers(self.scope.organization, now, 10);
        stored(overdue.await).iter().map(|it| it.id).collect()
    }
}

/// A store with a product that has 20 pieces in york, and none in leeds.
pub(crate) async fn york(bench: &Bench) -> (Client, ProductId) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("york").await;
    store.locate("leeds").await;
    store.done(make::stock(product, 0, [("york", 20)])).await;
    (store, product)
}
