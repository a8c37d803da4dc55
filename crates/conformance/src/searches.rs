//! Searches and sorted lists: products by their texts, stock by its figures.

use IndexedText::{ExternalRef, Name, Sku, Slug};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductSearch, ProductSort,
    ProductTextCondition, StockCondition, StockOrder, StockSort,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    CommodityType, Product, ProductId, ProductStatus, RegisterProduct, SearchKey, Stock,
    TransactionAction, UpdateProduct,
};

use crate::client::stored;
use crate::products::update;
use crate::{Bench, Client, make};

/// The size of pages: some end between products with equal values.
const LIMIT: u32 = 4;

const SORTS: [ProductSort; 4] = [
    ProductSort::CreatedAt,
    ProductSort::UpdatedAt,
    ProductSort::Name,
    ProductSort::Sku,
];

fn orders() -> impl Iterator<Item = ProductOrder> {
    let with = |by| [false, true].map(|descending| ProductOrder { by, descending });
    SORTS.into_iter().flat_map(with)
}

/// Registers products whose texts differ by letter case, are equal, or are missing, in a store and its
/// organization, and returns all that the store sees.
async fn catalogue(bench: &Bench, organization: &Client, store: &Client) -> Vec<Product> {
    let mut products = Vec::new();
    let names = [
        "chair",
        "Chair",
        "CHAIR oak",
        "Straße",
        "STRASSE 7",
        "été",
        "Été",
        "ete",
        "zebra",
        "Å",
        "10 % off_",
        "chairs, \"red\"",
        "\u{10FFFF}x",
        "chair",
    ];
    for (number, name) in names.into_iter().enumerate() {
        bench.clock.advance(i64::from(number % 3 == 0));
        let client = if number % 4 == 1 { organization } else { store };
        let some = |is_there: bool, text: String| is_there.then(|| make::text(&text));
        let request = RegisterProduct {
            sku: some(number % 5 != 0, format!("Sku-{}", (number * 3) % 14)),
            slug: some(number % 3 == 0, format!("slug-{number}")),
            external_ref: some(number % 2 == 0, format!("ERP/{number}")),
            description: some(number % 4 == 0, format!("{name} of Wood")),
            status: if number % 6 == 0 {
                ProductStatus::Live
            } else {
                ProductStatus::Draft
            },
            commodity_type: if number % 7 == 0 {
                CommodityType::Digital
            } else {
                CommodityType::Physical
            },
            manage_stock: number % 2 == 1,
            ..make::registration(name)
        };
        products.push(client.done(request).await.product);
    }
    // Some have been changed since.
    for product in products.iter_mut().step_by(5) {
        bench.clock.advance(1);
        let client = if product.owner == store.owner() {
            store
        } else {
            organization
        };
        let change = UpdateProduct {
            name: Some(product.name.clone()),
            description: stockroom_domain::Patch::Set(make::text("Changed")),
            ..update(product.id)
        };
        *product = client.done(change).await.product;
    }
    products
}

/// Reads a whole list page by page: by offsets, and by places.
async fn read_both_ways(
    client: &Client,
    filter: &ProductFilter,
    order: ProductOrder,
) -> [Vec<ProductId>; 2] {
    let ids = |page: &Page<_, _>| -> Vec<ProductId> {
        let items: &Vec<(Product, Option<Stock>)> = &page.items;
        items.iter().map(|(product, _)| product.id).collect()
    };
    let mut by_offset = Vec::new();
    loop {
        let offset = u32::try_from(by_offset.len()).expect("it fits");
        let page = PageRequest::from_offset(LIMIT, offset);
        let page = client.search(filter, order, page).await.expect("few");
        by_offset.extend(ids(&page));
        let total = page.total.expect("a total");
        if page.next.is_none() {
            assert_eq!(total, by_offset.len() as u64, "{filter:?}");
            break;
        }
    }
    let mut by_place = Vec::new();
    let mut page = PageRequest::from_offset(LIMIT, 0);
    loop {
        let found = client.search(filter, order, page).await.expect("few");
        by_place.extend(ids(&found));
        match found.next {
            Some(next) => page = PageRequest::after(LIMIT, next),
            None => break,
        }
    }
    [by_offset, by_place]
}

/// The ids of the products that fulfil the filter, in this order.
fn expected(products: &[Product], filter: &ProductFilter, order: ProductOrder) -> Vec<ProductId> {
    let mut found: Vec<&Product> = products.iter().filter(|it| filter.matches(it)).collect();
    found.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
    found.into_iter().map(|product| product.id).collect()
}

