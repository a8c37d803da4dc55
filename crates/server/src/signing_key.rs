//! The signing key of access tokens: its source, and its replacement.

use anyhow::bail;
use stockroom_application::{Environment, RotationError, rotate_signing_key};

use crate::cli::SigningKeyCommand;
use crate::database::OpenDatabase;

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
