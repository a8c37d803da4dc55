//! Just the stock that a list shows, or all of it, as a file.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::{ExportError, ExportRequest};
use stockroom_domain::Timestamp;
use stockroom_files::{Format, Profile};

use super::list::{Again, answer};
use super::words::{whose, written};
use crate::page::moment::moment;
use crate::page::{Problem, Refused, file};
use crate::session::Visit;
use crate::stock;

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
    if wanted.show == "low" {
        let text =
            "A file has stock as of an instant, which has no alerts: “low” can’t be asked for.";
        return refuse(&visit, wanted, Refused::invalid(text.to_owned())).await;
    }
    let (profile, format, at) = match wanted.read(visit.stockroom().now()) {
        Ok(read) => read,
        Err(text) => return refuse(&visit, wanted, Refused::invalid(text)).await,
    };
    let request = ExportRequest {
        profile,
        format,
        at,
        filter: stock::all_conditions(&visit, &listed).await?,
        after: None,
    };
    let export = match visit.stockroom().export(visit.administrator(), request) {
        Ok(export) => export,
        Err(error) => return refuse(&visit, wanted, why(&error)).await,
    };
    let (content_type, name) = (export.content_type(), export.file_name());
    Ok(file(content_type, name, export.parts().await?))
}

fn why(error: &ExportError) -> Refused {
    match error {
        ExportError::File(error) => Refused::invalid(format!("{error}.")),
        ExportError::TooMany { limit } => Refused::new(
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
