//! A small history, made by hand: a server that does everything right, whose traces a test then
//! spoils.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::{Kind, Line, Product, Request};
use crate::check::{Evidence, faults};
use crate::ledger::{self, Entry, Reading};
use crate::model::{Action, Change, Expect, Location, Stock};
use crate::record::{Answer, Attempt, Record, Unclear};
use crate::reservation::{Holds, Shown};
use crate::safety::Safety;

/// Ten pieces, in no location.
pub(super) const PLAIN: usize = 0;
/// Five pieces, and three in the north.
pub(super) const LOCATED: usize = 1;
/// What may be deleted.
pub(super) const FLEETING: usize = 2;

pub(super) struct World {
    pub(super) products: Vec<Product>,
    pub(super) records: Vec<Record>,
    pub(super) histories: Vec<Vec<Value>>,
    /// The stock as each of two servers shows it, where that isn't the sum of the ledger.
    pub(super) shown: BTreeMap<(usize, usize), Value>,
    /// The stock as it is said to have stood at some times.
    pub(super) past: Vec<(usize, Timestamp, Value)>,
    /// The reservations as they stand.
    pub(super) reservations: Vec<Value>,
    /// What is shown as held of a product, and as allocated plainly.
    pub(super) holds: BTreeMap<usize, (Value, u64)>,
    /// What time it is for servers.
    pub(super) at: Timestamp,
    /// The products that have no stock any more.
    pub(super) deleted: BTreeSet<usize>,
    stocks: Vec<Stock>,
    /// How many stocks there have been of the product that is fleeting.
    lives: u128,
    pub(super) now: u64,
}

pub(super) fn line(product: usize, action: Action, quantity: u64) -> Line {
    Line {
        product,
        change: Change {
            action,
            quantity,
            location: None,
            expect: Expect::default(),
        },
        reason: None,
    }
}

pub(super) fn figures(available: u64, allocated: u64) -> Value {
    json!({ "available": available, "allocated": allocated, "total": available + allocated })
}

fn shown(stock: &Stock, id: Uuid) -> Value {
    let sums = stock.sums().unwrap();
    let located = stock.located.iter().map(|(location, it)| {
        let figures = figures(it.available, it.allocated);
        (location.slug().to_owned(), figures)
    });
    let mut attributes = figures(sums.available, sums.allocated);
    attributes["locations"] = Value::Object(located.collect());
    json!({ "attributes": attributes, "meta": { "stock_id": id } })
}

pub(super) fn errors(status: u16) -> Value {
    json!([{ "title": "No", "status": status.to_string() }])
}

pub(super) fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

impl World {
    pub(super) fn new() -> Self {
        let product = |number, kind, available, located: &[(Location, u64)]| Product {
            id: Uuid::from_u128(number),
            kind,
            available,
            located: located.iter().copied().collect(),
            safety: Safety::default(),
        };
        let mut world = Self {
            products: vec![
                product(1, Kind::Hot, 10, &[]),
                product(2, Kind::Scarce, 5, &[(Location::North, 3)]),
                product(3, Kind::Fleeting, 4, &[]),
            ],
            records: Vec::new(),
            histories: vec![Vec::new(); 3],
            shown: BTreeMap::new(),
            past: Vec::new(),
            reservations: Vec::new(),
            holds: BTreeMap::new(),
            at: "2026-01-01T00:00:00.001Z".parse().unwrap(),
            deleted: BTreeSet::new(),
            stocks: vec![Stock::default(); 3],
            lives: 1,
            now: 0,
        };
        for product in [PLAIN, LOCATED, FLEETING] {
            let created = world.products[product].clone();
            world.write(product, Action::Increment, created.available, None, None);
            for (location, quantity) in created.located {
                let action = Action::Increment;
                world.write(product, action, quantity, Some(location), None);
            }
        }
        world
    }

    /// The id of the stock that a product has.
    fn stock_id(&self, product: usize) -> Uuid {
        let lives = if product == FLEETING { self.lives } else { 1 };
        Uuid::from_u128(product as u128 * 1000 + lives)
    }

