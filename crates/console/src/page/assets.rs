//! The files that pages use. Their names contain a digest of their content, so that browsers may keep them
//! for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file.
pub(crate) struct Asset {
    /// Its path.
    pub(crate) path: String,
    content_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let digest = blake3::hash(content.as_bytes()).to_hex();
        let digest = digest.get(..16).unwrap_or_default();
        Self {
            path: format!("/console/assets/{name}-{digest}.{extension}"),
            content_type,
            content,
        }
    }
}

/// The stylesheet.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/console.css");
    Asset::new("console", "css", "text/css; charset=utf-8", content)
});

/// The script.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/console.js");
    Asset::new("console", "js", "text/javascript; charset=utf-8", content)
});

/// The icon.
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", content)
});

/// Answers with a file.
pub(crate) async fn read(Path(name): Path<String>) -> Response {
    let path = format!("/console/assets/{name}");
    let assets = [&*STYLE, &*SCRIPT, &*ICON];
    let Some(asset) = assets.into_iter().find(|asset| asset.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.content).into_response()
}
