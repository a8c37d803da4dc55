//! Reading stock, history, locations and products.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use stockroom_application::ports::{
    FoundProducts, LocationCondition, LocationOrder, LocationReader, ProductAndStock,
    ProductFilter, ProductOrder, ProductPlace, ProductReader, ProductSearch, Scope, StockCondition,
    StockOrder, StockPlace, StockReader, StoreError, TransactionCondition,
};
use stockroom_application::{LocationPlace, Page, PageRequest};
use stockroom_domain::{
    Entry, Location, LocationId, Owner, Product, ProductId, Recorded, Stock, StockId, StockKey,
    TransactionId,
};

use crate::MemoryDatabase;
use crate::list::{page, uncounted};
use crate::tenant::Tenant;

impl Tenant {
    /// The stock of a product that `acting` sees: its own, else the organization's.
    pub(crate) fn visible_stock(&self, acting: Owner, product: ProductId) -> Option<&Stock> {
        acting
            .visible()
            .find_map(|owner| self.stocks.get(&StockKey { product, owner }))
    }

    /// All stock that `acting` sees, in the order of creation, starting after `after`.
    fn visible_stocks(
        &self,
        acting: Owner,
        after: Option<StockId>,
    ) -> impl Iterator<Item = &Stock> {
        let keys = self.visible_keys(acting, after);
        keys.filter_map(|key| self.stocks.get(&key))
    }

