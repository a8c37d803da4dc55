//! Receiving a form with a file, which is handed on as it comes and never held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use futures::StreamExt as _;
use stockroom_application::{Error, ImportError};
use stockroom_domain::Import;
use tokio::time::{Instant, timeout_at};

use super::asked::{Asked, FIELD_BYTES_MAX};
use super::unpack::Unpacker;
use super::words::{sentence, size};
use crate::page::{Problem, Refused, reason};
use crate::session::Visit;

/// The slowest upload that is borne, in bytes per second, and the time before it counts. (Source: the
/// contract of imports.)
const BYTES_PER_SECOND_MIN: u64 = 10 * 1024;
const GRACE: Duration = Duration::from_secs(30);

/// The most bytes of a form that are read ahead of its file, all that isn't the file included.
const AHEAD_BYTES_MAX: usize = 1024 * 1024;

/// A form that comes.
pub(super) struct Incoming {
    multipart: Multipart,
    /// The bytes that may come before the next part of the file is taken.
    allowance: Arc<AtomicUsize>,
    begun: Instant,
    /// The bytes of the file so far, as they are sent.
    received: u64,
    bytes_max: u64,
}

/// Why nothing becomes of a file.
pub(super) enum Stop {
    /// Something that the person can do better.
    Told(Refused),
    /// The file can't be read; a sentence about it.
    Unreadable(String),
    Problem(Problem),
}

impl Stop {
    fn told(status: StatusCode, text: impl Into<String>) -> Self {
        Self::Told(Refused::new(status, text))
    }

    pub(super) const fn unreadable(text: String) -> Self {
        Self::Unreadable(text)
    }

    /// The same, with the name of the file.
    fn of_file(self, name: &str) -> Self {
        match self {
            Self::Unreadable(text) => {
                let text = format!("“{name}” can’t be read. {text}");
                Self::told(StatusCode::BAD_REQUEST, text)
            }
            other => other,
        }
    }
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::File(error) => Self::unreadable(sentence(&error.to_string())),
            ImportError::Invalid(_) => Self::told(
                StatusCode::BAD_REQUEST,
                "A file of safety stock and alerts makes no products, stock or locations, and its lines have no \
                 reason."
                    .to_owned(),
            ),
            ImportError::TooLarge { limit } => Self::told(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "The file has more than {} when it is unpacked. Split it.",
                    size(limit)
                ),
            ),
            ImportError::TooManyFiles { limit } => Self::told(
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "The files of the last seven days may take {} in all, and this one doesn’t fit beside the others. \
                     Split it, or wait some days.",
                    size(limit)
                ),
            ),
            ImportError::TooManyUploads { limit } => Self::told(
                StatusCode::TOO_MANY_REQUESTS,
                format!("{limit} other files are being sent. Try again in a moment."),
            ),
            ImportError::TooManyWaiting { limit } => Self::told(
                StatusCode::TOO_MANY_REQUESTS,
                format!("{limit} files wait already. Try again when some of them are done."),
            ),
            ImportError::Access(error) => Self::Problem(error.into()),
            ImportError::Error(error) => error.into(),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match reason(error) {
            Ok(text) => Self::told(StatusCode::CONFLICT, text),
            Err(problem) => Self::Problem(problem),
        }
    }
}

impl From<MultipartError> for Stop {
    fn from(_: MultipartError) -> Self {
        Self::told(
            StatusCode::BAD_REQUEST,
            "The file didn’t come whole. Send it again.",
        )
    }
}

