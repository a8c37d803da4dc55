//! Jobs and files in words.

use stockroom_application::layout_of;
use stockroom_domain::{Import, ImportStatus, ImportStep, ImportTarget, LineProblem, Reference};
use stockroom_files::{Format, Profile};

use crate::page::{Number, Problem};

/// The words for a state, and the class of its badge.
pub(crate) const fn state(status: ImportStatus) -> (&'static str, &'static str) {
    match status {
        ImportStatus::Pending => ("waits", "badge"),
        ImportStatus::Started => ("under way", "badge"),
        ImportStatus::Success => ("done", "badge good"),
        ImportStatus::Failed => ("stopped", "badge bad"),
        ImportStatus::Cancelled => ("cancelled", "badge muted"),
        ImportStatus::Undoing => ("being undone", "badge"),
        ImportStatus::Undone => ("undone", "badge muted"),
        ImportStatus::PartlyUndone => ("undone in part", "badge warn"),
    }
}

/// Whose layout a file has.
pub(super) const fn whose(profile: Profile) -> &'static str {
    match profile {
        Profile::Stockroom => "Stockroom’s own",
        Profile::ElasticPath => "Elastic Path",
        Profile::Shopify => "Shopify",
        Profile::Policies => "Stockroom’s own, of safety stock and alerts",
    }
}

/// The profiles of files that come in.
pub(super) const FILE_PROFILES: [Profile; 4] = [
    Profile::Stockroom,
    Profile::ElasticPath,
    Profile::Shopify,
    Profile::Policies,
];

/// The word for a profile in the form for a file.
pub(super) const fn word(profile: Profile) -> &'static str {
    match profile {
        Profile::Policies => "policies",
        Profile::Stockroom | Profile::ElasticPath | Profile::Shopify => profile.as_str(),
    }
}

/// The profile for which [`word`] returns this.
pub(super) fn profile_of(text: &str) -> Option<Profile> {
    if text == word(Profile::Policies) {
        Some(Profile::Policies)
    } else {
        Profile::parse(text)
    }
}

/// A format, for people.
pub(super) const fn written(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::JsonLines => "lines of JSON",
    }
}

/// The name of a job. Files that come through the console leave theirs as the reference, if there is no other.
pub(super) fn title(import: &Import) -> String {
    if let Some(reference) = &import.options.reference {
        return Reference::as_str(reference).to_owned();
    }
    // What can't be read is a fault that the server's work on the job reports.
    let layout = layout_of(import).ok();
    let profile = layout.map_or("A", |layout| whose(layout.profile()));
    format!("{profile} file")
}

/// `1 line`, `2 lines`.
pub(super) fn lines(number: u32) -> String {
    let word = if number == 1 { "line" } else { "lines" };
    format!("{}\u{a0}{word}", Number::from(u64::from(number)))
}

/// Where a job stands, in a sentence or two.
pub(super) fn told(import: &Import) -> String {
    let failed = import.lines.failed;
    let is_preview = import.options.dry_run;
    match import.status {
        ImportStatus::Pending => "It waits for the files before it.".to_owned(),
        ImportStatus::Started if !import.is_checked => {
            "The lines are being checked. Nothing is changed yet.".to_owned()
        }
        ImportStatus::Started if is_preview => {
            "It is being worked out what each line would do.".to_owned()
        }
        ImportStatus::Started => "The lines are being applied.".to_owned(),
        ImportStatus::Success if is_preview && failed == 0 => {
            "Every line can be applied. Nothing has been changed yet.".to_owned()
        }
        ImportStatus::Success if is_preview => {
            let what = lines(failed);
            format!("{what} can’t be applied, the others can. Nothing has been changed yet.")
        }
        ImportStatus::Success if failed == 0 => "Every line is applied.".to_owned(),
        ImportStatus::Success => {
            format!("All lines are applied but {}.", lines(failed))
        }
        ImportStatus::Failed => stopped(import),
        ImportStatus::Cancelled if import.lines.changed == 0 || is_preview => {
            "Nothing was changed.".to_owned()
        }
        ImportStatus::Cancelled => stays(import, "It was cancelled."),
        ImportStatus::Undoing => "It is being undone, the last lines first.".to_owned(),
        ImportStatus::Undone => {
            "All that it did is undone. Products, locations and empty stock that it made stay."
                .to_owned()
        }
        ImportStatus::PartlyUndone => {
            let count = Number::from(u64::from(import.not_undone));
            let (word, stay) = if import.not_undone == 1 {
                ("change", "stays")
            } else {
                ("changes", "stay")
            };
            format!(
                "It is undone but for {count} {word}, which {stay}: see below why. Products, locations and stock that \
                 it made stay, too."
            )
        }
    }
}

fn stopped(import: &Import) -> String {
    let why = match import.options.abort_after {
        0 => format!("{} failed.", lines(import.lines.failed)),
        allowed => format!(
            "{} failed, and {} were allowed to.",
            lines(import.lines.failed),
            Number::from(u64::from(allowed))
        ),
    };
    let is_check = import.stopped_by == Some(ImportStep::Check);
    if is_check || import.options.dry_run || import.lines.changed == 0 {
        format!("{why} Nothing was changed.")
    } else {
        stays(import, &why)
    }
}

fn stays(import: &Import, why: &str) -> String {
    match import.options.target {
        ImportTarget::Stock => format!("{why} What was done until then stays, and can be undone."),
        ImportTarget::Policies => format!("{why} What was done until then stays."),
    }
}

/// Why a line failed.
pub(super) fn fault(problem: &LineProblem) -> String {
    match problem {
        LineProblem::Refused(refusal) => Problem::from(refusal.clone()).into_detail(),
        LineProblem::Invalid(text) => sentence(text),
    }
}

/// A text with a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let mut text: String = first.into_iter().chain(characters).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// A number of bytes in the largest unit of which it is a whole number.
pub(super) fn size(bytes: u64) -> String {
    for (shift, unit) in [(30_u32, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return format!("{}\u{a0}{unit}", bytes >> shift);
        }
    }
    format!("{}\u{a0}bytes", Number::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(100 * 1024 * 1024), "100\u{a0}MiB");
        assert_eq!(size(1 << 30), "1\u{a0}GiB");
        assert_eq!(size(1_000), "1\u{202f}000\u{a0}bytes");
        assert_eq!(size(0), "0\u{a0}bytes");
    }

    #[test]
    fn texts_become_sentences() {
        assert_eq!(sentence("é is wrong"), "é is wrong.");
        assert_eq!(sentence("line 3 is wrong"), "Line 3 is wrong.");
        assert_eq!(sentence("Why?"), "Why?");
    }
}
