//! Whether answers are such as may be given, and always the same under one key.

use crate::ask::Request;
use crate::model::{Expect, INSUFFICIENT, UNEXPECTED};
use crate::record::{Answer, Attempt, Record, Unclear};
use crate::reservation::Act;

use super::Fault;

/// The status while the database is away.
const UNAVAILABLE: u16 = 503;

pub(super) fn faults(records: &[Record]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for record in records {
        let sentence = status(record).or_else(|| repetition(record));
        let sentence = sentence.or_else(|| misuse(record, records));
        faults.extend(sentence.map(|sentence| Fault::new(sentence).of(record)));
    }
    faults
}

/// Whether there is an answer of a kind that no such request may get. That the database is away,
/// a server may say; that something is wrong inside, never.
fn status(record: &Record) -> Option<String> {
    let mut attempts = record.attempts.iter();
    let failed = attempts.find_map(|attempt| match attempt.outcome {
        Err(Unclear::Failed(status)) if status != UNAVAILABLE => Some(status),
        _ => None,
    });
    if let Some(status) = failed {
        return Some(format!("{} was answered {status}", record.name));
    }
    let mut answers = record.answers().map(|(_, answer)| answer);
    let unexpected = answers.find(|answer| !may_be(&record.request, answer.status))?;
    Some(format!("{} was answered {unexpected}", record.name))
}

fn may_be(request: &Request, status: u16) -> bool {
    let expects = || {
        let mut lines = request.lines().iter();
        lines.any(|line| line.change.expect != Expect::default())
    };
    match request {
        // What is fleeting may be gone; of what is lasting, the order of all shows that it never was.
        Request::Transact(_) => match status {
            UNEXPECTED => expects(),
            status => [201, 404, INSUFFICIENT].contains(&status),
        },
        Request::Batch { atomic: false, .. } => status == 207,
        Request::Batch { atomic: true, .. } => match status {
            UNEXPECTED => expects(),
            status => [201, INSUFFICIENT].contains(&status),
        },
        Request::Create { .. } => [201, 400].contains(&status),
        Request::Delete { .. } => [204, 404].contains(&status),
        Request::Misuse { .. } => true,
        Request::Reserve(reserve) => match status {
            200 | 409 => reserve.order.is_some(),
            status => [201, INSUFFICIENT].contains(&status),
        },
        Request::Availability(_) => status == 200,
        Request::Act { act, .. } => match status {
            200 => true,
            409 => *act != Act::Read,
            INSUFFICIENT => {
                matches!(
                    act,
                    Act::Release(Some(_)) | Act::Fulfil(Some(_)) | Act::Move { .. } | Act::Edit(_)
                )
            }
            _ => false,
        },
        Request::Stock { .. } | Request::History { .. } => [200, 404].contains(&status),
    }
}

/// Whether answers to the same request differ, or don't say as they should that they were given
/// before.
fn repetition(record: &Record) -> Option<String> {
    let Record { name, .. } = record;
    let answers: Vec<(&Attempt, &Answer)> = record.answers().collect();
    let (_, first) = answers.first()?;
    for (attempt, answer) in &answers {
        if (answer.status, &answer.body) != (first.status, &first.body) {
            return Some(format!("{name} was answered {first}, and again {answer}"));
        }
        let mut earlier = answers.iter();
        if !answer.replayed && earlier.any(|(it, _)| it.ended < attempt.invoked) {
            return Some(format!("{name} was answered, and then carried out again"));
        }
        let mut others = record.attempts.iter();
        let could_be_first = |it: &Attempt| {
            !std::ptr::eq(it, *attempt)
                && it.outcome != Err(Unclear::Incomplete)
                && it.invoked < attempt.ended
        };
        if answer.replayed && !others.any(could_be_first) {
            return Some(format!(
                "the first answer to {name} says that it was given before"
            ));
        }
    }
    let fresh = answers.iter().filter(|(_, answer)| !answer.replayed);
    (fresh.count() > 1).then(|| format!("{name} was carried out twice, says no answer otherwise"))
}

/// Whether a key was good for another request.
fn misuse(record: &Record, records: &[Record]) -> Option<String> {
    let Request::Misuse { of, .. } = record.request else {
        return None;
    };
    let (prefix, _) = record.name.rsplit_once('-')?;
    let owner = format!("{prefix}-{of}");
    let owner = records.iter().find(|record| *record.name == *owner)?;
    let (kept, answer) = (owner.answer()?, record.answer()?);
    let is_kept = matches!(kept.status, 200..300 | 404 | 409 | 422);
    (is_kept && answer.status != 409).then(|| {
        format!(
            "{} used the key of {}, and was answered {answer}",
            record.name, owner.name,
        )
    })
}