impl Incoming {
    /// A form that a request brings.
    ///
    /// # Errors
    /// [`Problem`] if it is none.
    pub(super) async fn of(request: Request, bytes_max: usize) -> Result<Self, Problem> {
        let allowance = Arc::new(AtomicUsize::new(AHEAD_BYTES_MAX));
        let left = Arc::clone(&allowance);
        let request = request.with_limited_body().map(|body| {
            let parts = body.into_data_stream().then(move |part| {
                let left = Arc::clone(&left);
                async move {
                    // The reader of the form takes all that is there at once, unless it has to wait.
                    tokio::task::yield_now().await;
                    let part = part?;
                    let taken = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                        left.checked_sub(part.len())
                    });
                    taken.map_err(|_| axum::Error::new("too much of a form that is no file"))?;
                    Ok::<_, axum::Error>(part)
                }
            });
            // A form that ends while its reader still looks for the beginning counts as broken off.
            let end = futures::stream::once(async {
                tokio::task::yield_now().await;
                Ok(Bytes::new())
            });
            Body::from_stream(parts.chain(end))
        });
        let multipart = Multipart::from_request(request, &()).await;
        let multipart = multipart.map_err(|_| Problem::invalid("This is no form with a file."))?;
        Ok(Self {
            multipart,
            allowance,
            begun: Instant::now(),
            received: 0,
            bytes_max: bytes_max as u64,
        })
    }

    /// Takes the fields, and makes a job of the file.
    pub(super) async fn take(
        &mut self,
        visit: &Visit,
        asked: &mut Asked,
        is_preview: bool,
    ) -> Result<Import, Stop> {
        let deadline = self.begun + GRACE;
        let fields = &mut self.multipart;
        loop {
            let field = in_time(deadline, fields.next_field()).await?;
            let Some(field) = field else {
                return Err(no_file());
            };
            let name = field.name().unwrap_or_default().to_owned();
            if name != "file" {
                let text = in_time(deadline, text(field)).await?;
                asked.set(&name, text);
                continue;
            }
            let name = file_name(&field);
            if name.is_empty() {
                return Err(no_file());
            }
            let mut file = File {
                field,
                allowance: &self.allowance,
                begun: self.begun,
                received: &mut self.received,
                bytes_max: self.bytes_max,
            };
            let import = file.import(visit, asked, &name, is_preview).await;
            return import.map_err(|stop| stop.of_file(&name));
        }
    }

    /// Reads what is left, so that the browser has sent all when the answer comes: some show no answer that
    /// comes earlier.
    pub(super) async fn drain(mut self) {
        let more = usize::try_from(self.bytes_max).unwrap_or(usize::MAX);
        self.allowance
            .store(more.saturating_add(AHEAD_BYTES_MAX), Ordering::Release);
        let seconds = self.bytes_max.saturating_mul(2) / BYTES_PER_SECOND_MIN;
        let deadline = self.begun + GRACE + Duration::from_secs(seconds);
        while let Ok(Ok(Some(_))) = timeout_at(deadline, self.multipart.next_field()).await {}
    }
}

/// The file of a form.
struct File<'a> {
    field: Field<'a>,
    allowance: &'a AtomicUsize,
    begun: Instant,
    received: &'a mut u64,
    bytes_max: u64,
}

impl File<'_> {
    async fn import(
        &mut self,
        visit: &Visit,
        asked: &Asked,
        name: &str,
        is_preview: bool,
    ) -> Result<Import, Stop> {
        let request = asked.request(name, is_preview);
        let request = request.map_err(|text| Stop::told(StatusCode::UNPROCESSABLE_ENTITY, text))?;
        let administrator = visit.administrator();
        let upload = visit.stockroom().begin_import(administrator, request);
        let mut upload = upload.await?;
        let mut unpacker = Unpacker::default();
        while let Some(part) = in_time(self.deadline(), self.field.chunk()).await? {
            *self.received = self.received.saturating_add(part.len() as u64);
            if *self.received > self.bytes_max {
                let text = format!(
                    "“{name}” is larger than {}. Split it, or pack it with gzip.",
                    size(self.bytes_max)
                );
                return Err(Stop::told(StatusCode::PAYLOAD_TOO_LARGE, text));
            }
            unpacker.take(&part, &mut upload).await?;
            self.allowance.fetch_add(part.len(), Ordering::AcqRel);
        }
        if *self.received == 0 {
            return Err(Stop::told(
                StatusCode::BAD_REQUEST,
                format!("“{name}” is empty."),
            ));
        }
        unpacker.finish(&mut upload).await?;
        Ok(upload.finish(administrator).await?)
    }

    /// The time by which the next part has to come.
    fn deadline(&self) -> Instant {
        let seconds = *self.received / BYTES_PER_SECOND_MIN;
        self.begun + GRACE + Duration::from_secs(seconds)
    }
}

async fn in_time<T, E>(
    deadline: Instant,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Stop>
where
    Stop: From<E>,
{
    let done = timeout_at(deadline, work).await;
    let done = done.map_err(|_| {
        let text =
            "The file comes too slowly. Send it over a faster network, or pack it with gzip.";
        Stop::told(StatusCode::BAD_REQUEST, text)
    })?;
    Ok(done?)
}

async fn text(mut field: Field<'_>) -> Result<String, Stop> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await? {
        bytes.extend_from_slice(&part);
        if bytes.len() > FIELD_BYTES_MAX {
            let text = "A field of the form is far too long.";
            return Err(Stop::told(StatusCode::BAD_REQUEST, text));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The name of a file, without the folders that some browsers send.
fn file_name(field: &Field<'_>) -> String {
    let name = field.file_name().unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.trim().to_owned()
}

fn no_file() -> Stop {
    Stop::told(StatusCode::BAD_REQUEST, "Choose a file.")
}