/// Every order is the same on every database, in both directions, by offsets and by places.
pub async fn products_are_sorted_by_code_points_of_folded_texts(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let products = catalogue(&bench, &organization, &store).await;
    let all = ProductFilter::default();
    let shared: Vec<Product> = products
        .iter()
        .filter(|it| it.owner == organization.owner())
        .cloned()
        .collect();
    for order in orders() {
        let wanted = expected(&products, &all, order);
        assert_eq!(
            read_both_ways(&store, &all, order).await,
            [wanted.clone(), wanted],
            "{order:?}"
        );
        let wanted = expected(&shared, &all, order);
        assert_eq!(
            read_both_ways(&organization, &all, order).await,
            [wanted.clone(), wanted],
            "{order:?}"
        );
    }
    let by_name = ProductOrder {
        by: ProductSort::Name,
        descending: false,
    };
    let names: Vec<&str> = expected(&products, &all, by_name)
        .into_iter()
        .filter_map(|id| products.iter().find(|it| it.id == id))
        .map(|product| product.name.as_str())
        .collect();
    let place = |name: &str| names.iter().position(|it| *it == name);
    assert!(place("CHAIR oak") < place("ete") && place("Straße") < place("STRASSE 7"));
    assert!(place("zebra") < place("Å") && place("ete") < place("été"));
}

fn exact(text: IndexedText, condition: TextCondition) -> ProductCondition {
    ProductCondition::Text(text, ProductTextCondition::Exact(condition))
}

fn pattern(text: &str) -> Pattern {
    let open_start = text.starts_with('*');
    let open_end = text.ends_with('*');
    Pattern {
        text: text.trim_matches('*').to_owned(),
        open_start,
        open_end,
    }
}

fn like(text: IndexedText, wanted: &str) -> ProductCondition {
    exact(text, TextCondition::Like(pattern(wanted)))
}

fn ilike(text: IndexedText, wanted: &str) -> ProductCondition {
    ProductCondition::Text(text, ProductTextCondition::ignoring_case(&pattern(wanted)))
}

fn equal(text: IndexedText, values: &[&str]) -> ProductCondition {
    let values = values.iter().map(ToString::to_string).collect();
    exact(text, TextCondition::In(values))
}

/// Filters, and the number of products of the catalogue that fulfil each.
fn filters() -> Vec<(Vec<ProductCondition>, usize)> {
    let drafts = || ProductCondition::Status(vec![ProductStatus::Draft]);
    let description = ProductCondition::Description;
    vec![
        (vec![equal(Name, &["chair"])], 2),
        (vec![equal(Name, &["chair", "Chair", "nothing", ""])], 3),
        (vec![like(Name, "chair")], 2),
        (vec![like(Name, "chair*")], 3),
        (vec![like(Name, "*air")], 3),
        (vec![like(Name, "*hair*")], 4),
        (vec![like(Name, "*")], 14),
        (vec![like(Name, "10 %*")], 1),
        (vec![like(Name, "*_")], 1),
        (vec![ilike(Name, "CHAIR")], 3),
        (vec![ilike(Name, "cHaIr*")], 5),
        (vec![ilike(Name, "strasse*")], 2),
        (vec![ilike(Name, "*OAK")], 1),
        (vec![ilike(Name, "*SS*")], 2),
        (vec![ilike(Name, "\u{10FFFF}*")], 1),
        (vec![ilike(Name, "nul\0*")], 0),
        (vec![equal(Name, &["nul\0"])], 0),
        (vec![equal(Sku, &["Sku-7", "sku-7"])], 1),
        (vec![ilike(Sku, "sku-1*")], 4),
        (vec![exact(Sku, TextCondition::IsNull)], 3),
        (vec![like(Slug, "slug-*")], 5),
        (vec![equal(Slug, &["slug-9", "SLUG-9"])], 1),
        (vec![exact(Slug, TextCondition::IsNull)], 9),
        (vec![like(ExternalRef, "ERP/1*")], 2),
        (vec![ilike(ExternalRef, "erp/10")], 1),
        (vec![drafts()], 11),
        (vec![drafts(), ProductCondition::ManageStock(vec![true])], 7),
        (vec![ProductCondition::Status(Vec::new())], 0),
        (
            vec![ProductCondition::CommodityType(vec![
                CommodityType::Digital,
            ])],
            2,
        ),
        (vec![drafts(), ilike(Name, "chair*"), like(Name, "*r")], 2),
        (
            vec![description(ProductTextCondition::ignoring_case(&pattern(
                "*WOOD",
            )))],
            3,
        ),
        (
            vec![description(ProductTextCondition::Exact(
                TextCondition::IsNull,
            ))],
            8,
        ),
    ]
}

