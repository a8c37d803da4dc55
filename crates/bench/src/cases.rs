//! What is measured. A case is a line here; what its figures are held against, one in `targets`.

use anyhow::ensure;

use crate::load::{BATCH, Request, Way};
use crate::products::Choice;

/// The case of the server that does nothing, which others are held against.
pub(crate) const CEILING: &str = "ceiling";

/// How many connections the statements by hand have.
const BY_HAND_CONNECTIONS: usize = 32;

/// Large statements by hand have the best of these.
const BATCH_CONNECTIONS: [usize; 3] = [2, 4, 8];

/// In seconds: longer than anything is measured.
const A_DAY: u32 = 86_400;

/// Something measured.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// As in `--case`: the groups that it belongs to are the parts of its name.
    pub(crate) name: String,
    /// For readers.
    pub(crate) title: String,
    pub(crate) task: Task,
    pub(crate) choice: Choice,
    /// How many connections there are; if several are given, those count that are best.
    pub(crate) connections: Vec<usize>,
    /// How many changes or reads an answer stands for.
    pub(crate) operations: u64,
}

/// Who does it, and what.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// The server that does nothing.
    Ceiling(Request),
    /// Statements to PostgreSQL.
    ByHand(Way),
    /// The same service by hand.
    Service(Request),
    /// A request to Stockroom.
    Stockroom(Keeping, Request),
}

/// Where the measured server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keeping {
    Postgres,
    Sqlite,
    Memory,
}

impl Keeping {
    const ALL: [Self; 3] = [Self::Postgres, Self::Sqlite, Self::Memory];

    const fn group(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
            Self::Memory => "memory",
        }
    }
}

/// A request that buys a piece of a product.
pub(crate) fn write(action: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/v2/inventories/{product}/transactions".to_owned(),
        body: Some(format!(
            r#"{{"data":{{"type":"stock-transaction","action":"{action}","quantity":1}}}}"#
        )),
        status: 200,
    }
}

/// A request that buys a piece of each of so many products, or of none.
pub(crate) fn write_many(lines: usize) -> Request {
    let line = r#"{"product_id":"{product}","action":"allocate","quantity":1}"#;
    let lines = vec![line; lines].join(",");
    Request {
        method: "POST".to_owned(),
        path: "/v2/inventories/transactions".to_owned(),
        body: Some(format!(r#"{{"data":[{lines}],"atomic":true}}"#)),
        status: 201,
    }
}

/// A request that reserves a piece of a product for this many seconds, for an order that has none yet or
/// for none.
pub(crate) fn reserve(seconds: u32, is_ordered: bool) -> Request {
    let order = if is_ordered {
        r#""order_id":"{fresh}","#
    } else {
        ""
    };
    let item = r#"{"product_id":"{product}","quantity":1}"#;
    let attributes = format!(r#"{{{order}"expires_in":{seconds},"items":[{item}]}}"#);
    Request {
        method: "POST".to_owned(),
        path: "/v2/inventories/reservations".to_owned(),
        body: Some(format!(
            r#"{{"data":{{"type":"stock-reservation","attributes":{attributes}}}}}"#
        )),
        status: 201,
    }
}

/// A request that creates stock.
pub(crate) fn create(pieces: u32) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/v2/inventories/{product}".to_owned(),
        body: Some(format!(r#"{{"data":{{"quantity":{pieces}}}}}"#)),
        status: 201,
    }
}

/// A request that reads.
pub(crate) fn read(path: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        body: None,
        status: 200,
    }
}

/// All cases, with so many connections where nothing else is said.
pub(crate) fn all(connections: usize) -> Vec<Case> {
    let mut cases = vec![Case {
        name: CEILING.to_owned(),
        title: "ceiling: the same requests and answers, nothing done".to_owned(),
        task: Task::Ceiling(write("allocate")),
        choice: Choice::Uniform,
        connections: vec![connections],
        operations: 1,
    }];
    cases.extend(by_hand());
    for (kind, choice) in [("hot", Choice::Hot), ("uniform", Choice::Uniform)] {
        cases.push(Case {
            name: format!("service/{kind}"),
            title: format!("the same service by hand: {kind}"),
            task: Task::Service(write("allocate")),
            choice,
            connections: vec![connections],
            operations: 1,
        });
    }
    for keeping in Keeping::ALL {
        for (name, title, choice, request) in [
            ("writes/hot", "writes, hot", Choice::Hot, write("allocate")),
            (
                "writes/uniform",
                "writes, uniform",
                Choice::Uniform,
                write("allocate"),
            ),
            (
                "writes/five",
                "atomic batches of 5",
                Choice::Uniform,
                write_many(5),
            ),
            (
                "writes/thousand",
                "atomic batches of 1,000",
                Choice::Uniform,
                write_many(1_000),
            ),
            (
                "read",
                "single reads",
                Choice::Uniform,
                read("/v2/inventories/{product}"),
            ),
            (
                "list",
                "first page of stock",
                Choice::Uniform,
                read("/v2/inventories"),
            ),
            (
                "history",
                "first page of a history",
                Choice::WithHistory,
                read("/v2/inventories/{product}/transactions"),
            ),
        ] {
            cases.push(stockroom(
                keeping,
                (name, title),
                choice,
                request,
                connections,
            ));
        }
    }
    cases.extend(reservations(connections));
    cases.push(stockroom(
        Keeping::Postgres,
        ("lone", "a lone client's writes"),
        Choice::Uniform,
        write("allocate"),
        1,
    ));
    cases
}

/// Reservations, which stay: a server that keeps everything in memory would only show how many.
fn reservations(connections: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for keeping in [Keeping::Postgres, Keeping::Sqlite] {
        for (name, title, choice, is_ordered) in [
            ("reserve/hot", "reservations, hot", Choice::Hot, false),
            (
                "reserve/uniform",
                "reservations, uniform",
                Choice::Uniform,
                false,
            ),
            (
                "reserve/order/hot",
                "reservations for orders, hot",
                Choice::Hot,
                true,
            ),
            (
                "reserve/order/uniform",
                "reservations for orders, uniform",
                Choice::Uniform,
                true,
            ),
        ] {
            let request = reserve(A_DAY, is_ordered);
            let names = (name, title);
            cases.push(stockroom(keeping, names, choice, request, connections));
        }
    }
    cases
}

fn stockroom(
    keeping: Keeping,
    (name, title): (&str, &str),
    choice: Choice,
    request: Request,
    connections: usize,
) -> Case {
    let operations = match name {
        "writes/five" => 5,
        "writes/thousand" => 1_000,
        _ => 1,
    };
    Case {
        name: format!("{}/{name}", keeping.group()),
        title: format!("Stockroom, {}: {title}", keeping.title()),
        task: Task::Stockroom(keeping, request),
        choice,
        connections: vec![connections],
        operations,
    }
}

fn by_hand() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, title, way) in [
        ("for-update", "for update", Way::ForUpdate),
        ("one-statement", "one statement", Way::OneStatement),
        ("batch", "batch", Way::Batch),
    ] {
        let many = match way {
            Way::Batch => BATCH_CONNECTIONS.to_vec(),
            Way::ForUpdate | Way::OneStatement => vec![BY_HAND_CONNECTIONS],
        };
        let alternatives = [
            ("hot", "hot", Choice::Hot, many.clone()),
            ("uniform", "uniform", Choice::Uniform, many),
            ("lone", "a lone client", Choice::Uniform, vec![1]),
        ];
        for (kind, kind_title, choice, connections) in alternatives {
            // Nobody waits for a batch.
            if (way, kind) == (Way::Batch, "lone") {
                continue;
            }
            cases.push(Case {
                name: format!("by-hand/{name}/{kind}"),
                title: format!("by hand, {title}: {kind_title}"),
                task: Task::ByHand(way),
                choice,
                connections,
                operations: if way == Way::Batch { BATCH as u64 } else { 1 },
            });
        }
    }
    cases
}

