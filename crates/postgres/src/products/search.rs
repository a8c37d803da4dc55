//! Searches for products, and the indexes of their lists.

use sqlx::{Postgres, QueryBuilder};
use stockroom_application::PageRequest;
use stockroom_application::ports::{
    ProductFilter, ProductLookup, ProductOrder, ProductPlace, ProductSearch, Scope, SortValue,
    StoreError,
};
use stockroom_domain::{Owner, Product, ProductId, SearchKey};
use stockroom_sql::{Direction, Kind, ProductIndex, commodity_type_word, status_word};
use uuid::Uuid;

use super::rows;
use crate::connection::session::Session;
use crate::filter::{is_storable, push_in};
use crate::list::{ListQuery, kept_count};

/// The number of products that a filter is held against at once.
const CHUNK: usize = 1_000;

/// The products that fulfil a filter; `None` if it would have to be held against too many.
pub(super) async fn matching(
    snapshot: &mut Session,
    scope: Scope,
    filter: &ProductFilter,
) -> Result<Option<Vec<Product>>, StoreError> {
    let lookup = filter.lookup();
    if looks_at_too_many(snapshot, scope, &lookup).await? {
        return Ok(None);
    }
    let at_most = ProductFilter::LOOKED_AT_MAX.saturating_add(1);
    let candidates = select_candidates(scope, lookup);
    let candidates: Vec<(Uuid, Uuid)> = candidates.first(snapshot, at_most).await?;
    if ProductFilter::is_too_many(candidates.len() as u64) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for chunk in candidates.chunks(CHUNK) {
        let keys = chunk.iter().map(|(id, owner_id)| {
            let owner = Owner::from_uuid(*owner_id, scope.organization);
            (owner, ProductId::new(*id))
        });
        let products = rows::products(snapshot, scope.organization, keys).await?;
        found.extend(
            products
                .into_iter()
                .filter(|product| filter.matches(product)),
        );
    }
    Ok(Some(found))
}

async fn looks_at_too_many(
    snapshot: &mut Session,
    scope: Scope,
    lookup: &ProductLookup,
) -> Result<bool, StoreError> {
    Ok(lookup.looks_at_all()
        && ProductFilter::is_too_many(kept_count(snapshot, scope, Kind::Product).await?))
}

/// The first products that a search finds; `None` if it would have to look at too many.
pub(super) async fn first(
    snapshot: &mut Session,
    scope: Scope,
    search: &ProductSearch,
    at_most: u32,
) -> Result<Option<Vec<Product>>, StoreError> {
    if looks_at_too_many(snapshot, scope, &search.lookup()).await? {
        return Ok(None);
    }
    let page = PageRequest::from_offset(at_most, 0);
    let mut keys: Vec<(String, Uuid, Uuid)> =
        select_first(scope, search).page(snapshot, page).await?;
    keys.truncate(at_most as usize);
    let keys = keys.into_iter().map(|(_, id, owner_id)| {
        let owner = Owner::from_uuid(owner_id, scope.organization);
        (owner, ProductId::new(id))
    });
    let products = rows::products(snapshot, scope.organization, keys).await?;
    Ok(Some(search.found(products)))
}

/// The query for the texts, ids and owners of the products that a search may find, sorted by the text.
pub(crate) fn select_first(
    scope: Scope,
    search: &ProductSearch,
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner) + use<>> {
    let column = ProductIndex::of_text(search.text).column;
    let lookup = search.lookup();
    ListQuery::new(scope, "products.product_id", move |query, owner| {
        query.push("SELECT ").push(column);
        query.push(", products.product_id, products.owner_id FROM products");
        push_owner(query, scope, owner);
        push_lookup(query, &lookup);
    })
    .ordered_by(Direction::new(false).order)
}

/// The query for the ids and owners of the products to which a way leads.
pub(crate) fn select_candidates(
    scope: Scope,
    lookup: ProductLookup,
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(scope, "products.product_id", move |query, owner| {
        query.push("SELECT products.product_id, products.owner_id FROM products");
        push_owner(query, scope, owner);
        push_lookup(query, &lookup);
    })
}

fn push_owner(query: &mut QueryBuilder<Postgres>, scope: Scope, owner: Owner) {
    query.push(" WHERE products.organization_id = ");
    query.push_bind(scope.organization.uuid());
    query.push(" AND products.owner_id = ");
    query.push_bind(owner.to_uuid(scope.organization));
}

fn push_lookup(query: &mut QueryBuilder<Postgres>, lookup: &ProductLookup) {
    query.push(" AND ");
    match lookup {
        ProductLookup::Keys(text, keys) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query.push(predicate).push(" AND ");
            let keys = keys.iter().map(|key| key.as_str().to_owned());
            push_in(query, column, keys.filter(|key| is_storable(key)));
        }
        ProductLookup::Prefix(_, key) | ProductLookup::Part(_, key)
            if !is_storable(key.as_str()) =>
        {
            query.push("false");
        }
        ProductLookup::Prefix(text, key) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query
                .push(predicate)
                .push(" AND ")
                .push(column)
                .push(" >= ");
            query.push_bind(key.as_str().to_owned());
            if let Some(end) = key.end_of_prefix() {
                query.push(" AND ").push(column).push(" < ").push_bind(end);
            }
        }
        ProductLookup::Part(text, part) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query.push(predicate);
            query.push(format_args!(" AND (strpos({column}, "));
            query.push_bind(part.as_str().to_owned());
            let full = SearchKey::CHARACTERS_MAX;
            query.push(format_args!(") > 0 OR char_length({column}) >= {full})"));
        }
        ProductLookup::Words {
            statuses,
            commodity_types,
            manage_stock,
        } => {
            // Always true, as below: it names the index.
            query.push("products.status >= '' AND ");
            push_in(
                query,
                "products.status",
                statuses.iter().map(|it| status_word(*it)),
            );
            query.push(" AND ");
            let types = commodity_types.iter().map(|it| commodity_type_word(*it));
            push_in(query, "products.commodity_type", types);
            query.push(" AND ");
            push_in(query, "products.manage_stock", manage_stock.iter().copied());
        }
        ProductLookup::All => {
            query.push("products.created_at >= 0");
        }
    }
}

/// The query for the sorted values, ids and owners of the products that `scope` sees, starting after
/// `after`.
pub(crate) fn select(
    scope: Scope,
    order: ProductOrder,
    after: Option<ProductPlace>,
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    let ProductIndex {
        column, predicate, ..
    } = ProductIndex::of_sort(order.by);
    let Direction {
        follows,
        order: columns,
    } = Direction::new(order.descending);
    ListQuery::new(scope, "products.product_id", move |query, owner| {
        query.push("SELECT ").push(column);
        query.push(", products.product_id, products.owner_id FROM products");
        push_owner(query, scope, owner);
        // Always true: it names the index to read along.
        query.push(" AND ").push(predicate);
        if let Some(ProductPlace { value, id }) = &after {
            query.push(format_args!(
                " AND ({column}, products.product_id) {follows} ("
            ));
            match value {
                SortValue::Time(time) => query.push_bind(time.as_milliseconds()),
                SortValue::Text(key) => query.push_bind(key.as_str().to_owned()),
            };
            query.push(", ").push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by(columns)
}
