//! Imports.

use stockroom_domain::{
    Answered, ApplyLines, Change, EntryAction, Expectation, Import, ImportAction, ImportCaller,
    ImportChange, ImportLine, ImportOptions, ImportStatus, ImportStep, LineContent, LineCounts,
    LineError, LineLocation, LineMovement, LineProblem, LineProduct, NewLocation, NewProduct,
    Owner, ProductId, RecordChange, Refusal, StockLine, TransactionAction,
};

use crate::scene::{
    Scene, actor, assert_precedence, at, balance, changed_stock, entries, id, name, product,
    quantity, refused, slug, stock, store, text,
};

pub(crate) fn job() -> Import {
    Import {
        id: id(1),
        owner: store(),
        undo: None,
        caller: ImportCaller {
            key: actor(store()).key,
            key_name: None,
            key_owner: store(),
        },
        status: ImportStatus::Started,
        options: ImportOptions::default(),
        layout: "{}".to_owned(),
        request_id: None,
        chunks: 3,
        next_chunk: 1,
        is_checked: true,
        lines: LineCounts {
            total: 2_500,
            changed: 1_000,
            ..LineCounts::default()
        },
        errors: 0,
        changes: 0,
        not_undone: 0,
        stopped_by: None,
        created_at: at(-2_000),
        started_at: Some(at(-1_000)),
        completed_at: None,
        updated_at: at(-1_000),
        version: 4,
    }
}

pub(crate) fn with<R: Answered + Clone>(request: R, import: Import) -> Scene<R> {
    let mut scene = Scene::new(request).with_stock(stock(store(), balance(10, 2)));
    scene.state.imports.insert(id(1), import);
    scene
}

pub(crate) fn movement(action: TransactionAction, pieces: u64) -> LineMovement {
    LineMovement {
        location: None,
        action: ImportAction::Transaction(action),
        quantity: quantity(pieces),
    }
}

pub(crate) fn line_of(product: LineProduct, movements: Vec<LineMovement>) -> LineContent {
    LineContent::Movements(Box::new(StockLine {
        product,
        movements,
        expectation: Expectation::default(),
        annotation: stockroom_domain::Annotation::default(),
        sku: None,
        external_ref: None,
    }))
}

pub(crate) fn line(action: TransactionAction, pieces: u64) -> LineContent {
    let movements = vec![movement(action, pieces)];
    line_of(LineProduct::Known(product()), movements)
}

pub(crate) fn apply(lines: Vec<LineContent>) -> ApplyLines {
    let numbered = (1_002..).zip(lines);
    let lines = numbered.map(|(number, content)| ImportLine { number, content });
    ApplyLines {
        import: id(1),
        create_stock: false,
        chunk: 1,
        chunks: vec![lines.collect()],
    }
}

pub(crate) fn new_product(sku: &str) -> LineProduct {
    LineProduct::New(Box::new(NewProduct {
        id: None,
        name: text("A chair"),
        sku: Some(text(sku)),
        external_ref: None,
    }))
}

pub(crate) fn new_location(movement: &LineMovement) -> LineMovement {
    LineMovement {
        location: Some(LineLocation::New(Box::new(NewLocation {
            name: name("Berlin Mitte"),
            slug: slug("berlin-mitte"),
        }))),
        ..movement.clone()
    }
}

/// The change of the job among some changes, and its errors.
pub(crate) fn change(changes: &[Change]) -> (ImportChange, Vec<(u32, LineError)>) {
    let found = changes.iter().find_map(|change| match change {
        Change::Record(RecordChange::Import(change, errors)) => {
            Some(((**change).clone(), errors.clone()))
        }
        _ => None,
    });
    found.expect("a change of the job")
}

fn count(changes: &[Change], is: impl Fn(&RecordChange) -> bool) -> usize {
    let records = changes.iter().filter_map(|change| match change {
        Change::Record(record) => Some(record),
        _ => None,
    });
    records.filter(|record| is(record)).count()
}

