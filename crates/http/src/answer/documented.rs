//! Errors that endpoints answer, as the OpenAPI document describes them.

use utoipa::IntoResponses;

use super::error::ErrorBody;

macro_rules! responses {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[response(status = $status)]
        #[expect(dead_code, reason = "here for its description")]
        pub(crate) struct $name(#[to_schema] ErrorBody<'static>);
    )*};
}

responses! {
    /// The request is not valid.
    BadRequest = 400;
    /// The access token, or the credentials, are not valid.
    Unauthorized = 401;
    /// The key does not allow implicit tokens.
    ImplicitForbidden = 403;
    /// What the path names does not exist, or not for this caller.
    NotFound = 404;
    /// The body comes too slowly.
    TooSlow = 408;
    /// It clashes with what is.
    Conflict = 409;
    /// It is no longer kept.
    Gone = 410;
    /// The body is larger than the server takes.
    TooLarge = 413;
    /// The body is of another content type than the endpoint takes.
    UnsupportedMediaType = 415;
    /// The stock does not allow it.
    Unprocessable = 422;
    /// The rate limit is reached, or there are too many streams of events and waiting requests.
    TooManyStreams = 429;
}

/// What every endpoint may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "here for their descriptions")]
pub(crate) enum CommonErrors {
    /// The request is not valid.
    #[response(status = 400)]
    BadRequest(#[to_schema] ErrorBody<'static>),
    /// The access token is not valid.
    #[response(status = 401)]
    Unauthorized(#[to_schema] ErrorBody<'static>),
    /// The token, or its key, does not permit this.
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody<'static>),
    /// The rate limit is reached.
    #[response(status = 429)]
    TooManyRequests(#[to_schema] ErrorBody<'static>),
    /// The server is overloaded, or its database not available.
    #[response(status = 503)]
    Unavailable(#[to_schema] ErrorBody<'static>),
}
