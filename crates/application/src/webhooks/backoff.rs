//! The time between the attempts to deliver one event.

use std::time::Duration;

/// The longest wait that a receiver can ask for with `Retry-After`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(6);

/// The wait after the first failure, the second and so on; the last one is repeated.
const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(2),
    Duration::from_hours(4),
    Duration::from_hours(6),
];

/// The wait after this number of failures in a row of one event.
///
/// `random` is uniform over all its values. It spreads waits by 20 % in both directions, so that receivers
/// that were away aren't called by everybody at the same moment. A receiver that asked for a longer wait
/// gets it, up to [`RETRY_AFTER_MAX`].
#[must_use]
pub fn delay_after(failures: u32, random: u32, retry_after: Option<Duration>) -> Duration {
    let Some(index) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let wait = WAITS[index.min(WAITS.len() - 1)];
    let share = f64::from(random) / f64::from(u32::MAX);
    let wait = wait.mul_f64(0.4f64.mul_add(share, 0.8));
    let asked_for = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    wait.max(asked_for)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIEST: u32 = 0;
    const MIDDLE: u32 = u32::MAX / 2;
    const LATEST: u32 = u32::MAX;

    #[test]
    fn waits_grow_to_six_hours() {
        let expected = [
            0, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600, 21_600,
        ];
        for (failures, expected) in (0..).zip(expected) {
            let wait = delay_after(failures, MIDDLE, None);
            // The middle lies a hair below.
            let wait = wait + Duration::from_millis(1);
            assert_eq!(wait.as_secs(), expected);
        }
        assert_eq!(delay_after(u32::MAX, MIDDLE, None).as_secs(), 21_599);
    }

    #[test]
    fn waits_are_spread_by_a_fifth() {
        let minute = |random| delay_after(3, random, None).as_millis();
        assert_eq!(minute(EARLIEST), 96_000);
        assert_eq!(minute(LATEST), 144_000);
    }

    #[test]
    fn the_longer_of_both_waits_counts() {
        let hour = Some(Duration::from_hours(1));
        assert_eq!(delay_after(1, LATEST, hour), Duration::from_hours(1));
        let second = Some(Duration::from_secs(1));
        assert_eq!(delay_after(1, EARLIEST, second), Duration::from_secs(4));
        let week = Some(Duration::from_hours(168));
        assert_eq!(delay_after(1, LATEST, week), RETRY_AFTER_MAX);
    }
}
