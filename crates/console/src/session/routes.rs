//! Signing in, signing out, and the theme.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::{CookieJar, Form};
use serde::Deserialize;
use stockroom_application::TokenError;

use super::cookie::{self, Way};
use super::visit::base;
use crate::page::{Layout, Problem, Theme, show_as};
use crate::service::{AppState, ClientAddress};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    client_id: String,
    next: String,
    problem: Option<String>,
}

/// The page to go to afterwards.
#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// The form.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    next: String,
}

/// Sends a person to their own first page.
pub(crate) async fn enter(State(app): State<AppState>, jar: CookieJar) -> Response {
    let session = cookie::session(&jar);
    let caller = session.and_then(|(_, token)| app.stockroom.authenticate_session(token).ok());
    let path = caller.map_or_else(
        || "/console/sign-in".to_owned(),
        |caller| format!("{}/", base(caller.actor.key_owner)),
    );
    Redirect::to(&path).into_response()
}

/// Shows the form.
pub(crate) async fn form(jar: CookieJar, Query(query): Query<Next>) -> Result<Response, Problem> {
    show_form(StatusCode::OK, &jar, String::new(), query.next, None)
}

/// Signs a person in.
pub(crate) async fn sign_in(
    State(app): State<AppState>,
    jar: CookieJar,
    address: ClientAddress,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, Problem> {
    let Credentials {
        client_id,
        client_secret,
        next,
    } = form;
    let refuse = |status: StatusCode, problem: &str| {
        let client_id = client_id.clone();
        show_form(
            status,
            &jar,
            client_id,
            next.clone(),
            Some(problem.to_owned()),
        )
    };
    let way = Way::of(&headers);
    if way == Way::Open {
        let problem = "This page came over plain HTTP from another machine, where the session could be read on \
                       its way. Open the console over HTTPS, or on the machine itself as localhost.";
        return refuse(StatusCode::FORBIDDEN, problem);
    }
    let (client_id, client_secret) = (client_id.trim(), client_secret.trim());
    let begun = app.sign_ins.begin(address.0, client_id).await;
    let _place = match begun {
        Ok(place) => place,
        Err(seconds) => {
            let problem = format!("Too many attempts. Try again in {seconds} seconds.");
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, &problem)?;
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return Ok(response);
        }
    };
    let token = app
        .stockroom
        .sign_in(client_id.to_owned(), client_secret.to_owned());
    let token = match token.await {
        Ok(token) => token,
        Err(TokenError::Store(error)) => return Err(error.into()),
        Err(TokenError::InvalidCredentials | TokenError::ImplicitNotAllowed) => {
            return refuse(
                StatusCode::FORBIDDEN,
                "The client id or the secret is wrong.",
            );
        }
    };
    let jar = jar.add(cookie::keeping(way, token.access_token));
    let next = if is_own(&next) { &next } else { "/console/" };
    Ok((jar, Redirect::to(next)).into_response())
}

/// Whether a path leads to a page of the console, and not to another site.
fn is_own(path: &str) -> bool {
    path.starts_with("/console/") && !path.contains("//") && !path.contains('\\')
}

/// Signs a person out in this browser.
pub(crate) async fn sign_out(mut jar: CookieJar) -> Response {
    for cookie in cookie::ending() {
        jar = jar.add(cookie);
    }
    (jar, Redirect::to("/console/sign-in")).into_response()
}

/// A theme, and the page to return to.
#[derive(Deserialize)]
pub(crate) struct ThemeForm {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    next: String,
}

/// Keeps a theme.
pub(crate) async fn set_theme(jar: CookieJar, Form(form): Form<ThemeForm>) -> Response {
    let jar = jar.add(Theme::from_word(&form.theme).keeping());
    let next = if is_own(&form.next) {
        &form.next
    } else {
        "/console/"
    };
    (jar, Redirect::to(next)).into_response()
}

fn show_form(
    status: StatusCode,
    jar: &CookieJar,
    client_id: String,
    next: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let page = SignInPage {
        layout: Layout::outside("Sign in", Theme::of(jar)),
        client_id,
        next,
        problem,
    };
    show_as(status, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_returns_to_the_console_alone() {
        assert!(is_own("/console/stores/1/stock?q=a%20b"));
        for path in [
            "",
            "/v2",
            "//evil.example",
            "/console//evil",
            "https://evil.example",
            "/console/\\\\x",
        ] {
            assert!(!is_own(path), "{path}");
        }
    }
}
