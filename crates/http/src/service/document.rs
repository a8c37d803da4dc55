//! The OpenAPI document: its head, and the parts that many endpoints share. The endpoints are
//! described beside their handlers.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document31, RefOr};
use utoipa::{IntoParams, Modify, OpenApi};

use super::operations;
use crate::request::PreferHeader;

/// The document without its endpoints.
pub(crate) fn head() -> Document31 {
    Head::openapi()
}

/// Adds the parts that all endpoints share, and the links from one to another.
pub(crate) fn complete(document: &mut Document31) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let prefer = PreferHeader::into_params(|| None);
            let parameters = operation.parameters.get_or_insert_default();
            parameters.extend(prefer.into_iter().map(RefOr::T));
        }
    }
    operations::complete(document);
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stockroom",
        description = "Stock of products, by store and by location, with a ledger of every movement. \
                       Speaks the Elastic Path Commerce inventory dialect.\n\n\
                       Every request body is read in both forms: what stands under `data` may stand under \
                       `data.attributes` as well. The header `EP-Inventories-Multi-Location` chooses the form \
                       of the answer.",
    ),
    modifiers(&AccessTokens),
    security(("access_token" = [])),
    tags(
        (name = "Access", description = "Tokens and application keys."),
        (name = "Stock", description = "How much there is of a product, and where."),
        (name = "Transactions", description = "Movements of stock."),
        (name = "Reservations", description = "Stock that is kept for a buyer, through checkout to shipping. Always \
                                               answered in the multi-location form."),
        (name = "Transfers", description = "Stock that moves from one location to another, and deliveries, which \
                                            come from suppliers. Always answered in the multi-location form."),
        (name = "Planning", description = "What of the stock may be sold, and who is told when it runs low. Always \
                                           answered in the multi-location form."),
        (name = "Events", description = "What happened to the inventory, in order."),
        (name = "Locations", description = "Where stock may lie."),
        (name = "Products", description = "What stock is stock of."),
        (name = "Integrations", description = "Webhooks, and the logs of what was sent."),
        (name = "Imports and exports", description = "Stock in and out as files. Always answered in the \
                                                      multi-location form."),
        (name = "Settings", description = "How an organization wants things done."),
    ),
)]
struct Head;

struct AccessTokens;

impl Modify for AccessTokens {
    fn modify(&self, document: &mut Document31) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A token from `POST /oauth/access_token`."));
        let scheme = SecurityScheme::Http(bearer.build());
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("access_token", scheme);
    }
}
