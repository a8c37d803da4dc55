//! The allowed dependencies between crates, checked against the Cargo graph.

use cargo_metadata::{DependencyKind, Package};

const APPLICATION: &str = "stockroom-application";
const BENCH: &str = "stockroom-bench";
const CONSOLE: &str = "stockroom-console";
const CONFORMANCE: &str = "stockroom-conformance";
const DEMO: &str = "stockroom-demo";
const DOMAIN: &str = "stockroom-domain";
const FILES: &str = "stockroom-files";
const FUZZ: &str = "stockroom-fuzz";
const HTTP: &str = "stockroom-http";
const MEMORY: &str = "stockroom-memory";
const POSTGRES: &str = "stockroom-postgres";
const SERVER: &str = "stockroom-server";
const SQL: &str = "stockroom-sql";
const SQLITE: &str = "stockroom-sqlite";
const TEST_POSTGRES: &str = "stockroom-test-postgres";
const TEST_SERVER: &str = "stockroom-test-server";
const TORTURE: &str = "stockroom-torture";
const WEBHOOKS: &str = "stockroom-webhooks";
const XTASK: &str = "xtask";

/// Every crate of the workspace, from the innermost, and the other crates that its code may use.
const LAYERS: [(&str, &[&str]); 19] = [
    (DOMAIN, &[]),
    // The formats of files, without I/O.
    (FILES, &[DOMAIN]),
    (APPLICATION, &[DOMAIN, FILES]),
    (MEMORY, &[APPLICATION, DOMAIN]),
    // What SQL databases have in common, without a driver.
    (SQL, &[APPLICATION, DOMAIN]),
    (SQLITE, &[APPLICATION, DOMAIN, SQL]),
    (POSTGRES, &[APPLICATION, DOMAIN, SQL]),
    (HTTP, &[APPLICATION, DOMAIN, FILES]),
    // The web pages for people: beside the API, and without it.
    (CONSOLE, &[APPLICATION, DOMAIN, FILES]),
    // Sends requests to receivers, and knows nothing of databases.
    (WEBHOOKS, &[APPLICATION, DOMAIN]),
    // Makes an organization by use cases, as clients do, and knows no database.
    (DEMO, &[APPLICATION, DOMAIN, FILES]),
    // The only crate that names adapters, because it wires them.
    (
        SERVER,
        &[
            APPLICATION,
            CONSOLE,
            DEMO,
            DOMAIN,
            HTTP,
            MEMORY,
            POSTGRES,
            SQLITE,
            WEBHOOKS,
        ],
    ),
    // Written against the ports. The memory adapter is the model for the others.
    (CONFORMANCE, &[APPLICATION, DOMAIN, MEMORY]),
    // Provides a PostgreSQL server, and knows nothing of its use.
    (TEST_POSTGRES, &[]),
    // Runs the program as a process, and knows only its output.
    (TEST_SERVER, &[]),
    // Measures from outside, and fills databases through their ports.
    (
        BENCH,
        &[
            APPLICATION,
            DOMAIN,
            POSTGRES,
            SQLITE,
            TEST_POSTGRES,
            TEST_SERVER,
        ],
    ),
    // Has a model of its own, and knows the others only through HTTP.
    (TORTURE, &[TEST_POSTGRES, TEST_SERVER]),
    // Damages requests that follow the API's description, and sends them.
    (FUZZ, &[TEST_POSTGRES, TEST_SERVER]),
    (XTASK, &[]),
];

/// Crates that the tests of any crate may use in addition.
const FOR_TESTS: [&str; 4] = [CONFORMANCE, MEMORY, TEST_POSTGRES, WEBHOOKS];

/// All external crates that the domain may use: no I/O, no async; serde for stored outcomes.
const DOMAIN_USES: [&str; 6] = [
    "blake3",
    "icu_casemap",
    "jiff",
    "serde",
    "thiserror",
    "uuid",
];

