//! Import jobs as a whole: their states, their check, and their undoing.

use stockroom_domain::{
    CancelImport, Change, FinishCheck, Import, ImportOptions, ImportStatus, ImportStep,
    LineContent, LineCounts, LineError, LineProblem, MadeEntry, Owner, Recorded, Refusal,
    StartImport, SubmitImport, TransactionAction, UndoImport, UndoLines,
};

use crate::imports::{apply, change, job, line, with};
use crate::scene::{Scene, balance, entries, id, other_store, product, refused, store};

#[test]
fn a_job_of_another_owner_is_not_found() {
    for owner in [Owner::Organization, other_store()] {
        let other = || Import { owner, ..job() };
        let not_found = Refusal::JobNotFound;
        let id = id(1);
        assert_eq!(
            with(StartImport { id }, other()).decide(),
            Err(not_found.clone())
        );
        assert_eq!(
            with(CancelImport { id }, other()).decide(),
            Err(not_found.clone())
        );
        assert_eq!(with(UndoImport { id }, other()).decide(), Err(not_found));
    }
}

#[test]
fn a_file_becomes_a_job_that_waits() {
    let submit = SubmitImport {
        id: id(1),
        options: ImportOptions::default(),
        layout: "{}".to_owned(),
        request_id: Some("r-1".to_owned()),
        chunks: 3,
        lines: 2_500,
    };
    let decision = Scene::new(submit).accepted();
    assert_eq!(decision.answer.status, ImportStatus::Pending);
    assert_eq!(
        (decision.answer.lines.total, decision.answer.version),
        (2_500, 1)
    );
    assert_eq!(decision.answer.owner, store());
}

/// Which states each request is accepted in, and what becomes of the job.
#[test]
fn requests_are_accepted_in_their_states() {
    use ImportStatus::{
        Cancelled, Failed, PartlyUndone, Pending, Started, Success, Undoing, Undone,
    };
    let all = [
        Pending,
        Started,
        Success,
        Failed,
        Cancelled,
        Undoing,
        Undone,
        PartlyUndone,
    ];
    for status in all {
        let import = || Import { status, ..job() };
        let id = id(1);
        let outcomes = [
            (
                with(StartImport { id }, import()).decide(),
                &[Pending][..],
                Started,
            ),
            (
                with(CancelImport { id }, import()).decide(),
                &[Pending, Started][..],
                Cancelled,
            ),
            (
                with(UndoImport { id }, import()).decide(),
                &[Success, Failed, Cancelled][..],
                Undoing,
            ),
        ];
        for (outcome, allowed, becomes) in outcomes {
            let outcome = outcome.map(|decision| decision.answer.status);
            let expected = if allowed.contains(&status) {
                Ok(becomes)
            } else {
                Err(Refusal::ImportIs(status))
            };
            assert_eq!(outcome, expected, "{status:?} to {becomes:?}");
        }
    }
}

#[test]
fn a_dry_run_is_not_undone() {
    let mut import = Import {
        status: ImportStatus::Success,
        ..job()
    };
    import.options.dry_run = true;
    let scene = with(UndoImport { id: id(1) }, import);
    assert_eq!(scene.decide(), Err(Refusal::ImportIsDryRun));
}

#[test]
fn a_job_that_has_done_nothing_is_undone_at_once() {
    let import = Import {
        status: ImportStatus::Failed,
        next_chunk: 0,
        ..job()
    };
    let decision = with(UndoImport { id: id(1) }, import).accepted();
    assert_eq!(decision.answer.status, ImportStatus::Undone);
}

#[test]
fn a_check_ends_the_job_if_too_many_lines_fail() {
    let problem = LineProblem::Invalid("quantity is missing".to_owned());
    let errors = vec![LineError::new(7, problem)];
    for (failed, abort_after, chunks, status) in [
        (0, 0, 3, ImportStatus::Started),
        (1, 1, 3, ImportStatus::Started),
        (1, 0, 3, ImportStatus::Failed),
        (0, 0, 0, ImportStatus::Success),
    ] {
        let mut import = Import {
            is_checked: false,
            next_chunk: 0,
            lines: LineCounts::default(),
            chunks,
            ..job()
        };
        import.options.abort_after = abort_after;
        let check = FinishCheck {
            id: id(1),
            failed,
            errors: errors.clone(),
        };
        let decision = with(check, import).accepted();
        let (change, stored) = change(&decision.changes);
        assert_eq!(change.import.status, status);
        let has_failed = status == ImportStatus::Failed;
        assert_eq!(change.import.lines.failed, u32::from(has_failed));
        assert_eq!(stored.len(), usize::from(has_failed));
        assert_eq!(
            change.import.stopped_by,
            has_failed.then_some(ImportStep::Check)
        );
    }
}

