//! The requests that are measured.

use rand::RngExt as _;
use rand::rngs::StdRng;
use stockroom_domain::{ItemPlace, OrderId, ProductId, ReservationItem};
use uuid::Uuid;

use crate::cases::{read, reserve};
use crate::load::Request;
use crate::products::Choice;
use crate::seed::quantity;

/// Something that clients do.
pub(crate) struct Operation {
    pub(crate) title: &'static str,
    pub(crate) request: Request,
    pub(crate) among: Among,
    pub(crate) choice: Choice,
    pub(crate) is_reserving: bool,
}

/// What the ids in requests are of.
pub(crate) enum Among {
    Products,
    HeldProducts,
    Reservations,
}

/// A few are for an order.
pub(crate) fn order(number: usize) -> Option<OrderId> {
    let has_order = number.is_multiple_of(10);
    has_order.then(|| OrderId::new("order_id", format!("order-{number}")).ok())?
}

/// One to three items.
pub(crate) fn items(random: &mut StdRng, products: &[Uuid]) -> Vec<ReservationItem> {
    let count = random.random_range(1..=3);
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let product = products.get(random.random_range(..products.len()));
        items.extend(product.map(|product| ReservationItem {
            product: ProductId::new(*product),
            place: ItemPlace::Unnamed,
            quantity: quantity(1),
        }));
    }
    items
}

/// What is measured, in order: what is reserved expires at the end.
pub(crate) fn operations() -> Vec<Operation> {
    let reads = [
        (
            "read one",
            "/v2/inventories/reservations/{product}",
            Among::Reservations,
        ),
        (
            "list, first page",
            "/v2/inventories/reservations?page[limit]=25",
            Among::Products,
        ),
        (
            "holds of a product, first page, always full",
            "/v2/inventories/{product}/holds?page[limit]=25",
            Among::HeldProducts,
        ),
        (
            "holds of any product, first page, full with many",
            "/v2/inventories/{product}/holds?page[limit]=25",
            Among::Products,
        ),
        ("read stock", "/v2/inventories/{product}", Among::Products),
    ];
    let reads = reads.map(|(title, path, among)| Operation {
        title,
        request: read(path),
        among,
        choice: Choice::Uniform,
        is_reserving: false,
    });
    let mut operations = Vec::from(reads);
    operations.push(Operation {
        title: "reserve",
        // Over soon.
        request: reserve(1, false),
        among: Among::Products,
        choice: Choice::Each,
        is_reserving: true,
    });
    operations.push(Operation {
        title: "expire, by reading the stock",
        request: read("/v2/inventories/{product}"),
        among: Among::Products,
        choice: Choice::Each,
        is_reserving: false,
    });
    operations
}
