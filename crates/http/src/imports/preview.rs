//! What a dry run would change.

use axum::extract::State;
use serde::Serialize;
use stockroom_application::LineChangePlace;
use stockroom_domain::{ChangedProduct, ImportId, LineChange, ProductId, ProductText, Refusal};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ApiError, CommonErrors, Json, List, NotFound};
use crate::request::{Administration, ListQuery, PageParameters, PathId, StoreHeader};
use crate::service::AppState;
use crate::stock::body::Figures;

/// A change that a dry run would make: an entry of a ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = StockJobChange)]
pub(crate) struct ImportChangeBody {
    /// The place of the change among those of the job, from 0.
    id: String,
    /// Always `stock-job-change`.
    r#type: &'static str,
    attributes: ImportChangeAttributes,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockJobChangeAttributes)]
struct ImportChangeAttributes {
    /// The number of the line in the file, from 1; the header is a line, too.
    line: u32,
    /// The product; null for one that the import would register and that would get a fresh id.
    product_id: Option<Uuid>,
    /// What a product would be called that the import would register; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The SKU of a product that the import would register, if it has one; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    /// The slug of the location; null for the unlocated pool.
    location: Option<String>,
    /// `increment`, `decrement`, `allocate` or `deallocate`.
    action: &'static str,
    /// How many pieces would be concerned.
    quantity: u64,
    /// What the position would hold right before it: what it holds now, with what the lines before would have
    /// done.
    before: Figures,
    /// What the position would hold right after it.
    after: Figures,
}

impl From<(LineChangePlace, LineChange)> for ImportChangeBody {
    fn from((place, change): (LineChangePlace, LineChange)) -> Self {
        let (product_id, name, sku) = match change.product {
            ChangedProduct::Known(id) => (Some(id), None, None),
            ChangedProduct::New { id, name, sku } => (id, Some(name), sku),
        };
        let text = |text: ProductText| text.as_str().to_owned();
        Self {
            id: place.0.to_string(),
            r#type: "stock-job-change",
            attributes: ImportChangeAttributes {
                line: change.line,
                product_id: product_id.map(ProductId::uuid),
                name: name.map(text),
                sku: sku.map(text),
                location: change.location.map(|slug| slug.as_str().to_owned()),
                action: change.action.as_str(),
                quantity: change.quantity.get(),
                before: change.before.into(),
                after: change.after.into(),
            },
        }
    }
}

/// List what an import would change.
///
/// The first 10,000 entries that the lines of a dry run would make, in the order of the lines; of an import that is
/// no dry run, nothing. A line that finds the stock as it says makes no entry.
#[utoipa::path(
    get,
    path = "/v2/inventories/imports/{import}/preview",
    operation_id = "ListImportChanges",
    tag = "Imports and exports",
    params(("import" = Uuid, Path, description = "The job's id."), PageParameters, StoreHeader),
    responses(
        (status = 200, description = "A page of changes.", body = List<ImportChangeBody>),
        NotFound, CommonErrors
    ),
)]
pub(crate) async fn list_changes(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
    import: PathId<ImportId>,
) -> Result<Json<List<ImportChangeBody>>, ApiError> {
    let name = import.id().map(|id| format!("imports/{id}/preview"));
    let list = query.list(name.as_deref().unwrap_or_default(), "")?;
    let id = import.existing()?;
    let administrator = administration.enter().await?;
    let stockroom = &app.stockroom;
    let import = stockroom.import(&administrator, id).await?;
    let import = import.ok_or(Refusal::JobNotFound)?;
    let found = stockroom.list_line_changes(&administrator, &import, list.page);
    Ok(Json(list.answer(found.await?, ImportChangeBody::from)))
}
