//! Commands that verify and repair.

use super::{Database, organization_id};
use clap::Args;
use stockroom_domain::OrganizationId;

/// Whose stock.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    #[command(flatten)]
    pub(crate) database: Database,

    /// The organization; without it, all are meant.
    #[arg(long, value_name = "ID", value_parser = organization_id)]
    pub(crate) organization: Option<OrganizationId>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) scope: Scope,

    /// Print for each stock the ids of its organization, its product and itself, and the number and
    /// the hash of its last entry. Kept where nobody can change them, they show later that nothing
    /// up to there was rewritten.
    #[arg(long)]
    pub(crate) hashes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    pub(crate) scope: Scope,

    /// Show what would be done, and change nothing. This is what happens without `--apply`, too.
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,

    /// Do it.
    #[arg(long)]
    pub(crate) apply: bool,
}
