//! What was found, and how much was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use stockroom_test_server::http::shown;

use crate::check::{Outcome, class};
use crate::request::Request;

/// After so many findings, a run ends.
const FINDINGS_MAX: usize = 20;

/// The count of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    classes: BTreeMap<&'static str, u64>,
    operations: BTreeMap<String, Count>,
    findings: usize,
    /// What was found already, so that nothing is told twice.
    told: BTreeSet<String>,
}

/// How often an operation was asked for as it should be, and how often that succeeded.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    valid: u64,
    succeeded: u64,
}

impl Report {
    /// For a run of these operations.
    pub(crate) fn new<'a>(operations: impl Iterator<Item = &'a str>) -> Self {
        let counts = operations.map(|id| (id.to_owned(), Count::default()));
        Self {
            operations: counts.collect(),
            ..Self::default()
        }
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, request: &Request, is_as_made: bool, outcome: &Outcome) {
        *self.classes.entry(class(outcome)).or_default() += 1;
        if let Some(count) = self.operations.get_mut(&request.operation)
            && is_as_made
        {
            count.valid += 1;
            let succeeded = matches!(outcome.status(), Some(200..300));
            count.succeeded += u64::from(succeeded);
        }
    }

    /// Tells of a finding, unless the same was told before. `what` is the same for findings that are.
    pub(crate) fn find(&mut self, what: &str, text: &str) {
        let what = what.replace(|letter: char| letter.is_ascii_digit(), "");
        if self.told.insert(what) {
            self.findings += 1;
            println!("FINDING: {text}");
        }
    }

    /// How many findings there are.
    pub(crate) const fn findings(&self) -> usize {
        self.findings
    }

    /// Whether there are so many findings that more would be of no use.
    pub(crate) const fn is_full(&self) -> bool {
        self.findings >= FINDINGS_MAX
    }

    /// The operations that were asked for and never succeeded.
    pub(crate) fn never_succeeded(&self) -> Vec<String> {
        let counts = self.operations.iter();
        let never = counts.filter(|(_, count)| count.succeeded == 0);
        never
            .map(|(id, count)| {
                format!(
                    "{id} never succeeded in {} valid requests: crates/fuzz/src/valid.rs has to know \
                     what it needs",
                    count.valid
                )
            })
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: u64 = self.classes.values().sum();
        write!(f, "{requests} requests:")?;
        for class in ["2xx", "3xx", "4xx", "5xx", "cut off", "unanswered"] {
            let count = self.classes.get(class).copied().unwrap_or(0);
            write!(f, " {class} {count},")?;
        }
        let counts = self.operations.iter();
        let least = counts.map(|(id, count)| (count.succeeded, &**id)).min();
        let (least, id) = least.unwrap_or_default();
        write!(
            f,
            " {} operations with at least {least} valid 2xx each ({id}); findings: {}",
            self.operations.len(),
            self.findings
        )
    }
}

/// What a finding says of a request: the fault, a line that sends it again, and the answer.
pub(crate) fn told(fault: &str, place: &str, curl: &str, outcome: &Outcome) -> String {
    let answer = match outcome {
        Outcome::Answer(answer) => {
            let mut text = answer.status.to_string();
            for (name, value) in &answer.headers {
                let _ = write!(text, "\n    {name}: {}", shown(value));
            }
            text + "\n    " + &shown(&answer.body)
        }
        other => format!("{other:?}"),
    };
    format!("{fault} ({place})\n  {curl}\n  answer: {answer}")
}

#[cfg(test)]
mod tests {
    use stockroom_test_server::http::Answer;

    use super::*;
    use crate::request::{Body, Sending};

    #[test]
    fn valid_requests_have_to_succeed() {
        let mut report = Report::new(["GetThing", "PutThing"].into_iter());
        let request = Request {
            operation: "GetThing".to_owned(),
            method: "GET".to_owned(),
            path: Vec::new(),
            ids: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            sending: Sending::Whole,
        };
        let answered = |status| {
            Outcome::Answer(Answer {
                status,
                ..Answer::default()
            })
        };
        report.count(&request, true, &answered(404));
        report.count(&request, false, &answered(200));
        assert_eq!(report.never_succeeded().len(), 2);
        report.count(&request, true, &answered(200));
        assert_eq!(report.never_succeeded().len(), 1);
        let summary = report.to_string();
        assert!(
            summary.starts_with("3 requests: 2xx 2, 3xx 0, 4xx 1, 5xx 0,"),
            "{summary}"
        );
        assert!(summary.contains("at least 0 valid"), "{summary}");
    }

    #[test]
    fn a_finding_is_told_once() {
        let mut report = Report::default();
        report.find("status 500", "first");
        report.find("status 503", "same but for digits");
        report.find("no answer", "another");
        assert_eq!(report.findings(), 2);
        assert!(!report.is_full());
    }
}
