//! What the figures are to be, and what they are.

use serde::Serialize;

use crate::cases::CEILING;
use crate::figures::Figures;
use crate::report::{Table, number};

/// A bound for a figure.
struct Target {
    case: &'static str,
    figure: Figure,
    bound: Bound,
}

/// What of a case is held against what.
enum Figure {
    /// Its rate.
    Rate,
    /// Its rate as a part of the ceiling.
    OfCeiling,
    /// Its rate as a multiple of another case's.
    TimesRate(&'static str),
    /// The median of its latency as a multiple of another case's.
    TimesLatency(&'static str),
    /// How many times its median the latency's 99th percentile is.
    Tail,
    /// The peak of the server's memory, in megabytes.
    Memory,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};
use Figure::{Memory, OfCeiling, Rate, Tail, TimesLatency, TimesRate};

const fn target(case: &'static str, figure: Figure, bound: Bound) -> Target {
    Target {
        case,
        figure,
        bound,
    }
}

/// All but that of the memory, which is for the case that takes most.
#[rustfmt::skip]
const TARGETS: [Target; 28] = [
    target("postgres/writes/hot", TimesRate("by-hand/one-statement/hot"), AtLeast(10.0)),
    target("postgres/writes/hot", TimesRate("by-hand/for-update/hot"), AtLeast(15.0)),
    target("postgres/writes/hot", TimesRate("service/hot"), AtLeast(12.0)),
    target("postgres/writes/uniform", TimesRate("service/uniform"), AtLeast(3.5)),
    target("postgres/writes/hot", OfCeiling, AtLeast(0.30)),
    target("postgres/writes/uniform", TimesRate("by-hand/one-statement/uniform"), AtLeast(1.4)),
    target("postgres/writes/uniform", TimesRate("by-hand/for-update/uniform"), AtLeast(3.5)),
    target("postgres/writes/uniform", OfCeiling, AtLeast(0.25)),
    target("sqlite/writes/hot", OfCeiling, AtLeast(0.30)),
    target("sqlite/writes/uniform", OfCeiling, AtLeast(0.30)),
    target("postgres/writes/thousand", TimesRate("by-hand/batch/uniform"), AtLeast(0.6)),
    target("sqlite/writes/thousand", Rate, AtLeast(40_000.0)),
    target("postgres/reserve/hot", TimesRate("postgres/writes/hot"), AtLeast(0.75)),
    target("postgres/reserve/uniform", TimesRate("postgres/writes/uniform"), AtLeast(0.75)),
    target("postgres/reserve/order/hot", TimesRate("postgres/writes/hot"), AtLeast(0.75)),
    target("postgres/reserve/order/uniform", TimesRate("postgres/writes/uniform"), AtLeast(0.75)),
    target("sqlite/reserve/hot", TimesRate("sqlite/writes/hot"), AtLeast(0.6)),
    target("sqlite/reserve/uniform", TimesRate("sqlite/writes/uniform"), AtLeast(0.6)),
    target("sqlite/reserve/order/hot", TimesRate("sqlite/writes/hot"), AtLeast(0.6)),
    target("sqlite/reserve/order/uniform", TimesRate("sqlite/writes/uniform"), AtLeast(0.6)),
    target("postgres/read", OfCeiling, AtLeast(0.35)),
    target("sqlite/read", OfCeiling, AtLeast(0.45)),
    target("memory/read", OfCeiling, AtLeast(0.60)),
    target("postgres/writes/hot", Tail, AtMost(10.0)),
    target("sqlite/writes/hot", Tail, AtMost(10.0)),
    target("memory/writes/hot", Tail, AtMost(10.0)),
    target("postgres/lone", TimesLatency("by-hand/for-update/lone"), AtMost(1.5)),
    target("postgres/lone", TimesLatency("by-hand/one-statement/lone"), AtMost(1.5)),
];

const MEMORY: Bound = AtMost(150.0);

/// A target and what was measured.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Comparison {
    case: String,
    figure: String,
    target: String,
    measured: f64,
    shown: String,
    met: bool,
}

impl Figure {
    fn measured(&self, of: &Figures, all: &[Figures]) -> Option<f64> {
        let case = |name: &str| {
            all.iter()
                .find(|figures| figures.name == name && figures.failure.is_none())
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "memories are smaller than 2^52 bytes"
        )]
        match self {
            Rate => Some(of.rate),
            OfCeiling => Some(of.rate / case(CEILING)?.rate),
            TimesRate(other) => Some(of.rate / case(other)?.rate),
            TimesLatency(other) => Some(of.p50 / case(other)?.p50),
            Tail => Some(of.p99 / of.p50),
            Memory => of.peak_memory.map(|bytes| bytes as f64 / 1e6),
        }
    }

