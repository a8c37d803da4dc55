//! Measures cases in turns: what drifts, drifts for all of them.

use std::fmt;

use serde::Serialize;

use crate::cases::Case;
use crate::figures::{self, Figures, Rounds};
use crate::report::Table;
use crate::systems::{POSTGRES_SETTINGS, Setting, Systems};
use crate::targets::{self, Comparison};

/// All that came out.
#[derive(Serialize)]
pub(crate) struct Outcome {
    seed: u64,
    products: usize,
    seconds: f64,
    rounds: usize,
    figures: Vec<Figures>,
    targets: Vec<Comparison>,
}

/// Measures each case so many times.
///
/// # Errors
/// If what is to be measured doesn't start. What fails later is shown.
pub(crate) async fn measure(
    setting: Setting,
    rounds: usize,
    cases: &[Case],
) -> anyhow::Result<Outcome> {
    let (seed, products, seconds) = (
        setting.seed,
        setting.products,
        setting.duration.as_secs_f64(),
    );
    let systems = Systems::start(setting, cases).await?;
    let mut measured: Vec<Rounds> = cases.iter().map(|_| Rounds::default()).collect();
    for round in 1..=rounds {
        for (case, measured) in cases.iter().zip(&mut measured) {
            for connections in &case.connections {
                if measured.failed() {
                    continue;
                }
                let outcome = systems.measure(case, *connections).await;
                eprintln!("{round}/{rounds} {}: {}", case.name, shown(case, &outcome));
                measured.add(*connections, outcome);
            }
        }
    }
    systems.stop().await?;
    let measured = cases.iter().zip(measured);
    let figures: Vec<Figures> = measured
        .map(|(case, measured)| measured.figures(case))
        .collect();
    Ok(Outcome {
        seed,
        products,
        seconds,
        rounds,
        targets: targets::comparisons(&figures),
        figures,
    })
}

#[expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^52")]
fn shown(case: &Case, outcome: &anyhow::Result<crate::load::Measurement>) -> String {
    match outcome {
        Ok(measurement) => {
            let rate = (measurement.answers * case.operations) as f64 / measurement.seconds;
            format!("{rate:.0}/s")
        }
        Err(error) => format!("failed: {error:#}"),
    }
}

/// Markdown.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!(
            "{} products; medians of {} measurements of {} s; seed {}; PostgreSQL with {}",
            self.products,
            self.rounds,
            self.seconds,
            self.seed,
            POSTGRES_SETTINGS.join(", ")
        );
        write!(f, "{}", figures::table(title, &self.figures))?;
        if self.targets.is_empty() {
            return Ok(());
        }
        let table: Table = targets::table(&self.targets);
        write!(f, "\n{table}")
    }
}
