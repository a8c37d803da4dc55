//! The log as JSON, one object per line.

use std::error::Error;
use std::fmt;

use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Serializer;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// More bytes than most lines have.
const LINE_BYTES: usize = 512;

/// Writes the same as the JSON of `tracing_subscriber` with flattened events and without a list of
/// spans. That one parses the fields of the span again for each event, and takes several times as
/// long.
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Vec::with_capacity(LINE_BYTES);
        write_event(&mut line, event).map_err(|_| fmt::Error)?;
        let span = match event.parent() {
            Some(parent) => context.span(parent),
            None => context.lookup_current(),
        };
        if let Some(span) = span {
            insert_span(&mut line, &span).map_err(|_| fmt::Error)?;
        }
        line.push(b'\n');
        writer.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn write_event(line: &mut Vec<u8>, event: &Event<'_>) -> serde_json::Result<()> {
    // Events of the `log` crate have their origin in their fields.
    let normalized = event.normalized_metadata();
    let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
    let mut timestamp = String::new();
    SystemTime
        .format_time(&mut Writer::new(&mut timestamp))
        .map_err(serde::ser::Error::custom)?;
    let mut serializer = Serializer::new(line);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("timestamp", &timestamp)?;
    object.serialize_entry("level", metadata.level().as_str())?;
    let mut fields = Fields(SerdeMapVisitor::new(object));
    event.record(&mut fields);
    let mut object = fields.0.take_serializer()?;
    object.serialize_entry("target", metadata.target())?;
    object.end()
}

/// The fields of an event. An error is written with all its causes; the library writes only the
/// first one.
struct Fields<V>(V);

impl<V: Visit> Visit for Fields<V> {
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut causes = value.to_string();
        let mut next = value.source();
        while let Some(cause) = next {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            next = cause.source();
        }
        self.0.record_str(field, &causes);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.record_f64(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.record_i64(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.record_u64(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.record_bool(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.record_str(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.record_debug(field, value);
    }
}

/// Writes a span, its name behind its fields, at the end of an object.
fn insert_span<S>(line: &mut Vec<u8>, span: &SpanRef<'_, S>) -> serde_json::Result<()>
where
    S: for<'a> LookupSpan<'a>,
{
    let extensions = span.extensions();
    let fields = extensions.get::<FormattedFields<JsonFields>>();
    let fields = fields.map_or("{}", |fields| fields.fields.as_str());
    line.pop();
    line.extend_from_slice(b",\"span\":");
    line.extend_from_slice(fields.as_bytes());
    line.pop();
    if fields != "{}" {
        line.push(b',');
    }
    line.extend_from_slice(b"\"name\":");
    serde_json::to_writer(&mut *line, span.name())?;
    line.extend_from_slice(b"}}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{error, info, info_span};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Written {
        /// The lines that were written, each with the same time.
        fn lines(&self) -> Vec<String> {
            let written = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            let lines = written.lines().map(|line| {
                let (start, rest) = line.split_once("Z\"").unwrap();
                assert_eq!(
                    start.len(),
                    "{\"timestamp\":\"2026-01-31T09:30:00.000000".len()
                );
                rest.to_owned()
            });
            lines.collect()
        }
    }

    fn log_something() {
        info!(listen = %"[::1]:80", "serving");
        info_span!("request", request.id = "a\"b", another = 1).in_scope(|| {
            info!(
                http.status = 200_u16,
                duration_ms = 0.25,
                found = true,
                "answered"
            );
            let cause = std::io::Error::other("cause");
            info_span!("inner").in_scope(|| {
                error!(error = &cause as &dyn std::error::Error, "failed\n{}", 7);
            });
        });
        info_span!("request", request.id = None::<&str>).in_scope(|| info!("without fields"));
    }

    #[test]
    fn errors_are_written_with_their_causes() {
        let written = Written::default();
        let log = tracing_subscriber::fmt().with_writer(written.clone());
        let log = log.fmt_fields(JsonFields::new()).event_format(JsonLines);
        tracing::subscriber::with_default(log.finish(), || {
            let failed = anyhow::anyhow!("no space").context("failed");
            let failed: &(dyn Error + 'static) = failed.as_ref();
            error!(error = failed, "it failed");
        });
        assert!(written.lines()[0].contains(r#""error":"failed: no space""#));
    }

    #[test]
    fn lines_are_those_of_the_library() {
        let (ours, theirs) = (Written::default(), Written::default());
        let log = tracing_subscriber::fmt().with_writer(ours.clone());
        let log = log.fmt_fields(JsonFields::new()).event_format(JsonLines);
        tracing::subscriber::with_default(log.finish(), log_something);
        let log = tracing_subscriber::fmt().with_writer(theirs.clone());
        let log = log.json().flatten_event(true).with_span_list(false);
        tracing::subscriber::with_default(log.finish(), log_something);
        assert_eq!(ours.lines(), theirs.lines());
        assert_eq!(ours.lines().len(), 4);
    }
}
