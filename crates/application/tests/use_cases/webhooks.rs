//! The stored form of what webhooks have delivered.

use stockroom_application::webhooks::{Held, Progress};
use stockroom_domain::Timestamp;

/// Progress as a database keeps it. Later versions have to read it.
const KEPT: &str = include_str!("webhooks/progress-1.json");

fn progress() -> Progress {
    let at = |milliseconds| Timestamp::from_milliseconds(milliseconds);
    let held_back = Held {
        subject: "stock/0198f0c2-7b1e-7c3a-9d55-5b7a3c1e2f01".to_owned(),
        waiting: vec![797, 799, 812],
        failures: 3,
        next_try: at(1_769_851_800_007),
        refusals: 2,
        refusal_counts: true,
    };
    let under_way = Held {
        subject: "transfer/0198f0c2-7b1e-7c3a-9d55-5b7a3c1e2f02".to_owned(),
        waiting: vec![805],
        failures: 0,
        next_try: None,
        refusals: 0,
        refusal_counts: false,
    };
    Progress {
        position: 812,
        version: 0,
        held: vec![held_back, under_way],
        failures: 1,
        failing_since: at(1_769_851_680_000),
    }
}

#[test]
fn stored_progress_of_webhooks_stays_readable() {
    assert_eq!(Progress::from_text(KEPT).unwrap(), progress());
    assert_eq!(progress().to_text().unwrap(), KEPT.trim_end());
}