#[test]
fn lines_are_applied_together_with_the_note_that_they_are() {
    use TransactionAction::{Increment, Set};
    let lines = vec![
        line(Set, 15),
        line(Set, 15),
        LineContent::Skipped,
        line(Increment, 1),
    ];
    let decision = with(apply(lines), job()).accepted();
    let (change, errors) = change(&decision.changes);
    let written = entries(&decision.changes);
    let applied = change.applied.expect("entries were made");
    assert_eq!(errors, []);
    assert_eq!(
        written
            .iter()
            .map(|it| (it.action, it.quantity.get()))
            .collect::<Vec<_>>(),
        [(EntryAction::Increment, 3), (EntryAction::Increment, 1)]
    );
    assert!(
        written
            .iter()
            .all(|entry| entry.batch == Some(applied.batch))
    );
    assert_eq!((applied.chunk, applied.lines), (1, vec![1_002, 1_005]));
    let expected = Import {
        next_chunk: 2,
        lines: LineCounts {
            total: 2_500,
            changed: 1_002,
            unchanged: 1,
            skipped: 1,
            failed: 0,
        },
        version: 5,
        updated_at: at(0),
        ..job()
    };
    assert_eq!(change.import, expected);
    assert_eq!(decision.answer, expected);
}

#[test]
fn the_last_chunk_ends_the_job() {
    let import = Import { chunks: 2, ..job() };
    let decision = with(apply(vec![LineContent::Skipped]), import).accepted();
    assert_eq!(decision.answer.status, ImportStatus::Success);
    assert_eq!(decision.answer.completed_at, Some(at(0)));
}

#[test]
fn a_line_that_fails_hinders_no_other() {
    use TransactionAction::{Decrement, Increment};
    let unreadable = LineProblem::Invalid("quantity is missing".to_owned());
    let lines = || {
        vec![
            line(Decrement, 11),
            line(Increment, 1),
            LineContent::Failed(unreadable.clone()),
        ]
    };
    let short = Refusal::InsufficientStock(refused(11, balance(10, 2)));
    for (abort_after, status, stopped_by) in [
        (2, ImportStatus::Started, None),
        (1, ImportStatus::Failed, Some(ImportStep::Apply)),
    ] {
        let mut import = job();
        import.options.abort_after = abort_after;
        let decision = with(apply(lines()), import).accepted();
        let (change, errors) = change(&decision.changes);
        let after = changed_stock(&decision.changes).expect("the stock");
        assert_eq!(after.unlocated, balance(11, 2), "the chunk is stored");
        assert_eq!(
            (change.import.status, change.import.stopped_by),
            (status, stopped_by)
        );
        assert_eq!((change.import.lines.failed, change.import.errors), (2, 2));
        let expected = [
            (0, LineError::new(1_002, short.clone().into())),
            (1, LineError::new(1_004, unreadable.clone())),
        ];
        assert_eq!(errors, expected);
    }
}

#[test]
fn only_the_first_errors_are_stored() {
    let mut import = job();
    import.options.abort_after = 20_000;
    import.errors = Import::ERRORS_MAX - 1;
    let lines = vec![line(TransactionAction::Decrement, 11); 3];
    let decision = with(apply(lines), import).accepted();
    let (change, errors) = change(&decision.changes);
    let places: Vec<u32> = errors.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [Import::ERRORS_MAX - 1]);
    assert_eq!(change.import.errors, Import::ERRORS_MAX);
    assert_eq!(change.import.lines.failed, 3);
}

#[test]
fn a_dry_run_counts_the_same_and_changes_nothing() {
    let lines = || {
        vec![
            line(TransactionAction::Set, 15),
            line(TransactionAction::Decrement, 14),
        ]
    };
    let real = with(apply(lines()), job()).accepted();
    let mut import = job();
    import.options.dry_run = true;
    let dry = with(apply(lines()), import).accepted();
    assert_eq!(dry.answer.lines, real.answer.lines);
    assert_eq!(dry.changes.len(), 1, "{:?}", dry.changes);
    assert_eq!(change(&dry.changes).0.applied, None);
}

#[test]
fn a_product_is_registered_by_its_first_line() {
    let lines = vec![
        line_of(
            new_product("CHAIR"),
            vec![movement(TransactionAction::Set, 5)],
        ),
        line_of(
            new_product("CHAIR"),
            vec![movement(TransactionAction::Increment, 2)],
        ),
    ];
    let decision = with(apply(lines), job()).accepted();
    let registered = count(&decision.changes, |it| {
        matches!(it, RecordChange::Product(_))
    });
    assert_eq!(registered, 1);
    assert_eq!(decision.answer.lines.changed, 1_002);
    let last = decision
        .changes
        .iter()
        .rev()
        .find_map(|change| match change {
            Change::Stock(stock) => Some(stock.unlocated),
            _ => None,
        });
    assert_eq!(last, Some(balance(7, 0)));
}

