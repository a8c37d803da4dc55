//! Reading a stock's ledger.

use TransactionAction::{Allocate, Decrement, Increment};
use stockroom_application::PageRequest;
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::TransactionCondition::{Action, Location};
use stockroom_domain::{
    DeleteLocation, EntryAction, Location as Place, Slug, TransactionAction, UpdateLocation,
};

use crate::client::stored;
use crate::{Bench, Client, make};

pub(crate) fn rename(location: &Place, slug: &str) -> UpdateLocation {
    UpdateLocation {
        slug: Some(make::slug(slug)),
        ..UpdateLocation::new(location.id)
    }
}

pub(crate) fn named(slug: &str) -> TextCondition {
    TextCondition::In(vec![slug.to_owned()])
}

async fn slugs(client: &Client, product: stockroom_domain::ProductId) -> Vec<Option<Slug>> {
    let history = client.history(product).await;
    history.into_iter().map(|recorded| recorded.slug).collect()
}

/// Consecutive pages have no gap and no duplicates, and each has the whole total.
pub async fn pages_make_up_the_whole(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 100).await;
    let more = (1..=22).map(|pieces| {
        let action = if pieces % 3 == 0 {
            Decrement
        } else {
            Increment
        };
        store.command(make::transaction(product, action, pieces, None))
    });
    store.commit(more.collect()).await;
    let whole = store.history(product).await;
    assert_eq!(whole.len(), 23);
    for filter in [vec![], vec![Action(vec![EntryAction::Increment])]] {
        let wanted: Vec<_> = whole
            .iter()
            .filter(|recorded| filter.iter().all(|condition| condition.matches(recorded)))
            .cloned()
            .collect();
        let mut read = Vec::new();
        for offset in (0..25).step_by(5) {
            let page = store.history_page(product, &filter, 5, offset).await;
            assert_eq!(page.total, Some(wanted.len() as u64));
            read.extend(page.items);
        }
        assert_eq!(read, wanted);
    }
}

/// A page past the end is empty but has the total.
pub async fn past_the_end_is_an_empty_page(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let increments = vec![Action(vec![EntryAction::Increment])];
    store
        .transact(product, Increment, 1)
        .await
        .expect("an increment");
    for (filter, total) in [(vec![], 2), (increments, 1)] {
        for offset in [2, PageRequest::OFFSET_MAX] {
            let page = store.history_page(product, &filter, 25, offset).await;
            assert_eq!((page.items, page.total), (vec![], Some(total)));
        }
    }
}

/// A filter without matches gives an empty page, not `None`.
pub async fn a_filter_that_nothing_fulfils_gives_nothing(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let filter = [Action(vec![EntryAction::Allocate])];
    let page = store.history_page(product, &filter, 25, 0).await;
    assert_eq!((page.items, page.total), (vec![], Some(0)));
}

/// A product that isn't managed has no history, which differs from an empty one.
pub async fn an_unmanaged_product_has_no_history(bench: Bench) {
    let store = bench.store().await;
    let filter = [Action(vec![EntryAction::Allocate])];
    for filter in [&[], &filter[..]] {
        let database = &store.database;
        let found = database.transactions(store.scope, bench.product(), filter, 25, 0);
        assert_eq!(stored(found.await), None);
    }
}

/// The history shows a location's current name.
pub async fn a_renamed_location_is_renamed_in_history(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 1, [("berlin", 5)])).await;
    store.done(rename(&berlin, "potsdam")).await;

    assert_eq!(
        slugs(&store, product).await,
        [None, Some(make::slug("potsdam"))]
    );
    let entry = store.history(product).await.remove(1).entry;
    let found = store.entry(product, entry.id).await.expect("the entry");
    assert_eq!(found.slug, Some(make::slug("potsdam")));
    for (slug, total) in [("potsdam", 1), ("berlin", 0)] {
        let filter = [Location(named(slug))];
        let page = store.history_page(product, &filter, 25, 0).await;
        assert_eq!(page.total, Some(total), "{slug}");
    }
}

/// The history shows the last name of a deleted location.
pub async fn a_deleted_location_keeps_its_name_in_history(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 5)])).await;
    let emptied = store.transact_at(product, Decrement, 5, "berlin").await;
    emptied.expect("there are five");
    store.done(rename(&berlin, "potsdam")).await;
    store.done(DeleteLocation { id: berlin.id }).await;

    let potsdam = Some(make::slug("potsdam"));
    assert_eq!(slugs(&store, product).await, [potsdam.clone(), potsdam]);
    let filter = [Location(named("potsdam"))];
    let page = store.history_page(product, &filter, 25, 0).await;
    assert_eq!(page.total, Some(2));
}

/// A new location with the name of a deleted one is another location.
pub async fn a_reused_name_is_another_location(bench: Bench) {
    let store = bench.store().await;
    let old = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 1, [("berlin", 0)])).await;
    store
        .transact_at(product, Increment, 2, "berlin")
        .await
        .expect("an increment");
    store
        .transact_at(product, Decrement, 2, "berlin")
        .await
        .expect("there are two");
    store.done(DeleteLocation { id: old.id }).await;
    let new = store.locate("berlin").await;
    store
        .transact_at(product, Increment, 3, "berlin")
        .await
        .expect("an increment");
    store.done(rename(&new, "potsdam")).await;

    let history = store.history(product).await;
    let read: Vec<_> = history
        .iter()
        .map(|recorded| {
            let slug = recorded.slug.as_ref().map(Slug::as_str);
            (recorded.entry.location, slug)
        })
        .collect();
    let [old, new] = [
        (Some(old.id), Some("berlin")),
        (Some(new.id), Some("potsdam")),
    ];
    assert_eq!(read, [(None, None), old, old, new]);
}

/// A store reads the history of its organization's stock as long as it has no own stock.
pub async fn a_store_reads_the_history_that_belongs_to_what_it_sees(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    organization.locate("central").await;
    let product = bench.product();
    organization
        .done(make::stock(product, 1, [("central", 8)]))
        .await;
    store
        .transact_at(product, Allocate, 2, "central")
        .await
        .expect("there are eight");
    let shared = organization.history(product).await;
    assert_eq!(store.history(product).await, shared);
    assert_eq!(shared.len(), 3);
    assert_eq!(shared[2].entry.actor, store.actor.key);
    let entry = shared[2].entry.id;
    assert_eq!(store.entry(product, entry).await.as_ref(), Some(&shared[2]));

    let own = store.create(product, 3).await;
    let history = store.history(product).await;
    assert!(
        history
            .iter()
            .all(|recorded| recorded.entry.stock == own.id)
    );
    assert_eq!(store.entry(product, entry).await, None);
    assert_eq!(organization.history(product).await, shared);
    store.delete(product).await;
    assert_eq!(store.history(product).await, shared);
}
