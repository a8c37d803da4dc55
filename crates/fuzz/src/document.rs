//! The operations of the OpenAPI document: what requests are made from.

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The content type of bodies that are forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The header with which a request that changes something may be sent again.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// An operation of the API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// With parameters in braces.
    pub(crate) path: String,
    pub(crate) queries: Vec<Query>,
    /// Names of headers that it reads, as they are written in the document.
    pub(crate) headers: Vec<String>,
    /// Examples of its body; empty if it has none.
    pub(crate) bodies: Vec<Example>,
    /// Whether it also takes a request without a body.
    pub(crate) body_is_optional: bool,
}

/// A query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) is_required: bool,
}

/// An example of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub(crate) content_type: String,
    pub(crate) value: Value,
}

impl Operation {
    /// Whether it has a header of this name.
    pub(crate) fn reads_header(&self, name: &str) -> bool {
        self.headers.iter().any(|it| it == name)
    }
}

/// The operations of a document, in its order.
///
/// # Errors
/// If it isn't an OpenAPI document, or a body has no example.
pub(crate) fn operations(document: &Value) -> anyhow::Result<Vec<Operation>> {
    let paths = document["paths"].as_object().context("no paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(described) = item[method].as_object() {
                let operation = operation(document, path, method, described);
                operations.push(operation.with_context(|| format!("{method} {path}"))?);
            }
        }
    }
    ensure!(!operations.is_empty(), "no operations");
    Ok(operations)
}

fn operation(
    document: &Value,
    path: &str,
    method: &str,
    described: &Map<String, Value>,
) -> anyhow::Result<Operation> {
    let id = described.get("operationId").and_then(Value::as_str);
    let mut operation = Operation {
        id: id.context("no operation id")?.to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        queries: Vec::new(),
        headers: Vec::new(),
        bodies: Vec::new(),
        body_is_optional: false,
    };
    let parameters = described.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let parameter = resolved(document, parameter);
        let name = parameter["name"].as_str().context("a nameless parameter")?;
        match parameter["in"].as_str() {
            Some("query") => operation.queries.push(Query {
                name: name.to_owned(),
                is_required: parameter["required"] == true,
            }),
            Some("header") => operation.headers.push(name.to_owned()),
            _ => {}
        }
    }
    if let Some(body) = described.get("requestBody") {
        let body = resolved(document, body);
        operation.body_is_optional = body["required"] != true;
        let content = body["content"].as_object().context("a body of nothing")?;
        for (content_type, media) in content {
            let examples = media["examples"].as_object().into_iter().flatten();
            let examples =
                examples.map(|(_, example)| resolved(document, example)["value"].clone());
            let lone = media.get("example").cloned();
            operation
                .bodies
                .extend(examples.chain(lone).map(|value| Example {
                    content_type: content_type.clone(),
                    value,
                }));
        }
        ensure!(!operation.bodies.is_empty(), "a body without an example");
    }
    Ok(operation)
}

/// A part of the document, behind the reference to it if it is one.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let reference = part["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_read_with_their_parameters_and_examples() {
        let document = json!({
            "components": { "parameters": { "Limit": { "name": "page[limit]", "in": "query" } } },
            "paths": { "/things/{thing}": {
                "get": { "operationId": "GetThing", "parameters": [
                    { "name": "thing", "in": "path", "required": true },
                    { "$ref": "#/components/parameters/Limit" },
                    { "name": "at", "in": "query", "required": true },
                    { "name": "Prefer", "in": "header" },
                ] },
                "put": { "operationId": "PutThing", "requestBody": { "required": true, "content": {
                    "application/json": { "examples": { "one": { "value": { "data": 1 } } } },
                } } },
            } },
        });
        let [get, put] = &operations(&document).unwrap()[..] else {
            panic!("there are two operations");
        };
        assert_eq!((&*get.id, &*get.method), ("GetThing", "GET"));
        let queries: Vec<_> = get.queries.iter().map(|it| it.is_required).collect();
        assert_eq!(queries, [false, true]);
        assert!(get.reads_header("Prefer") && !get.reads_header("prefer"));
        assert_eq!(put.bodies[0].value, json!({ "data": 1 }));
        assert!(!put.body_is_optional);
    }

    #[test]
    fn a_body_needs_an_example() {
        let document = json!({ "paths": { "/things": { "post": {
            "operationId": "PostThing",
            "requestBody": { "content": { "application/json": {} } },
        } } } });
        assert!(operations(&document).is_err());
        assert!(operations(&json!({})).is_err());
    }
}
