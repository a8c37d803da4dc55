//! Signing in and out, and what every screen knows of the person who looks at it.

pub(crate) mod cookie;
mod done;
pub(crate) mod routes;
mod visit;

pub(crate) use done::Done;
pub(crate) use visit::Visit;
