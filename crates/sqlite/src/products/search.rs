//! Searches for products, and the indexes of their lists.

use rusqlite::Connection;
use stockroom_application::ports::{
    FoundProducts, ProductFilter, ProductLookup, ProductOrder, ProductPlace, ProductSearch, Scope,
    SortValue, StoreError,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Owner, Product, ProductId, SearchKey};
use stockroom_sql::{Direction, Kind, ProductIndex, commodity_type_word, status_word};
use uuid::Uuid;

use super::rows;
use crate::connection::query::Query;
use crate::filter::push_in;
use crate::list::ListQuery;
use crate::{counts, stock};

/// The products that fulfil a filter; `None` if it would have to be held against too many.
pub(super) fn matching(
    snapshot: &Connection,
    scope: Scope,
    filter: &ProductFilter,
) -> Result<Option<Vec<Product>>, StoreError> {
    let lookup = filter.lookup();
    if looks_at_too_many(snapshot, scope, &lookup)? {
        return Ok(None);
    }
    let mut candidates = select_candidates("", scope, &lookup);
    let at_most = u64::from(ProductFilter::LOOKED_AT_MAX) + 1;
    candidates.0.push(format_args!(" LIMIT {at_most}"));
    let candidates: Vec<(Uuid, Uuid)> = candidates.all(snapshot)?;
    if ProductFilter::is_too_many(candidates.len() as u64) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for (id, owner_id) in candidates {
        let owner = Owner::from_uuid(owner_id, scope.organization);
        let product = rows::product(snapshot, scope.organization, owner, ProductId::new(id))?;
        found.extend(product.filter(|product| filter.matches(product)));
    }
    Ok(Some(found))
}

fn looks_at_too_many(
    snapshot: &Connection,
    scope: Scope,
    lookup: &ProductLookup,
) -> Result<bool, StoreError> {
    Ok(lookup.looks_at_all()
        && ProductFilter::is_too_many(counts::visible(snapshot, scope, Kind::Product)?))
}

/// The first products that a search finds; `None` if it would have to look at too many.
pub(super) fn first(
    snapshot: &Connection,
    scope: Scope,
    search: &ProductSearch,
    at_most: u32,
) -> Result<Option<Vec<Product>>, StoreError> {
    if looks_at_too_many(snapshot, scope, &search.lookup())? {
        return Ok(None);
    }
    let page = PageRequest::<ProductPlace>::from_offset(at_most, 0);
    let mut keys: Vec<(String, Uuid, Uuid)> =
        select_first("", scope, search).page(snapshot, &page)?;
    keys.truncate(at_most as usize);
    let mut products = Vec::with_capacity(keys.len());
    for (_, id, owner_id) in keys {
        let owner = Owner::from_uuid(owner_id, scope.organization);
        let product = rows::product(snapshot, scope.organization, owner, ProductId::new(id))?;
        products.extend(product);
    }
    Ok(Some(search.found(products)))
}

/// The query for the texts, ids and owners of the products that a search may find, sorted by the text.
pub(crate) fn select_first(start: &str, scope: Scope, search: &ProductSearch) -> ListQuery {
    let ProductIndex { name, column, .. } = ProductIndex::of_text(search.text);
    ListQuery::new(start, scope, None, |query, owner| {
        query.push(format_args!(
            "SELECT {column}, products.product_id, products.owner_id FROM products INDEXED BY {name}"
        ));
        push_owner(query, scope, owner);
        push_lookup(query, &search.lookup());
    })
    .ordered_by(Direction::new(false).order)
}

/// A page of the products that fulfil a filter.
pub(super) fn page(
    snapshot: &Connection,
    scope: Scope,
    filter: &ProductFilter,
    order: ProductOrder,
    request: &PageRequest<ProductPlace>,
) -> Result<FoundProducts, StoreError> {
    let Some(found) = matching(snapshot, scope, filter)? else {
        return Ok(None);
    };
    let found = found.into_iter();
    let found = found.map(|product| (order.place(&product), product));
    let Page { items, total, next } = order.page(found.collect(), request);
    let items = items.into_iter().map(|(_, product)| {
        let stock = stock::read::visible(snapshot, scope, product.id)?;
        Ok((product, stock))
    });
    let items = items.collect::<Result<_, StoreError>>()?;
    Ok(Some(Page { items, total, next }))
}

