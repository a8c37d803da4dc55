//! The versions of things that change: the numbers of their changes.

/// The version of a thing that was made and never changed, and of one that was stored before versions
/// were counted.
pub(crate) const fn first_version() -> u64 {
    1
}

/// The version after another change.
pub(crate) const fn next_version(version: u64) -> u64 {
    version.saturating_add(1)
}
