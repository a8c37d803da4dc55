//! Matches stock with ledgers, both in the order of the stock's ids.

use std::iter::Peekable;
use std::vec;

use stockroom_domain::{
    Difference, LedgerVerifier, Problem, RawEntry, RawStock, StockId, VerifiedLedger,
};

/// A ledger that has been verified.
pub(super) enum Closed {
    /// The ledger of a stock.
    Ledger(Box<VerifiedLedger>),
    /// A ledger without a stock.
    NoStock {
        stock: StockId,
        first: i64,
        last: i64,
    },
}

impl Closed {
    /// The stock, if it has to be read again to decide whether there is a difference.
    pub(super) fn doubtful(&self) -> Option<StockId> {
        match self {
            Self::Ledger(ledger) => ledger.last_beyond().map(|_| ledger.stock.id),
            Self::NoStock { stock, .. } => Some(*stock),
        }
    }
}

/// Assigns entries to their stocks.
pub(super) struct Walk {
    stocks: Peekable<vec::IntoIter<RawStock>>,
    open: Option<LedgerVerifier>,
    open_without_stock: Option<Closed>,
    closed: Vec<Closed>,
}

impl Walk {
    /// Starts with the first stock.
    pub(super) fn new(stocks: Vec<RawStock>) -> Self {
        Self {
            stocks: stocks.into_iter().peekable(),
            open: None,
            open_without_stock: None,
            closed: Vec::new(),
        }
    }

    /// Takes the next entry.
    pub(super) fn entry(&mut self, entry: &RawEntry, report: &mut dyn FnMut(Difference)) {
        while self.open_id().is_none_or(|open| open < entry.stock)
            && self
                .stocks
                .peek()
                .is_some_and(|next| next.id <= entry.stock)
        {
            self.advance(report);
        }
        match &mut self.open {
            Some(open) if open.stock().id == entry.stock => open.entry(entry, report),
            _ => self.without_stock(entry),
        }
    }

    /// The ledgers closed since the last call.
    pub(super) fn closed(&mut self) -> Vec<Closed> {
        std::mem::take(&mut self.closed)
    }

    /// Closes the remaining ledgers after the last entry.
    pub(super) fn finish(mut self, report: &mut dyn FnMut(Difference)) -> Vec<Closed> {
        while self.stocks.peek().is_some() {
            self.advance(report);
        }
        self.close();
        self.closed.extend(self.open_without_stock);
        self.closed
    }

    fn open_id(&self) -> Option<StockId> {
        self.open.as_ref().map(|open| open.stock().id)
    }

    /// Goes on to the next stock.
    fn advance(&mut self, report: &mut dyn FnMut(Difference)) {
        self.close();
        let Some(stock) = self.stocks.next() else {
            return;
        };
        while let Some(other) = self.stocks.next_if(|next| next.id == stock.id) {
            report(Difference {
                product: Some(other.product),
                stock: Some(other.id),
                sequence: None,
                problem: Problem::KeptTwice,
            });
        }
        self.open = Some(LedgerVerifier::new(stock));
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.closed.push(Closed::Ledger(Box::new(open.finish())));
        }
    }

    fn without_stock(&mut self, entry: &RawEntry) {
        match &mut self.open_without_stock {
            Some(Closed::NoStock { stock, last, .. }) if *stock == entry.stock => {
                *last = entry.sequence;
            }
            open => {
                let number = entry.sequence;
                let before = open.replace(Closed::NoStock {
                    stock: entry.stock,
                    first: number,
                    last: number,
                });
                self.closed.extend(before);
            }
        }
    }
}