    /// Writes an entry, and gives it.
    pub(super) fn write(
        &mut self,
        product: usize,
        action: Action,
        quantity: u64,
        location: Option<Location>,
        reference: Option<String>,
    ) -> Value {
        let is_reserved = reference
            .as_ref()
            .is_some_and(|it| it.parse::<Uuid>().is_ok());
        let stock = &mut self.stocks[product];
        let balance = stock.record(location, action, quantity, is_reserved);
        let balance = balance.unwrap();
        let stock = self.stock_id(product);
        let history = &mut self.histories[product];
        let number = history.len() + 1;
        let of_stock = |entry: &&Value| entry["meta"]["stock_id"] == json!(stock);
        let sequence = history.iter().filter(of_stock).count() + 1;
        let mut entry = json!({
            "id": Uuid::from_u128((product * 100_000 + number) as u128),
            "attributes": {
                "action": action,
                "product_id": self.products[product].id,
                "quantity": quantity,
                "balance": figures(balance.available, balance.allocated),
                "sequence": sequence,
            },
            "meta": {
                "timestamps": { "created_at": self.at.to_string() },
                "stock_id": stock,
                "hash": "",
            },
        });
        if let Some(location) = location {
            entry["attributes"]["location"] = json!(location.slug());
        }
        if let Some(reference) = reference {
            entry["attributes"]["reference"] = json!(reference);
        }
        history.push(entry.clone());
        entry
    }

    /// Makes a line as it should be: the entry, or the status of the refusal.
    fn make(&mut self, line: &Line, reference: String) -> Result<Value, u16> {
        let movement = self.stocks[line.product].clone().change(&line.change)?;
        let (action, quantity, location) = (movement.action, movement.quantity, movement.location);
        Ok(self.write(line.product, action, quantity, location, Some(reference)))
    }

    /// Adds a record of a request that took a millisecond, and gives its number.
    pub(super) fn record(&mut self, request: Request, outcome: Result<Answer, Unclear>) -> usize {
        let number = self.records.len();
        self.records.push(Record {
            name: format!("1-1-{number}").into(),
            request,
            keyed: true,
            attempts: Vec::new(),
        });
        self.attempt(number, outcome);
        number
    }

    /// Adds an attempt that took a millisecond.
    pub(super) fn attempt(&mut self, number: usize, outcome: Result<Answer, Unclear>) {
        let invoked = milliseconds(self.now);
        self.now += 1;
        let ended = milliseconds(self.now);
        self.now += 1;
        self.records[number].attempts.push(Attempt {
            server: 0,
            invoked,
            ended,
            outcome,
        });
    }

    /// Has a request be asked for and answered for the first time at these milliseconds.
    pub(super) fn time(&mut self, number: usize, invoked: u64, ended: u64) {
        let attempt = &mut self.records[number].attempts[0];
        (attempt.invoked, attempt.ended) = (milliseconds(invoked), milliseconds(ended));
    }

    fn next_name(&self) -> String {
        format!("1-1-{}", self.records.len())
    }

    /// Asks for a transaction, which is made or refused as it should be.
    pub(super) fn transact(&mut self, line: Line) -> usize {
        let name = self.next_name();
        let answer = match self.make(&line, name) {
            Ok(entry) => said(201, json!({ "data": entry })),
            Err(status) => refused(status),
        };
        self.record(Request::Transact(line), Ok(answer))
    }

    /// Asks for a batch, which is made or refused as it should be.
    pub(super) fn batch(&mut self, lines: Vec<Line>, atomic: bool) -> usize {
        let name = self.next_name();
        let mut stocks = self.stocks.clone();
        let failed = lines.iter().enumerate().find_map(|(number, line)| {
            let made = stocks[line.product].change(&line.change);
            Some((number, made.err()?))
        });
        let answer = if let Some((number, status)) = failed.filter(|_| atomic) {
            let mut errors = errors(status);
            errors[0]["meta"] = json!({ "index": number });
            said(status, json!({ "errors": errors }))
        } else {
            let made = lines.iter().enumerate().map(|(number, line)| {
                let made = self.make(line, format!("{name}-{number}"));
                made.unwrap_or_else(|status| json!({ "errors": errors(status) }))
            });
            let data: Vec<Value> = made.collect();
            said(if atomic { 201 } else { 207 }, json!({ "data": data }))
        };
        self.record(Request::Batch { lines, atomic }, Ok(answer))
    }

    /// Deletes the stock, and gives the number of the request.
    pub(super) fn delete(&mut self, product: usize) -> usize {
        self.deleted.insert(product);
        self.stocks[product] = Stock::default();
        self.record(Request::Delete { product }, Ok(said(204, Value::Null)))
    }

