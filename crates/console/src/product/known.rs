//! What the console knows of a product.

use serde::Deserialize;
use stockroom_domain::{Owner, Product, ProductId, ReservationId, Stock, TransactionId};

use crate::page::Problem;
use crate::session::Visit;

/// The ids in the path of a product's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ids {
    id: String,
    entry: String,
    reservation: String,
}

impl Ids {
    /// The product.
    ///
    /// # Errors
    /// [`Problem`] if it isn't an id.
    pub(crate) fn product(&self) -> Result<ProductId, Problem> {
        ProductId::parse(&self.id).ok_or_else(Problem::not_found)
    }

    /// The entry of its ledger.
    ///
    /// # Errors
    /// [`Problem`] if it isn't an id.
    pub(crate) fn entry(&self) -> Result<TransactionId, Problem> {
        TransactionId::parse(&self.entry).ok_or_else(Problem::not_found)
    }

    /// The reservation that holds some of it.
    ///
    /// # Errors
    /// [`Problem`] if it isn't an id.
    pub(crate) fn reservation(&self) -> Result<ReservationId, Problem> {
        ReservationId::parse(&self.reservation).ok_or_else(Problem::not_found)
    }
}

/// A product that the person may see: it is registered, or it has stock, or it had some.
pub(crate) struct Known {
    pub(crate) id: ProductId,
    pub(crate) product: Option<Product>,
    pub(crate) stock: Option<Stock>,
}

impl Known {
    /// Reads what is known of a product.
    ///
    /// # Errors
    /// [`Problem`] if there is no such product, or the database fails.
    pub(crate) async fn read(visit: &Visit, id: ProductId) -> Result<Self, Problem> {
        let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
        let product = stockroom.product(administrator, id).await?;
        let product = product.map(|stocked| stocked.product);
        let stock = stockroom.stock(visit.caller(), id).await?;
        if product.is_none() && stock.is_none() {
            stockroom.audit(administrator, id, &[], None, 1).await?;
        }
        Ok(Self { id, product, stock })
    }

    /// The words for the product.
    pub(crate) fn title(&self) -> String {
        let name = self.product.as_ref().map(|it| it.name.as_str().to_owned());
        name.unwrap_or_else(|| self.id.to_string())
    }

    pub(crate) fn sku(&self) -> Option<String> {
        let sku = self.product.as_ref()?.sku.as_ref()?;
        Some(sku.as_str().to_owned())
    }
}

/// The words for an owner, as somebody at this level reads them.
pub(crate) fn whose(visit: &Visit, owner: Owner) -> &'static str {
    match owner {
        Owner::Organization if visit.acting() == Owner::Organization => "organization",
        Owner::Organization => "shared by the organization",
        Owner::Store(_) => "this store’s own",
    }
}
