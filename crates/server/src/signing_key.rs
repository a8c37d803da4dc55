//! The key that access tokens are signed with: where a server has it from, and replacing it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use stockroom_application::{Environment, RotationError, SigningKey, rotate_signing_key};

use crate::cli::Database;
use crate::database::OpenDatabase;
use crate::secret::secret;

#[derive(Debug, Clone, Args)]
pub(crate) struct TokenSigning {
    /// The key that access tokens are signed with: a text of at least 32 bytes, the same on all
    /// servers. Without it, one is made at the first start and kept in the database.
    #[arg(
        long,
        env = "STOCKROOM_TOKEN_SIGNING_KEY",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub(crate) token_signing_key: Option<String>,

    /// A file that holds the key that access tokens are signed with.
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
    /// Make a new signing key for all servers on the database, also while they run. Tokens of the one
    /// before it are accepted for an hour.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    signing: TokenSigning,

    /// Accept no token of a former key any more: for a key that somebody else knows, and for a copy
    /// of a database. All clients need new tokens.
    #[arg(long)]
    now: bool,
}

pub(crate) async fn run(command: SigningKeyCommand) -> anyhow::Result<()> {
    let SigningKeyCommand::Rotate(settings) = command;
    if settings.signing.key()?.is_some() {
        bail!(
            "the signing key is given by --token-signing-key, its file, the environment or the settings \
             file: replacing the one in the database has no effect"
        );
    }
    let environment = Environment::system();
    let database = OpenDatabase::open(&settings.database, &environment).await?;
    let rotated = rotate_signing_key(&*database.ports(), &environment, settings.now).await;
    database.close().await;
    let rotation = rotated.map_err(|error| match error {
        RotationError::NoneKept => anyhow::anyhow!(
            "the database keeps no signing key, so that there is nothing to rotate: its servers are \
             given theirs, or none has started yet"
        ),
        RotationError::TooMany { .. } => {
            anyhow::Error::new(error).context("try again later, or drop the former keys with --now")
        }
        RotationError::Store(_) => error.into(),
    })?;
    println!("signing key {}", rotation.key_id);
    match rotation.former_accepted_until {
        Some(until) => println!("Tokens of the key before it are accepted until {until}."),
        None => println!("Tokens of former keys are accepted no more."),
    }
    Ok(())
}
