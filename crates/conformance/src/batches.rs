//! Batches: commands of one commit, in order, each seeing the changes of its predecessors.

use TransactionAction::{Allocate, Decrement, Increment, Set};
use stockroom_application::filter::Comparison;
use stockroom_application::ports::StockCondition;
use stockroom_domain::{
    Answer, Balance, Command, DeleteLocation, DeleteStock, EntryAction, Outcome,
    PreviewTransactions, Recorded, Refusal, Stock, TransactMany, TransactionAction,
};

use crate::history::rename;
use crate::transactions::assert_adds_up;
use crate::{Bench, Client, make};

fn stock(outcome: &Outcome) -> &Stock {
    match outcome {
        Ok(Answer::Stock(stock)) => stock,
        other => panic!("no stock, but {other:?}"),
    }
}

fn recorded(outcome: &Outcome) -> &Recorded {
    match outcome {
        Ok(Answer::Recorded(recorded)) => recorded,
        other => panic!("no entry, but {other:?}"),
    }
}

fn accepted(outcomes: &[Outcome]) -> Vec<bool> {
    outcomes.iter().map(Result::is_ok).collect()
}

fn transaction(
    client: &Client,
    product: stockroom_domain::ProductId,
    action: TransactionAction,
    pieces: u64,
) -> Command {
    client.command(make::transaction(product, action, pieces, None))
}

/// A bulk request's batch contains all of its entries, and no others.
pub async fn entries_name_their_batch(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let line = |pieces| Some(make::transaction(product, Allocate, pieces, None));
    let many = || TransactMany {
        lines: vec![line(1), line(9), line(1)],
        atomic: false,
    };
    for _ in 0..2 {
        store.done(many()).await;
    }
    let history = store.history(product).await;
    let batches: Vec<_> = history.iter().map(|it| it.entry.batch).collect();
    assert_eq!(batches[0], None);
    assert!(batches[1].is_some() && batches[1] == batches[2]);
    assert!(batches[3].is_some() && batches[3] == batches[4]);
    assert_ne!(batches[1], batches[3]);
}

/// An empty batch has no outcomes.
pub async fn an_empty_batch_does_nothing(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.commit(Vec::new()).await, []);
}

/// Outcomes are in the order of the commands, whatever the order in which rows are locked.
pub async fn outcomes_come_in_order(bench: Bench) {
    let store = bench.store().await;
    let mut products: Vec<_> = (0..9).map(|_| bench.product()).collect();
    products.reverse();
    products.rotate_left(4);
    let creations = products
        .iter()
        .map(|product| store.command(make::stock(*product, 1, [])));
    let outcomes = store.commit(creations.collect()).await;
    let created: Vec<_> = outcomes
        .iter()
        .map(|outcome| stock(outcome).product)
        .collect();
    assert_eq!(created, products);
    let listed = store.stocks(&[]).await;
    assert!(listed.iter().map(|stock| stock.product).eq(products));
}

/// A refused command changes nothing, and the commands around it are stored.
pub async fn a_refusal_does_not_sink_its_neighbours(bench: Bench) {
    let store = bench.store().await;
    let [product, other] = [bench.product(), bench.product()];
    let batch = vec![
        store.command(make::stock(product, 5, [])),
        store.command(make::stock(product, 9, [])),
        transaction(&store, product, Decrement, 6),
        transaction(&store, product, Decrement, 2),
        transaction(&store, other, Increment, 1),
        store.command(make::location("berlin")),
        store.command(make::location("berlin")),
        store.command(make::stock(other, 1, [("berlin", 1)])),
        store.command(make::transaction(other, Increment, 1, Some("nowhere"))),
        transaction(&store, product, Increment, 4),
    ];
    let outcomes = store.commit(batch).await;
    let expected = [
        true, false, false, true, false, true, false, true, false, true,
    ];
    assert_eq!(accepted(&outcomes), expected);
    assert_eq!(outcomes[1], Err(Refusal::StockExists));
    assert_eq!(outcomes[2], Err(make::insufficient(6, 5, 0)));
    assert_eq!(outcomes[4], Err(Refusal::UnknownStock));
    let stock = store.stock(product).await.expect("the stock");
    assert_eq!(stock.sums().available.get(), 7);
    let history = store.history(product).await;
    assert_eq!(history.len(), 3);
    assert_adds_up(&stock, &history);
    assert_eq!(store.locations(&[]).await.len(), 1);
}

