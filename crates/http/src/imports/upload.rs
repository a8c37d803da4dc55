//! Receiving a file as the body of a request, unpacked as it comes.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use mime::Mime;
use stockroom_application::Upload;
use stockroom_files::Format;
use tokio::time::{Instant, timeout_at};

use crate::answer::ApiError;
use crate::request::{BodyRead, KeyedRequest};
use crate::service::{AppState, Place};

/// The slowest upload that is borne, in bytes per second, and the time before it counts. (Source: the
/// contract of imports.)
const BYTES_PER_SECOND_MIN: u64 = 10 * 1024;
const GRACE: Duration = Duration::from_secs(30);

/// The number of packed bytes that are unpacked at once: they can become a thousand times as many.
const PACKED_BYTES: usize = 4 * 1024;

/// A file that a request brings.
pub(crate) struct FileBody {
    body: Body,
    /// The format that the content type names; `None` for a packed file.
    pub(super) format: Option<Format>,
    is_packed: bool,
    bytes_max: usize,
    place: Place,
    body_read: Option<BodyRead>,
    pub(super) keyed: Option<KeyedRequest>,
    pub(super) request_id: Option<String>,
}

impl FromRequest<AppState> for FileBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (format, is_packed) = form(request.headers())?;
        let bytes_max = app.options.import_bytes_max;
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > bytes_max as u64) {
            return Err(too_large(bytes_max));
        }
        let extensions = request.extensions();
        let request_id = request.headers().get("x-request-id");
        Ok(Self {
            format,
            is_packed,
            bytes_max,
            place: extensions
                .get::<Place>()
                .cloned()
                .ok_or_else(ApiError::internal)?,
            body_read: extensions.get::<BodyRead>().cloned(),
            keyed: extensions.get::<KeyedRequest>().cloned(),
            request_id: request_id.and_then(|id| id.to_str().ok().map(ToOwned::to_owned)),
            body: request.into_body(),
        })
    }
}

impl FileBody {
    /// Hands the file on to `upload`, unpacked.
    pub(super) async fn receive(&mut self, upload: &mut Upload) -> Result<(), ApiError> {
        self.place.take()?;
        // An upload has limits of its own.
        let waits = self.place.wait();
        let begin = Instant::now();
        let mut received = 0;
        let mut unpacker = self.is_packed.then(|| MultiGzDecoder::new(Vec::new()));
        loop {
            let seconds = received as u64 / BYTES_PER_SECOND_MIN;
            let deadline = begin + GRACE + Duration::from_secs(seconds);
            let frame = timeout_at(deadline, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| too_slow())? else {
                break;
            };
            let frame = frame.map_err(|_| ApiError::bad_request("The body could not be read"))?;
            let Ok(part) = frame.into_data() else {
                continue;
            };
            received += part.len();
            if received > self.bytes_max {
                return Err(too_large(self.bytes_max));
            }
            if let Some(keyed) = &self.keyed {
                keyed.read(&part);
            }
            match &mut unpacker {
                None => upload.push(&part).await?,
                Some(unpacker) => unpack(unpacker, &part, upload).await?,
            }
        }
        if let Some(mut unpacker) = unpacker {
            unpacker.try_finish().map_err(|_| no_gzip())?;
            upload.push(unpacker.get_ref()).await?;
        }
        if let Some(body_read) = &self.body_read {
            body_read.set();
        }
        drop(waits);
        self.place.take()
    }
}

async fn unpack(
    unpacker: &mut MultiGzDecoder<Vec<u8>>,
    part: &[u8],
    upload: &mut Upload,
) -> Result<(), ApiError> {
    for packed in part.chunks(PACKED_BYTES) {
        unpacker.write_all(packed).map_err(|_| no_gzip())?;
        upload.push(unpacker.get_ref()).await?;
        unpacker.get_mut().clear();
    }
    Ok(())
}

/// The format that the headers name, and whether the body is packed.
fn form(headers: &HeaderMap) -> Result<(Option<Format>, bool), ApiError> {
    let text = |name| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or("?"))
    };
    let is_encoded = match text(header::CONTENT_ENCODING) {
        None | Some("identity") => false,
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => true,
        Some(_) => return Err(unsupported("The content encoding must be gzip, if any")),
    };
    if is_encoded && text(header::CONTENT_TYPE) == Some("application/gzip") {
        return Err(unsupported("A file that is packed twice can't be read"));
    }
    let mime: Option<Mime> = text(header::CONTENT_TYPE).and_then(|it| it.parse().ok());
    let format = mime.as_ref().and_then(|mime| match mime.essence_str() {
        "text/csv" => Some(Some(Format::Csv)),
        "application/x-ndjson" => Some(Some(Format::JsonLines)),
        "application/gzip" => Some(None),
        _ => None,
    });
    let format = format.ok_or_else(|| {
        unsupported("The content type must be text/csv, application/x-ndjson or application/gzip")
    })?;
    let charset = mime.as_ref().and_then(|mime| mime.get_param(mime::CHARSET));
    if charset.is_some_and(|charset| charset != mime::UTF_8) {
        return Err(unsupported("The charset must be utf-8"));
    }
    Ok((format, is_encoded || format.is_none()))
}

fn unsupported(detail: &str) -> ApiError {
    ApiError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).detail(detail)
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE)
        .detail(format!("The file must be at most {bytes_max} bytes"))
}

fn too_slow() -> ApiError {
    ApiError::of_status(StatusCode::REQUEST_TIMEOUT).detail(format!(
        "The file comes more slowly than {BYTES_PER_SECOND_MIN} bytes per second"
    ))
}

fn no_gzip() -> ApiError {
    ApiError::bad_request("The file is not valid gzip")
}
