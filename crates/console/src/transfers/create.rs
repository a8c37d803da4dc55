//! Making a transfer or a delivery.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{CreateTransfer, TransferKind, TransferState};

use super::fields::Fields;
use super::items::{Item, Items};
use super::words::{noun, refused};
use crate::lookup::Places;
use crate::page::{Layout, Problem, Refused, Section, show_as};
use crate::session::{Done, Visit};

/// The states to which a new transfer can be brought, and the words for what happens.
const OF_TRANSFER: [(TransferState, &str); 4] = [
    (TransferState::Draft, "a draft: nothing happens yet"),
    (
        TransferState::Ready,
        "allocated: held at the origin until it is shipped",
    ),
    (
        TransferState::InTransit,
        "shipped: it leaves the origin, and is under way",
    ),
    (
        TransferState::Received,
        "moved at once: it is at the destination already",
    ),
];

/// Those of a delivery.
const OF_DELIVERY: [(TransferState, &str); 3] = [
    (TransferState::InTransit, "ordered: it is under way"),
    (TransferState::Draft, "a draft: nothing happens yet"),
    (
        TransferState::Received,
        "received: all of it is there already",
    ),
];

const fn states(kind: TransferKind) -> &'static [(TransferState, &'static str)] {
    match kind {
        TransferKind::Internal => &OF_TRANSFER,
        TransferKind::Delivery => &OF_DELIVERY,
    }
}

/// The kind that a word means.
fn kind(word: &str) -> TransferKind {
    if word == noun(TransferKind::Delivery) {
        TransferKind::Delivery
    } else {
        TransferKind::Internal
    }
}

/// The form, as it was typed.
struct Asked {
    kind: TransferKind,
    /// The word for the state to which it is brought.
    state: String,
    fields: Fields,
    /// The showing of the page that the form was on.
    once: String,
}

impl Asked {
    fn read(sent: Vec<(String, String)>) -> Self {
        let mut asked = Self {
            kind: TransferKind::Internal,
            state: String::new(),
            fields: Fields::default(),
            once: String::new(),
        };
        for (name, value) in sent {
            match name.as_str() {
                "kind" => asked.kind = kind(&value),
                "state" => asked.state = value,
                "once" => asked.once = value,
                name => asked.fields.read(name, value),
            }
        }
        asked
    }

    /// The request, or why there is none.
    async fn request(&self, visit: &Visit) -> Result<Result<CreateTransfer, String>, Problem> {
        Ok(match self.fields.items.wanted(visit).await? {
            Ok(items) => self
                .without_items()
                .map(|request| CreateTransfer { items, ..request }),
            Err(detail) => Err(detail),
        })
    }

    fn without_items(&self) -> Result<CreateTransfer, String> {
        let mut states = states(self.kind).iter().map(|(state, _)| *state);
        let state = states.find(|state| state.as_str() == self.state);
        Ok(CreateTransfer {
            from: self.fields.origin(self.kind)?,
            to: self.fields.destination()?,
            items: Vec::new(),
            reference: self.fields.reference()?,
            note: self.fields.note()?,
            expected_at: self.fields.expected_at()?,
            state: state.ok_or("Choose what the new transfer is.")?,
            reason: None,
        })
    }
}

#[derive(Template)]
#[template(path = "transfers/new.html")]
struct NewPage {
    layout: Layout,
    noun: &'static str,
    is_delivery: bool,
    states: Vec<(&'static str, &'static str)>,
    state: String,
    fields: Fields,
    places: Places,
    /// Why nothing was made.
    refused: Option<Refused>,
}

/// The part of the address with which a link fills the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    kind: String,
    product: String,
    from: String,
    to: String,
}

/// Shows the form.
pub(super) async fn show_form(
    visit: Visit,
    Query(named): Query<Named>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let item = Item {
        product: named.product,
        ..Item::default()
    };
    let items = Items {
        all: vec![item],
        known: 0,
    };
    let asked = Asked {
        kind: kind(&named.kind),
        state: String::new(),
        fields: Fields {
            from: named.from,
            to: named.to,
            items,
            ..Fields::default()
        },
        once: String::new(),
    };
    answer(&visit, asked, None).await
}

/// Makes it, and goes there.
pub(super) async fn make_transfer(
    visit: Visit,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let asked = Asked::read(sent);
    if asked.fields.wants_lines {
        return answer(&visit, asked, None).await;
    }
    let request = match asked.request(&visit).await? {
        Ok(request) => request,
        Err(detail) => return answer(&visit, asked, Some(Refused::invalid(detail))).await,
    };
    let once = visit.writer_once(&asked.once, &request)?;
    match visit.stockroom().execute(&once.writer, request).await {
        Ok(transfer) => {
            let done = if once.is_repeated() {
                "done=again"
            } else {
                "done=created"
            };
            let screen = format!("/transfers/{}", transfer.id);
            Ok(Done::redirect(&visit, "", &screen, done))
        }
        Err(error) => {
            let refused = refused(&visit, error).await?;
            answer(&visit, asked, Some(refused)).await
        }
    }
}

async fn answer(
    visit: &Visit,
    mut asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let noun = noun(asked.kind);
    let items = std::mem::take(&mut asked.fields.items);
    let items = items.with_empty(visit).await?;
    let choices = states(asked.kind).iter();
    let page = NewPage {
        layout: visit
            .layout(&format!("New {noun}"), Section::Transfers)
            .await?,
        noun,
        is_delivery: asked.kind == TransferKind::Delivery,
        states: choices
            .map(|(state, text)| (state.as_str(), *text))
            .collect(),
        state: asked.state,
        fields: Fields {
            items,
            ..asked.fields
        },
        places: Places::of(visit).await?,
        refused,
    };
    show_as(status, &page)
}