/// Transactions that are requested together are all made or, if one is refused, none is.
pub async fn many_transactions_are_made_or_none(bench: Bench) {
    let store = bench.store().await;
    let products = [(); 3].map(|()| bench.product());
    for product in products {
        store.create(product, 5).await;
    }
    let many = |pieces: [u64; 3], atomic| TransactMany {
        lines: std::iter::zip(products, pieces)
            .map(|(product, pieces)| Some(make::transaction(product, Allocate, pieces, None)))
            .collect(),
        atomic,
    };
    let refused = store.ask(many([1, 1, 6], true)).await;
    let refusal = Box::new(make::insufficient(6, 5, 0));
    assert_eq!(refused, Err(Refusal::Line { index: 2, refusal }));
    for product in products {
        assert_eq!(store.history(product).await.len(), 1);
    }
    let made = store.done(many([1, 1, 5], true)).await;
    for (product, made) in std::iter::zip(products, made) {
        assert_eq!(
            store.history(product).await[1..],
            [made.expect("it is made")]
        );
    }
    let each = store.done(many([4, 5, 0], false)).await;
    let made = each.iter().map(Result::is_ok);
    assert!(made.eq([true, false, true]));
    let available = [0, 4, 0];
    for (product, pieces) in std::iter::zip(products, available) {
        assert_eq!(store.available(product).await.get(), pieces);
    }
}

/// A request with the maximum number of transactions, some of them in a location.
pub async fn many_transactions_may_be_very_many(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.create(product, 0).await;
    let line = |number: usize| {
        let location = (number % 2 == 1).then_some("berlin");
        Some(make::transaction(product, Increment, 1, location))
    };
    let lines = (0..TransactMany::LINES_MAX).map(line).collect();
    let made = store
        .done(TransactMany {
            lines,
            atomic: true,
        })
        .await;
    let sequences = made
        .iter()
        .map(|line| line.as_ref().map(|it| it.entry.sequence));
    assert!(sequences.eq((2..).map(Ok).take(TransactMany::LINES_MAX)));
    let stock = store.stock(product).await.expect("the stock");
    let expected = u64::try_from(TransactMany::LINES_MAX).expect("it fits");
    assert_eq!(stock.sums().available.get(), expected);
}

/// A batch that consists of refusals changes nothing.
pub async fn a_batch_of_refusals_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let before = (store.stock(product).await, store.history(product).await);
    let batch = (6..9).map(|pieces| transaction(&store, product, Allocate, pieces));
    let outcomes = store.commit(batch.collect()).await;
    let refusals = (6..9).map(|pieces| Err(make::insufficient(pieces, 5, 0)));
    assert_eq!(outcomes, refusals.collect::<Vec<_>>());
    let after = (store.stock(product).await, store.history(product).await);
    assert_eq!(after, before);
}

/// Of many commands on one stock, each sees the figures that its predecessor left.
pub async fn commands_see_the_ones_before_them(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 100).await;
    let batch = (0..256).map(|_| transaction(&store, product, Allocate, 1));
    let outcomes = store.commit(batch.collect()).await;
    assert_eq!(
        accepted(&outcomes),
        [[true].repeat(100), [false].repeat(156)].concat()
    );
    for (outcome, sequence) in outcomes.iter().zip(2..102) {
        let entry = &recorded(outcome).entry;
        assert_eq!(entry.sequence, sequence);
        assert_eq!(entry.balance.allocated.get(), sequence - 1);
    }
    let stock = store.stock(product).await.expect("the stock");
    let history = store.history(product).await;
    assert_adds_up(&stock, &history);
    let answers = outcomes.iter().take(100).map(recorded);
    assert!(
        history[1..].iter().eq(answers),
        "history shows what was answered"
    );
}

