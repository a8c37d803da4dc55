//! The required behaviour of every adapter, as a suite of tests against the ports alone.
//!
//! An adapter runs it from a file of its `tests` folder. It needs `tokio` (with `macros` and
//! `rt-multi-thread`) among its dev-dependencies, and a function that gives each test an empty
//! database of its own, together with a guard that is kept until the test ends:
//!
//! ```text
//! use stockroom_application::Environment;
//!
//! async fn setup(environment: Environment) -> (MyDatabase, tempfile::TempDir) {
//!     let folder = tempfile::tempdir().unwrap();
//!     let database = MyDatabase::open(folder.path(), environment).await.unwrap();
//!     (database, folder)
//! }
//!
//! stockroom_conformance::suite!(setup);
//! ```
//!
//! The adapter has to take every time and every id from the [`Environment`] that it is given, and
//! nothing else from it: [`random`](random::commands_match_the_memory_database) compares whole
//! answers, ids included, with those of the memory database.
//!
//! Each case is a public function that takes a [`Bench`] alone, and fails by panicking. A new case is
//! written into the module of its topic; [`suite!`] finds it there.
//!
//! Faults that only one adapter can have are covered by its own tests; for tests of damage there is
//! [`Damageable`](damage::Damageable).
//!
//! [`Environment`]: stockroom_application::Environment

#![expect(
    clippy::missing_panics_doc,
    reason = "panicking is how a case says what is wrong"
)]

mod bench;
mod client;
mod make;
mod receiver;
mod transfer_make;

pub mod batches;
pub mod concurrency;
pub mod counts;
pub mod cursors;
pub mod damage;
pub mod deliveries;
pub mod disabled_locations;
pub mod edits;
pub mod events;
pub mod filters;
pub mod history;
pub mod idempotency;
pub mod import_files;
pub mod import_policies;
pub mod import_previews;
pub mod imports;
pub mod integration_deliveries;
pub mod integrations;
pub mod isolation;
pub mod keys;
pub mod lists;
pub mod locations;
pub mod order_holds;
pub mod past;
pub mod policies;
pub mod product_ids;
pub mod products;
pub mod random;
pub mod reservation_lists;
pub mod reservation_races;
pub mod reservations;
pub mod returns;
pub mod search_limits;
pub mod searches;
pub mod server_state;
pub mod set_aside;
pub mod sourcing;
pub mod stock;
pub mod tenancy;
pub mod transactions;
pub mod transfer_lists;
pub mod transfers;
pub mod undo;
pub mod verify;
pub mod verify_held;

pub use bench::{Bench, Clock, Fixture, Tenant};
pub use client::Client;

include!(concat!(env!("OUT_DIR"), "/suite.rs"));

#[doc(hidden)]
#[macro_export]
macro_rules! tests {
    ($setup:ident $($module:ident { $($case:ident,)* })*) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let fixture = $crate::Fixture::default();
                    let (database, _guard) = super::$setup(fixture.environment()).await;
                    $crate::$module::$case(fixture.bench(database)).await;
                }
            )*
        }
    )*};
}
