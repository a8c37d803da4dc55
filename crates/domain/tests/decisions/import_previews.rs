//! What a dry run keeps of the entries that it would make.

use TransactionAction::{Allocate, Decrement, Increment, Set};
use stockroom_domain::{
    Balance, ChangedProduct, EntryAction, Import, ImportAction, LineChange, LineContent,
    LineMovement, LineProduct, ProductId, Slug, TransactionAction,
};

use crate::imports::{
    apply, change, job, line, line_of, movement, new_location, new_product, with,
};
use crate::scene::{balance, id, product, quantity, slug, text};

fn dry() -> Import {
    let mut import = job();
    import.options.dry_run = true;
    import.options.abort_after = 9;
    import
}

/// What is kept of lines, each with its place, and the job.
fn kept(lines: Vec<LineContent>, import: Import) -> (Vec<(u32, LineChange)>, Import) {
    let decision = with(apply(lines), import).accepted();
    let change = change(&decision.changes).0;
    (change.changes, change.import)
}

fn changes(lines: Vec<LineContent>) -> Vec<LineChange> {
    let (kept, import) = kept(lines, dry());
    assert_eq!(import.changes as usize, kept.len());
    kept.into_iter().map(|(_, change)| change).collect()
}

fn known(
    line: u32,
    (action, pieces): (EntryAction, u64),
    before: Balance,
    after: Balance,
) -> LineChange {
    LineChange {
        line,
        product: ChangedProduct::Known(product()),
        location: None,
        action,
        quantity: quantity(pieces),
        before,
        after,
    }
}

/// Each sees what those before it would have done. Lines that change nothing, say nothing or fail are left out.
#[test]
fn a_dry_run_keeps_the_entries_that_its_lines_would_make() {
    let lines = vec![
        line(Set, 15),
        line(Set, 15),
        line(Decrement, 14),
        LineContent::Skipped,
        line(Decrement, 3),
        line(Allocate, 1),
    ];
    let expected = [
        known(
            1_002,
            (EntryAction::Increment, 3),
            balance(10, 2),
            balance(13, 2),
        ),
        known(
            1_006,
            (EntryAction::Decrement, 3),
            balance(13, 2),
            balance(10, 2),
        ),
        known(
            1_007,
            (EntryAction::Allocate, 1),
            balance(10, 2),
            balance(9, 3),
        ),
    ];
    assert_eq!(changes(lines), expected);
}

#[test]
fn an_import_in_earnest_keeps_none() {
    let (kept, import) = kept(vec![line(Set, 15)], job());
    assert_eq!((kept, import.changes), (vec![], 0));
}

#[test]
fn available_pieces_that_are_set_are_told_as_the_entry_would_have_them() {
    let set = LineMovement {
        action: ImportAction::SetAvailable,
        ..movement(Set, 7)
    };
    let line = line_of(LineProduct::Known(product()), vec![set]);
    let entry = (EntryAction::Decrement, 3);
    let expected = known(1_002, entry, balance(10, 2), balance(7, 2));
    assert_eq!(changes(vec![line]), [expected]);
}

/// An id that would be drawn anew says nothing, and isn't kept.
#[test]
fn a_product_that_would_be_registered_is_told_by_its_names() {
    let with_id = |id: Option<ProductId>, sku: &str, name: &str| {
        let mut product = new_product(sku);
        if let LineProduct::New(new) = &mut product {
            new.id = id;
            new.name = text(name);
        }
        line_of(product, vec![movement(Increment, 2)])
    };
    let lines = vec![
        with_id(None, "CHAIR", "A chair"),
        with_id(None, "CHAIR", "Another name"),
        with_id(Some(id(0xF)), "LAMP", "A lamp"),
    ];
    let told = changes(lines).into_iter();
    let told: Vec<_> = told.map(|it| (it.product, it.before, it.after)).collect();
    let new = |id, name, sku| ChangedProduct::New {
        id,
        name: text(name),
        sku: Some(text(sku)),
    };
    let chair = || new(None, "A chair", "CHAIR");
    let expected = [
        (chair(), balance(0, 0), balance(2, 0)),
        (chair(), balance(2, 0), balance(4, 0)),
        (
            new(Some(id(0xF)), "A lamp", "LAMP"),
            balance(0, 0),
            balance(2, 0),
        ),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_location_that_would_be_made_is_told_by_its_slug() {
    let set = new_location(&movement(Set, 5));
    let line = line_of(LineProduct::Known(product()), vec![set, movement(Set, 20)]);
    let told = changes(vec![line]).into_iter();
    let places: Vec<Option<Slug>> = told.map(|change| change.location).collect();
    assert_eq!(places, [Some(slug("berlin-mitte")), None]);
}

#[test]
fn only_the_first_changes_are_kept() {
    let mut import = dry();
    import.changes = Import::CHANGES_MAX - 2;
    let (kept, import) = kept(vec![line(Increment, 1); 3], import);
    let places: Vec<(u32, u32)> = kept
        .iter()
        .map(|(place, change)| (*place, change.line))
        .collect();
    assert_eq!(places, [(9_998, 1_002), (9_999, 1_003)]);
    assert_eq!(import.changes, Import::CHANGES_MAX);
    assert_eq!(import.lines.changed, 1_003);
}

/// The chunk in which too many lines fail is worked out to its end, as it would be applied.
#[test]
fn what_a_dry_run_that_fails_would_have_changed_is_kept() {
    let mut import = dry();
    import.options.abort_after = 0;
    let (kept, import) = kept(vec![line(Decrement, 99), line(Increment, 1)], import);
    assert!(import.stopped_by.is_some());
    assert_eq!(kept.len(), 1);
}