/// A stock's whole period, and the beginning of the next one, in one batch.
pub async fn a_whole_life_fits_into_one_batch(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    let at_berlin = |action, pieces| {
        let request = make::transaction(product, action, pieces, Some("berlin"));
        store.command(request)
    };
    let batch = vec![
        transaction(&store, product, Increment, 1),
        store.command(make::stock(product, 5, [("berlin", 1)])),
        at_berlin(Increment, 3),
        transaction(&store, product, Allocate, 2),
        store.command(make::put(product, [("berlin", None)])),
        store.command(DeleteStock { product }),
        transaction(&store, product, Allocate, 2),
        store.command(DeleteStock { product }),
        store.command(make::stock(product, 7, [])),
        transaction(&store, product, Decrement, 3),
        at_berlin(Set, 2),
    ];
    let outcomes = store.commit(batch).await;
    let expected = [
        false, true, true, true, true, true, false, false, true, true, true,
    ];
    assert_eq!(accepted(&outcomes), expected);
    let [first, second] = [stock(&outcomes[1]), stock(&outcomes[8])];
    assert_ne!(first.id, second.id);
    let read = store.stock(product).await.expect("the stock");
    assert_eq!(read.id, second.id);
    assert_eq!(read.sums().available.get(), 6);
    let history = store.history(product).await;
    assert_adds_up(&read, &history);
    assert_eq!(
        &history[1..],
        [
            recorded(&outcomes[9]).clone(),
            recorded(&outcomes[10]).clone()
        ]
    );
    let old = recorded(&outcomes[2]).entry.id;
    assert_eq!(store.entry(product, old).await, None);
    assert_eq!(store.stocks(&[]).await, [read]);
}

/// Existing stock is deleted and created anew in one batch; only the new stock is left.
pub async fn stock_is_replaced_in_one_batch(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let [product, later] = [bench.product(), bench.product()];
    let old = store.done(make::stock(product, 5, [("berlin", 5)])).await;
    store.create(later, 1).await;
    let batch = vec![
        transaction(&store, product, Increment, 1),
        store.command(DeleteStock { product }),
        store.command(make::stock(product, 2, [])),
    ];
    let outcomes = store.commit(batch).await;
    assert_eq!(accepted(&outcomes), [true; 3]);
    let new = store.stock(product).await.expect("the stock");
    assert_ne!(new.id, old.id);
    assert_eq!(new, *stock(&outcomes[2]));
    assert_eq!(store.history(product).await.len(), 1);
    let listed = store.stocks(&[]).await;
    assert!(
        listed
            .iter()
            .map(|stock| stock.product)
            .eq([later, product])
    );
    // The deleted stock doesn't keep the location.
    store.done(DeleteLocation { id: berlin.id }).await;
}

/// Stock that is created and deleted in one batch leaves nothing behind.
pub async fn stock_may_come_and_go_in_one_batch(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let product = bench.product();
    for client in [&organization, &store] {
        let batch = vec![
            client.command(make::stock(product, 5, [])),
            transaction(client, product, Allocate, 5),
            client.command(DeleteStock { product }),
        ];
        assert_eq!(accepted(&client.commit(batch).await), [true; 3]);
        assert_eq!(client.stock(product).await, None);
        assert_eq!(client.stocks(&[]).await, []);
    }
    // Having been managed by the organization, the product stays organization-level.
    let stock = store.create(product, 1).await;
    assert_eq!(stock.product_owner, stockroom_domain::Owner::Organization);
}

/// Stock, locations and products of one batch see each other.
pub async fn all_kinds_of_commands_share_a_batch(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let berlin = store.locate("berlin").await;
    let batch = vec![
        store.command(make::location("madrid")),
        store.command(make::stock(product, 0, [("madrid", 1), ("berlin", 2)])),
        store.command(rename(&berlin, "potsdam")),
        store.command(make::transaction(product, Increment, 1, Some("berlin"))),
        store.command(make::transaction(product, Increment, 1, Some("potsdam"))),
        store.command(DeleteLocation { id: berlin.id }),
        store.command(make::transaction(product, Set, 0, Some("potsdam"))),
        store.command(DeleteLocation { id: berlin.id }),
        store.command(make::location("berlin")),
        store.command(make::transaction(product, Increment, 9, Some("berlin"))),
        store.command(make::registration("x")),
    ];
    let outcomes = store.commit(batch).await;
    let expected = [
        true, true, true, false, true, false, true, true, true, true, true,
    ];
    assert_eq!(accepted(&outcomes), expected);
    let stock = store.stock(product).await.expect("the stock");
    let mut positions: Vec<_> = stock
        .located
        .values()
        .map(|position| (position.slug.as_str(), position.balance.available.get()))
        .collect();
    positions.sort_unstable();
    assert_eq!(positions, [("berlin", 9), ("madrid", 1)]);
    assert_adds_up(&stock, &store.history(product).await);
    assert_eq!(store.products().await.len(), 1);
}