    fn visible_keys(
        &self,
        acting: Owner,
        after: Option<StockId>,
    ) -> impl Iterator<Item = StockKey> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let keys_of = move |owner| {
            let stocks = self.stock_order.get(&owner).into_iter();
            let stocks = stocks.flat_map(move |it| it.range((start, Bound::Unbounded)));
            stocks.map(move |(id, product)| {
                let product = *product;
                (*id, StockKey { product, owner })
            })
        };
        let own = keys_of(acting);
        let shared = acting.visible().skip(1).flat_map(keys_of);
        let shared = shared.filter(move |(_, key)| {
            let own = StockKey {
                owner: acting,
                ..*key
            };
            !self.stocks.contains_key(&own)
        });
        let (mut own, mut shared) = (own.peekable(), shared.peekable());
        std::iter::from_fn(move || {
            let next = match (own.peek(), shared.peek()) {
                (Some((own_id, _)), Some((shared_id, _))) if shared_id < own_id => shared.next(),
                (Some(_), _) => own.next(),
                (None, _) => shared.next(),
            };
            next.map(|(_, key)| key)
        })
    }

    /// The number of stocks that `acting` sees. Goes through the shorter of two lists at most.
    fn count_visible(&self, acting: Owner) -> usize {
        let products_of = |owner| {
            self.stock_order
                .get(&owner)
                .into_iter()
                .flat_map(BTreeMap::values)
        };
        let count_of = |owner| self.stock_order.get(&owner).map_or(0, BTreeMap::len);
        let counts = acting.visible().skip(1).map(|shared| {
            let (shorter, longer) = if count_of(acting) < count_of(shared) {
                (acting, shared)
            } else {
                (shared, acting)
            };
            let hidden = products_of(shorter).filter(|product| {
                let product = **product;
                let owner = longer;
                self.stocks.contains_key(&StockKey { product, owner })
            });
            count_of(shared) - hidden.count()
        });
        count_of(acting) + counts.sum::<usize>()
    }

    fn ledger(&self, stock: &Stock) -> &[Entry] {
        self.ledgers.get(&stock.id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn recorded(&self, product: ProductId, entry: &Entry) -> Recorded {
        let slug = entry.location.and_then(|location| self.slug(location));
        let actor_name = entry.actor.and_then(|key| self.key_name(key));
        Recorded {
            entry: entry.clone(),
            product,
            slug: slug.cloned(),
            actor_name: actor_name.cloned(),
            undone_by: self.undone.get(&entry.id).copied(),
        }
    }

    /// All registered products of the owner and, for a store, of its organization.
    fn visible_products(&self, acting: Owner) -> Vec<&Product> {
        let owners: Vec<Owner> = acting.visible().collect();
        let products = self.products.iter();
        let visible = products.filter(|((owner, _), _)| owners.contains(owner));
        visible.map(|(_, product)| product).collect()
    }

    /// The products that fulfil a filter, in any order; `None` if it would have to be held against too
    /// many.
    fn matching_products(&self, acting: Owner, filter: &ProductFilter) -> Option<Vec<&Product>> {
        let products = self.visible_products(acting);
        let lookup = filter.lookup();
        let looked_at = if filter.is_empty() {
            0
        } else if lookup.looks_at_all() {
            products.len()
        } else {
            products.iter().filter(|it| lookup.leads_to(it)).count()
        };
        if ProductFilter::is_too_many(looked_at as u64) {
            return None;
        }
        let found = products
            .into_iter()
            .filter(|product| filter.matches(product));
        Some(found.collect())
    }

    fn with_stock(&self, acting: Owner, product: &Product) -> ProductAndStock {
        let stock = self.visible_stock(acting, product.id);
        (product.clone(), stock.cloned())
    }
}

#[async_trait]
impl StockReader for MemoryDatabase {
    async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            tenant.visible_stock(scope.acting, product).cloned()
        }))
    }

    async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        let mut products = products.to_vec();
        products.sort_unstable();
        products.dedup();
        Ok(self.in_tenant(scope.organization, |tenant| {
            let found = products
                .iter()
                .filter_map(|product| tenant.visible_stock(scope.acting, *product));
            found.cloned().collect()
        }))
    }

    async fn list_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        request: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        let is_filtered = !filter.is_empty();
        let is_wanted = |stock: &&Stock| filter.iter().all(|condition| condition.matches(stock));
        let found = self.in_tenant(scope.organization, |tenant| {
            let stocks = tenant.visible_stocks(scope.acting, request.place().copied());
            let wanted = stocks.filter(is_wanted).skip(request.offset() as usize);
            let mut items: Vec<Stock> = wanted.take(request.enough() as usize).cloned().collect();
            let next = request.cut(&mut items, |stock| stock.id);
            let total = request.wants_total(is_filtered).then(|| {
                let all = tenant.visible_stocks(scope.acting, None);
                if is_filtered {
                    all.filter(is_wanted).count() as u64
                } else {
                    tenant.count_visible(scope.acting) as u64
                }
            });
            Some(Page { items, total, next })
        });
        Ok(found.unwrap_or_else(|| page([], &request, is_filtered, |it: &Stock| it.id)))
    }

    async fn sort_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        order: StockOrder,
        request: PageRequest<StockPlace>,
    ) -> Result<Option<Page<Stock, StockPlace>>, StoreError> {
        let found = self.in_tenant(scope.organization, |tenant| {
            let all = tenant.count_visible(scope.acting) as u64;
            if all > u64::from(StockOrder::SORTED_MAX) {
                return Some(None);
            }
            let stocks = tenant.visible_stocks(scope.acting, None);
            let is_wanted = |stock: &&Stock| filter.iter().all(|it| it.matches(stock));
            let mut stocks: Vec<&Stock> = stocks.filter(is_wanted).collect();
            stocks.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
            let place = |stock: &&Stock| order.place(stock);
            let page = Page::in_order(stocks, &request, place, |one, other| {
                order.compare(one, other)
            });
            let page = uncounted(page, &request, !filter.is_empty());
            Some(Some(page.map(Stock::clone)))
        });
        let nothing = || Page::of(Vec::new(), &request, |stock| order.place(stock));
        Ok(found.unwrap_or_else(|| Some(nothing())))
    }

    async fn transactions(
        &self,
        scope: Scope,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError> {
        let request = PageRequest::from_offset(limit, offset);
        Ok(self.in_tenant(scope.organization, |tenant| {
            let stock = tenant.visible_stock(scope.acting, product)?;
            let ledger = tenant.ledger(stock);
            if filter.is_empty() {
                let entries = Page::of(ledger.iter().collect(), &request, |entry| entry.id);
                return Some(entries.map(|entry| tenant.recorded(stock.product, entry)));
            }
            let entries = ledger
                .iter()
                .map(|entry| tenant.recorded(stock.product, entry));
            let wanted = entries
                .filter(|recorded| filter.iter().all(|condition| condition.matches(recorded)));
            let wanted: Vec<Recorded> = wanted.collect();
            Some(Page::of(wanted, &request, |recorded| recorded.entry.id))
        }))
    }

    async fn transaction(
        &self,
        scope: Scope,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let stock = tenant.visible_stock(scope.acting, product)?;
            let created_at = id.created_at()?;
            let ledger = tenant.ledger(stock);
            let start = ledger.partition_point(|entry| entry.created_at < created_at);
            let entry = ledger[start..]
                .iter()
                .take_while(|entry| entry.created_at == created_at)
                .find(|entry| entry.id == id)?;
            Some(tenant.recorded(stock.product, entry))
        }))
    }
}

