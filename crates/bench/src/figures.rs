//! What came out for each case, of all its rounds.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cases::{CEILING, Case};
use crate::load::Measurement;
use crate::report::{Table, median, number};

/// The figures of a case: medians of its rounds, and the highest peak of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) connections: usize,
    /// Operations a second.
    pub(crate) rate: f64,
    /// How far the best and the worst round are apart, as a part of the median.
    pub(crate) spread: f64,
    /// Latencies in seconds, of an answer.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Processor seconds for an operation.
    pub(crate) load: f64,
    pub(crate) server: Option<f64>,
    pub(crate) postgres: Option<f64>,
    /// The processor time of the load, as a part of what all processors have.
    pub(crate) load_share: f64,
    /// The same of everything that isn't measured: where it is much, the figures say little.
    pub(crate) others_share: f64,
    /// Bytes.
    pub(crate) peak_memory: Option<u64>,
    pub(crate) rounds: Vec<Measurement>,
    /// The first error. Then nothing else counts.
    pub(crate) failure: Option<String>,
}

/// What was measured of a case, by the number of connections.
#[derive(Default)]
pub(crate) struct Rounds {
    measured: BTreeMap<usize, Vec<Measurement>>,
    failure: Option<String>,
}

impl Rounds {
    /// Adds an outcome.
    pub(crate) fn add(&mut self, connections: usize, outcome: anyhow::Result<Measurement>) {
        match outcome {
            Ok(measurement) => self
                .measured
                .entry(connections)
                .or_default()
                .push(measurement),
            Err(error) => {
                self.failure.get_or_insert(format!("{error:#}"));
            }
        }
    }

    /// Whether an error came.
    pub(crate) const fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The figures, with the best number of connections.
    pub(crate) fn figures(self, case: &Case) -> Figures {
        let figures = self
            .measured
            .into_iter()
            .map(|(connections, rounds)| Figures {
                name: case.name.clone(),
                title: case.title.clone(),
                connections,
                ..of_rounds(rounds, case.operations)
            });
        let best = figures.max_by(|one, other| one.rate.total_cmp(&other.rate));
        let nothing = || Figures {
            name: case.name.clone(),
            title: case.title.clone(),
            ..Figures::default()
        };
        Figures {
            failure: self.failure,
            ..best.unwrap_or_else(nothing)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^52")]
fn of_rounds(rounds: Vec<Measurement>, operations: u64) -> Figures {
    let done = |round: &Measurement| (round.answers * operations) as f64;
    let rates: Vec<f64> = rounds
        .iter()
        .map(|round| done(round) / round.seconds)
        .collect();
    let median_of = |value: &dyn Fn(&Measurement) -> Option<f64>| {
        median(rounds.iter().filter_map(value).collect())
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let available = |round: &Measurement| round.seconds * processors;
    let rate = median(rates.clone()).unwrap_or_default();
    let best = rates.iter().copied().fold(f64::MIN, f64::max);
    let worst = rates.iter().copied().fold(f64::MAX, f64::min);
    Figures {
        rate,
        spread: (best - worst) / rate,
        p50: median_of(&|round| Some(round.p50)).unwrap_or_default(),
        p99: median_of(&|round| Some(round.p99)).unwrap_or_default(),
        load: median_of(&|round| Some(round.processor_time.load / done(round))).unwrap_or_default(),
        server: median_of(&|round| Some(round.processor_time.server? / done(round))),
        postgres: median_of(&|round| Some(round.processor_time.postgres? / done(round))),
        load_share: median_of(&|round| Some(round.processor_time.load / available(round)))
            .unwrap_or_default(),
        others_share: median_of(&|round| Some(round.processor_time.of_others() / available(round)))
            .unwrap_or_default(),
        peak_memory: rounds.iter().filter_map(|round| round.peak_memory).max(),
        rounds,
        ..Figures::default()
    }
}

/// The table of all cases.
pub(crate) fn table(title: String, figures: &[Figures]) -> Table {
    let ceiling = figures
        .iter()
        .find(|figures| figures.name == CEILING && figures.failure.is_none());
    Table {
        title,
        columns: [
            "case",
            "connections",
            "operations/s",
            "spread",
            "of the ceiling",
            "p50",
            "p99",
            "CPU per operation: server",
            "PostgreSQL",
            "load",
            "load's share of the CPU",
            "others' share",
            "peak memory",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: figures.iter().map(|it| row(it, ceiling)).collect(),
    }
}

fn row(figures: &Figures, ceiling: Option<&Figures>) -> Vec<String> {
    let title = format!("{} (`{}`)", figures.title, figures.name);
    if let Some(failure) = &figures.failure {
        let failure = failure.replace('|', "\\|").replace('\n', " ");
        return vec![title, String::new(), format!("**failed**: {failure}")];
    }
    let none = || "–".to_owned();
    let part = |part: f64| format!("{:.0} %", part * 100.0);
    let time = |seconds: Option<f64>| seconds.map_or_else(none, microseconds);
    vec![
        title,
        figures.connections.to_string(),
        number(figures.rate),
        part(figures.spread),
        ceiling.map_or_else(none, |ceiling| part(figures.rate / ceiling.rate)),
        milliseconds(figures.p50),
        milliseconds(figures.p99),
        time(figures.server),
        time(figures.postgres),
        time(Some(figures.load)),
        part(figures.load_share),
        part(figures.others_share),
        figures.peak_memory.map_or_else(none, megabytes),
    ]
}

fn microseconds(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody has 2^52 bytes of memory"
)]
fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::cases::all;

    fn measurement(answers: u64) -> Measurement {
        Measurement {
            answers,
            seconds: 2.0,
            p50: 0.001,
            p99: 0.004,
            processor_time: crate::usage::ProcessorTime {
                load: 1.0,
                server: Some(2.0),
                postgres: None,
                machine: 3.5,
            },
            peak_memory: Some(answers),
        }
    }

    #[test]
    fn figures_are_medians_and_the_highest_peak() {
        let mut rounds = Rounds::default();
        for answers in [300, 100, 200] {
            rounds.add(64, Ok(measurement(answers)));
        }
        let figures = rounds.figures(&all(64)[0]);
        assert_eq!(figures.rate.to_string(), "100");
        assert_eq!(figures.spread.to_string(), "1");
        assert_eq!(figures.server, Some(0.01));
        assert_eq!(figures.postgres, None);
        assert!(figures.others_share > 0.0);
        assert_eq!(figures.peak_memory, Some(300));
        assert_eq!(figures.connections, 64);
    }

    #[test]
    fn the_best_number_of_connections_counts() {
        let mut rounds = Rounds::default();
        for (connections, answers) in [(2, 100), (4, 200), (8, 150)] {
            rounds.add(connections, Ok(measurement(answers)));
        }
        let figures = rounds.figures(&all(64)[0]);
        assert_eq!(figures.connections, 4);
    }

    #[test]
    fn a_failure_is_shown_and_nothing_else() {
        let mut rounds = Rounds::default();
        rounds.add(64, Ok(measurement(100)));
        rounds.add(64, Err(anyhow!("503 a|b")));
        rounds.add(64, Err(anyhow!("later")));
        let figures = rounds.figures(&all(64)[0]);
        let table = table(String::new(), &[figures]).to_string();
        assert!(table.contains("**failed**: 503 a\\|b"), "{table}");
        assert!(!table.contains("ms"), "{table}");
    }

    #[test]
    fn nothing_measured_has_a_name_all_the_same() {
        let figures = Rounds::default().figures(&all(64)[0]);
        assert_eq!(figures.name, "ceiling");
    }
}
