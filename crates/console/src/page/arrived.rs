//! All that a receipt records, in words.

use stockroom_domain::{Arrival, Quantity, Receipt};

use super::show::Number;

/// `38 received, 1 damaged, 2 missing, 1 surplus`, without those of which there are none.
pub(crate) fn arrived(receipt: &Receipt) -> String {
    let sum = |figure: fn(&Arrival) -> Quantity| {
        let figures = receipt.items.iter().map(|(_, arrival)| figure(arrival));
        figures.fold(Quantity::ZERO, Quantity::saturating_add)
    };
    let sums = [
        (sum(|it| it.received), "received"),
        (sum(|it| it.damaged), "damaged"),
        (sum(|it| it.missing), "missing"),
        (sum(|it| it.surplus), "surplus"),
    ];
    let words = sums.into_iter().filter(|(sum, _)| !sum.is_zero());
    let words = words.map(|(sum, word)| format!("{}\u{a0}{word}", Number::from(sum)));
    words.collect::<Vec<_>>().join(", ")
}