/// Families of crates that belong to an edge, by the start of their names, and the crates that may
/// use them.
const EDGES: [(&str, &[&str]); 5] = [
    // The benchmark contains an empty server for comparison.
    ("axum", &[BENCH, CONSOLE, HTTP, SERVER]),
    // The only client in the program: it alone knows which addresses may be called.
    ("hyper", &[WEBHOOKS]),
    ("reqwest", &[BENCH, TORTURE]),
    ("rusqlite", &[SQLITE]),
    // The benchmark contains a service by hand for comparison.
    ("sqlx", &[BENCH, POSTGRES, TEST_POSTGRES, XTASK]),
];

/// A line of a manifest: `from` depends on `to`.
struct Dependency<'a> {
    from: &'a str,
    to: &'a str,
    in_workspace: bool,
    for_tests: bool,
}

pub(super) fn violations(packages: &[&Package]) -> Vec<String> {
    let mut violations = Vec::new();
    for package in packages {
        let Some((from, uses)) = LAYERS
            .iter()
            .find(|(name, _)| name == &package.name.as_str())
        else {
            violations.push(format!(
                "{}: has no place in xtask/src/tidy/layering.rs",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let dependency = Dependency {
                from,
                to: &dependency.name,
                in_workspace: dependency.path.is_some(),
                for_tests: dependency.kind == DependencyKind::Development,
            };
            if let Some(rule) = broken_rule(&dependency, uses) {
                violations.push(format!("{from} → {}: {rule}", dependency.to));
            }
        }
    }
    violations
}

fn broken_rule(dependency: &Dependency<'_>, uses: &[&str]) -> Option<&'static str> {
    let Dependency { from, to, .. } = dependency;
    if dependency.in_workspace {
        let allowed = uses.contains(to) || (dependency.for_tests && FOR_TESTS.contains(to));
        return (!allowed).then_some("the architecture has no such edge");
    }
    if dependency.for_tests {
        return None;
    }
    if *from == DOMAIN && !DOMAIN_USES.contains(to) {
        return Some("not among the few crates that the domain may use");
    }
    EDGES
        .iter()
        .any(|(family, homes)| to.starts_with(family) && !homes.contains(from))
        .then_some("belongs to an edge, and this crate isn't it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(from: &str, to: &str, for_tests: bool) -> bool {
        let (_, uses) = LAYERS.iter().find(|(name, _)| *name == from).unwrap();
        let in_workspace = LAYERS.iter().any(|(name, _)| *name == to);
        let dependency = Dependency {
            from,
            to,
            in_workspace,
            for_tests,
        };
        broken_rule(&dependency, uses).is_none()
    }

    #[test]
    fn dependencies_point_inward() {
        for (from, to) in [
            (APPLICATION, DOMAIN),
            (SQLITE, APPLICATION),
            (SERVER, SQLITE),
            (SERVER, DEMO),
            (CONFORMANCE, MEMORY),
            (DOMAIN, "uuid"),
            (SQLITE, "rusqlite"),
            (HTTP, "axum"),
            (SERVER, WEBHOOKS),
            (WEBHOOKS, APPLICATION),
            (WEBHOOKS, "hyper-util"),
        ] {
            assert!(is_allowed(from, to, false), "{from} → {to}");
        }
        for (from, to) in [
            (DOMAIN, APPLICATION),
            (APPLICATION, SQLITE),
            (HTTP, SQLITE),
            (HTTP, MEMORY),
            (SQLITE, MEMORY),
            (SERVER, CONFORMANCE),
            (DOMAIN, "tokio"),
            (APPLICATION, "sqlx"),
            (APPLICATION, "axum"),
            (SQLITE, "axum-server"),
            (HTTP, WEBHOOKS),
            (DEMO, SQLITE),
            (APPLICATION, "hyper"),
            (SERVER, "reqwest"),
        ] {
            assert!(!is_allowed(from, to, false), "{from} → {to}");
        }
    }

    #[test]
    fn tests_may_use_the_suite_and_the_model() {
        for (from, to, allowed) in [
            (SQLITE, CONFORMANCE, true),
            (POSTGRES, TEST_POSTGRES, true),
            (HTTP, MEMORY, true),
            (DOMAIN, "proptest", true),
            (HTTP, SQLITE, false),
            (DOMAIN, HTTP, false),
        ] {
            assert_eq!(is_allowed(from, to, true), allowed, "{from} → {to}");
        }
    }
}