/// The entries that some lines made, each with the line.
fn made(lines: Vec<LineContent>) -> (Scene<UndoLines>, Vec<MadeEntry>) {
    let scene = with(apply(lines), job());
    let decision = scene.accepted();
    let lines = change(&decision.changes).0.applied.expect("entries").lines;
    let recorded = entries(&decision.changes)
        .into_iter()
        .map(|entry| Recorded {
            entry: entry.clone(),
            product: product(),
            slug: None,
            actor_name: None,
            undone_by: None,
        });
    let entries: Vec<_> = lines
        .into_iter()
        .zip(recorded)
        .map(|(line, recorded)| MadeEntry { line, recorded })
        .collect();
    let undo = UndoLines {
        import: id(1),
        chunk: 0,
        entries: entries.clone(),
    };
    let import = Import {
        status: ImportStatus::Undoing,
        next_chunk: 1,
        ..job()
    };
    let mut scene = with(undo, import);
    let after = changed_stock_last(&decision.changes);
    scene.state.stocks.insert(after.key(), after);
    (scene, entries)
}

fn changed_stock_last(changes: &[Change]) -> stockroom_domain::Stock {
    let stocks = changes.iter().rev().find_map(|change| match change {
        Change::Stock(stock) => Some(stock.clone()),
        _ => None,
    });
    stocks.expect("a stock")
}

#[test]
fn undoing_gives_back_the_stock_of_before() {
    use TransactionAction::{Decrement, Increment, Set};
    let (scene, _) = made(vec![line(Set, 50), line(Increment, 5), line(Decrement, 30)]);
    let decision = scene.accepted();
    assert_eq!(decision.answer.status, ImportStatus::Undone);
    assert_eq!(decision.answer.next_chunk, 0);
    assert_eq!(
        changed_stock_last(&decision.changes).unlocated,
        balance(10, 2)
    );
    assert_eq!(entries(&decision.changes).len(), 3);
}

#[test]
fn what_cannot_be_undone_stays_and_is_told() {
    use TransactionAction::{Increment, Set};
    let (mut scene, made) = made(vec![line(Set, 50), line(Increment, 5)]);
    // All but 7 were sold since.
    if let Some(stock) = scene.state.stocks.values_mut().next() {
        stock.unlocated = balance(7, 2);
    }
    let decision = scene.accepted();
    let (change, errors) = change(&decision.changes);
    assert_eq!(change.import.status, ImportStatus::PartlyUndone);
    assert_eq!(change.import.not_undone, 1);
    assert_eq!(
        changed_stock_last(&decision.changes).unlocated,
        balance(2, 2)
    );
    let problem = Refusal::InsufficientStock(refused(38, balance(2, 2))).into();
    let line = made.first().map(|made| made.line).expect("a line");
    let error = LineError {
        is_of_undo: true,
        ..LineError::new(line, problem)
    };
    assert_eq!(errors, [(0, error)]);
}

#[test]
fn a_chunk_is_undone_once() {
    let (mut scene, _) = made(vec![line(TransactionAction::Set, 50)]);
    scene.request.chunk = 1;
    assert_eq!(scene.decide(), Err(Refusal::ImportMovedOn));
    let (mut scene, made) = made(vec![line(TransactionAction::Set, 50)]);
    let undone = made.iter().map(|made| made.recorded.entry.id);
    scene.state.undone.extend(undone);
    let (_, errors) = change(&scene.accepted().changes);
    let problem = Refusal::AlreadyUndone.into();
    let error = LineError {
        is_of_undo: true,
        ..LineError::new(1_002, problem)
    };
    assert_eq!(errors, [(0, error)]);
}

#[test]
fn a_dry_run_of_many_lines_is_not_exact() {
    for (dry_run, total, exact) in [
        (true, Import::EXACT_LINES_MAX, true),
        (true, Import::EXACT_LINES_MAX + 1, false),
        (false, Import::EXACT_LINES_MAX + 1, true),
    ] {
        let mut import = job();
        import.options.dry_run = dry_run;
        import.lines.total = total;
        assert_eq!(import.is_exact(), exact);
    }
}