#[async_trait]
impl LocationReader for MemoryDatabase {
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let location = tenant.locations.get(&id);
            location
                .filter(|location| scope.acting.can_see(location.owner))
                .cloned()
        }))
    }

    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        order: LocationOrder,
        request: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError> {
        let mut locations: Vec<Location> = self.in_tenant(scope.organization, |tenant| {
            let visible = tenant.locations.values().filter(|location| {
                scope.acting.can_see(location.owner)
                    && filter.iter().all(|condition| condition.matches(location))
            });
            visible.cloned().collect()
        });
        let place = |location: &Location| order.place(location);
        locations.sort_by_cached_key(place);
        let page = Page::of(locations, &request, place);
        Ok(uncounted(page, &request, !filter.is_empty()))
    }
}

#[async_trait]
impl ProductReader for MemoryDatabase {
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let mut owners = scope.acting.visible();
            let product = owners.find_map(|owner| tenant.products.get(&(owner, id)))?;
            Some(tenant.with_stock(scope.acting, product))
        }))
    }

    async fn products(&self, scope: Scope, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let ids: BTreeSet<ProductId> = ids.iter().copied().collect();
        Ok(self.in_tenant(scope.organization, |tenant| {
            let found = ids.into_iter().filter_map(|id| {
                let mut owners = scope.acting.visible();
                owners.find_map(|owner| tenant.products.get(&(owner, id)))
            });
            found.cloned().collect()
        }))
    }

    async fn find_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
    ) -> Result<Option<Vec<ProductId>>, StoreError> {
        let found = self.in_tenant(scope.organization, |tenant| {
            let found = tenant.matching_products(scope.acting, filter);
            Some(found.map(|found| found.into_iter().map(|product| product.id).collect()))
        });
        Ok(found.unwrap_or_else(|| Some(Vec::new())))
    }

    async fn search_products(
        &self,
        scope: Scope,
        search: &ProductSearch,
        at_most: u32,
    ) -> Result<Option<Vec<Product>>, StoreError> {
        let found = self.in_tenant(scope.organization, |tenant| {
            let products = tenant.visible_products(scope.acting);
            let looked_at = products.len() as u64;
            if search.lookup().looks_at_all() && ProductFilter::is_too_many(looked_at) {
                return Some(None);
            }
            let mut found = search.found(products.into_iter().cloned().collect());
            found.truncate(at_most as usize);
            Some(Some(found))
        });
        Ok(found.unwrap_or_else(|| Some(Vec::new())))
    }

    async fn list_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
        order: ProductOrder,
        request: PageRequest<ProductPlace>,
    ) -> Result<FoundProducts, StoreError> {
        let found = self.in_tenant(scope.organization, |tenant| {
            let Some(found) = tenant.matching_products(scope.acting, filter) else {
                return Some(None);
            };
            let total = found.len() as u64;
            let found = found.into_iter();
            let found = found.map(|product| (order.place(product), product));
            let mut page = order.page(found.collect(), &request);
            if filter.is_empty() {
                page.total = Some(total);
            }
            let page = page.map(|(_, product)| tenant.with_stock(scope.acting, product));
            Some(Some(page))
        });
        let nothing = || order.page(Vec::new(), &request).map(|(_, found)| found);
        Ok(found.unwrap_or_else(|| Some(nothing())))
    }
}
