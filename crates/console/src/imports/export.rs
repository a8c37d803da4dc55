//! Just the stock that a list shows, or all of it, as a file.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use futures::stream::unfold;
use serde::Deserialize;
use stockroom_application::{Export, ExportError, ExportRequest};
use stockroom_domain::Timestamp;
use stockroom_files::{Format, Profile};

use super::Refused;
use super::list::{Again, answer};
use super::words::{whose, written};
use crate::page::Problem;
use crate::session::Visit;
use crate::stock;
use crate::then::moment;

/// The form of the file, beside what says which stock it has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) profile: String,
    /// Nothing for the usual one of the profile.
    pub(super) format: String,
    /// The moment; nothing for now.
    pub(super) at: String,
    pub(super) q: String,
    pub(super) location: String,
    pub(super) show: String,
}

impl Wanted {
    /// Whether a list was filtered.
    pub(super) fn is_filtered(&self) -> bool {
        [&self.q, &self.location, &self.show]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// The profile, the format and the moment.
    fn read(&self, now: Timestamp) -> Result<(Profile, Format, Option<Timestamp>), String> {
        let profile = match self.profile.as_str() {
            "" => Profile::Stockroom,
            word => Profile::parse(word).ok_or("Choose whose layout the file is to have.")?,
        };
        let usual = profile.formats().first().copied().unwrap_or(Format::Csv);
        let format = match self.format.as_str() {
            "" => usual,
            word => Format::parse(word).ok_or("Choose how the file is to be written.")?,
        };
        if !profile.formats().contains(&format) {
            return Err(format!(
                "Files of {} are always {}.",
                whose(profile),
                written(usual)
            ));
        }
        let at = match self.at.trim() {
            "" => None,
            text => {
                let at = moment(text).ok_or_else(|| format!("“{text}” isn’t a time."))?;
                if at > now {
                    return Err("This time is still to come.".to_owned());
                }
                Some(at)
            }
        };
        Ok((profile, format, at))
    }
}

/// Sends the file, as it is read.
pub(super) async fn send(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(listed): Query<stock::Wanted>,
) -> Result<Response, Problem> {
    let (profile, format, at) = match wanted.read(visit.stockroom().now()) {
        Ok(read) => read,
        Err(text) => return refuse(&visit, wanted, (StatusCode::BAD_REQUEST, text)).await,
    };
    let request = ExportRequest {
        profile,
        format,
        at,
        filter: stock::all_conditions(&visit, &listed).await?,
        after: None,
    };
    let mut export = match visit.stockroom().export(visit.administrator(), request) {
        Ok(export) => export,
        Err(error) => return refuse(&visit, wanted, why(&error)).await,
    };
    // Read before the answer begins, so that a database that fails can still be told.
    let first = export.next().await?.unwrap_or_default();
    Ok(file(export, first))
}

fn why(error: &ExportError) -> Refused {
    match error {
        ExportError::File(error) => (StatusCode::BAD_REQUEST, format!("{error}.")),
        ExportError::TooMany { limit } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("{limit} other exports are under way. Try again in a moment."),
        ),
    }
}

async fn refuse(visit: &Visit, export: Wanted, refused: Refused) -> Result<Response, Problem> {
    let again = Again {
        export,
        export_refused: Some(refused),
        ..Again::default()
    };
    answer(visit, &again, "", None).await
}

/// The answer that goes on as long as the export.
fn file(export: Export, first: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", export.file_name());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(export.content_type()),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    let body = unfold((Some(first), export), async |(first, mut export)| {
        let part = match first {
            Some(first) => Ok(Some(first)),
            None => export.next().await,
        };
        let part = match part {
            Ok(part) => Ok(Bytes::from(part?)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an export broke off");
                // The connection is closed without the last chunk.
                Err(io::Error::other("the export broke off"))
            }
        };
        Some((part, (None, export)))
    });
    // The compressor asks once more after the end.
    (headers, Body::from_stream(body.fuse())).into_response()
}