    fn title(&self) -> String {
        match self {
            Rate => "operations a second".to_owned(),
            OfCeiling => "rate, of the ceiling".to_owned(),
            TimesRate(other) => format!("rate, times `{other}`"),
            TimesLatency(other) => format!("p50, times `{other}`"),
            Tail => "p99, times p50".to_owned(),
            Memory => "peak memory of the server, the most of all cases".to_owned(),
        }
    }

    fn show(&self, value: f64) -> String {
        match self {
            Rate => number(value),
            OfCeiling => format!("{:.0} %", value * 100.0),
            TimesRate(_) if value < 1.0 => format!("{value:.2}"),
            TimesRate(_) | TimesLatency(_) | Tail => format!("{value:.1}"),
            Memory => format!("{value:.0} MB"),
        }
    }
}

impl Bound {
    fn is_met(&self, value: f64) -> bool {
        match self {
            AtLeast(bound) => value >= *bound,
            AtMost(bound) => value <= *bound,
        }
    }

    fn show(&self, figure: &Figure) -> String {
        match self {
            AtLeast(bound) => format!("≥ {}", figure.show(*bound)),
            AtMost(bound) => format!("≤ {}", figure.show(*bound)),
        }
    }
}

fn compare(of: &Figures, figure: &Figure, bound: &Bound, all: &[Figures]) -> Option<Comparison> {
    if of.failure.is_some() {
        return None;
    }
    let measured = figure.measured(of, all)?;
    Some(Comparison {
        case: of.name.clone(),
        figure: figure.title(),
        target: bound.show(figure),
        measured,
        shown: figure.show(measured),
        met: bound.is_met(measured),
    })
}

/// Holds figures against the targets, as far as they were measured.
pub(crate) fn comparisons(all: &[Figures]) -> Vec<Comparison> {
    let ratios = TARGETS.iter().filter_map(|target| {
        let of = all.iter().find(|figures| figures.name == target.case)?;
        compare(of, &target.figure, &target.bound, all)
    });
    let most = all
        .iter()
        .filter(|figures| figures.name != CEILING && figures.failure.is_none())
        .max_by_key(|figures| figures.peak_memory);
    let memory = most.and_then(|of| compare(of, &Memory, &MEMORY, all));
    ratios.chain(memory).collect()
}

/// The targets, beside what was measured.
pub(crate) fn table(comparisons: &[Comparison]) -> Table {
    let rows = comparisons.iter().map(|comparison| {
        vec![
            format!("`{}`", comparison.case),
            comparison.figure.clone(),
            comparison.target.clone(),
            comparison.shown.clone(),
            if comparison.met { "met" } else { "**missed**" }.to_owned(),
        ]
    });
    Table {
        title: "Targets".to_owned(),
        columns: ["case", "figure", "target", "measured", ""]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::all as all_cases;

    fn figures(name: &str, rate: f64, p50: f64) -> Figures {
        Figures {
            name: name.to_owned(),
            rate,
            p50,
            p99: 0.02,
            ..Figures::default()
        }
    }

    #[test]
    fn targets_are_about_cases_that_there_are() {
        let cases = all_cases(64);
        let is_case = |name: &str| cases.iter().any(|case| case.name == name);
        for target in &TARGETS {
            assert!(is_case(target.case), "{}", target.case);
            if let TimesRate(other) | TimesLatency(other) = target.figure {
                assert!(is_case(other), "{other}");
            }
        }
    }

    #[test]
    fn figures_are_held_against_targets() {
        let all = [
            figures("ceiling", 100_000.0, 0.001),
            figures("by-hand/for-update/hot", 1_500.0, 0.001),
            figures("postgres/writes/hot", 29_900.0, 0.001),
        ];
        let compared = comparisons(&all);
        let compared: Vec<_> = compared
            .iter()
            .map(|it| (it.target.as_str(), it.shown.as_str(), it.met))
            .collect();
        assert_eq!(
            compared,
            [
                ("≥ 15.0", "19.9", true),
                ("≥ 30 %", "30 %", false),
                ("≤ 10.0", "20.0", false)
            ]
        );
    }

    #[test]
    fn what_failed_is_compared_with_nothing() {
        let mut ceiling = figures("ceiling", 100_000.0, 0.001);
        ceiling.failure = Some("503".to_owned());
        let all = [ceiling, figures("sqlite/read", 1.0, 1.0)];
        assert_eq!(comparisons(&all), []);
    }

    #[test]
    fn memory_is_limited_in_all_cases() {
        let mut list = figures("memory/list", 1.0, 1.0);
        list.peak_memory = Some(151_000_000);
        let mut history = figures("sqlite/history", 1.0, 1.0);
        history.peak_memory = Some(50_000_000);
        let compared = comparisons(&[list, history]);
        assert_eq!(compared.len(), 1);
        assert_eq!(compared[0].case, "memory/list");
        assert_eq!(compared[0].shown, "151 MB");
        assert!(!compared[0].met);
    }
}
