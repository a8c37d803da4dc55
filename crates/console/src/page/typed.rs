//! What people type into fields, as values.

use stockroom_domain::{ExpiresIn, Geolocation, Invalid, Patch, Quantity};

/// A text without white space around it, and with plain ends of lines; `None` if nothing is left of it.
pub(crate) fn told(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The sentence for a value that isn't taken, with the words that the form has for its field.
pub(crate) fn must(label: &str, invalid: &Invalid) -> String {
    format!("{label} must be {}.", invalid.rule)
}

/// The value of a field that may be left empty.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn optional<T>(
    label: &'static str,
    text: &str,
    new: impl FnOnce(&'static str, String) -> Result<T, Invalid>,
) -> Result<Option<T>, String> {
    let value = told(text).map(|text| new(label, text));
    value.transpose().map_err(|invalid| must(label, &invalid))
}

/// The change of a field that may be left empty: none if it is as the form showed it.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn patch<T>(
    label: &'static str,
    typed: &str,
    shown: &str,
    new: impl FnOnce(&'static str, String) -> Result<T, Invalid>,
) -> Result<Patch<T>, String> {
    if is_as_shown(typed, shown) {
        return Ok(Patch::Keep);
    }
    let value = optional(label, typed, new)?;
    Ok(value.map_or(Patch::Clear, Patch::Set))
}

/// Whether a text is the one that the form showed. Browsers change the ends of lines, or leave them out of
/// fields that have one line only.
pub(crate) fn is_as_shown(typed: &str, shown: &str) -> bool {
    let plain = |text: &str| text.replace('\r', "").trim().to_owned();
    plain(typed) == plain(shown) || typed.trim() == shown.replace(['\r', '\n'], "").trim()
}

/// A number of pieces as people write it. Spaces don't count.
pub(crate) fn number_of(text: &str) -> Option<Quantity> {
    let text: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|_| is_number)?;
    Quantity::new(number)
}

/// The time that a reservation is to last, as a number of minutes.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn minutes(text: &str) -> Result<ExpiresIn, String> {
    let seconds = number_of(text).map(|minutes| minutes.get().saturating_mul(60));
    let duration = seconds.and_then(|seconds| ExpiresIn::from_seconds(seconds).ok());
    duration.ok_or_else(|| {
        let max = ExpiresIn::SECONDS_MAX / 60;
        format!("“{text}” isn't a whole number of minutes from 1 to {max}, which are 31 days.")
    })
}

/// The point at these degrees, as people write them.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn point(latitude: &str, longitude: &str) -> Result<Geolocation, String> {
    let number = |text: &str| {
        let degrees = text.trim().replace(',', ".").parse::<f64>().ok();
        degrees.ok_or_else(|| format!("“{text}” isn't a number of degrees, such as 52.52."))
    };
    Geolocation::new(number(latitude)?, number(longitude)?).map_err(|invalid| {
        let label = if invalid.field.ends_with("lat") {
            "The latitude"
        } else {
            "The longitude"
        };
        must(label, &invalid)
    })
}

#[cfg(test)]
mod tests {
    use stockroom_domain::ProductText;

    use super::*;

    #[test]
    fn a_field_that_is_as_it_was_shown_is_kept() {
        let patch = |typed, shown| patch("The text", typed, shown, ProductText::new).unwrap();
        assert_eq!(patch("a\r\nb", "a\nb"), Patch::Keep);
        assert_eq!(patch("ab", "a\nb"), Patch::Keep);
        assert_eq!(patch("", ""), Patch::Keep);
        assert_eq!(patch(" ", "a"), Patch::Clear);
        let text = ProductText::new("text", "b\nc").unwrap();
        assert_eq!(patch(" b\r\nc ", "a"), Patch::Set(text));
    }

    #[test]
    fn a_text_that_is_too_long_is_told_with_the_words_of_the_form() {
        let long = "x".repeat(1_025);
        assert_eq!(
            optional("The SKU", &long, ProductText::new),
            Err("The SKU must be a text of 1 to 1024 characters.".to_owned())
        );
    }

    #[test]
    fn numbers_of_pieces_are_read() {
        for (text, pieces) in [("3", 3), (" 1 000 ", 1_000), ("0", 0)] {
            assert_eq!(number_of(text).map(Quantity::get), Some(pieces), "{text}");
        }
        for text in ["", " ", "-1", "+1", "1.5", "x", "9007199254740992"] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }

    #[test]
    fn points_are_read_as_people_write_them() {
        let berlin = Geolocation::new(52.52, 13.405).ok();
        assert_eq!(point("52.52", " 13.405 ").ok(), berlin);
        assert_eq!(point("52,52", "13,405").ok(), berlin);
        for (latitude, longitude, told) in [
            ("x", "1", "“x” isn't a number of degrees, such as 52.52."),
            ("91", "1", "The latitude must be a number from -90 to 90."),
            (
                "1",
                "181",
                "The longitude must be a number from -180 to 180.",
            ),
            (
                "1",
                "NaN",
                "The longitude must be a number from -180 to 180.",
            ),
        ] {
            assert_eq!(point(latitude, longitude), Err(told.to_owned()));
        }
    }
}
