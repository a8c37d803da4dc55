//! The words for what an order can't have.

use stockroom_application::Error;
use stockroom_domain::{ItemPlace, ProductId, Refusal, ReservationItem, Shortage, Slug};

use crate::lookup::Titles;
use crate::page::{Number, Problem, Refused, pieces};
use crate::session::Visit;

/// The place of pieces, as the end of a phrase.
pub(super) fn in_place(slug: Option<&str>) -> String {
    slug.map_or_else(
        || " without a location".to_owned(),
        |slug| format!(" in {slug}"),
    )
}

/// The reason why a form was refused. All that the person can do nothing about is a problem. `chosen` are the
/// products whose places were to be chosen.
pub(super) async fn refused(
    visit: &Visit,
    error: Error,
    chosen: &[ProductId],
) -> Result<Refused, Problem> {
    let detail = match &error {
        Error::Refused(Refusal::ReservationShort(shortages)) => {
            short(visit, shortages, chosen).await?
        }
        Error::Refused(Refusal::AlreadyFulfilled { product, fulfilled }) => {
            let titles = Titles::of(visit, [*product]).await?;
            let (pieces, title) = (pieces(*fulfilled), titles.title(*product));
            let verb = if *fulfilled == 1 { "is" } else { "are" };
            format!("{pieces} of {title} {verb} shipped already: the order can't have fewer.")
        }
        Error::Refused(Refusal::NotSoManyOpen { product, open }) => {
            let titles = Titles::of(visit, [*product]).await?;
            let (pieces, title) = (pieces(*open), titles.title(*product));
            let verb = if *open == 1 { "is" } else { "are" };
            format!("Only {pieces} of {title} {verb} open there.")
        }
        Error::Refused(Refusal::NotSoManyShipped { product, open }) => {
            let titles = Titles::of(visit, [*product]).await?;
            let (pieces, title) = (pieces(*open), titles.title(*product));
            format!("Only {pieces} of {title} can come back.")
        }
        Error::Refused(Refusal::ProductsWithoutStock { products }) => {
            let titles = Titles::of(visit, products.iter().copied()).await?;
            let products = products.iter().map(|product| titles.title(*product));
            let products: Vec<String> = products.collect();
            format!(
                "There is no stock to come back to: {}.",
                products.join(", ")
            )
        }
        Error::Refused(Refusal::SamePlace) => "The pieces are there already.".to_owned(),
        _ => return super::refused(error),
    };
    Ok(super::refused(error)?.saying(detail))
}

/// The products for which no place is named, if places are chosen for them.
pub(super) fn chosen(items: &[ReservationItem]) -> Vec<ProductId> {
    let unnamed = items.iter().filter(|it| it.place == ItemPlace::Unnamed);
    unnamed.map(|item| item.product).collect()
}

/// All that is short, as a sentence.
async fn short(
    visit: &Visit,
    shortages: &[Shortage],
    chosen: &[ProductId],
) -> Result<String, Problem> {
    let titles = Titles::of(visit, shortages.iter().map(|it| it.product)).await?;
    let shortages = shortages.iter().map(|shortage| {
        let name = titles.title(shortage.product);
        let place = match &shortage.location {
            None if chosen.contains(&shortage.product) => String::new(),
            place => in_place(place.as_ref().map(Slug::as_str)),
        };
        let (available, requested) = (
            Number::from(shortage.available),
            Number::from(shortage.requested),
        );
        format!("{name}{place}: {available} available, {requested} wanted")
    });
    let shortages: Vec<String> = shortages.collect();
    Ok(format!("There isn't enough. {}.", shortages.join("; ")))
}
