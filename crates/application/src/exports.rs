//! Exports: all stock as of one instant, as a file.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _, try_unfold};
use stockroom_domain::{
    Balance, LocationId, Owner, Product, ProductId, ProductText, Stock, StockId, Timestamp,
};
use stockroom_files::{ExportLocation, ExportRow, FileWriter, Format, Profile};

use crate::access::Administrator;
use crate::error::ExportError;
use crate::location_names::LocationNames;
use crate::page::PageRequest;
use crate::pipeline::{Turn, timed};
use crate::ports::{Scope, StockCondition, StoreError};
use crate::product_names::ProductNames;
use crate::stockroom::{EXPORTS_OF_ORGANIZATION_MAX, Stockroom};

/// The number of stocks that are read at once.
const PAGE: u32 = 1_000;

/// The time after an instant at which all commits up to it can be read. (Source: the contract of exports.)
const SETTLED_AFTER_MILLISECONDS: i64 = 2_000;

/// The stock that is exported, and the form of the file.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The profile.
    pub profile: Profile,
    /// The format.
    pub format: Format,
    /// The instant; `None` for that of the request.
    pub at: Option<Timestamp>,
    /// The conditions on stock.
    pub filter: Vec<StockCondition>,
    /// The stock after which the export begins.
    pub after: Option<StockId>,
}

/// An export, read part by part.
pub struct Export {
    stockroom: Arc<Stockroom>,
    scope: Scope,
    at: Timestamp,
    filter: Vec<StockCondition>,
    after: Option<StockId>,
    writer: FileWriter,
    locations: Option<LocationNames>,
    is_over: bool,
    _turn: Turn,
}

impl Stockroom {
    /// Begins an export.
    ///
    /// # Errors
    /// [`ExportError`] if the profile doesn't have the format, or the organization has too many exports
    /// under way.
    pub fn export(
        self: &Arc<Self>,
        administrator: &Administrator,
        request: ExportRequest,
    ) -> Result<Export, ExportError> {
        let scope = administrator.scope();
        let writer = FileWriter::new(request.profile, request.format)?;
        let turn = self.exports.try_take(scope.organization);
        Ok(Export {
            scope,
            at: request.at.unwrap_or_else(|| self.now()),
            filter: request.filter,
            after: request.after,
            writer,
            locations: None,
            is_over: false,
            _turn: turn.map_err(|_| ExportError::TooMany {
                limit: EXPORTS_OF_ORGANIZATION_MAX,
            })?,
            stockroom: Arc::clone(self),
        })
    }
}

