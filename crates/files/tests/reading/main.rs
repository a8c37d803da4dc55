//! Files are split, read, corrected and written as those who send and take them expect.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod elasticpath;
mod failed_lines;
mod policies;
mod round_trips;
mod shopify;
mod splitting;
mod stockroom;
mod support;
mod writing;
