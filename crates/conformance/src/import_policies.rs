//! Imports of policies.

use stockroom_domain::{
    EventName, Import, ImportId, ImportLine, ImportOptions, ImportStatus, ImportTarget,
    LineContent, LineProblem, Refusal, SetPolicy, TransactionAction, UndoImport,
};

use crate::imports::{apply, bearing, checked, errors, import};
use crate::policies::policy;
use crate::verify::assert_intact;
use crate::{Bench, Client, make};

fn of_policies(options: ImportOptions) -> ImportOptions {
    ImportOptions {
        target: ImportTarget::Policies,
        ..options
    }
}

fn line(number: u32, set: SetPolicy) -> ImportLine {
    let content = LineContent::Policy(Box::new(set));
    ImportLine { number, content }
}

async fn counts(client: &Client, id: ImportId) -> (Import, [u32; 3]) {
    let import = import(client, id).await.expect("it is kept");
    let lines = import.lines;
    (import, [lines.changed, lines.unchanged, lines.failed])
}

/// Lines change policies, each on what those before it left, and ring once for each stock and chunk.
pub async fn a_file_sets_policies(bench: Bench) {
    let store = bench.store().await;
    let [known, other, unknown] = [bench.product(), bench.product(), bench.product()];
    store.locate("berlin").await;
    store.done(make::stock(known, 5, [("berlin", 5)])).await;
    store.done(make::stock(other, 50, [("berlin", 0)])).await;
    let id = checked(&bench, &store, of_policies(bearing(9))).await;
    let lines = vec![
        line(2, policy(known, 3, &[(20, 30)], &[])),
        line(
            3,
            policy(known, 3, &[(20, 30)], &[("berlin", 2, &[(9, 10)])]),
        ),
        line(4, policy(other, 3, &[(20, 30)], &[])),
        line(5, policy(known, 3, &[(20, 30)], &[])),
        line(6, policy(unknown, 1, &[], &[])),
        line(7, policy(known, 1, &[], &[("paris", 2, &[])])),
    ];
    store.done(apply(id, 0, lines)).await;
    assert_eq!(counts(&store, id).await.1, [3, 1, 2]);
    let problems = errors(&store, id, 0, 9).await.into_iter();
    let problems: Vec<_> = problems.map(|error| (error.line, error.problem)).collect();
    let refused = [
        (6, LineProblem::Refused(Refusal::UnknownStock)),
        (7, LineProblem::Refused(Refusal::not_stocked("paris"))),
    ];
    assert_eq!(problems, refused);
    let stock = store.stock(known).await.expect("it is managed");
    assert_eq!(stock.policy.safety_stock, make::quantity(3));
    assert!(stock.policy.is_low());
    assert!(stock.located.values().all(|it| it.policy.is_low()));
    let names = store.names().await;
    let count = |name: EventName| names.iter().filter(|it| **it == name).count();
    assert_eq!(count(EventName::PolicyUpdated), 3);
    assert_eq!(count(EventName::StockLow), 2);
    assert_intact(&store).await;
    // A later movement sees them.
    store
        .transact(other, TransactionAction::Decrement, 30)
        .await
        .expect("enough");
    let names = store.names().await;
    let low = names.iter().filter(|name| **name == EventName::StockLow);
    assert_eq!(low.count(), 3);
    assert_intact(&store).await;
}

/// A dry run changes no policy, and what an import has changed stays.
pub async fn policies_are_tried_and_not_undone(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let dry = ImportOptions {
        dry_run: true,
        ..of_policies(bearing(0))
    };
    let id = checked(&bench, &store, dry).await;
    let set = policy(product, 3, &[(20, 30)], &[]);
    store.done(apply(id, 0, vec![line(2, set.clone())])).await;
    let (tried, lines) = counts(&store, id).await;
    assert_eq!((lines, tried.changes), ([1, 0, 0], 0));
    let stock = store.stock(product).await.expect("it is managed");
    assert!(!stock.has_policy());
    let id = checked(&bench, &store, of_policies(bearing(0))).await;
    store.done(apply(id, 0, vec![line(2, set)])).await;
    store.done(apply(id, 1, Vec::new())).await;
    assert_eq!(counts(&store, id).await.0.status, ImportStatus::Success);
    let refused = store.ask(UndoImport { id }).await.expect_err("no entries");
    assert_eq!(refused, Refusal::ImportIsOfPolicies);
    let stock = store.stock(product).await.expect("it is managed");
    assert!(stock.has_policy());
    assert_intact(&store).await;
}
