use std::time::Duration;

use stockroom_domain::Timestamp;

use super::*;

mod simulation;

/// The middle of what spreads the waits: they are as long as the table says.
const MIDDLE: u32 = u32::MAX / 2;

const OK: AttemptOutcome = answered(200);
const FAILED: AttemptOutcome = answered(500);
const REFUSED: AttemptOutcome = answered(422);

const fn answered(status: u16) -> AttemptOutcome {
    AttemptOutcome::Answered {
        status,
        retry_after: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.plus_milliseconds(seconds * 1_000)
}

fn new(limits: Limits) -> Schedule {
    Schedule::new(Progress::behind(0), limits)
}

/// A schedule with one event for each of these subjects, at positions 1, 2, 3 …
fn with(subjects: &[&str]) -> Schedule {
    let mut schedule = new(Limits::default());
    offer(&mut schedule, subjects);
    schedule
}

fn offer(schedule: &mut Schedule, subjects: &[&str]) {
    for subject in subjects {
        schedule.offer(Deliverable {
            position: schedule.read_up_to() + 1,
            subject: (*subject).into(),
        });
    }
}

/// The positions whose attempts begin.
fn begin(schedule: &mut Schedule, seconds: i64) -> Vec<u64> {
    let attempts = schedule.begin(at(seconds));
    attempts.iter().map(|attempt| attempt.position).collect()
}

#[track_caller]
fn finish(
    schedule: &mut Schedule,
    position: u64,
    outcome: AttemptOutcome,
    seconds: i64,
) -> Finished {
    let finished = schedule.finish(position, outcome, at(seconds), MIDDLE);
    finished.unwrap()
}

/// The seconds until the next attempt.
fn wake_at(schedule: &Schedule) -> Option<i64> {
    // The middle lies a hair below, and is cut off to milliseconds.
    let wake_at = schedule.wake_at()?;
    Some((wake_at.as_milliseconds() + 1).div_euclid(1_000))
}

/// A schedule as it goes on after a crash.
fn restored(schedule: &Schedule) -> Schedule {
    let stored = schedule.progress().to_text().unwrap();
    Schedule::new(Progress::from_text(&stored).unwrap(), schedule.limits)
}

#[test]
fn different_subjects_are_sent_at_once_and_one_subject_in_order() {
    let mut schedule = with(&["a", "b", "a", "c", "b"]);
    assert_eq!(begin(&mut schedule, 0), [1, 2, 4]);
    assert_eq!(begin(&mut schedule, 0), [0; 0]);
    finish(&mut schedule, 2, OK, 0);
    assert_eq!(begin(&mut schedule, 0), [5]);
    finish(&mut schedule, 1, OK, 0);
    assert_eq!(begin(&mut schedule, 0), [3]);
}

#[test]
fn eight_requests_are_under_way() {
    let subjects = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut schedule = with(&subjects);
    assert_eq!(begin(&mut schedule, 0), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(wake_at(&schedule), None);
    finish(&mut schedule, 4, OK, 0);
    assert_eq!(begin(&mut schedule, 0), [9]);
}

#[test]
fn a_failed_event_holds_back_its_subject_alone() {
    let mut schedule = with(&["a", "a", "b"]);
    assert_eq!(begin(&mut schedule, 0), [1, 3]);
    let failed = finish(&mut schedule, 1, FAILED, 0);
    assert_eq!(
        (failed.attempt.number, failed.verdict),
        (1, Verdict::Failed)
    );
    offer(&mut schedule, &["a", "c"]);
    assert_eq!(begin(&mut schedule, 4), [5]);
    assert_eq!(wake_at(&schedule), Some(5));
    assert_eq!(begin(&mut schedule, 5), [1]);
    let delivered = finish(&mut schedule, 1, OK, 5);
    assert_eq!(delivered.attempt.number, 2);
    assert_eq!(delivered.verdict, Verdict::Delivered);
    assert_eq!(begin(&mut schedule, 5), [2]);
}

#[test]
fn each_failure_makes_the_wait_longer_and_each_event_begins_anew() {
    let mut schedule = with(&["a", "a"]);
    let mut now = 0;
    for wait in [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600] {
        assert_eq!(begin(&mut schedule, now), [1]);
        finish(&mut schedule, 1, AttemptOutcome::Unanswered, now);
        now += wait;
        assert_eq!(wake_at(&schedule), Some(now));
    }
    assert_eq!(begin(&mut schedule, now), [1]);
    finish(&mut schedule, 1, OK, now);
    assert_eq!(begin(&mut schedule, now), [2]);
    finish(&mut schedule, 2, FAILED, now);
    assert_eq!(wake_at(&schedule), Some(now + 5));
}

#[test]
fn a_receiver_can_ask_for_a_longer_wait() {
    let mut schedule = with(&["a"]);
    begin(&mut schedule, 0);
    let busy = AttemptOutcome::Answered {
        status: 503,
        retry_after: Some(Duration::from_secs(90)),
    };
    finish(&mut schedule, 1, busy, 0);
    assert_eq!(wake_at(&schedule), Some(90));
}

#[test]
fn after_three_failures_in_a_row_one_request_is_sent_at_a_time() {
    let mut schedule = with(&["a", "b", "c", "d", "e", "f"]);
    begin(&mut schedule, 0);
    for position in 1..=6 {
        finish(&mut schedule, position, FAILED, 0);
    }
    offer(&mut schedule, &["g", "h"]);
    assert_eq!(begin(&mut schedule, 0), [7]);
    assert_eq!(wake_at(&schedule), None);
    finish(&mut schedule, 7, FAILED, 0);
    assert_eq!(begin(&mut schedule, 5), [1]);
    // So it stays after a crash.
    let mut again = restored(&schedule);
    assert_eq!(begin(&mut again, 5), [1]);
    finish(&mut schedule, 1, OK, 5);
    assert_eq!(begin(&mut schedule, 5), [2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn nothing_newer_is_sent_while_too_many_subjects_are_held_back() {
    let mut schedule = new(Limits {
        held: 2,
        ..Limits::default()
    });
    offer(&mut schedule, &["a", "b", "c", "d"]);
    // No more than could be held back.
    assert_eq!(begin(&mut schedule, 0), [1, 2]);
    finish(&mut schedule, 1, FAILED, 0);
    assert_eq!(begin(&mut schedule, 0), [0; 0]);
    finish(&mut schedule, 2, FAILED, 0);
    assert_eq!(begin(&mut schedule, 0), [0; 0]);
    assert_eq!((schedule.held(), schedule.room()), (2, 0));
    assert_eq!(begin(&mut schedule, 5), [1, 2]);
    finish(&mut schedule, 1, OK, 5);
    assert_eq!(begin(&mut schedule, 5), [3]);
    assert!(schedule.room() > 0);
}

#[test]
fn no_more_events_are_taken_than_can_be_recorded() {
    let limits = Limits {
        waiting: 4,
        ahead: 3,
        ..Limits::default()
    };
    let mut schedule = new(limits);
    assert_eq!(schedule.room(), 3);
    offer(&mut schedule, &["a", "a", "a"]);
    assert_eq!(schedule.room(), 0);
    begin(&mut schedule, 0);
    finish(&mut schedule, 1, FAILED, 0);
    assert_eq!(schedule.room(), 1);
    offer(&mut schedule, &["a"]);
    assert_eq!(schedule.room(), 0);
    begin(&mut schedule, 5);
    finish(&mut schedule, 1, OK, 5);
    offer(&mut schedule, &["b"]);
    assert_eq!(begin(&mut schedule, 5), [2, 5]);
}

/// A schedule whose first event is refused again and again while others succeed, up to before this
/// refusal; and the time of it.
fn refused(times: u32) -> (Schedule, i64) {
    let mut schedule = with(&["a", "a"]);
    let mut now = 0;
    for number in 1..=times {
        assert_eq!(begin(&mut schedule, now), [1]);
        if number < times {
            let refused = finish(&mut schedule, 1, REFUSED, now);
            assert_eq!(refused.verdict, Verdict::Failed);
            offer(&mut schedule, &["other"]);
            let other = schedule.read_up_to();
            assert_eq!(begin(&mut schedule, now), [other]);
            finish(&mut schedule, other, OK, now);
            now = wake_at(&schedule).unwrap();
            schedule = restored(&schedule);
        }
    }
    (schedule, now)
}

#[test]
fn an_event_refused_while_others_succeed_is_set_aside() {
    for status in [400, 413, 415, 422] {
        let (mut schedule, now) = refused(5);
        let aside = finish(&mut schedule, 1, answered(status), now);
        assert_eq!(
            (aside.attempt.number, aside.verdict),
            (5, Verdict::SetAside)
        );
        assert_eq!(begin(&mut schedule, now), [2]);
    }
    for outcome in [answered(404), FAILED, AttemptOutcome::Unanswered] {
        let (mut schedule, now) = refused(5);
        let failed = finish(&mut schedule, 1, outcome, now);
        assert_eq!(failed.verdict, Verdict::Failed);
        assert_eq!(begin(&mut schedule, now), [0; 0]);
    }
}

#[test]
fn refusals_between_which_nothing_succeeded_count_once() {
    let (mut schedule, mut now) = refused(4);
    for _ in 0..3 {
        let refused = finish(&mut schedule, 1, REFUSED, now);
        assert_eq!(refused.verdict, Verdict::Failed);
        now = wake_at(&schedule).unwrap();
        assert_eq!(begin(&mut schedule, now), [1]);
    }
}

#[test]
fn a_receiver_that_is_gone_is_called_no_more() {
    let mut schedule = with(&["a", "b", "c"]);
    assert_eq!(begin(&mut schedule, 0), [1, 2, 3]);
    let gone = finish(&mut schedule, 1, answered(410), 0);
    assert_eq!(gone.disable, Some(DisabledReason::Gone));
    // What is under way ends as ever, and disabling is told once.
    assert_eq!(finish(&mut schedule, 2, answered(410), 0).disable, None);
    assert_eq!(finish(&mut schedule, 3, OK, 0).verdict, Verdict::Delivered);
    assert_eq!(begin(&mut schedule, 1_000_000), [0; 0]);
    assert_eq!((schedule.room(), schedule.wake_at()), (0, None));
    // Enabled again, it goes on where it stopped, at once.
    let mut progress = schedule.progress();
    progress.enable_again();
    let mut schedule = Schedule::new(progress, Limits::default());
    assert_eq!(begin(&mut schedule, 0), [1, 2]);
}

#[test]
fn three_days_without_a_success_disable() {
    const DAY: i64 = 86_400;
    let mut schedule = with(&["a", "b"]);
    assert_eq!(begin(&mut schedule, 0), [1, 2]);
    finish(&mut schedule, 1, FAILED, 0);
    assert_eq!(schedule.failing_since(), Some(at(0)));
    // A success begins the time anew.
    finish(&mut schedule, 2, OK, 0);
    assert_eq!(schedule.failing_since(), None);
    begin(&mut schedule, DAY);
    assert_eq!(finish(&mut schedule, 1, FAILED, DAY).disable, None);
    begin(&mut schedule, 4 * DAY - 1);
    let later = finish(&mut schedule, 1, FAILED, 4 * DAY - 1);
    assert_eq!(later.disable, None);
    begin(&mut schedule, 5 * DAY);
    let later = finish(&mut schedule, 1, FAILED, 5 * DAY);
    assert_eq!(later.disable, Some(DisabledReason::NoSuccess));
}

#[test]
fn time_without_anything_to_deliver_does_not_disable() {
    let (mut schedule, now) = refused(5);
    begin(&mut schedule, now);
    finish(&mut schedule, 1, REFUSED, now);
    assert_eq!(begin(&mut schedule, now), [2]);
    schedule.dismiss(2);
    assert_eq!(schedule.failing_since(), None);
    let later = now + 4 * 86_400;
    offer(&mut schedule, &["a"]);
    let [position] = begin(&mut schedule, later)[..] else {
        panic!("one event waits");
    };
    let failed = finish(&mut schedule, position, FAILED, later);
    assert_eq!(failed.disable, None);
}

#[test]
fn what_was_delivered_out_of_order_is_not_sent_again_after_a_crash() {
    let mut schedule = with(&["a", "b", "c", "a", "d"]);
    assert_eq!(begin(&mut schedule, 0), [1, 2, 3, 5]);
    finish(&mut schedule, 2, OK, 0);
    finish(&mut schedule, 3, FAILED, 0);
    let progress = schedule.progress();
    // 4 and 5 are behind everything that is settled or failed, and are read again.
    assert_eq!((progress.position, progress.delivered_up_to()), (3, 0));
    let waiting: Vec<&[u64]> = progress.held.iter().map(|it| &it.waiting[..]).collect();
    assert_eq!(waiting, [&[1][..], &[3]]);
    let mut schedule = restored(&schedule);
    assert_eq!(schedule.read_up_to(), 3);
    offer(&mut schedule, &["a", "d"]);
    assert_eq!(begin(&mut schedule, 0), [1, 5]);
    assert_eq!(begin(&mut schedule, 5), [3]);
}

#[test]
fn events_that_are_not_observed_are_passed() {
    let mut schedule = new(Limits::default());
    schedule.pass(100);
    assert_eq!(schedule.progress(), Progress::behind(100));
    offer(&mut schedule, &["a"]);
    schedule.pass(200);
    assert_eq!(schedule.progress(), Progress::behind(100));
    begin(&mut schedule, 0);
    finish(&mut schedule, 101, OK, 0);
    assert_eq!(schedule.progress(), Progress::behind(200));
}

#[test]
fn an_attempt_that_is_taken_back_does_not_count() {
    let mut schedule = with(&["a", "a"]);
    begin(&mut schedule, 0);
    schedule.abandon(1);
    assert_eq!(schedule.under_way(), 0);
    let again = schedule.begin(at(0));
    let expected = Attempt {
        position: 1,
        number: 1,
    };
    assert_eq!(again, [expected]);
}

#[test]
fn what_the_feed_has_forgotten_is_left_out() {
    let mut schedule = with(&["a", "a"]);
    begin(&mut schedule, 0);
    finish(&mut schedule, 1, FAILED, 0);
    begin(&mut schedule, 5);
    schedule.dismiss(1);
    assert_eq!((schedule.held(), begin(&mut schedule, 5)), (0, vec![2]));
    assert_eq!(schedule.finish(1, OK, at(5), MIDDLE), None);
}

#[test]
fn a_replay_begins_again_and_leaves_what_waits_from_before() {
    let mut schedule = with(&["a", "b", "a", "c"]);
    assert_eq!(begin(&mut schedule, 0), [1, 2, 4]);
    finish(&mut schedule, 1, FAILED, 0);
    finish(&mut schedule, 4, OK, 0);
    schedule.replay(2);
    assert_eq!(schedule.read_up_to(), 1);
    assert_eq!(schedule.progress().position, 1);
    offer(&mut schedule, &["b", "a", "c"]);
    // 2 is still under way from before, and is sent again.
    assert_eq!(begin(&mut schedule, 0), [4]);
    finish(&mut schedule, 2, FAILED, 0);
    assert_eq!(begin(&mut schedule, 0), [2]);
    assert_eq!(begin(&mut schedule, 5), [1]);
    finish(&mut schedule, 1, OK, 5);
    assert_eq!(begin(&mut schedule, 5), [3]);
}

#[test]
fn a_replay_from_a_position_not_reached_yet_leaves_nothing_out() {
    let mut schedule = with(&["a", "b"]);
    schedule.replay(3);
    schedule.replay(900);
    assert_eq!(schedule.read_up_to(), 2);
    assert_eq!(begin(&mut schedule, 0), [1, 2]);
    let mut progress = schedule.progress();
    progress.replay(900);
    assert_eq!(progress, schedule.progress());
}

#[test]
fn stored_progress_can_be_set_back_too() {
    let mut schedule = with(&["a", "b", "a", "c"]);
    begin(&mut schedule, 0);
    finish(&mut schedule, 1, FAILED, 0);
    finish(&mut schedule, 4, OK, 0);
    let mut progress = schedule.progress();
    assert_eq!((progress.position, progress.waiting()), (4, 3));
    progress.replay(2);
    schedule.replay(2);
    assert_eq!(progress, schedule.progress());
}

#[test]
fn progress_that_contradicts_itself_is_not_read() {
    for text in [
        "{}",
        r#"{"v":2,"position":1}"#,
        r#"{"v":1,"position":3,"held":[{"subject":"a","waiting":[]}]}"#,
        r#"{"v":1,"position":3,"held":[{"subject":"a","waiting":[2,1]}]}"#,
        r#"{"v":1,"position":3,"held":[{"subject":"a","waiting":[4]}]}"#,
    ] {
        assert!(Progress::from_text(text).is_err(), "{text}");
    }
    let least = Progress::from_text(r#"{"v":1,"position":3}"#).unwrap();
    assert_eq!(least, Progress::behind(3));
}