/// Every filter finds the same on every database, whatever leads there.
pub async fn products_are_found(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let products = catalogue(&bench, &organization, &store).await;
    // Another store's products are never found.
    catalogue(&bench, &tenant.store().await, &tenant.store().await).await;
    for (conditions, count) in filters() {
        let filter = ProductFilter(conditions);
        for order in orders() {
            let wanted = expected(&products, &filter, order);
            let found = read_both_ways(&store, &filter, order).await;
            assert_eq!(found, [wanted.clone(), wanted], "{filter:?} {order:?}");
        }
        let found = store.database.find_products(store.scope, &filter).await;
        let mut found = stored(found).expect("few");
        found.sort_unstable();
        let mut wanted = expected(&products, &filter, ProductOrder::default());
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{filter:?}");
        assert_eq!(wanted.len(), count, "{filter:?}");
    }
}

/// A search finds the first products in the order of the text that it looks at.
pub async fn the_first_products_are_found(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let mut products = catalogue(&bench, &organization, &store).await;
    catalogue(&bench, &tenant.store().await, &tenant.store().await).await;
    // The part is behind the end of this one's key.
    let name = format!("{}oak", "x".repeat(SearchKey::CHARACTERS_MAX));
    products.push(store.done(make::registration(&name)).await.product);
    for (text, part, anywhere, count) in [
        (Name, "CHAIR", false, 5),
        (Name, "hair", false, 0),
        (Name, "hair", true, 5),
        (Name, "ss", true, 2),
        (Name, "OAK", true, 2),
        (Name, "%", true, 1),
        (Name, "\u{10FFFF}", false, 1),
        (Name, "a\0", true, 0),
        (Sku, "sku-1", false, 4),
        (Slug, "6", true, 1),
        (ExternalRef, "erp/", false, 7),
    ] {
        let search = ProductSearch::new(text, part, anywhere);
        let wanted = search.found(products.clone());
        assert_eq!(wanted.len(), count, "{search:?}");
        for at_most in [0, 1, 3, 100] {
            let found = store
                .database
                .search_products(store.scope, &search, at_most);
            let found = stored(found.await).expect("few are looked at");
            let first = wanted.get(..at_most as usize).unwrap_or(&wanted);
            assert_eq!(found, first, "{search:?}, at most {at_most}");
        }
    }
}

/// Of two products with one id, a store sees its own.
pub async fn products_are_read_together(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let products = catalogue(&bench, &organization, &store).await;
    let ids: Vec<ProductId> = products.iter().map(|it| it.id).collect();
    let asked = [&ids[..], &[bench.product()]].concat();
    let mut read = stored(store.database.products(store.scope, &asked).await);
    read.sort_by_key(|product| ids.iter().position(|id| *id == product.id));
    assert_eq!(read, products);
    let of_organization = organization.database.products(organization.scope, &asked);
    let shared = stored(of_organization.await);
    assert!(shared.iter().all(|it| it.owner == organization.owner()));
    assert_eq!(shared.len(), 4);
}

/// Stock is sorted by its figures, in both directions, by offsets and by places.
pub async fn stock_is_sorted_by_figures(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    for number in 0..14 {
        bench.clock.advance(i64::from(number % 2 == 0));
        let client = if number % 3 == 0 {
            &organization
        } else {
            &store
        };
        let product = bench.product();
        client.create(product, (number * 5) % 7).await;
        if number % 4 == 0 && number > 0 {
            // The store's own stock of the organization's product takes its place.
            store.ask(make::stock(product, 3, [])).await.ok();
        }
        if (number * 5) % 7 > 2 {
            let allocate = TransactionAction::Allocate;
            client.transact(product, allocate, 2).await.expect("enough");
        }
    }
    let all = store.stocks(&[]).await;
    let few = [StockCondition::Available(Comparison::LessOrEqual(3))];
    for by in [
        StockSort::Available,
        StockSort::Allocated,
        StockSort::Total,
        StockSort::UpdatedAt,
    ] {
        for descending in [false, true] {
            let order = StockOrder { by, descending };
            for filter in [&[][..], &few] {
                let wanted = all
                    .iter()
                    .filter(|stock| filter.iter().all(|it| it.matches(stock)));
                let mut wanted: Vec<Stock> = wanted.cloned().collect();
                wanted.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
                let mut page = PageRequest::from_offset(LIMIT, 0);
                let mut read = Vec::new();
                loop {
                    let sorted = store.database.sort_stocks(store.scope, filter, order, page);
                    let sorted = stored(sorted.await).expect("few");
                    if page.place().is_none() {
                        assert_eq!(sorted.total, Some(wanted.len() as u64), "{order:?}");
                    }
                    read.extend(sorted.items);
                    match sorted.next {
                        Some(next) => page = PageRequest::after(LIMIT, next),
                        None => break,
                    }
                }
                assert_eq!(read, wanted, "{order:?} {filter:?}");
                let offset = PageRequest::from_offset(LIMIT, 3);
                let sorted = store
                    .database
                    .sort_stocks(store.scope, filter, order, offset);
                let sorted = stored(sorted.await).expect("few");
                assert_eq!(sorted.items, wanted[3..7.min(wanted.len())], "{order:?}");
            }
        }
    }
}
