//! The pieces of each line of a reservation, as they are typed into a form.

use stockroom_domain::{ItemPlace, Quantity, Reservation, ReservationItem, ReservedLine};

use crate::page::number_of;

/// Reads a field `line.N`, if the reservation has that line.
pub(super) fn read(parts: &mut [String], name: &str, value: String) {
    let line = name.strip_prefix("line.").and_then(|it| it.parse().ok());
    let part = line.and_then(|line: usize| parts.get_mut(line));
    if let Some(part) = part {
        *part = value;
    }
}

/// The lines of which pieces were typed, with these as items; a sentence where a text is no number.
pub(super) fn items<'a>(
    reservation: &'a Reservation,
    parts: &'a [String],
) -> impl Iterator<Item = Result<(&'a ReservedLine, ReservationItem), String>> {
    let lines = reservation.lines.iter().zip(parts);
    let typed = lines.filter(|(_, text)| !text.trim().is_empty());
    typed.filter_map(|(line, text)| match number_of(text) {
        None => Some(Err(format!(
            "“{text}” isn't a whole number of pieces, such as 3."
        ))),
        Some(Quantity::ZERO) => None,
        Some(quantity) => Some(Ok((line, item(line, quantity)))),
    })
}

fn item(line: &ReservedLine, quantity: Quantity) -> ReservationItem {
    ReservationItem {
        product: line.key.product,
        place: match &line.location {
            Some((_, slug)) => ItemPlace::Location(slug.to_string()),
            None => ItemPlace::Unlocated,
        },
        quantity,
    }
}
