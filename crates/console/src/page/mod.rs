//! The parts that pages have in common.

mod layout;
mod message;
mod pager;
mod problem;
mod section;
mod show;

pub(crate) use layout::{Layout, Level};
pub(crate) use message::{Done, Message};
pub(crate) use pager::{PAGE_ROWS, Pager, query};
pub(crate) use problem::{Problem, reason};
pub(crate) use section::Section;
pub(crate) use show::{Number, TimeTag, ago, pieces, show};

/// The answer for paths that lead nowhere.
pub(crate) async fn not_found() -> Problem {
    Problem::not_found()
}
