//! Parts of the operations' documentation that follow from the rest: the errors of their parameters
//! and bodies, and the links from their answers.

use serde_json::json;
use utoipa::IntoResponses;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{OneOf, Schema};
use utoipa::openapi::{OpenApi, RefOr, Required};

use crate::answer::{NotFound, TooLarge, UnsupportedMediaType};

/// An answer with an id, and the operations that can be called with that id.
struct Lead {
    from: &'static str,
    status: &'static str,
    /// The place of the id in the answer.
    id: &'static str,
    /// The path parameter that takes the id. A product in the path stays the same.
    parameter: &'static str,
    to: &'static [&'static str],
}

const LEADS: [Lead; 12] = [
    Lead {
        from: "CreateStock",
        status: "201",
        id: "/data/id",
        parameter: "product",
        to: &[
            "GetStock",
            "UpdateStock",
            "DeleteStock",
            "ListTransactions",
            "CreateTransaction",
            "GetStockForecast",
            "GetStockPolicy",
            "UpdateStockPolicy",
            "DeleteStockPolicy",
        ],
    },
    Lead {
        from: "CreateProductStock",
        status: "201",
        id: "/data/id",
        parameter: "product",
        to: &[
            "GetStock",
            "UpdateStock",
            "DeleteStock",
            "CreateTransaction",
            "CreateCount",
            "ListHolds",
            "GetStockPolicy",
            "UpdateStockPolicy",
            "DeleteStockPolicy",
        ],
    },
    Lead {
        from: "CreateTransaction",
        status: "200",
        id: "/data/id",
        parameter: "transaction",
        to: &["GetTransaction", "UndoTransaction"],
    },
    Lead {
        from: "CreateTransaction",
        status: "201",
        id: "/data/id",
        parameter: "transaction",
        to: &["GetTransaction", "UndoTransaction"],
    },
    Lead {
        from: "CreateTransactionBatch",
        status: "201",
        id: "/meta/batch_id",
        parameter: "batch",
        to: &["UndoTransactionBatch"],
    },
    Lead {
        from: "CreateReservation",
        status: "201",
        id: "/data/id",
        parameter: "reservation",
        to: &[
            "GetReservation",
            "PayReservation",
            "ReleaseReservation",
            "FulfilReservation",
            "ExtendReservation",
        ],
    },
    Lead {
        from: "CreateTransfer",
        status: "201",
        id: "/data/id",
        parameter: "transfer",
        to: &[
            "GetTransfer",
            "UpdateTransfer",
            "DeleteTransfer",
            "ReadyTransfer",
            "ShipTransfer",
            "ReceiveTransfer",
            "CancelTransfer",
            "ListReceipts",
        ],
    },
    Lead {
        from: "CreateLocation",
        status: "201",
        id: "/data/id",
        parameter: "location",
        to: &["GetLocation", "UpdateLocation", "DeleteLocation"],
    },
    Lead {
        from: "createProduct",
        status: "201",
        id: "/data/id",
        parameter: "product",
        to: &[
            "getProduct",
            "updateProduct",
            "deleteProduct",
            "GetStock",
            "CreateProductStock",
        ],
    },
    Lead {
        from: "createKey",
        status: "201",
        id: "/data/id",
        parameter: "key",
        to: &["getKey", "updateKey", "deleteKey"],
    },
    Lead {
        from: "CreateImport",
        status: "202",
        id: "/data/id",
        parameter: "import",
        to: &[
            "GetImport",
            "ListImportErrors",
            "ListImportChanges",
            "CancelImport",
            "UndoImport",
        ],
    },
    Lead {
        from: "createIntegration",
        status: "200",
        id: "/data/id",
        parameter: "integration",
        to: &[
            "getIntegration",
            "updateIntegration",
            "deleteIntegration",
            "rotateIntegrationSecret",
        ],
    },
];

/// Adds the parts that follow from the rest.
pub(crate) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            without_null(operation);
            add_errors(operation);
            add_links(path, operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// A body that may be missing is documented as nullable, but null is refused.
fn without_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    if body.required == Some(Required::True) {
        return;
    }
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(OneOf { items, .. }))) = &content.schema {
            content.schema = items.iter().find(|it| matches!(it, RefOr::Ref(_))).cloned();
        }
    }
}

/// Adds the errors of parameters and bodies, which don't depend on the operation.
fn add_errors(operation: &mut Operation) {
    let parameters = operation.parameters.iter().flatten();
    let names_store = parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
        .any(|it| it.name == "X-Moltin-Auth-Store");
    if names_store {
        add::<NotFound>(operation);
    }
    let Some(RefOr::T(body)) = &operation.request_body else {
        return;
    };
    let takes_json_only = body.content.keys().eq(["application/json"]);
    add::<TooLarge>(operation);
    if takes_json_only {
        add::<UnsupportedMediaType>(operation);
    }
}

/// Adds the response, unless the operation documents it itself.
fn add<R: IntoResponses>(operation: &mut Operation) {
    for (status, response) in R::responses() {
        let responses = &mut operation.responses.responses;
        responses.entry(status).or_insert(response);
    }
}

fn add_links(path: &str, operation: &mut Operation) {
    let from = operation.operation_id.as_deref().unwrap_or_default();
    for lead in LEADS.iter().filter(|lead| lead.from == from) {
        let response = operation.responses.responses.get_mut(lead.status);
        let Some(RefOr::T(response)) = response else {
            continue;
        };
        for to in lead.to {
            let mut link = Link::builder()
                .operation_id(*to)
                .parameter(lead.parameter, json!(format!("$response.body#{}", lead.id)));
            if path.contains("{product}") && lead.parameter != "product" {
                link = link.parameter("product", json!("$request.path.product"));
            }
            let link = RefOr::T(link.build());
            response.links.insert((*to).to_owned(), link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lead_is_in_the_document() {
        let document = serde_json::to_value(crate::router::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
        let operations: Vec<_> = operations.collect();
        for Lead {
            from, status, to, ..
        } in &LEADS
        {
            let found = operations.iter().find(|it| it["operationId"] == *from);
            let links = &found.unwrap()["responses"][status]["links"];
            for to in *to {
                assert!(links[to].is_object(), "{from}, {status} to {to}");
            }
        }
    }
}
