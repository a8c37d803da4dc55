//! Has the crate built anew when a migration is added, which the compiler wouldn't notice.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/postgres");
}
