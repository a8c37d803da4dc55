//! The log: to standard error, for people on a terminal and as JSON otherwise.

mod json;

use std::io::{self, BufWriter, IsTerminal, Stderr, Write};
use std::time::Duration;

use anyhow::Context;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use crate::cli::LogFormat;
use json::JsonLines;

/// The number of lines that may wait to be written. More are dropped, so that nothing waits for a
/// log that isn't read.
const WAITING_LINES_MAX: usize = 32 * 1024;

/// The time for which lines are gathered before they are written. Written one by one, they would
/// cost more than most requests.
const GATHERING: Duration = Duration::from_millis(5);

/// The number of bytes that are written at once.
const WRITTEN_BYTES: usize = 64 * 1024;

/// The running log. When it is dropped, waiting lines are written.
pub(crate) struct Log {
    lost: ErrorCounter,
    _worker: WorkerGuard,
}

impl Log {
    /// The number of lines that were dropped because too many were waiting.
    pub(crate) fn lost(&self) -> ErrorCounter {
        self.lost.clone()
    }
}

/// Starts logging.
///
/// # Errors
/// If the filter is invalid.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<Log> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("log filter {filter:?}"))?;
    let (writer, worker) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES_MAX)
        .thread_name("log")
        .finish(Gathered(BufWriter::with_capacity(
            WRITTEN_BYTES,
            io::stderr(),
        )));
    let lost = writer.error_counter();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .log_internal_errors(false);
    let terminal = io::stderr().is_terminal();
    match format {
        LogFormat::Human => log.with_ansi(terminal).init(),
        LogFormat::Auto if terminal => log.init(),
        LogFormat::Auto | LogFormat::Json => {
            log.fmt_fields(JsonFields::new())
                .event_format(JsonLines)
                .init();
        }
    }
    Ok(Log {
        lost,
        _worker: worker,
    })
}

/// Sleeps after each write while the next lines gather. Failures to write the log are ignored, so
/// that they affect nothing else.
struct Gathered(BufWriter<Stderr>);

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.0.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        drop(self.0.flush());
        std::thread::sleep(GATHERING);
        Ok(())
    }
}
