//! Which crate may depend on which, held against the Cargo graph.

use cargo_metadata::{DependencyKind, Package};

const APPLICATION: &str = "stockroom-application";
const BENCH: &str = "stockroom-bench";
const CONFORMANCE: &str = "stockroom-conformance";
const DOMAIN: &str = "stockroom-domain";
const FUZZ: &str = "stockroom-fuzz";
const HTTP: &str = "stockroom-http";
const MEMORY: &str = "stockroom-memory";
const POSTGRES: &str = "stockroom-postgres";
const SERVER: &str = "stockroom-server";
const SQLITE: &str = "stockroom-sqlite";
const TEST_POSTGRES: &str = "stockroom-test-postgres";
const TEST_SERVER: &str = "stockroom-test-server";
const TORTURE: &str = "stockroom-torture";
const XTASK: &str = "xtask";

/// Every crate of the workspace, inside first, and the other ones that its code may use.
const LAYERS: [(&str, &[&str]); 14] = [
    (DOMAIN, &[]),
    (APPLICATION, &[DOMAIN]),
    (MEMORY, &[APPLICATION, DOMAIN]),
    (SQLITE, &[APPLICATION, DOMAIN]),
    (POSTGRES, &[APPLICATION, DOMAIN]),
    (HTTP, &[APPLICATION, DOMAIN]),
    // The only crate that names an adapter: it wires them.
    (
        SERVER,
        &[APPLICATION, DOMAIN, HTTP, MEMORY, POSTGRES, SQLITE],
    ),
    // Written against the ports; the memory adapter is the model that others are compared with.
    (CONFORMANCE, &[APPLICATION, DOMAIN, MEMORY]),
    // Has a PostgreSQL server at hand, and knows nothing of what it is for.
    (TEST_POSTGRES, &[]),
    // Has the program as a process, and knows of it what it says.
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
    // Its model is its own: it knows of the others only what they say over HTTP.
    (TORTURE, &[TEST_POSTGRES, TEST_SERVER]),
    // Sends what the API's description says, damaged.
    (FUZZ, &[TEST_POSTGRES, TEST_SERVER]),
    (XTASK, &[]),
];

/// What the tests of any crate may use beyond that.
const FOR_TESTS: [&str; 3] = [CONFORMANCE, MEMORY, TEST_POSTGRES];

/// All that the domain may use of other people's code: no I/O, no async; serde for what is kept of outcomes.
const DOMAIN_USES: [&str; 5] = ["blake3", "jiff", "serde", "thiserror", "uuid"];

/// Families of crates that belong to an edge, by the start of their names, and where that is.
const EDGES: [(&str, &[&str]); 2] = [
    // The benchmark has a server that does nothing, to compare with.
    ("axum", &[BENCH, HTTP, SERVER]),
    ("sqlx", &[POSTGRES, SQLITE, TEST_POSTGRES, XTASK]),
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
            (CONFORMANCE, MEMORY),
            (DOMAIN, "uuid"),
            (SQLITE, "sqlx"),
            (HTTP, "axum"),
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
