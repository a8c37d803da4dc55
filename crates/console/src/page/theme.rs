//! The colours of pages, and the cookie that keeps them.

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

/// The name of the cookie.
const COOKIE: &str = "stockroom-theme";

/// The colours of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// Those of the browser.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    pub(crate) fn of(jar: &CookieJar) -> Self {
        jar.get(COOKIE)
            .map_or(Self::Auto, |cookie| Self::from_word(cookie.value()))
    }

    /// A cookie that keeps it for a year.
    pub(crate) fn keeping(self) -> Cookie<'static> {
        let mut cookie = Cookie::build((COOKIE, self.as_str()))
            .path("/console")
            .http_only(true)
            .same_site(SameSite::Strict)
            .build();
        cookie.make_permanent();
        cookie
    }
}
