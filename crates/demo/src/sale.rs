//! Sales: what is bought, and what becomes of it.

use rand::{RngExt as _, rngs::StdRng};

use crate::catalogue::Item;
use crate::places::Desk;

/// A sale, as it is planned.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    pub(crate) desk: Desk,
    /// The places of the products in the catalogue, and the number of pieces of each.
    pub(crate) lines: Vec<(usize, u64)>,
    /// The time for which it is reserved, in seconds.
    pub(crate) reserved_seconds: u64,
    pub(crate) ending: Ending,
}

/// The end of a sale, in seconds after the step before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// It is paid for, and shipped afterwards.
    Paid { after: i64, shipped_after: i64 },
    /// The buyer gives it up.
    Released { after: i64 },
    /// The buyer goes away, so that it expires.
    Abandoned,
}

/// The time for which the web shop reserves, in seconds; and the tills.
const WEB_SECONDS: u64 = 15 * 60;
const TILL_SECONDS: u64 = 30 * 60;

/// The end of a sale at a till that is not paid for at once: the buyer collects it later.
const COLLECTED_PERCENT: u32 = 12;

impl Sale {
    /// A random sale at a desk; `None` if it sells nothing.
    pub(crate) fn random(random: &mut StdRng, items: &[Item], desk: Desk) -> Option<Self> {
        let lines = basket(random, items, desk);
        let percent = random.random_range(0..100_u32);
        let (reserved_seconds, ending) = match desk {
            Desk::Web => (WEB_SECONDS, web_ending(random, percent)),
            Desk::Berlin | Desk::Paris => (TILL_SECONDS, till_ending(random, percent)),
        };
        (!lines.is_empty()).then_some(Self {
            desk,
            lines,
            reserved_seconds,
            ending,
        })
    }
}

fn web_ending(random: &mut StdRng, percent: u32) -> Ending {
    match percent {
        0..10 => Ending::Abandoned,
        10..16 => Ending::Released {
            after: random.random_range(90..700),
        },
        _ => Ending::Paid {
            after: random.random_range(40..540),
            shipped_after: random.random_range(2 * 3_600..20 * 3_600),
        },
    }
}

fn till_ending(random: &mut StdRng, percent: u32) -> Ending {
    match percent {
        0..2 => Ending::Abandoned,
        2..5 => Ending::Released {
            after: random.random_range(60..300),
        },
        _ if percent < 5 + COLLECTED_PERCENT => Ending::Paid {
            after: random.random_range(60..600),
            shipped_after: random.random_range(3_600..5 * 3_600),
        },
        _ => Ending::Paid {
            after: random.random_range(10..70),
            shipped_after: random.random_range(4..20),
        },
    }
}

/// One to four products that a desk sells, each once.
fn basket(random: &mut StdRng, items: &[Item], desk: Desk) -> Vec<(usize, u64)> {
    let count = match random.random_range(0..12_u32) {
        0..5 => 1,
        5..9 => 2,
        9..11 => 3,
        _ => 4,
    };
    let mut lines: Vec<(usize, u64)> = Vec::new();
    for _ in 0..count {
        let sold = items.iter().enumerate().filter(|(number, item)| {
            item.is_sold_at(desk) && lines.iter().all(|(other, _)| other != number)
        });
        let sold: Vec<(usize, &Item)> = sold.collect();
        let all: u32 = sold.iter().map(|(_, item)| item.weight).sum();
        if all == 0 {
            break;
        }
        let mut left = random.random_range(0..all);
        let found = sold.iter().find(|(_, item)| {
            let is_here = left < item.weight;
            left = left.saturating_sub(item.weight);
            is_here
        });
        if let Some((number, item)) = found {
            lines.push((*number, random.random_range(1..=item.most.max(1))));
        }
    }
    lines
}
