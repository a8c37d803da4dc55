//! Ids.

use stockroom_domain::{Ids as _, Timestamp};
use uuid::Uuid;

use crate::mock::{TestClock, environment};

/// As in a commit that goes on while others, which began later, are under way as well.
#[test]
fn ids_for_a_time_ascend_also_when_others_are_asked_for_in_between() {
    let environment = environment(&TestClock::new());
    let at = |milliseconds| Timestamp::UNIX_EPOCH.plus_milliseconds(milliseconds);
    let next = |time| environment.with_ids(|ids| ids.next_id(at(time)));
    let times = [0, 1, 0, 2, 1, 0, 0, 7, 1, 0];
    let made: Vec<(i64, Uuid)> = times.iter().map(|time| (*time, next(*time))).collect();
    let mut in_order = made.clone();
    // Stable: those of one time stay in the order in which they were made.
    in_order.sort_by_key(|(time, _)| *time);
    let ids: Vec<Uuid> = in_order.iter().map(|(_, id)| *id).collect();
    assert!(ids.is_sorted(), "{made:?}");
}
