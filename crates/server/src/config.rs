//! The sources of settings. Flags take precedence over the environment, and the environment over
//! the settings file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Command as ClapCommand, CommandFactory, Error, FromArgMatches};

use crate::cli::{Cli, Command};

/// Parses the command line. Its error prints itself and ends the program with the right exit code.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    let arguments = with_default_command(arguments.into_iter().collect());
    let mut parser = Cli::command();
    if let Some(file) = config_file(&parser, &arguments) {
        parser = with_defaults_from(parser, &file)?;
    }
    let matches = parser.try_get_matches_from(arguments)?;
    Ok(Cli::from_arg_matches(&matches)?.command)
}

/// Inserts `serve` if the arguments are options only, or none.
fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let general = ["-h", "--help", "-V", "--version"];
    let serves = match arguments.get(1).map(|argument| argument.to_string_lossy()) {
        None => true,
        Some(first) => first.starts_with('-') && !general.contains(&&*first),
    };
    if serves {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}

/// The settings file named by a flag or the environment.
fn config_file(parser: &ClapCommand, arguments: &[OsString]) -> Option<PathBuf> {
    let matches = parser
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(arguments)
        .ok()?;
    let mut matches = &matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    matches.try_get_one::<PathBuf>("config").ok()?.cloned()
}

/// The parser with the file's settings as defaults, so that flags and the environment take
/// precedence.
fn with_defaults_from(parser: ClapCommand, file: &Path) -> Result<ClapCommand, Error> {
    let fail = |problem: String| {
        let message = format!("{}: {problem}\n", file.display());
        Error::raw(ErrorKind::InvalidValue, message)
    };
    let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| fail(error.message().to_owned()))?;
    let mut settings = BTreeMap::new();
    for (name, value) in table {
        let known = parser
            .find_subcommand("serve")
            .is_some_and(|serve| serve.get_arguments().any(|it| it.get_id() == name.as_str()));
        if !known || name == "config" {
            return Err(fail(format!("there is no setting {name:?}")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            _ => {
                return Err(fail(format!(
                    "{name} must be a text, a number or a truth value"
                )));
            }
        };
        settings.insert(name, value);
    }
    Ok(with_defaults(parser, &settings))
}

fn with_defaults(parser: ClapCommand, settings: &BTreeMap<String, String>) -> ClapCommand {
    parser
        .mut_args(|argument| match settings.get(argument.get_id().as_str()) {
            Some(value) => argument.default_value(value.clone()),
            None => argument,
        })
        .mut_subcommands(|subcommand| with_defaults(subcommand, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Serve;

    fn serve(arguments: &[&str]) -> Result<Serve, Error> {
        let program = std::iter::once("stockroom");
        let arguments = program.chain(arguments.iter().copied());
        match read(arguments.map(Into::into))? {
            Command::Serve(serve) => Ok(*serve),
            other => panic!("{other:?}"),
        }
    }

    fn file(content: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn serving_is_the_default() {
        assert!(serve(&[]).is_ok());
        assert!(serve(&["--in-memory"]).unwrap().in_memory);
        assert!(!serve(&["serve", "--in-memory=false"]).unwrap().in_memory);
        assert!(serve(&["--demo"]).unwrap().is_in_memory().unwrap());
    }

    #[test]
    fn flags_go_before_the_settings_file() {
        let file = file("store_rate_limit = 7\nin_memory = true\nlog = \"debug\"\n");
        let config = file.path().to_str().unwrap();
        let settings = serve(&["--config", config, "--log", "warn"]).unwrap();
        assert_eq!(settings.store_rate_limit, 7);
        assert!(settings.in_memory);
        assert_eq!(settings.log, "warn");
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        let file = file("store_rate_limt = 7\n");
        let error = serve(&["--config", file.path().to_str().unwrap()]).unwrap_err();
        assert!(error.to_string().contains("store_rate_limt"), "{error}");
    }

    #[test]
    fn a_wrong_value_in_the_file_is_refused() {
        let file = file("store_rate_limit = -1\n");
        assert!(serve(&["--config", file.path().to_str().unwrap()]).is_err());
    }
}
