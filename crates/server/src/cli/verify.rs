//! Commands that verify and repair.

use clap::Args;
use stockroom_domain::OrganizationId;

use super::Database;
use super::operator::organization_id;

/// The owner of the stock.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    #[command(flatten)]
    pub(crate) database: Database,

    /// The organization; without it, the command is for all.
    #[arg(long, value_name = "ID", value_parser = organization_id)]
    pub(crate) organization: Option<OrganizationId>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) scope: Scope,

    /// Print for each stock the ids of its organization, its product and itself, and the number and
    /// the hash of its last entry. If you keep these lines where nobody can change them, they prove
    /// later that no entry up to the last one was rewritten.
    #[arg(long)]
    pub(crate) hashes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    pub(crate) scope: Scope,

    /// Show what would be changed, and change nothing. This is the default.
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,

    /// Make the changes.
    #[arg(long)]
    pub(crate) apply: bool,
}
