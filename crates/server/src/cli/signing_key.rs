//! Settings of signing keys.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use stockroom_application::SigningKey;

use super::Database;
use crate::secret::secret;

#[derive(Debug, Clone, Args)]
pub(crate) struct TokenSigning {
    /// The key for signing access tokens: a text of at least 32 bytes, the same on all servers.
    /// Without it, a key is created at the first start and kept in the database.
    #[arg(
        long,
        env = "STOCKROOM_TOKEN_SIGNING_KEY",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub(crate) token_signing_key: Option<String>,

    /// A file that contains the key for signing access tokens.
    #[arg(long, env = "STOCKROOM_TOKEN_SIGNING_KEY_FILE", value_name = "FILE")]
    pub(crate) token_signing_key_file: Option<PathBuf>,
}

impl TokenSigning {
    /// The key, if one is given.
    ///
    /// # Errors
    /// If it is too short, or its file can't be read.
    pub(crate) fn key(&self) -> anyhow::Result<Option<SigningKey>> {
        let value = self.token_signing_key.as_deref();
        let file = self.token_signing_key_file.as_deref();
        let Some(text) = secret("token-signing-key", value, file)? else {
            return Ok(None);
        };
        let bytes_min = SigningKey::BYTES_MIN;
        let key = SigningKey::new(text.into_bytes())
            .with_context(|| format!("the token signing key has fewer than {bytes_min} bytes"))?;
        Ok(Some(key))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// Create a new signing key for all servers on the database, also while they run. Tokens of the
    /// previous key are accepted for another hour.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    pub(crate) database: Database,

    #[command(flatten)]
    pub(crate) signing: TokenSigning,

    /// Reject all tokens of former keys: for a key that somebody else knows, and for a copy of a
    /// database. All clients need new tokens.
    #[arg(long)]
    pub(crate) now: bool,
}
