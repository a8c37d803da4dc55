//! Many transactions in one request.

use stockroom_domain::{
    EntryAction, Owner, PreviewTransactions, Recorded, Refusal, Stock, StockKey, Transact,
    TransactMany, TransactionAction,
};

use crate::scene::{
    Scene, balance, changed_stock, entries, id, product, quantity, refused, stock, store,
};
use TransactionAction::{Allocate, Decrement, Increment};

#[expect(clippy::unnecessary_wraps, reason = "as lines are")]
fn line(action: TransactionAction, pieces: u64) -> Option<Transact> {
    Some(Transact::new(product(), action, quantity(pieces)))
}

fn scene(lines: Vec<Option<Transact>>, atomic: bool) -> Scene<TransactMany> {
    Scene::new(TransactMany { lines, atomic }).with_stock(stock(store(), balance(5, 0)))
}

fn sequences(lines: &[Result<Recorded, Refusal>]) -> Vec<Option<u64>> {
    let sequence = |line: &Result<Recorded, _>| line.as_ref().ok().map(|it| it.entry.sequence);
    lines.iter().map(sequence).collect()
}

#[test]
fn each_line_sees_the_ones_before_it() {
    for atomic in [true, false] {
        let lines = vec![line(Allocate, 5), line(Increment, 2), line(Decrement, 2)];
        let decision = scene(lines, atomic).accepted();
        assert_eq!(sequences(&decision.answer), [Some(2), Some(3), Some(4)]);
        let made: Vec<_> = entries(&decision.changes)
            .into_iter()
            .map(|entry| (entry.action, entry.balance))
            .collect();
        assert_eq!(
            made,
            [
                (EntryAction::Allocate, balance(0, 5)),
                (EntryAction::Increment, balance(2, 5)),
                (EntryAction::Decrement, balance(0, 5)),
            ]
        );
    }
}

#[test]
fn a_line_that_is_refused_hinders_no_other_one() {
    let elsewhere = line(Increment, 1).map(|line| Transact {
        product: id(0xB),
        ..line
    });
    let lines = vec![
        line(Allocate, 3),
        line(Allocate, 3),
        None,
        elsewhere,
        line(Allocate, 2),
    ];
    let answer = scene(lines, false).accepted().answer;
    assert_eq!(sequences(&answer), [Some(2), None, None, None, Some(3)]);
    let refusal = Refusal::InsufficientStock(refused(3, balance(2, 3)));
    assert_eq!(answer[1], Err(refusal));
    assert_eq!(answer[2], Err(Refusal::NoTransaction));
    assert_eq!(answer[3], Err(Refusal::UnknownStock));
}

#[test]
fn all_or_none_are_made_and_the_first_refusal_counts() {
    for (lines, index, refusal) in [
        (
            vec![line(Allocate, 3), line(Allocate, 3), None],
            1,
            Refusal::InsufficientStock(refused(3, balance(2, 3))),
        ),
        (
            vec![line(Allocate, 3), None, line(Allocate, 3)],
            1,
            Refusal::NoTransaction,
        ),
        (vec![None, line(Allocate, 9)], 0, Refusal::NoTransaction),
    ] {
        let refusal = Refusal::Line {
            index,
            refusal: Box::new(refusal),
        };
        assert_eq!(scene(lines, true).decide().err(), Some(refusal));
    }
}

#[test]
fn own_stock_goes_before_the_organizations_in_every_line() {
    let mut scene = scene(vec![line(Allocate, 1), line(Allocate, 1)], true);
    scene.add_stock(stock(Owner::Organization, balance(9, 0)));
    let decision = scene.accepted();
    let changed = changed_stock(&decision.changes).map(Stock::key);
    let owner = store();
    assert_eq!(
        changed,
        Some(StockKey {
            product: product(),
            owner
        })
    );
    assert!(
        entries(&decision.changes)
            .iter()
            .all(|entry| entry.balance.available < quantity(5))
    );
}

#[test]
fn nothing_is_made_of_no_lines() {
    for atomic in [true, false] {
        let decision = scene(Vec::new(), atomic).accepted();
        assert_eq!((decision.answer, decision.changes), (vec![], vec![]));
    }
}

#[test]
fn a_preview_answers_the_same_and_changes_nothing() {
    for atomic in [true, false] {
        for pieces in [1, 6] {
            let lines = || vec![line(Allocate, 4), line(Allocate, pieces), None];
            let many = TransactMany {
                lines: lines(),
                atomic,
            };
            let stock = stock(store(), balance(5, 0));
            let preview = Scene::new(PreviewTransactions(many)).with_stock(stock);
            let made = scene(lines(), atomic);
            if atomic {
                let refused = preview.decide().err();
                assert!(refused.is_some());
                assert_eq!(refused, made.decide().err());
                continue;
            }
            let (preview, made) = (preview.accepted(), made.accepted());
            assert_eq!(preview.answer, made.answer);
            assert_eq!(preview.changes, []);
        }
    }
}
