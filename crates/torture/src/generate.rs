//! What is asked for, at random. All of it follows from a seed, the round and the client; when it
//! happens, and what comes of it, does not.

mod reservations;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ask::{Ask, Cut, Kind, Line, Product, Request, Step};
use crate::model::{Action, Change, Expect, Location, TOTAL_MAX};
use crate::reservation::{Act, Pick};
use crate::safety::Safety;

/// Spreads the numbers of rounds over all seeds.
const ROUND_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The most lines in a batch.
const LINES_MAX: usize = 12;
/// The most entries on a page.
const PAGE_MAX: usize = 100;

/// How often each product is chosen, in their order in [`products`].
const LASTING: [(u32, usize); 7] = [(25, 0), (15, 1), (16, 2), (18, 3), (10, 4), (8, 5), (8, 6)];
/// Those of them that are in several places.
const LOCATED: [(u32, usize); 3] = [(16, 2), (10, 4), (8, 6)];
const FLEETING: [(u32, usize); 2] = [(1, 7), (1, 8)];

/// Everything random in a round follows from this.
pub(crate) fn round(seed: u64, round: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_add(round.wrapping_mul(ROUND_FACTOR)))
}

/// The products of a round: none is another round's.
pub(crate) fn products(random: &mut StdRng) -> Vec<Product> {
    use Kind::{Edge, Fleeting, Hot, Scarce};
    use Location::{North, South};
    let mut product = |kind, available, located: &[(Location, u64)]| Product {
        id: uuid::Builder::from_random_bytes(random.random()).into_uuid(),
        kind,
        available,
        located: located.iter().copied().collect::<BTreeMap<_, _>>(),
        safety: safety(random, kind, located),
    };
    vec![
        product(Hot, 40, &[]),
        product(Hot, 40, &[]),
        product(Hot, 20, &[(North, 20), (South, 10)]),
        product(Scarce, 3, &[]),
        product(Scarce, 2, &[(North, 2)]),
        product(Edge, 100, &[]),
        product(Edge, 0, &[(South, 50)]),
        product(Fleeting, 10, &[]),
        product(Fleeting, 10, &[]),
    ]
}

/// What of a product reservations have to leave: nothing of half of them.
fn safety(random: &mut StdRng, kind: Kind, located: &[(Location, u64)]) -> Safety {
    let most = match kind {
        Kind::Hot | Kind::Edge => 8,
        Kind::Scarce => 1,
        Kind::Fleeting => 0,
    };
    if random.random() {
        return Safety::default();
    }
    let mut pieces = || random.random_range(0..=most);
    Safety {
        in_all: pieces(),
        located: located
            .iter()
            .map(|(place, _)| (*place, pieces()))
            .collect(),
    }
}

/// What a client asks for.
pub(crate) struct Generator {
    random: StdRng,
    products: Arc<[Product]>,
    servers: usize,
    /// The server that is asked most of the time, if there is one.
    home: Option<usize>,
    /// How many requests there were.
    number: usize,
    /// Those whose answers are kept under their keys.
    keyed: Vec<usize>,
}

