//! `cargo xtask ci`: everything that a change must pass, the quickest checks first.

use std::time::{Duration, Instant};

use crate::workspace::Workspace;
use crate::{api_check, deny, fuzz, lint, openapi, postgres_image, sqlx, test, tidy, torture};

/// A step's name and action.
type Step = (&'static str, fn(&Workspace) -> anyhow::Result<()>);

const STEPS: [Step; 10] = [
    ("tidy", tidy::run),
    ("lint", lint::run),
    ("deny", deny::run),
    ("postgres-image", postgres_image::provide),
    ("sqlx --check", |workspace| sqlx::run(workspace, true)),
    ("openapi --check", |workspace| openapi::run(workspace, true)),
    ("test", |workspace| {
        test::run(workspace, &test::Args::everything())
    }),
    ("api-check", |workspace| {
        api_check::run(workspace, &api_check::Args::usual())
    }),
    ("fuzz", |workspace| {
        fuzz::run(workspace, &fuzz::Args::usual())
    }),
    ("torture", |workspace| {
        torture::run(workspace, &torture::Args::short())
    }),
];

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let mut durations = Vec::new();
    let mut result = Ok(());
    for (name, step) in STEPS {
        println!("=== {name}");
        let start = Instant::now();
        result = step(workspace).map_err(|error| error.context(name));
        durations.push((name, start.elapsed(), result.is_ok()));
        if result.is_err() {
            break;
        }
    }
    summarise(&durations);
    result
}

fn summarise(durations: &[(&str, Duration, bool)]) {
    println!("=== summary");
    for (name, duration, passed) in durations {
        let outcome = if *passed { "ok" } else { "FAILED" };
        println!("{name:<16} {:>7.1} s  {outcome}", duration.as_secs_f64());
    }
    for (name, _) in STEPS.iter().skip(durations.len()) {
        println!("{name:<16} {:>9}  not run", "");
    }
}
