//! The catalogue.

use axum::http::StatusCode;
use stockroom_application::NewKeyRequest;
use stockroom_domain::{
    Access, Owner, Product, ProductId, ProductStatus, ProductText, Quantity, Stock,
};

use crate::support::{Answer, Shop, new_key, product, registered};

fn shown(shop: &Shop, page: &Answer) -> String {
    page.main().replace(&shop.store.id.to_string(), "STORE")
}

/// The products of a list, in its order.
fn listed(page: &Answer) -> Vec<u128> {
    let rows = page.body.split("<tr id=\"product-").skip(1);
    rows.map(|row| row[..36].parse::<uuid::Uuid>().unwrap().as_u128())
        .collect()
}

impl Shop {
    async fn registered_product(&self, id: ProductId) -> Option<Product> {
        let owner = self.owner();
        let found = self.stockroom.product(owner.administrator(), id);
        found.await.unwrap().map(|found| found.product)
    }

    async fn stock_of(&self, id: ProductId) -> Option<Stock> {
        let owner = self.owner();
        self.stockroom.stock(owner.caller(), id).await.unwrap()
    }

    /// A key that may only look.
    pub(crate) async fn look_only(&mut self) {
        let request = NewKeyRequest {
            access: Access::Read,
            ..new_key("Auditor")
        };
        let owner = self.owner();
        let key = self.stockroom.create_key(&owner, request);
        let key = key.await.unwrap();
        self.sign_in(&key).await;
    }

    /// A product of the organization.
    async fn share_product(&self, number: u128) {
        let owner = self.operator(Owner::Organization);
        let request = registered(number, "Shared <cup>");
        self.stockroom.execute(&owner, request).await.unwrap();
    }
}

fn edit(number: u128) -> String {
    format!("/products/{}/edit", product(number))
}

/// The fields of the form for product 1, as the page has them.
const FIELDS: [(&str, &str); 10] = [
    ("name", "Espresso beans, 1 kg"),
    ("sku", "BEAN-1"),
    ("description", ""),
    ("status", "live"),
    ("commodity_type", "physical"),
    ("slug", ""),
    ("external_ref", ""),
    ("stock", ""),
    ("version", "1"),
    ("seen", "10"),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FIELDS
        .iter()
        .filter(|(name, _)| changes.iter().all(|(it, _)| it != name));
    kept.chain(changes).copied().collect()
}

#[tokio::test]
async fn the_list_shows_what_is_registered() {
    let mut shop = Shop::open().await;
    shop.share_product(9).await;
    let page = shop.page("/products").await;
    assert_eq!(page.status, StatusCode::OK);
    insta::assert_snapshot!(shown(&shop, &page));
    shop.look_only().await;
    let page = shop.page("/products").await;
    assert!(!page.main().contains("/edit") && !page.main().contains("/products/new"));
    let mut shop = Shop::closed().await;
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let page = shop.page("/products").await;
    assert!(page.body.contains("No product is registered yet."));
}

#[tokio::test]
async fn products_are_filtered_and_sorted() {
    let mut shop = Shop::open().await;
    let mut draft = registered(4, "Beanbag");
    draft.status = ProductStatus::Draft;
    let owner = shop.owner();
    shop.stockroom.execute(&owner, draft).await.unwrap();
    for (query, products) in [
        ("", vec![1, 2, 3, 4]),
        ("?name=BEAN", vec![1, 4]),
        ("?sku=bean", vec![1]),
        ("?sku=-1", vec![]),
        ("?status=draft", vec![4]),
        ("?status=live", vec![1, 2, 3]),
        ("?name=bean&status=live", vec![1]),
        ("?sort=name", vec![4, 1, 2, 3]),
        ("?sort=-name", vec![3, 2, 1, 4]),
        ("?sort=sku", vec![3, 4, 1, 2]),
        ("?sort=-created_at", vec![4, 3, 2, 1]),
        ("?sort=-updated_at", vec![4, 3, 2, 1]),
        ("?sort=nonsense&after=nonsense", vec![1, 2, 3, 4]),
    ] {
        let page = shop.page(&format!("/products{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page), products, "{query}");
    }
    let page = shop.page("/products?name=%3Cb%3E").await;
    assert!(page.body.contains("No product is like that."));
    assert!(page.body.contains("value=\"&#60;b&#62;\""));
}

#[tokio::test]
async fn a_long_list_has_pages_in_every_order() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    for number in 4..=104 {
        let request = registered(number, &format!("Cup {number}"));
        shop.stockroom.execute(&owner, request).await.unwrap();
    }
    for sort in ["", "name", "-name", "sku", "-updated_at"] {
        let mut path = shop.path(&format!("/products?sort={sort}"));
        let mut seen = Vec::new();
        loop {
            let page = shop.get(&path).await;
            seen.extend(listed(&page));
            let Some(at) = page.body.find("rel=\"next\" href=\"") else {
                break;
            };
            let next = &page.body[at + 17..];
            path = next[..next.find('"').unwrap()].replace("&#38;", "&");
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=104).collect::<Vec<u128>>(), "{sort}");
    }
}