impl Generator {
    pub(crate) fn new(mut random: StdRng, products: Arc<[Product]>, servers: usize) -> Self {
        let home = random.random_range(0..servers);
        Self {
            home: Some(home).filter(|_| random.random()),
            random,
            products,
            servers,
            number: 0,
            keyed: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Step {
        let elsewhere = self.random.random_ratio(1, 10);
        let any = self.random.random_range(0..self.servers);
        let server = self.home.filter(|_| !elsewhere).unwrap_or(any);
        let kind = self.random.random_range(0..100);
        if kind < 4
            && let Some(of) = self.earlier()
        {
            return Step::Again { of, server };
        }
        let mut pick = None;
        let request = match kind {
            4..6 => match self.earlier() {
                Some(of) => Request::Misuse {
                    of,
                    line: self.plain_line(),
                },
                None => self.transaction(),
            },
            6..17 => Request::Stock {
                product: self.lasting(),
            },
            17..20 => self.page(),
            20..38 => self.batch(),
            38..46 => self.fleeting(),
            46..62 => {
                let (request, instead) = self.reservation();
                pick = instead;
                request
            }
            _ => self.transaction(),
        };
        Step::Ask(Box::new(self.ask(request, pick, server)))
    }

    fn ask(&mut self, request: Request, pick: Option<Pick>, server: usize) -> Ask {
        let random = &mut self.random;
        let reads = matches!(&pick, Some(pick) if pick.act == Act::Read);
        let keyed = request.changes() && !reads && random.random_ratio(7, 10);
        let is_kept = keyed && !matches!(request, Request::Create { .. } | Request::Misuse { .. });
        let cut = match random.random_range(0..100) {
            0..3 => Some(Cut::Sending(random.random_range(0..1000))),
            3..7 => {
                let micros = random.random_range(0..3_000);
                Some(Cut::Waiting(Duration::from_micros(micros)))
            }
            _ => None,
        };
        let twin = is_kept && random.random_ratio(1, 16);
        let pause = if random.random_ratio(1, 4) {
            Duration::from_micros(random.random_range(0..4_000))
        } else {
            Duration::ZERO
        };
        if is_kept {
            self.keyed.push(self.number);
        }
        self.number += 1;
        Ask {
            request,
            pick,
            keyed,
            cut: cut.filter(|_| !twin),
            twin,
            server,
            pause,
        }
    }

    /// An earlier request whose answer is kept; more often one of the last.
    fn earlier(&mut self) -> Option<usize> {
        let count = self.keyed.len();
        let back = if self.random.random() {
            self.random.random_range(0..4)
        } else {
            self.random.random_range(0..count.max(1))
        };
        self.keyed.get(count.checked_sub(back + 1)?).copied()
    }

    fn chosen<T: Copy>(&mut self, from: &[(u32, T)]) -> Option<T> {
        let all = from.iter().map(|(weight, _)| weight).sum();
        let mut left: u32 = self.random.random_range(0..all);
        for (weight, value) in from {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return Some(*value),
            }
        }
        None
    }

    fn lasting(&mut self) -> usize {
        self.chosen(&LASTING).unwrap_or_default()
    }

    fn transaction(&mut self) -> Request {
        let product = self.lasting();
        Request::Transact(self.line(product))
    }

    fn batch(&mut self) -> Request {
        let products: Vec<usize> = (0..self.random.random_range(1..=3))
            .map(|_| self.lasting())
            .collect();
        let lines = (0..self.random.random_range(1..=LINES_MAX)).map(|_| {
            let product = products[self.random.random_range(0..products.len())];
            self.line(product)
        });
        Request::Batch {
            lines: lines.collect(),
            atomic: self.random.random(),
        }
    }

    fn page(&mut self) -> Request {
        let offset = if self.random.random() {
            0
        } else {
            self.random.random_range(0..300)
        };
        Request::History {
            product: self.lasting(),
            offset,
            limit: self.random.random_range(1..=PAGE_MAX),
        }
    }

    fn fleeting(&mut self) -> Request {
        let product = self.chosen(&FLEETING).unwrap_or_default();
        match self.random.random_range(0..10) {
            0..3 => Request::Create {
                product,
                available: self.random.random_range(0..20),
            },
            3..6 => Request::Delete { product },
            6..7 => Request::Stock { product },
            _ => Request::Transact(self.line(product)),
        }
    }

    /// A transaction that is in order whatever the stock is.
    fn plain_line(&mut self) -> Line {
        let product = self.lasting();
        let mut line = self.line(product);
        line.change.expect = Expect::default();
        line
    }

    fn line(&mut self, product: usize) -> Line {
        let (kind, location) = self.place(product);
        let action = Action::ALL[self.random.random_range(0..Action::ALL.len())];
        let expect = if kind == Kind::Scarce && self.random.random_ratio(1, 4) {
            self.expect()
        } else {
            Expect::default()
        };
        let reason = self.random.random_ratio(1, 8).then(|| "Found".to_owned());
        Line {
            product,
            change: Change {
                action,
                quantity: self.quantity(kind, action),
                location,
                expect,
            },
            reason,
        }
    }

    /// What a product is there for, and a location of it.
    fn place(&mut self, product: usize) -> (Kind, Option<Location>) {
        let product = self.products.get(product);
        let is_located = product.is_some_and(|it| !it.located.is_empty());
        let location = (is_located && self.random.random_ratio(2, 3))
            .then(|| Location::ALL[self.random.random_range(0..Location::ALL.len())]);
        (product.map_or(Kind::Hot, |it| it.kind), location)
    }

    fn quantity(&mut self, kind: Kind, action: Action) -> u64 {
        let random = &mut self.random;
        match (kind, action) {
            (Kind::Scarce, Action::Set) => random.random_range(0..=4),
            (Kind::Scarce, _) => random.random_range(0..=3),
            (Kind::Edge, _) if random.random_ratio(1, 40) => {
                TOTAL_MAX - random.random_range(0..=100)
            }
            (_, Action::Set) => random.random_range(0..=60),
            _ => random.random_range(0..=12),
        }
    }

    /// A guess that is right now and then.
    fn expect(&mut self) -> Expect {
        let random = &mut self.random;
        let mut expect = Expect::default();
        match random.random_range(0..4) {
            0 => expect.allocated = Some(random.random_range(0..=2)),
            1 => expect.total = Some(random.random_range(0..=4)),
            2 => {
                expect.available = Some(random.random_range(0..=2));
                expect.allocated = Some(random.random_range(0..=2));
            }
            _ => expect.available = Some(random.random_range(0..=3)),
        }
        expect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(seed: u64) -> Vec<Step> {
        let mut random = round(seed, 3);
        let products: Arc<[Product]> = products(&mut random).into();
        let mut generator = Generator::new(random, products, 2);
        (0..2_000).map(|_| generator.next()).collect()
    }

    #[test]
    fn a_seed_says_what_is_asked_for() {
        assert_eq!(steps(7), steps(7));
        assert_ne!(steps(7), steps(8));
    }

    #[test]
    fn everything_is_asked_for() {
        let steps = steps(7);
        let asks = |is: &dyn Fn(&Ask) -> bool| {
            let mut asks = steps.iter().filter_map(|step| match step {
                Step::Ask(ask) => Some(&**ask),
                Step::Again { .. } => None,
            });
            assert!(asks.any(is));
        };
        asks(&|ask| matches!(ask.request, Request::Batch { atomic: true, .. }));
        asks(&|ask| matches!(ask.request, Request::Batch { atomic: false, .. }));
        asks(&|ask| matches!(ask.request, Request::Misuse { .. }));
        asks(&|ask| matches!(ask.request, Request::Stock { .. }));
        asks(&|ask| matches!(ask.request, Request::History { .. }));
        asks(&|ask| matches!(ask.request, Request::Create { .. }));
        asks(&|ask| matches!(ask.request, Request::Delete { .. }));
        asks(&|ask| {
            matches!(&ask.request, Request::Reserve(reserve)
                if ask.pick.is_none() && reserve.order.is_none())
        });
        for is_sourced in [true, false] {
            asks(&|ask| {
                matches!(&ask.request, Request::Reserve(reserve)
                    if reserve.is_sourced == is_sourced && reserve.items.len() > 1)
            });
        }
        asks(&|ask| matches!(ask.request, Request::Availability(_)));
        let acts = |is: fn(&Act<_>) -> bool| {
            asks(&|ask| ask.pick.as_ref().is_some_and(|pick| is(&pick.act)));
        };
        acts(|act| matches!(act, Act::Pay));
        acts(|act| matches!(act, Act::Release(None)));
        acts(|act| matches!(act, Act::Release(Some(_))));
        acts(|act| matches!(act, Act::Fulfil(None)));
        acts(|act| matches!(act, Act::Fulfil(Some(_))));
        acts(|act| matches!(act, Act::Extend { .. }));
        acts(|act| matches!(act, Act::Move { .. }));
        acts(|act| matches!(act, Act::Edit(_)));
        acts(|act| matches!(act, Act::Read));
        asks(&|ask| matches!(ask.cut, Some(Cut::Sending(_))));
        asks(&|ask| matches!(ask.cut, Some(Cut::Waiting(_))));
        asks(&|ask| ask.twin);
        for action in Action::ALL {
            asks(&|ask| {
                let mut lines = ask.request.lines().iter();
                lines.any(|line| line.change.action == action)
            });
        }
        assert!(steps.iter().any(|step| matches!(step, Step::Again { .. })));
    }
}
