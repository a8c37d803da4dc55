//! The media types that a client takes.

use axum::http::{HeaderMap, header};

/// Whether the client takes answers of this media type, and no JSON.
pub(crate) fn prefers(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(','));
    let mut is_named = false;
    let names_json = types.any(|accepted| {
        let name = accepted.split(';').next().unwrap_or_default().trim();
        is_named |= name.eq_ignore_ascii_case(media_type);
        name.eq_ignore_ascii_case("application/json")
    });
    is_named && !names_json
}
