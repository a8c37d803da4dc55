//! The suite that every adapter must pass.

use stockroom_application::Environment;
use stockroom_memory::MemoryDatabase;

async fn setup(environment: Environment) -> (MemoryDatabase, ()) {
    (MemoryDatabase::new(environment), ())
}

stockroom_conformance::suite!(setup);
