//! The reservations that run out next. No list is in that order, so windows of time that hold few enough
//! are sorted here.

use std::collections::HashSet;

use stockroom_application::PageRequest;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{Reservation, ReservationStatus};

use crate::page::Problem;
use crate::session::Visit;

/// The most reservations that are read to be sorted.
const SORTED_MAX: u32 = 500;

/// The windows that are looked at, in minutes from now. The last one holds all, even if clocks differ.
const WINDOWS: [i64; 6] = [1, 5, 15, 60, 24 * 60, 32 * 24 * 60];

/// The reservations that run out next.
pub(crate) struct Next {
    /// They, in the order in which they run out.
    pub(crate) found: Vec<Reservation>,
    /// Whether there are more.
    pub(crate) has_more: bool,
    /// Whether so many run out at once that only the oldest of these were sorted.
    pub(crate) is_rough: bool,
}

/// At most `wanted` reservations that aren't paid for and fulfil `filter`, in the order in which they run out.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn next_to_run_out(
    visit: &Visit,
    filter: &[ReservationCondition],
    wanted: usize,
) -> Result<Next, Problem> {
    let now = visit.stockroom().now();
    let mut found: Vec<Reservation> = Vec::new();
    let mut is_rough = false;
    for minutes in WINDOWS {
        let until = now.plus_milliseconds(minutes.saturating_mul(60_000));
        let mut conditions = filter.to_vec();
        conditions.push(ReservationCondition::Status(vec![
            ReservationStatus::Pending,
        ]));
        conditions.push(ReservationCondition::ExpiresAt(Comparison::LessOrEqual(
            until,
        )));
        let page = PageRequest::from_offset(SORTED_MAX, 0);
        let page = visit
            .stockroom()
            .list_reservations(visit.administrator(), &conditions, page);
        let page = page.await?;
        if page.next.is_some() {
            // Those of the window before come first, and some of the others after them.
            is_rough = found.len() < wanted;
            let known: HashSet<_> = found.iter().map(|it| it.id).collect();
            let others = page.items.into_iter();
            found.extend(others.filter(|it| !known.contains(&it.id)));
            break;
        }
        found = page.items;
        if found.len() > wanted {
            break;
        }
    }
    found.sort_by_key(|reservation| (reservation.state.expires_at(), reservation.id));
    let has_more = found.len() > wanted;
    found.truncate(wanted);
    Ok(Next {
        found,
        has_more,
        is_rough,
    })
}
