//! Access tokens.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stockroom_application::TokenRequest;
use utoipa::ToSchema;

use crate::answer::{ApiError, BadRequest, ImplicitForbidden, Json, Unauthorized};
use crate::request::{Bytes, Handling, Query};
use crate::service::AppState;

/// The largest body, in bytes. It is small because the sender of a request for a token is unknown.
const BYTES_MAX: usize = 16 * 1024;

/// Credentials, form-encoded or as JSON.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object with grant_type and client_id")]
struct Credentials {
    /// What the token is asked for with.
    #[schema(value_type = GrantType, required = true)]
    grant_type: Option<String>,
    /// The application key's client id.
    #[schema(required = true, nullable = false)]
    client_id: Option<String>,
    /// The application key's secret; for `client_credentials`.
    client_secret: Option<String>,
}

/// `client_credentials` with the key's secret; `implicit` without.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "read as a text; here for its schema")]
enum GrantType {
    ClientCredentials,
    Implicit,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenBody {
    /// To be sent as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When it runs out, in seconds since 1970-01-01T00:00:00Z.
    expires: i64,
    /// For how many seconds it is valid.
    expires_in: i64,
    /// The grant type that it was got by.
    identifier: &'static str,
}

/// Get an access token.
///
/// The body is read as what it is, whatever its content type says. An implicit token is given for
/// keys that allow it, and reads stock and locations only.
#[utoipa::path(
    post,
    path = "/oauth/access_token",
    operation_id = "CreateAnAccessToken",
    tag = "Access",
    security(()),
    request_body(content(
        (Credentials = "application/x-www-form-urlencoded", examples(
            ("client-credentials" = (summary = "With the key's secret", value = json!({
                "grant_type": "client_credentials",
                "client_id": "stockroom-erp-key",
                "client_secret": "the secret that was shown when the key was created"
            }))),
            ("implicit" = (summary = "Without a secret, for reading stock and locations", value = json!({
                "grant_type": "implicit",
                "client_id": "stockroom-shop-key"
            }))),
        )),
        (Credentials = "application/json", examples(
            ("client-credentials" = (summary = "With the key's secret", value = json!({
                "grant_type": "client_credentials",
                "client_id": "stockroom-erp-key",
                "client_secret": "the secret that was shown when the key was created"
            }))),
            ("implicit" = (summary = "Without a secret, for reading stock and locations", value = json!({
                "grant_type": "implicit",
                "client_id": "stockroom-shop-key"
            }))),
        )),
    )),
    responses((status = 200, description = "A token.", body = TokenBody), BadRequest, Unauthorized, ImplicitForbidden),
)]
pub(crate) async fn issue(
    State(app): State<AppState>,
    handling: Handling,
    Bytes(body): Bytes<BYTES_MAX>,
) -> Result<Json<TokenBody>, ApiError> {
    let request = request(&body, handling)?;
    let token = app.stockroom.issue_token(request).await?;
    // From here on the caller is known, so the request counts as the caller's.
    let caller = app.stockroom.authenticate(&token.access_token)?;
    app.rate_limits.check(&caller, None)?;
    Ok(Json(TokenBody {
        access_token: token.access_token,
        token_type: "Bearer",
        expires: token.expires_at.as_seconds(),
        expires_in: token.lifetime_seconds,
        identifier: token.grant.as_str(),
    }))
}

fn request(body: &[u8], handling: Handling) -> Result<TokenRequest, ApiError> {
    let credentials = credentials(body, handling)?;
    let required = |value: Option<String>, name: &str| {
        value.ok_or_else(|| ApiError::validation(format!("{name} is required")))
    };
    let grant_type = required(credentials.grant_type, "grant_type")?;
    let client_id = required(credentials.client_id, "client_id")?;
    match grant_type.as_str() {
        "client_credentials" => Ok(TokenRequest::ClientCredentials {
            client_id,
            client_secret: required(credentials.client_secret, "client_secret")?,
        }),
        "implicit" => Ok(TokenRequest::Implicit { client_id }),
        _ => Err(ApiError::validation(
            "grant_type must be client_credentials or implicit",
        )),
    }
}

fn credentials(body: &[u8], handling: Handling) -> Result<Credentials, ApiError> {
    if body.trim_ascii_start().starts_with(b"{") {
        return handling.read_text(body);
    }
    let form = Query::of(&String::from_utf8_lossy(body.trim_ascii()));
    handling.check_form(&form, &["grant_type", "client_id", "client_secret"])?;
    let field = |name| form.get(name).map(|value| value.map(ToOwned::to_owned));
    Ok(Credentials {
        grant_type: field("grant_type")?,
        client_id: field("client_id")?,
        client_secret: field("client_secret")?,
    })
}