/// The query for the ids and owners of the products to which a way leads.
pub(crate) fn select_candidates(start: &str, scope: Scope, lookup: &ProductLookup) -> ListQuery {
    ListQuery::new(start, scope, None, |query, owner| {
        let index = match lookup {
            ProductLookup::Keys(text, _)
            | ProductLookup::Prefix(text, _)
            | ProductLookup::Part(text, _) => ProductIndex::of_text(*text).name,
            ProductLookup::Words { .. } => "products_by_words",
            ProductLookup::All => "products_of_owner",
        };
        query.push("SELECT products.product_id, products.owner_id FROM products INDEXED BY ");
        query.push(index);
        push_owner(query, scope, owner);
        push_lookup(query, lookup);
    })
}

fn push_owner(query: &mut Query, scope: Scope, owner: Owner) {
    query.push(" WHERE products.organization_id = ");
    query.push_organization(scope.organization);
    query.push(" AND products.owner_id = ");
    query.push_owner(scope.organization, owner);
}

fn push_lookup(query: &mut Query, lookup: &ProductLookup) {
    match lookup {
        ProductLookup::Keys(text, keys) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query.push(format_args!(" AND {predicate} AND "));
            push_in(
                query,
                column,
                keys.iter().map(|key| key.as_str().to_owned()),
            );
        }
        ProductLookup::Prefix(text, key) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query.push(format_args!(" AND {predicate} AND {column} >= "));
            query.push_bind(key.as_str().to_owned());
            if let Some(end) = key.end_of_prefix() {
                query.push(format_args!(" AND {column} < ")).push_bind(end);
            }
        }
        ProductLookup::Part(text, part) => {
            let ProductIndex {
                column, predicate, ..
            } = ProductIndex::of_text(*text);
            query.push(format_args!(" AND {predicate} AND (instr({column}, "));
            query.push_bind(part.as_str().to_owned());
            let full = SearchKey::CHARACTERS_MAX;
            query.push(format_args!(") > 0 OR length({column}) >= {full})"));
        }
        ProductLookup::Words {
            statuses,
            commodity_types,
            manage_stock,
        } => {
            let statuses = statuses.iter().map(|it| status_word(*it).to_owned());
            query.push(" AND ");
            push_in(query, "products.status", statuses);
            let types = commodity_types.iter();
            let types = types.map(|it| commodity_type_word(*it).to_owned());
            query.push(" AND ");
            push_in(query, "products.commodity_type", types);
            query.push(" AND ");
            push_in(query, "products.manage_stock", manage_stock.iter().copied());
        }
        ProductLookup::All => {}
    }
}

/// The query for the sorted values, ids and owners of the products that `scope` sees, starting after
/// `after`.
pub(crate) fn select(
    start: &str,
    scope: Scope,
    order: ProductOrder,
    after: Option<&ProductPlace>,
) -> ListQuery {
    let ProductIndex { name, column, .. } = ProductIndex::of_sort(order.by);
    let Direction {
        follows,
        order: columns,
    } = Direction::new(order.descending);
    ListQuery::new(start, scope, None, |query, owner| {
        query.push(format_args!(
            "SELECT {column}, products.product_id, products.owner_id FROM products INDEXED BY {name}"
        ));
        push_owner(query, scope, owner);
        if let Some(ProductPlace { value, id }) = after {
            query.push(format_args!(" AND ({column}, products.product_id) {follows} ("));
            match value {
                SortValue::Time(time) => query.push_bind(time.as_milliseconds()),
                SortValue::Text(key) => query.push_bind(key.as_str().to_owned()),
            };
            query.push(", ").push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by(columns)
}