impl Export {
    /// The media type of the file.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.writer.content_type()
    }

    /// The name of the file.
    #[must_use]
    pub fn file_name(&self) -> &'static str {
        self.writer.file_name()
    }

    /// The file, part by part, as they are taken. The first one is read before, so that a database that fails
    /// can still be told; if it fails later, the file is broken off.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn parts(
        mut self,
    ) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send, StoreError> {
        let first = self.next().await?;
        let first = stream::iter(first.map(|part| Ok(Bytes::from(part))));
        let rest = try_unfold(self, async |mut export| {
            let part = export.next().await?;
            Ok(part.map(|part| (Bytes::from(part), export)))
        });
        // Compressors ask once more after the end.
        Ok(first.chain(rest).fuse())
    }

    /// The next part of the file, or `None` at its end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut part = Vec::new();
        if self.locations.is_none() {
            self.locations = Some(self.begin().await?);
            self.writer.begin(&mut part);
        }
        while part.is_empty() {
            if self.is_over {
                return Ok(None);
            }
            self.add_page(&mut part).await?;
        }
        Ok(Some(part))
    }

    /// Waits until everything up to the instant can be read, and reads the locations.
    async fn begin(&self) -> Result<LocationNames, StoreError> {
        let readable_at = self.at.plus_milliseconds(SETTLED_AFTER_MILLISECONDS);
        let missing = readable_at.as_milliseconds() - self.stockroom.now().as_milliseconds();
        if let Ok(missing) = u64::try_from(missing) {
            tokio::time::sleep(Duration::from_millis(missing)).await;
        }
        let pipeline = &self.stockroom.pipeline;
        // Holds that expired before the instant are booked.
        pipeline.settled_history(self.scope.organization).await?;
        LocationNames::read(pipeline, self.scope).await
    }

    async fn add_page(&mut self, part: &mut Vec<u8>) -> Result<(), StoreError> {
        let pipeline = &self.stockroom.pipeline;
        let organization = self.scope.organization;
        let _turn = pipeline.turn_to_search(organization, true).await;
        let history = pipeline.unsettled_history();
        let request = match self.after {
            None => PageRequest::from_offset(PAGE, 0),
            Some(after) => PageRequest::after(PAGE, after),
        };
        let periods = history.periods_at(self.scope, self.at, request);
        let periods = timed("lives_at", periods).await?;
        let Some(last) = periods.last() else {
            self.is_over = true;
            self.writer.end(self.at, part);
            return Ok(());
        };
        self.after = Some(last.id);
        let stocks = timed("past", history.past(organization, &periods, self.at));
        let mut stocks = stocks.await?;
        stocks.retain(|stock| self.filter.iter().all(|condition| condition.matches(stock)));
        stocks.sort_unstable_by_key(|stock| stock.id);
        let ids: Vec<ProductId> = stocks.iter().map(|stock| stock.product).collect();
        let products = pipeline.products(self.scope, &ids).await?;
        let names = names(&self.stockroom, self.scope, &products).await?;
        let products: HashMap<ProductId, Product> =
            products.into_iter().map(|it| (it.id, it)).collect();
        let Some(locations) = &self.locations else {
            return Ok(());
        };
        for stock in &stocks {
            let product = products.get(&stock.product);
            write(&mut self.writer, stock, product, &names, locations, part);
        }
        Ok(())
    }
}

/// The names that might lead elsewhere: those of an organization's products, seen by a store that may have
/// products of the same names.
async fn names(
    stockroom: &Stockroom,
    scope: Scope,
    products: &[Product],
) -> Result<ProductNames, StoreError> {
    if scope.acting == Owner::Organization {
        return Ok(ProductNames::default());
    }
    let shared = || products.iter().filter(|it| it.owner == Owner::Organization);
    let skus = shared().filter_map(|product| product.sku.as_ref());
    let external_refs = shared().filter_map(|product| product.external_ref.as_ref());
    ProductNames::look_up(&stockroom.pipeline, scope, skus, external_refs).await
}

/// Writes the positions of a stock.
fn write(
    writer: &mut FileWriter,
    stock: &Stock,
    product: Option<&Product>,
    names: &ProductNames,
    locations: &LocationNames,
    part: &mut Vec<u8>,
) {
    let sku = product.and_then(|product| product.sku.as_ref());
    let external_ref = product.and_then(|product| product.external_ref.as_ref());
    let is_it = |found: Option<&Product>| found.is_none_or(|found| found.id == stock.product);
    let mut row = |location: Option<(LocationId, &str)>, balance: Balance| {
        let row = ExportRow {
            product: stock.product,
            sku: sku.map(ProductText::as_str),
            external_ref: external_ref.map(ProductText::as_str),
            name: product.map(|product| product.name.as_str()),
            product_slug: product.and_then(|it| it.slug.as_ref().map(ProductText::as_str)),
            location: location.map(|(id, slug)| ExportLocation {
                slug,
                label: locations.label(id).unwrap_or(slug),
            }),
            available: balance.available,
            allocated: balance.allocated,
            total: balance.total(),
            sku_finds_it: sku.is_some_and(|sku| is_it(names.with_sku(sku))),
            external_ref_finds_it: external_ref
                .is_some_and(|text| is_it(names.with_external_ref(text))),
        };
        writer.write(&row, part);
    };
    // A pool that is empty beside locations is none that anybody uses.
    if stock.located.is_empty() || stock.unlocated != Balance::default() {
        row(None, stock.unlocated);
    }
    for (id, position) in &stock.located {
        row(Some((*id, position.slug.as_str())), position.balance);
    }
}
