//! Use cases of stock that is under way, and of what can be promised.

use stockroom_domain::{Forecast, ProductId, Refusal};

use crate::access::{Administrator, Caller};
use crate::error::Error;
use crate::filter::TextCondition;
use crate::page::PageRequest;
use crate::pipeline::timed;
use crate::ports::{LocationCondition, LocationOrder, PlannedStock, StoreError};
use crate::stockroom::Stockroom;

/// The part of a stock that a forecast is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForecastPlace {
    /// All positions from which buyers can order.
    All,
    /// The unlocated pool.
    Unlocated,
    /// The location with this slug.
    Location(String),
}

impl Stockroom {
    /// The stock of those of these products that are managed, with what is under way to each, in any order.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn planned_stocks(
        &self,
        caller: &Caller,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError> {
        self.pipeline.planned_stocks(caller.scope(), products).await
    }

    /// The number of pieces of a product that can be sold over time; `None` if the product isn't managed.
    ///
    /// # Errors
    /// [`Error`] if the location is unknown, or the database fails.
    pub async fn forecast(
        &self,
        administrator: &Administrator,
        product: ProductId,
        place: &ForecastPlace,
    ) -> Result<Option<Forecast>, Error> {
        let scope = administrator.scope();
        let planned = self.pipeline.planned_stocks(scope, &[product]).await?;
        let Some(planned) = planned.into_iter().next() else {
            return Ok(None);
        };
        let promise = planned.promise(self.now());
        let slug = match place {
            ForecastPlace::All => return Ok(Some(promise.forecast())),
            ForecastPlace::Unlocated => return Ok(Some(promise.forecast_at(None))),
            ForecastPlace::Location(slug) => slug,
        };
        let filter = [LocationCondition::Slug(TextCondition::In(vec![
            slug.clone(),
        ]))];
        let page = PageRequest::default();
        let records = self.pipeline.records();
        let found = records.list_locations(scope, &filter, LocationOrder::Created, page);
        let found = timed("list_locations", found).await?.items;
        let mut found = found.into_iter();
        let location = found.find(|location| location.owner == planned.stock.owner);
        let location = location.ok_or_else(|| Refusal::unknown_location(slug))?;
        Ok(Some(promise.forecast_at(Some(location.id))))
    }
}
