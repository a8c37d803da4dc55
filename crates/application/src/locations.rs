//! Locations.

use stockroom_domain::{DeleteLocation, Location, LocationId};

use crate::access::{Caller, Writer};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::{LocationCondition, LocationOrder, LocationPlace, StoreError};
use crate::stockroom::Stockroom;

impl Stockroom {
    /// Deletes a location that has no stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_location(&self, writer: &Writer, id: LocationId) -> Result<(), Error> {
        let request = DeleteLocation { id };
        self.execute(writer, request).await
    }

    /// One location that the caller sees.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn location(
        &self,
        caller: &Caller,
        id: LocationId,
    ) -> Result<Option<Location>, StoreError> {
        timed(
            "location",
            self.pipeline.records().location(caller.scope(), id),
        )
        .await
    }

    /// All locations that the caller can use and that fulfil the conditions, in this order.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_locations(
        &self,
        caller: &Caller,
        filter: &[LocationCondition],
        order: LocationOrder,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError> {
        let scope = caller.scope();
        let locations = self
            .pipeline
            .records()
            .list_locations(scope, filter, order, page);
        timed("list_locations", locations).await
    }
}
