//! The log: to standard error, for people on a terminal and as JSON otherwise.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// Starts logging.
///
/// # Errors
/// If the filter can't be read.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("log filter {filter:?}"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    match format {
        LogFormat::Human => log.with_ansi(terminal).init(),
        LogFormat::Auto if terminal => log.init(),
        LogFormat::Auto | LogFormat::Json => {
            log.json().flatten_event(true).with_span_list(false).init();
        }
    }
    Ok(())
}
