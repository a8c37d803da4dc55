//! The receipts of a transfer, as its page shows them.

use stockroom_domain::{Arrival, ProductId, Receipt, ReceiptId, Transfer};

use crate::lookup::Titles;
use crate::page::{Number, TimeTag, arrived};

/// The largest number of lines that a page shows of all receipts together.
const LINES_MAX: usize = 1_000;

/// A receipt.
pub(super) struct Shown {
    pub(super) id: ReceiptId,
    /// Its number, counted from the oldest one.
    pub(super) number: usize,
    pub(super) at: TimeTag,
    pub(super) undone_at: Option<TimeTag>,
    /// The words for all that arrived.
    pub(super) sums: String,
    /// The number of its lines, in words.
    pub(super) count: String,
    /// Its lines; none if the page has too many.
    pub(super) lines: Vec<Line>,
}

/// The pieces of a product.
pub(super) struct Line {
    pub(super) title: String,
    pub(super) received: Number,
    pub(super) damaged: Number,
    pub(super) missing: Number,
    pub(super) surplus: Number,
}

/// The receipts, the newest first.
pub(super) fn shown(transfer: &Transfer, titles: &Titles) -> Vec<Shown> {
    let mut room = LINES_MAX;
    let receipts = transfer.progress.receipts.iter().enumerate().rev();
    let receipts = receipts.map(|(index, receipt)| {
        let number = index.saturating_add(1);
        let left = room.checked_sub(receipt.items.len());
        room = left.unwrap_or_default();
        one(number, receipt, left.is_some(), titles)
    });
    receipts.collect()
}

fn one(number: usize, receipt: &Receipt, has_room: bool, titles: &Titles) -> Shown {
    let items = receipt.items.iter();
    let lines = items.filter(|_| has_room);
    Shown {
        id: receipt.id,
        number,
        at: TimeTag(receipt.at),
        undone_at: receipt.undone_at.map(TimeTag),
        sums: arrived(receipt),
        count: match receipt.items.len() {
            1 => "1 line".to_owned(),
            lines => format!("{lines} lines"),
        },
        lines: lines.map(|item| line(item, titles)).collect(),
    }
}

fn line((product, arrival): &(ProductId, Arrival), titles: &Titles) -> Line {
    Line {
        title: titles.title(*product),
        received: arrival.received.into(),
        damaged: arrival.damaged.into(),
        missing: arrival.missing.into(),
        surplus: arrival.surplus.into(),
    }
}
