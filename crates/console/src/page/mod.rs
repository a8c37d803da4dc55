//! The parts that pages have in common.

mod arrived;
pub(crate) mod assets;
mod file;
mod layout;
pub(crate) mod moment;
mod pager;
mod problem;
pub(crate) mod product_place;
mod refused;
mod section;
mod show;
mod theme;
mod typed;

pub(crate) use arrived::arrived;
pub(crate) use file::file;
pub(crate) use layout::{Layout, Level, Message};
pub(crate) use pager::{PAGE_ROWS, Pager, page_after, query, query_of, sorted_by};
pub(crate) use problem::{Problem, reason};
pub(crate) use refused::Refused;
pub(crate) use section::Section;
pub(crate) use show::{Number, TimeTag, ago, pieces, show, show_as};
pub(crate) use theme::Theme;
pub(crate) use typed::{is_as_shown, minutes, must, number_of, optional, patch, point, told};

/// The answer for paths that lead nowhere.
pub(crate) async fn not_found() -> Problem {
    Problem::not_found()
}