#[test]
fn a_line_that_fails_registers_nothing() {
    let lines = vec![line_of(
        new_product("CHAIR"),
        vec![movement(TransactionAction::Decrement, 1)],
    )];
    let decision = with(apply(lines), job()).accepted();
    assert_eq!(decision.answer.lines.failed, 1);
    assert_eq!(decision.changes.len(), 1, "{:?}", decision.changes);
}

/// Also not if a location was made for it.
#[test]
fn a_line_that_fails_makes_no_location() {
    let known = LineProduct::Known(product());
    let decrement = new_location(&movement(TransactionAction::Decrement, 1));
    let set = new_location(&movement(TransactionAction::Set, 1));
    let lines = vec![
        line_of(known.clone(), vec![decrement.clone()]),
        line_of(known.clone(), vec![set]),
        line_of(known, vec![decrement]),
    ];
    let decision = with(apply(lines[..1].to_vec()), job()).accepted();
    assert_eq!(decision.changes.len(), 1, "{:?}", decision.changes);
    let mut import = job();
    import.options.abort_after = 1;
    let decision = with(apply(lines), import).accepted();
    assert_eq!(decision.answer.lines.changed, 1_002);
    assert_eq!(decision.answer.lines.failed, 1);
}

/// Where the job stops doesn't depend on how many chunks are decided at once, as in dry runs.
#[test]
fn a_job_stops_behind_the_chunk_in_which_too_many_lines_failed() {
    let chunk = |content: LineContent| {
        let number = 1;
        vec![ImportLine { number, content }; 2]
    };
    let fails = || chunk(line(TransactionAction::Decrement, 99));
    let changes = || chunk(line(TransactionAction::Increment, 1));
    let mut import = job();
    import.chunks = 9;
    import.options.abort_after = 1;
    let request = ApplyLines {
        chunks: vec![changes(), fails(), changes()],
        ..apply(Vec::new())
    };
    let decision = with(request, import).accepted();
    assert_eq!(decision.answer.status, ImportStatus::Failed);
    assert_eq!(decision.answer.next_chunk, 3);
    assert_eq!(decision.answer.lines.changed, 1_002);
    assert_eq!(decision.answer.lines.failed, 2);
}

#[test]
fn a_name_of_a_product_that_an_earlier_line_registered_is_no_others() {
    let named = |product: LineProduct, sku: &str, external_ref: Option<&str>| {
        let mut content = line_of(product, vec![movement(TransactionAction::Set, 3)]);
        if let LineContent::Movements(line) = &mut content {
            line.sku = Some(text(sku));
            line.external_ref = external_ref.map(text);
        }
        content
    };
    let mut first = new_product("A");
    if let LineProduct::New(new) = &mut first {
        new.external_ref = Some(text("R"));
    }
    let mut third = new_product("B");
    if let LineProduct::New(new) = &mut third {
        new.external_ref = Some(text("R"));
    }
    let lines = vec![
        named(first, "A", Some("R")),
        named(new_product("B"), "B", None),
        named(third, "B", Some("R")),
        named(LineProduct::Known(product()), "A", None),
    ];
    let mut import = job();
    import.options.abort_after = 2;
    let decision = with(apply(lines), import).accepted();
    let (_, errors) = change(&decision.changes);
    let problems: Vec<_> = errors
        .iter()
        .map(|(_, error)| (error.line, &error.problem))
        .collect();
    assert!(
        matches!(
            problems[..],
            [
                (
                    1_004,
                    LineProblem::Refused(Refusal::ExternalRefTaken { .. })
                ),
                (1_005, LineProblem::Refused(Refusal::SkuTaken { .. })),
            ]
        ),
        "{problems:?}"
    );
}

#[test]
fn a_sku_that_somebody_else_took_fails_the_line() {
    let mut taken = crate::scene::registered(store(), id(0xB));
    taken.sku = Some(text("CHAIR"));
    let lines = vec![line_of(
        new_product("CHAIR"),
        vec![movement(TransactionAction::Set, 5)],
    )];
    let decision = with(apply(lines), job()).with_product(taken).accepted();
    let (_, errors) = change(&decision.changes);
    let problem = Refusal::SkuTaken { product: id(0xB) }.into();
    assert_eq!(errors, [(0, LineError::new(1_002, problem))]);
}

