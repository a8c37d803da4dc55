//! Ids.

use rand::{SeedableRng, rngs::StdRng};
use stockroom_application::{Environment, SystemClock};
use stockroom_domain::{Ids, Timestamp};
use uuid::Uuid;

/// 2026-01-31T09:30:00Z, and milliseconds after it.
fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_769_851_800_000 + milliseconds).expect("a time")
}

/// As in a commit that goes on while others, which began later, are under way as well.
#[test]
fn ids_for_a_time_ascend_also_when_others_are_asked_for_in_between() {
    let environment = Environment::new(SystemClock, StdRng::seed_from_u64(1));
    let times = [0, 1, 0, 2, 1, 0, 0, 7, 1, 0];
    let next = |time| environment.with_ids(|ids| ids.next_id(at(time)));
    let made: Vec<(i64, Uuid)> = times.iter().map(|time| (*time, next(*time))).collect();
    let mut in_order = made.clone();
    // Stable: those of one time stay in the order in which they were made.
    in_order.sort_by_key(|(time, _)| *time);
    let ids: Vec<Uuid> = in_order.iter().map(|(_, id)| *id).collect();
    assert!(ids.is_sorted(), "{made:?}");
}
