//! The extractor of every screen: who looks, at whose things.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect};
use axum_extra::extract::CookieJar;
use stockroom_application::{AccessError, Administrator, Caller, Stockroom, Writer};
use stockroom_domain::{IdempotencyKey, Owner, RequestDigest, StoreId};

use super::cookie;
use crate::page::{Layout, Level, Problem, Section, Theme, query};
use crate::service::AppState;

/// A person who sends a form that is carried out once.
pub(crate) struct Once {
    pub(crate) writer: Writer,
    is_repeated: Arc<AtomicBool>,
}

impl Once {
    /// Whether the form had been sent before, so that its answer is that of the first time.
    pub(crate) fn is_repeated(&self) -> bool {
        self.is_repeated.load(Ordering::Relaxed)
    }
}

/// A person who is signed in, at the organization or in a store.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) app: AppState,
    administrator: Administrator,
    /// The same person, if the key may change things.
    writer: Option<Writer>,
    /// The token of the session.
    pub(crate) token: Arc<str>,
    theme: Theme,
    /// The address of the page.
    uri: Uri,
}

impl Visit {
    /// The use cases.
    pub(crate) fn stockroom(&self) -> &Arc<Stockroom> {
        &self.app.stockroom
    }

    /// The person, for use cases that only administrators may use.
    pub(crate) const fn administrator(&self) -> &Administrator {
        &self.administrator
    }

    /// The person, for all others.
    pub(crate) const fn caller(&self) -> &Caller {
        self.administrator.caller()
    }

    /// The owner of the things that are looked at.
    pub(crate) fn acting(&self) -> Owner {
        self.caller().actor.acting
    }

    /// Whether the key belongs to the organization.
    pub(crate) fn is_of_organization(&self) -> bool {
        self.caller().actor.key_owner == Owner::Organization
    }

    /// Whether the key may change anything.
    pub(crate) const fn may_change(&self) -> bool {
        self.writer.is_some()
    }

    /// The person, for use cases that change something.
    ///
    /// # Errors
    /// [`Problem`] if the key may only look.
    pub(crate) fn writer(&self) -> Result<&Writer, Problem> {
        self.writer.as_ref().ok_or_else(Problem::read_only)
    }

    /// The person, for a request of a form that is carried out once, however often it is sent from the same
    /// showing of its page: `once` is [`Layout::once`] of that. Another request from there is another one.
    ///
    /// # Errors
    /// [`Problem`] if the key may only look.
    pub(crate) fn writer_once(&self, once: &str, request: &impl Debug) -> Result<Once, Problem> {
        let is_repeated = Arc::default();
        let mut person = self.administrator.clone();
        if !once.is_empty() {
            let path = self.uri.path();
            let digest = blake3::hash(format!("{path}\n{once}\n{request:?}").as_bytes());
            let key = IdempotencyKey::new(&format!("console-{digest}"));
            let key = key.map_err(|_| Problem::internal())?;
            let request = RequestDigest(*digest.as_bytes());
            person = person.keyed(key, request, Arc::clone(&is_repeated));
        }
        Ok(Once {
            writer: person.writer()?,
            is_repeated,
        })
    }

    /// The path of a screen at the same level: `/stock` becomes `/console/stores/…/stock`.
    pub(crate) fn path(&self, screen: &str) -> String {
        format!("{}{screen}", base(self.acting()))
    }

    /// The path and query of this page, for forms that return to it.
    pub(crate) fn here(&self) -> String {
        let here = self.uri.path_and_query();
        here.map_or_else(|| self.path("/"), ToString::to_string)
    }

    /// The frame of a page.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(crate) async fn layout(&self, title: &str, section: Section) -> Result<Layout, Problem> {
        let caller = self.caller();
        let mut levels = Vec::new();
        if self.is_of_organization() {
            levels.push(Level {
                name: "Organization".to_owned(),
                href: format!("{}/", base(Owner::Organization)),
                is_current: self.acting() == Owner::Organization,
            });
            for store in self.stockroom().stores(caller.organization).await? {
                let owner = Owner::Store(store.id);
                levels.push(Level {
                    name: store.name.as_str().to_owned(),
                    href: format!("{}/", base(owner)),
                    is_current: self.acting() == owner,
                });
            }
        } else if let Owner::Store(store) = self.acting() {
            let stockroom = self.stockroom();
            if let Some(store) = stockroom.store(caller.organization, store).await? {
                levels.push(Level {
                    name: store.name.as_str().to_owned(),
                    href: self.path("/"),
                    is_current: true,
                });
            }
        }
        let key_name = caller.actor.key_name.as_deref().unwrap_or_default();
        Ok(Layout {
            title: title.to_owned(),
            section: Some(section),
            base: base(self.acting()),
            levels,
            key_name: key_name.to_owned(),
            may_change: self.may_change(),
            is_of_organization: self.is_of_organization(),
            theme: self.theme,
            here: self.here(),
            message: None,
            once: self.stockroom().new_request_id(),
        })
    }
}

/// The beginning of the paths of an owner's screens.
pub(crate) fn base(owner: Owner) -> String {
    match owner {
        Owner::Organization => "/console/organization".to_owned(),
        Owner::Store(store) => format!("/console/stores/{store}"),
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        let token: Option<Arc<str>> = cookie::session(&jar).map(|(_, token)| token.into());
        let Some(token) = token else {
            return Err(sign_in_first(parts));
        };
        let caller = match app.stockroom.authenticate_session(&token) {
            Ok(caller) => caller,
            Err(AccessError::InvalidToken) => return Err(sign_in_first(parts)),
            Err(error) => return Err(error.into()),
        };
        let store = match RawPathParams::from_request_parts(parts, app).await {
            Ok(params) => {
                let mut params = params.iter();
                let store = params.find(|(name, _)| *name == "store");
                store.map(|(_, store)| StoreId::parse(store).ok_or_else(Problem::not_found))
            }
            Err(_) => None,
        };
        let caller = match (store.transpose()?, caller.actor.key_owner) {
            (Some(store), _) => app.stockroom.act_in(caller, store).await?,
            (None, Owner::Organization) => caller,
            (None, Owner::Store(_)) => return Err(Problem::not_found()),
        };
        let administrator = caller.administrator().ok_or_else(|| sign_in_first(parts))?;
        Ok(Self {
            app: Arc::clone(app),
            writer: administrator.clone().writer().ok(),
            administrator,
            token,
            theme: Theme::of(&jar),
            uri: parts
                .extensions
                .get::<OriginalUri>()
                .map_or_else(|| parts.uri.clone(), |uri| uri.0.clone()),
        })
    }
}

/// Sends the browser to the form for signing in, and back afterwards.
fn sign_in_first(parts: &Parts) -> Problem {
    let uri = parts.extensions.get::<OriginalUri>();
    let uri = uri.map_or(&parts.uri, |uri| &uri.0);
    let next = uri.path_and_query().filter(|_| parts.method.is_safe());
    let next = next.map_or("", axum::http::uri::PathAndQuery::as_str);
    let sign_in = query("/console/sign-in", &[("next", next)]);
    Problem::Elsewhere(Redirect::to(&sign_in).into_response().into())
}
