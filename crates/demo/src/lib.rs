//! A demonstration: the organization of a coffee roaster, with a catalogue, locations, five days of
//! history, and sales that go on.
//!
//! All of it is made by use cases, as clients would. What is sold, delivered and counted follows from
//! a fixed seed; ids and secrets are random, and times are relative to the present.
//! While [`make`] runs, a [`DemoClock`] shows the past; afterwards it is the machine's.

mod agenda;
mod catalogue;
mod clock;
mod foundation;
mod history;
mod import;
mod live;
mod places;
mod sale;
mod shop;
#[cfg(test)]
mod tests;
mod work;

pub use clock::DemoClock;
pub use history::{Made, make};
pub use live::go_on;

/// The seed of all that isn't an id or a secret.
const RANDOM_SEED: u64 = 1683;
