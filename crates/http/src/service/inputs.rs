//! The parts of a request that each endpoint reads, taken from the documentation.

use std::collections::{HashMap, HashSet};

use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, Method};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

/// The inputs of each endpoint, by method and path.
#[derive(Default)]
pub(crate) struct Inputs(HashMap<(Method, String), Input>);

/// The inputs of one endpoint.
#[derive(Debug)]
pub(crate) struct Input {
    parameters: HashSet<String>,
    /// Whether it reads a body.
    pub(crate) has_body: bool,
}

impl Input {
    fn of(operation: &Operation) -> Self {
        let parameters = operation.parameters.iter().flatten();
        // All parameters are defined where they are used.
        let parameters = parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        });
        let of_query = parameters.filter(|it| it.parameter_in == ParameterIn::Query);
        Self {
            parameters: of_query.map(|parameter| parameter.name.clone()).collect(),
            has_body: operation.request_body.is_some(),
        }
    }

    /// Whether the endpoint reads a query parameter of this name.
    pub(crate) fn takes_parameter(&self, name: &str) -> bool {
        self.parameters.contains(name)
    }
}

impl Inputs {
    /// The inputs of the endpoints of a document.
    pub(crate) fn of_document(document: &OpenApi) -> Self {
        let mut inputs = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ] {
                if let Some(operation) = operation {
                    inputs.insert((method, path.clone()), Input::of(operation));
                }
            }
        }
        Self(inputs)
    }

    /// The input of a request's endpoint.
    pub(crate) fn of(&self, parts: &Parts) -> Option<&Input> {
        self.get(&parts.method, &parts.extensions)
    }

    /// Whether a request's endpoint reads its body.
    pub(crate) fn has_body(&self, request: &Request) -> bool {
        let input = self.get(request.method(), request.extensions());
        input.is_some_and(|input| input.has_body)
    }

    fn get(&self, method: &Method, extensions: &Extensions) -> Option<&Input> {
        let path = extensions.get::<MatchedPath>()?;
        let method = match method {
            &Method::HEAD => Method::GET,
            method => method.clone(),
        };
        self.0.get(&(method, path.as_str().to_owned()))
    }
}
