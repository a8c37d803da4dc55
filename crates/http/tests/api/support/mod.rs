//! What the tests have in common.

mod answer;
mod app;
mod endpoints;
mod failing_database;
mod imports;
mod request;
mod scene;
mod stream;

pub(crate) use answer::{Answer, GroupedTranscript, Transcript};
pub(crate) use app::TestApp;
pub(crate) use endpoints::{Endpoint, description, endpoints, paths};
pub(crate) use failing_database::Failure;
pub(crate) use request::{FORMS, Form, TestRequest, query};
pub(crate) use scene::{Scene, twins};
pub(crate) use stream::{Block, EventReader};

/// Ids for tests, told apart by their last digits.
pub(crate) fn id(number: u32) -> String {
    format!("15fbeab0-75a3-4d6b-b23b-{number:012}")
}

/// The largest quantity.
pub(crate) const QUANTITY_MAX: u64 = 9_007_199_254_740_991;
