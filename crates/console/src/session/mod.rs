//! Signing in and out, and what every screen knows of the person who looks at it.

pub(crate) mod cookie;
pub(crate) mod routes;
mod visit;

pub(crate) use cookie::Theme;
pub(crate) use visit::Visit;
