//! The words for transfers, and for what they can't do.

use axum::http::StatusCode;
use stockroom_application::Error;
use stockroom_domain::{
    ProductId, Quantity, Refusal, RefusalKind, Shortage, Slug, Timestamp, Transfer, TransferKind,
    TransferLine, TransferOrigin, TransferPlace, TransferState, TransferStepRefused,
};

use crate::lookup::Titles;
use crate::page::{Number, Problem, Refused, pieces};
use crate::session::Visit;

/// The word for the unlocated pool in fields for a place. No slug is like it.
pub(super) const NO_PLACE: &str = "(none)";

/// The words for a place.
pub(super) fn place(place: &TransferPlace) -> String {
    place.as_ref().map_or_else(
        || "no location".to_owned(),
        |(_, slug)| slug.as_str().to_owned(),
    )
}

/// The words for an origin.
pub(super) fn origin(from: &TransferOrigin) -> String {
    match from {
        TransferOrigin::Place(from) => place(from),
        TransferOrigin::Supplier(supplier) => supplier.as_str().to_owned(),
    }
}

/// The noun for it.
pub(super) const fn noun(kind: TransferKind) -> &'static str {
    match kind {
        TransferKind::Internal => "transfer",
        TransferKind::Delivery => "delivery",
    }
}

/// The words for a transfer within a sentence.
pub(crate) fn title(transfer: &Transfer) -> String {
    let kind = transfer.progress.kind;
    let (from, to) = (origin(&transfer.from), place(&transfer.to));
    format!("{} from {from} to {to}", noun(kind))
}

/// The word for a state.
pub(super) const fn state_name(state: TransferState) -> &'static str {
    match state {
        TransferState::Draft => "draft",
        TransferState::Ready => "ready",
        TransferState::InTransit => "under way",
        TransferState::Received => "received",
        TransferState::Cancelled => "cancelled",
    }
}

/// The class of the badge of a state.
pub(super) const fn badge(state: TransferState) -> &'static str {
    match state {
        TransferState::Draft | TransferState::Cancelled => "badge muted",
        TransferState::Ready => "badge warn",
        TransferState::InTransit => "badge",
        TransferState::Received => "badge good",
    }
}

/// The sum of a figure of all lines.
pub(super) fn sum(transfer: &Transfer, figure: impl Fn(&TransferLine) -> Quantity) -> Quantity {
    let figures = transfer.progress.lines.iter().map(figure);
    figures.fold(Quantity::ZERO, Quantity::saturating_add)
}

/// The pieces that are under way.
pub(super) fn under_way(transfer: &Transfer) -> Quantity {
    sum(transfer, |line| line.in_transit)
}

/// Whether the time has passed at which pieces that are under way were expected.
pub(super) fn is_overdue(transfer: &Transfer, now: Timestamp) -> bool {
    let has_passed = transfer.expected_at.is_some_and(|at| at < now);
    has_passed && !under_way(transfer).is_zero()
}

/// The sentence for a page whose transfer somebody else has changed.
pub(super) fn outdated() -> Refused {
    let detail = "Somebody has changed it since you loaded the page. Look at the figures again.";
    Refused::new(StatusCode::CONFLICT, detail)
}

/// The reason why a form was refused. All that the person can do nothing about is a problem.
///
/// # Errors
/// [`Problem`] if it is one, or the database fails.
pub(super) async fn refused(visit: &Visit, error: Error) -> Result<Refused, Problem> {
    let refusal = match error {
        Error::Refused(refusal) => refusal,
        error => return Refused::of(error),
    };
    match refusal.kind() {
        RefusalKind::Forbidden | RefusalKind::NotFound => return Err(refusal.into()),
        RefusalKind::Invalid | RefusalKind::Conflict | RefusalKind::Unprocessable => {}
    }
    if let Refusal::VersionIs { .. } = refusal {
        return Ok(outdated());
    }
    let told = in_words(visit, &refusal).await?;
    let refused = Refused::of(refusal.into())?;
    Ok(match told {
        Some(detail) => refused.saying(detail),
        None => refused,
    })
}

/// The words for refusals whose own words are for programs, or name no product.
async fn in_words(visit: &Visit, refusal: &Refusal) -> Result<Option<String>, Problem> {
    let name = async |product: ProductId| {
        let titles = Titles::of(visit, [product]).await?;
        Ok::<_, Problem>(titles.title(product))
    };
    Ok(Some(match refusal {
        Refusal::SamePlace => "The pieces would go to the place that they come from.".to_owned(),
        Refusal::DifferentOwners => {
            "Some of these products have stock of the organization, and others have stock of the store. They need \
             a transfer each."
                .to_owned()
        }
        Refusal::ReservationShort(shortages) => short(visit, shortages).await?,
        Refusal::ProductsWithoutStock { products } => {
            let titles = Titles::of(visit, products.iter().copied()).await?;
            let products = products.iter().map(|product| titles.title(*product));
            let products: Vec<String> = products.collect();
            format!("These products have no stock: {}.", products.join(", "))
        }
        Refusal::TooManyOpenTransfers { product, lines_max } => {
            let (name, most) = (name(*product).await?, Number::from(*lines_max));
            format!("{name} is in {most} open transfers already, and can’t be in more.")
        }
        Refusal::TooManyUnderWay { product } => {
            let (name, most) = (name(*product).await?, Number::from(Quantity::MAX));
            format!("Of {name}, more than {most} pieces would be in open transfers.")
        }
        Refusal::TransferStep(step) => match step {
            TransferStepRefused::TransferIs(TransferState::Draft) => "It is a draft.".to_owned(),
            TransferStepRefused::TransferIs(state) => format!("It is {}.", state_name(*state)),
            TransferStepRefused::NotSoMany { product, open } => {
                let (name, open) = (name(*product).await?, pieces(*open));
                format!("Of {name}, only {open} can be meant.")
            }
            TransferStepRefused::SurplusTooLarge(product) => {
                let (name, most) = (name(*product).await?, Number::from(Quantity::MAX));
                format!("Of {name}, the surplus would be more than {most}.")
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

/// All that is short, as a sentence.
async fn short(visit: &Visit, shortages: &[Shortage]) -> Result<String, Problem> {
    let titles = Titles::of(visit, shortages.iter().map(|it| it.product)).await?;
    let shortages = shortages.iter().map(|shortage| {
        let name = titles.title(shortage.product);
        let slug = shortage.location.as_ref().map(Slug::as_str);
        let place = slug.map_or_else(
            || "without a location".to_owned(),
            |slug| format!("in {slug}"),
        );
        let (available, requested) = (
            Number::from(shortage.available),
            Number::from(shortage.requested),
        );
        format!("{name} {place}: {available} available, {requested} wanted")
    });
    let shortages: Vec<String> = shortages.collect();
    Ok(format!("There isn’t enough. {}.", shortages.join("; ")))
}