    /// Creates stock anew, and gives the number of the request.
    pub(super) fn create(&mut self, product: usize, available: u64) -> usize {
        self.deleted.remove(&product);
        self.lives += 1;
        self.write(product, Action::Increment, available, None, None);
        let stock = self.shown(product, 0).clone();
        self.shown.clear();
        let request = Request::Create { product, available };
        self.record(request, Ok(said(201, json!({ "data": stock }))))
    }

    /// Reads the stock.
    pub(super) fn read(&mut self, product: usize) -> usize {
        let stock = shown(&self.stocks[product], self.stock_id(product));
        let answer = said(200, json!({ "data": stock }));
        self.record(Request::Stock { product }, Ok(answer))
    }

    /// Reads the first ten entries of the history.
    pub(super) fn page(&mut self, product: usize) -> usize {
        let history = &self.histories[product];
        let page: Vec<&Value> = history.iter().take(10).collect();
        let meta = json!({ "results": { "total": history.len() } });
        let links = json!({ "next": null });
        let page = json!({ "data": page, "links": links, "meta": meta });
        let answer = said(200, page);
        let request = Request::History {
            product,
            offset: 0,
            limit: 10,
        };
        self.record(request, Ok(answer))
    }

    /// The answer to the first attempt.
    pub(super) fn answer(&mut self, number: usize) -> &mut Answer {
        self.records[number].attempts[0].outcome.as_mut().unwrap()
    }

    /// The stock as it is shown, to be changed for one server.
    pub(super) fn shown(&mut self, product: usize, server: usize) -> &mut Value {
        let stock = shown(&self.stocks[product], self.stock_id(product));
        self.shown.entry((product, server)).or_insert(stock)
    }

    /// The stock that the ledger adds up to, to be changed for all that comes.
    pub(super) fn undo_last(&mut self, product: usize) {
        self.histories[product].pop();
        let mut stock = Stock::default();
        for entry in &self.histories[product] {
            let entry = ledger::read::<Entry>(entry).unwrap();
            let (movement, is_reserved) = (entry.movement, entry.reservation().is_some());
            let (location, action) = (movement.location, movement.action);
            stock.record(location, action, movement.quantity, is_reserved);
        }
        self.stocks[product] = stock;
    }

    /// What the check says of all this.
    pub(super) fn faults(&self) -> Vec<String> {
        let readings = (0..self.products.len()).map(|product| {
            let history = self.histories[product].iter();
            let history: Vec<Entry> = history
                .map(|entry| ledger::read::<Entry>(entry).unwrap())
                .collect();
            let stocks = [0, 1].map(|server| {
                let stock = shown(&self.stocks[product], self.stock_id(product));
                let stock = self.shown.get(&(product, server)).unwrap_or(&stock);
                let is_managed = !self.deleted.contains(&product);
                is_managed.then(|| ledger::read(stock).unwrap())
            });
            let past = self.past.iter().filter(|(it, ..)| *it == product);
            let past = past.map(|(_, at, stock)| {
                let stock = ledger::read(stock).unwrap();
                (*at, stock)
            });
            Reading {
                history,
                past: past.collect(),
                stocks: stocks.into(),
                holds: self.holds.get(&product).map(|(holds, plainly)| Holds {
                    holds: ledger::read(holds).unwrap(),
                    allocated_unreserved: *plainly,
                }),
            }
        });
        let readings: Vec<Reading> = readings.collect();
        let evidence = Evidence {
            products: self.products.clone().into(),
            records: self.records.clone(),
            feed: super::feed::told(&readings),
            readings,
            reservations: self.reservations.iter().map(reservation).collect(),
            epoch: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let faults = faults(&evidence).into_iter();
        faults.map(|fault| fault.sentence).collect()
    }

    /// There are faults, and the first says this.
    #[track_caller]
    pub(super) fn assert_fault(&self, says: &str) {
        let faults = self.faults();
        assert!(
            faults.first().is_some_and(|first| first.contains(says)),
            "{faults:?}"
        );
    }
}

fn reservation(shown: &Value) -> Shown {
    ledger::read(shown).unwrap()
}

pub(super) fn refused(status: u16) -> Answer {
    said(status, json!({ "errors": errors(status) }))
}

pub(super) fn said(status: u16, body: Value) -> Answer {
    Answer {
        status,
        replayed: false,
        body,
    }
}