/// Of two creators of one organization-level product in one batch, the second is refused.
pub async fn creators_in_one_batch_see_each_other(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let product = organization
        .done(make::registration("shared"))
        .await
        .product
        .id;
    let batch = vec![
        one.command(make::stock(product, 1, [])),
        other.command(make::stock(product, 2, [])),
        one.command(DeleteStock { product }),
        other.command(make::stock(product, 3, [])),
        organization.command(make::stock(product, 4, [])),
    ];
    let outcomes = organization.commit(batch).await;
    assert_eq!(accepted(&outcomes), [true, false, true, true, false]);
    assert_eq!(outcomes[1], Err(Refusal::InvalidProductIdentifier));
    assert_eq!(one.stock(product).await, None);
    assert_eq!(other.available(product).await.get(), 3);
}

/// A large batch over many products of several owners is stored completely.
pub async fn a_large_batch_is_stored_whole(bench: Bench) {
    let tenant = bench.tenant().await;
    let [one, other] = [tenant.store().await, tenant.store().await];
    let products: Vec<_> = (0..400).map(|_| bench.product()).collect();
    let mut batch = Vec::new();
    for product in &products {
        for store in [&one, &other] {
            batch.push(store.command(make::stock(*product, 10, [])));
        }
    }
    for (place, product) in products.iter().enumerate().rev() {
        let action = if place % 2 == 0 { Allocate } else { Decrement };
        batch.push(transaction(&one, *product, action, 4));
        batch.push(transaction(&other, *product, Increment, 4));
    }
    let outcomes = one.commit(batch).await;
    assert!(outcomes.iter().all(Result::is_ok));
    for (store, available) in [(&one, 6), (&other, 14)] {
        let listed = store.stocks(&[]).await;
        assert!(
            listed
                .iter()
                .map(|stock| stock.product)
                .eq(products.iter().copied())
        );
        let changed = [StockCondition::Available(Comparison::In(vec![available]))];
        assert_eq!(store.stocks(&changed).await, listed);
        assert!(listed.iter().all(|stock| stock.sequence == 2));
    }
}

/// What a line of a batch says, apart from its ids.
fn said(line: &Result<Recorded, Refusal>) -> Result<(EntryAction, Balance, u64), &Refusal> {
    line.as_ref()
        .map(|recorded| &recorded.entry)
        .map(|entry| (entry.action, entry.balance, entry.sequence))
}

/// A dry run of the largest batch answers what the batch then answers, and changes nothing.
pub async fn a_dry_run_predicts_every_line(bench: Bench) {
    let store = bench.store().await;
    let products: Vec<_> = (0..50).map(|_| bench.product()).collect();
    for product in &products[..40] {
        store.create(*product, 20).await;
    }
    let lines = (0..TransactMany::LINES_MAX).map(|number| {
        let product = products[(number * 7) % products.len()];
        let action = [Allocate, Increment, Decrement][number % 3];
        let pieces = number as u64 % 5 + 1;
        (number % 11 != 0).then(|| make::transaction(product, action, pieces, None))
    });
    let many = TransactMany {
        lines: lines.collect(),
        atomic: false,
    };
    let before = store.stocks(&[]).await;
    let preview = store.done(PreviewTransactions(many.clone())).await;
    assert_eq!(store.stocks(&[]).await, before);
    assert_eq!(store.history(products[0]).await.len(), 1);
    let made = store.done(many).await;
    assert_eq!(preview.len(), made.len());
    for (predicted, made) in preview.iter().zip(&made) {
        assert_eq!(said(predicted), said(made));
    }
    assert!(made.iter().any(Result::is_err) && made.iter().any(Result::is_ok));
}