#[tokio::test]
async fn a_product_is_registered_with_its_first_stock() {
    let mut shop = Shop::open().await;
    let page = shop.page("/products/new").await;
    insta::assert_snapshot!(shown(&shop, &page));
    let id = product(44).to_string();
    let fields = [
        ("name", " Oak <chair> "),
        ("sku", "CHAIR"),
        ("description", "Of oak.\r\nHeavy."),
        ("status", "draft"),
        ("commodity_type", "digital"),
        ("slug", "oak-chair"),
        ("external_ref", "ERP-7"),
        ("manage_stock", "on"),
        ("stock", "1 200"),
        ("id", id.as_str()),
    ];
    let answer = shop.post("/products", &fields).await;
    let there = shop.path(&format!("/products/{id}?done=created"));
    assert_eq!(answer.location(), there, "{}", answer.body);
    let made = shop.registered_product(product(44)).await.unwrap();
    let text = |text: &str| Some(ProductText::new("text", text).unwrap());
    assert_eq!(Some(made.name), text("Oak <chair>"));
    assert_eq!(made.description, text("Of oak.\nHeavy."));
    assert_eq!(made.status, ProductStatus::Draft);
    assert_eq!(
        (made.slug, made.external_ref),
        (text("oak-chair"), text("ERP-7"))
    );
    let stock = shop.stock_of(product(44)).await.unwrap();
    assert_eq!(Some(stock.unlocated.available), Quantity::new(1_200));

    let page = shop.do_and_see("/products", &[("name", "Plain")]).await;
    assert!(page.body.contains("Created."));
    assert!(
        page.body.contains("draft"),
        "nothing was said of its status"
    );
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_and_stays_typed() {
    let mut shop = Shop::open().await;
    let taken = product(3).to_string();
    let long = "x".repeat(1_025);
    for (field, value, status, told) in [
        (
            "name",
            "",
            StatusCode::BAD_REQUEST,
            "The name must be a text of 1 to 1024 characters.",
        ),
        (
            "sku",
            long.as_str(),
            StatusCode::BAD_REQUEST,
            "The SKU must be",
        ),
        (
            "stock",
            "-1",
            StatusCode::BAD_REQUEST,
            "“-1” isn&#39;t a whole number",
        ),
        ("id", "7", StatusCode::BAD_REQUEST, "The id must be a UUID"),
        (
            "id",
            taken.as_str(),
            StatusCode::BAD_REQUEST,
            "Another product has this id.",
        ),
        (
            "sku",
            "FILTER",
            StatusCode::BAD_REQUEST,
            "Another product has this SKU.",
        ),
    ] {
        let mut fields = vec![("name", "Oak <chair>"), ("description", "Of oak")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = shop.post("/products", &fields).await;
        assert_eq!(answer.status, status, "{field}={value}");
        assert!(answer.body.contains(told), "{told}: {}", answer.main());
        assert!(answer.body.contains("Of oak</textarea>"));
        assert!(answer.body.contains(&format!("value=\"{value}\"")));
        assert!(!answer.body.contains("<chair>"));
    }
    let answer = shop
        .post("/products", &[("name", "A"), ("sku", "FILTER")])
        .await;
    let other = shop.path(&format!("/products/{}", product(2)));
    assert!(
        answer
            .body
            .contains(&format!("<a href=\"{other}\">Look at that product</a>"))
    );
    assert_eq!(listed(&shop.page("/products").await).len(), 3);
}

#[tokio::test]
async fn all_fields_of_a_product_are_edited() {
    let mut shop = Shop::open().await;
    let page = shop.page(&edit(1)).await;
    let page = shown(&shop, &page).replace(&product(1).to_string(), "PRODUCT");
    insta::assert_snapshot!(page);
    let changes = [
        ("name", "Beans"),
        ("sku", ""),
        ("description", "Dark"),
        ("status", "draft"),
        ("commodity_type", "digital"),
        ("slug", "beans"),
        ("external_ref", "ERP-1"),
        ("stock", "12"),
    ];
    let page = shop.do_and_see(&edit(1), &with(&changes)).await;
    assert!(page.body.contains("Saved."));
    let saved = shop.registered_product(product(1)).await.unwrap();
    assert_eq!((saved.name.as_str(), saved.sku), ("Beans", None));
    assert_eq!(saved.status, ProductStatus::Draft);
    assert_eq!(saved.external_ref.unwrap().as_str(), "ERP-1");
    assert_eq!(shop.available(1).await, 17);
}

#[tokio::test]
async fn saving_what_was_not_changed_changes_nothing() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    let mut request = registered(7, "Cup\nand saucer");
    request.manage_stock = true;
    shop.stockroom.execute(&owner, request).await.unwrap();
    shop.stockroom
        .delete_stock(&owner, product(7))
        .await
        .unwrap();
    let fields = [
        ("name", "Cupand saucer"),
        ("status", "live"),
        ("manage_stock", "on"),
        ("version", "1"),
    ];
    let page = shop.do_and_see(&edit(7), &fields).await;
    assert!(page.body.contains("Nothing was to be changed."));
    let mut fields = fields.to_vec();
    fields.push(("sku", "CUP"));
    shop.do_and_see(&edit(7), &fields).await;
    assert!(shop.stock_of(product(7)).await.is_none(), "it was deleted");
}

#[tokio::test]
async fn an_edit_that_is_refused_stays_typed() {
    let mut shop = Shop::open().await;
    for (changes, status, told) in [
        (
            [("name", "Beans & more"), ("sku", "FILTER")],
            StatusCode::BAD_REQUEST,
            "Another product has this SKU.",
        ),
        (
            [("name", ""), ("sku", "Beans & more")],
            StatusCode::BAD_REQUEST,
            "The name must be",
        ),
        (
            [("name", "Beans & more"), ("version", "0")],
            StatusCode::CONFLICT,
            "Somebody has changed this product",
        ),
        (
            [("slug", "Beans & more"), ("stock", "x")],
            StatusCode::BAD_REQUEST,
            "“x” isn&#39;t a whole number",
        ),
    ] {
        let answer = shop.post(&edit(1), &with(&changes)).await;
        assert_eq!(answer.status, status, "{told}");
        assert!(answer.body.contains(told), "{}", answer.main());
        assert!(
            answer.body.contains("value=\"Beans &#38; more\""),
            "{}",
            answer.main()
        );
    }
    let fields = with(&[("stock", "12"), ("seen", "9")]);
    let answer = shop.post(&edit(1), &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("The stock is another one"));
    assert_eq!(shop.available(1).await, 15);
    let product = shop.registered_product(product(1)).await.unwrap();
    assert_eq!(product.version, 1);
    // Once the conflict was seen, the form can be sent again.
    assert!(answer.body.contains("name=\"seen\" value=\"10\""));
}

#[tokio::test]
async fn a_product_is_deleted_when_it_has_no_stock() {
    let mut shop = Shop::open().await;
    let delete = format!("/products/{}/delete", product(1));
    let answer = shop.post(&delete, &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer
            .body
            .contains("Nothing was deleted: the product has stock.")
    );
    let owner = shop.owner();
    let deleted = shop.stockroom.delete_stock(&owner, product(1));
    deleted.await.unwrap();
    let page = shop.do_and_see(&delete, &[]).await;
    assert!(page.body.contains("Deleted."));
    assert_eq!(listed(&page), [2, 3]);
    assert_eq!(shop.post(&delete, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_shared_product_is_edited_with_a_key_of_the_organization_alone() {
    let mut shop = Shop::open().await;
    shop.share_product(9).await;
    let page = shop.page(&edit(9)).await;
    let main = shown(&shop, &page).replace(&product(9).to_string(), "PRODUCT");
    insta::assert_snapshot!(main);
    let delete = format!("/products/{}/delete", product(9));
    for path in [edit(9), delete.clone()] {
        let answer = shop
            .post(&path, &[("name", "Mine"), ("version", "1")])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let mut shop = Shop::of_organization().await;
    shop.share_product(9).await;
    let fields = [("name", "Ours"), ("status", "live"), ("version", "1")];
    shop.do_and_see(&edit(9), &fields).await;
    let page = shop.get("/console/organization/products?name=ours").await;
    assert_eq!(listed(&page), [9]);
    shop.do_and_see(&delete, &[]).await;
}

#[tokio::test]
async fn others_products_are_not_found_and_a_key_that_looks_changes_nothing() {
    let mut shop = Shop::open().await;
    for path in [edit(8), "/products/nonsense/edit".to_owned()] {
        assert_eq!(
            shop.page(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        let answer = shop.post(&path, &[("name", "x")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let other = stockroom_domain::Name::new("name", "Acme Paris").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, other);
    let owner = shop.operator(Owner::Store(other.await.unwrap().id));
    let theirs = shop.stockroom.execute(&owner, registered(8, "Theirs"));
    theirs.await.unwrap();
    assert_eq!(shop.page(&edit(8)).await.status, StatusCode::NOT_FOUND);

    shop.look_only().await;
    let page = shop.page(&edit(1)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.main().contains("<form"), "{}", page.main());
    assert_eq!(
        shop.page("/products/new").await.status,
        StatusCode::FORBIDDEN
    );
    let delete = format!("/products/{}/delete", product(2));
    for path in ["/products".to_owned(), edit(1), delete] {
        let answer = shop.post(&path, &[("name", "x"), ("version", "1")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}