/// Whether a selector means the case of this name: is it, or some parts of it.
pub(crate) fn is_selected(name: &str, selector: &str) -> bool {
    format!("/{name}/").contains(&format!("/{selector}/"))
}

/// The cases that are meant; all if nothing is selected. `others` are the names of those that are
/// not made here.
///
/// # Errors
/// If a selector means nothing.
pub(crate) fn select(
    cases: Vec<Case>,
    others: &[&str],
    selectors: &[String],
) -> anyhow::Result<Vec<Case>> {
    for selector in selectors {
        let names = cases.iter().map(|case| case.name.as_str());
        let mut names = names.chain(others.iter().copied());
        let known: Vec<&str> = names.clone().collect();
        ensure!(
            names.any(|name| is_selected(name, selector)),
            "there is no case or group {selector}; the cases are: {}",
            known.join(", ")
        );
    }
    let selected = |case: &Case| {
        let mut selectors = selectors.iter();
        selectors.len() == 0 || selectors.any(|selector| is_selected(&case.name, selector))
    };
    Ok(cases.into_iter().filter(selected).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn selected(selectors: &[&str]) -> anyhow::Result<Vec<String>> {
        let selectors: Vec<String> = selectors.iter().map(|it| (*it).to_owned()).collect();
        let cases = select(all(64), &["lists"], &selectors)?;
        Ok(cases.into_iter().map(|case| case.name).collect())
    }

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let names: BTreeSet<String> = all(1).into_iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all(1).len());
    }

    #[test]
    fn cases_are_selected_by_name_and_by_group() {
        assert_eq!(selected(&["ceiling"]).unwrap(), ["ceiling"]);
        assert_eq!(
            selected(&["postgres/writes"]).unwrap(),
            [
                "postgres/writes/hot",
                "postgres/writes/uniform",
                "postgres/writes/five",
                "postgres/writes/thousand",
            ]
        );
        assert_eq!(selected(&["writes/hot"]).unwrap().len(), 3);
        assert_eq!(selected(&["memory"]).unwrap().len(), 7);
        assert_eq!(selected(&["lone", "read"]).unwrap().len(), 6);
        assert_eq!(selected(&[]).unwrap().len(), all(64).len());
        assert!(selected(&["lists"]).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_case_is_refused() {
        for selector in ["postgre", "", "writes/", "Ceiling"] {
            let error = selected(&[selector]).unwrap_err().to_string();
            assert!(error.contains("sqlite/writes/hot, "), "{error}");
            assert!(error.ends_with("lists"), "{error}");
        }
    }
}