#[test]
fn a_location_is_made_by_its_first_line() {
    let set = |pieces| new_location(&movement(TransactionAction::Set, pieces));
    let known = LineProduct::Known(product());
    let lines = vec![
        line_of(known.clone(), vec![set(5)]),
        line_of(known, vec![set(6)]),
    ];
    let decision = with(apply(lines), job()).accepted();
    let made = count(&decision.changes, |it| {
        matches!(it, RecordChange::Location(_))
    });
    assert_eq!(made, 1);
    let slugs: Vec<_> = entries(&decision.changes)
        .iter()
        .map(|it| it.quantity.get())
        .collect();
    assert_eq!(slugs, [5, 1]);
}

/// Its own locations only: the stock of the organization lies in those of the organization.
#[test]
fn no_location_is_made_for_stock_of_the_organization() {
    let known = LineProduct::Known(product());
    let set = new_location(&movement(TransactionAction::Set, 5));
    let mut scene = with(apply(vec![line_of(known, vec![set])]), job());
    scene.remove_stock(store());
    scene.add_stock(stock(Owner::Organization, balance(10, 2)));
    let (_, errors) = change(&scene.accepted().changes);
    let problem = Refusal::unknown_location("Berlin Mitte").into();
    assert_eq!(errors, [(0, LineError::new(1_002, problem))]);
}

#[test]
fn stock_is_created_only_if_that_is_wanted() {
    let lines = || {
        let other: ProductId = id(0xB);
        vec![line_of(
            LineProduct::Known(other),
            vec![movement(TransactionAction::Set, 0)],
        )]
    };
    let refused = with(apply(lines()), job()).accepted();
    let (_, errors) = change(&refused.changes);
    let problem = Refusal::UnknownStock.into();
    assert_eq!(errors, [(0, LineError::new(1_002, problem))]);
    let wanted = ApplyLines {
        create_stock: true,
        ..apply(lines())
    };
    let created = with(wanted, job()).accepted();
    assert_eq!(created.answer.lines.changed, 1_001);
    // The entry of the creation, which undoing the job leaves.
    assert_eq!(entries(&created.changes).len(), 1);
    assert_eq!(change(&created.changes).0.applied, None);
}

#[test]
fn available_pieces_are_set_beside_the_allocated_ones() {
    let set = LineMovement {
        action: ImportAction::SetAvailable,
        ..movement(TransactionAction::Set, 20)
    };
    let lines = vec![line_of(LineProduct::Known(product()), vec![set.clone()]); 2];
    let decision = with(apply(lines), job()).accepted();
    let after = changed_stock(&decision.changes).expect("the stock");
    assert_eq!(after.unlocated, balance(20, 2));
    assert_eq!(decision.answer.lines.unchanged, 1);
}

#[test]
fn a_line_makes_all_its_movements_or_none() {
    let movements = vec![
        movement(TransactionAction::Set, 20),
        movement(TransactionAction::Decrement, 30),
    ];
    let lines = vec![line_of(LineProduct::Known(product()), movements)];
    let decision = with(apply(lines), job()).accepted();
    assert_eq!(entries(&decision.changes).len(), 0);
    assert_eq!(decision.answer.lines.failed, 1);
}

#[test]
fn refusals_of_lines_come_in_order() {
    assert_precedence(
        &with(apply(vec![LineContent::Skipped]), job()),
        &[
            (|scene| scene.state.imports.clear(), Refusal::JobNotFound),
            (
                |scene| {
                    if let Some(import) = scene.state.imports.get_mut(&id(1)) {
                        import.status = ImportStatus::Cancelled;
                    }
                },
                Refusal::ImportIs(ImportStatus::Cancelled),
            ),
            (|scene| scene.request.chunk = 0, Refusal::ImportMovedOn),
        ],
    );
    let unchecked = Import {
        is_checked: false,
        ..job()
    };
    let scene = with(apply(vec![LineContent::Skipped]), unchecked);
    assert_eq!(scene.decide(), Err(Refusal::ImportMovedOn));
}
