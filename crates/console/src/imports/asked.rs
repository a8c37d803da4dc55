//! What somebody asks for with a file.

use stockroom_application::{ImportRequest, layout_of};
use stockroom_domain::{Import, ImportOptions, Reason, Reference};
use stockroom_files::{LINES_MAX, Profile};

use super::words::{profile_of, word};
use crate::page::{number_of, told};

/// The longest text in a field, in bytes: longer than any that is accepted.
pub(super) const FIELD_BYTES_MAX: usize = 16 * 1024;

/// The most characters of a reference.
const REFERENCE_MAX: usize = 255;

/// The fields of the form, as they were typed.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) profile: String,
    pub(super) create_products: bool,
    pub(super) create_stock: bool,
    pub(super) create_locations: bool,
    pub(super) abort_after: String,
    pub(super) reason: String,
    pub(super) reference: String,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            profile: Profile::Stockroom.as_str().to_owned(),
            create_products: false,
            create_stock: false,
            create_locations: false,
            abort_after: "0".to_owned(),
            reason: String::new(),
            reference: String::new(),
        }
    }
}

impl Asked {
    /// What was asked for with a file before.
    pub(super) fn of(import: &Import) -> Self {
        let options = &import.options;
        let profile = layout_of(import).map_or(Profile::Stockroom, |layout| layout.profile());
        let reason = options.reason.as_ref().map_or("", Reason::as_str);
        let reference = options.reference.as_ref().map_or("", Reference::as_str);
        // A preview looks at every line, whatever fails.
        let abort_after = if options.dry_run {
            0
        } else {
            options.abort_after
        };
        Self {
            profile: word(profile).to_owned(),
            create_products: options.create_products,
            create_stock: options.create_stock,
            create_locations: options.create_locations,
            abort_after: abort_after.to_string(),
            reason: reason.to_owned(),
            reference: reference.to_owned(),
        }
    }

    /// Keeps the value of a field.
    pub(super) fn set(&mut self, name: &str, value: String) {
        match name {
            "profile" => self.profile = value,
            "create_products" => self.create_products = !value.is_empty(),
            "create_stock" => self.create_stock = !value.is_empty(),
            "create_locations" => self.create_locations = !value.is_empty(),
            "abort_after" => self.abort_after = value,
            "reason" => self.reason = value,
            "reference" => self.reference = value,
            _ => {}
        }
    }

    /// The request to import a file of this name, or to try it.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn request(&self, file: &str, is_preview: bool) -> Result<ImportRequest, String> {
        let profile = profile_of(&self.profile).ok_or("Choose whose layout the file has.")?;
        let abort_after = self.abort_after()?;
        let reason = told(&self.reason).map(|text| Reason::new("The reason", text));
        let reason = reason.transpose().map_err(|it| format!("{it}."))?;
        let options = ImportOptions {
            target: profile.target(),
            dry_run: is_preview,
            // A preview is to tell of every line.
            abort_after: if is_preview { LINES_MAX } else { abort_after },
            // As Elastic Path does itself.
            create_stock: self.create_stock || profile == Profile::ElasticPath,
            create_products: self.create_products,
            create_locations: self.create_locations,
            reason,
            reference: self.reference(file)?,
        };
        Ok(ImportRequest {
            profile,
            format: None,
            options,
            request_id: None,
        })
    }

    fn abort_after(&self) -> Result<u32, String> {
        let text = self.abort_after.trim();
        let number = number_of(text).and_then(|number| u32::try_from(number.get()).ok());
        number
            .filter(|number| *number <= LINES_MAX)
            .ok_or_else(|| format!("“{text}” isn’t a whole number from 0 to {LINES_MAX}."))
    }

    /// The reference, or the name of the file, by which people know it again.
    fn reference(&self, file: &str) -> Result<Option<Reference>, String> {
        if let Some(text) = told(&self.reference) {
            let reference = Reference::new("The reference", text);
            return reference.map(Some).map_err(|it| format!("{it}."));
        }
        let name: String = file.chars().take(REFERENCE_MAX).collect();
        Ok(Reference::new("reference", name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_tells_of_every_line() {
        let asked = Asked::default();
        let preview = asked.request("count.csv", true).unwrap().options;
        assert_eq!((preview.dry_run, preview.abort_after), (true, LINES_MAX));
        let import = asked.request("count.csv", false).unwrap().options;
        assert_eq!((import.dry_run, import.abort_after), (false, 0));
        assert_eq!(import.reference.unwrap().as_str(), "count.csv");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |name: &str, value: &str| {
            let mut asked = Asked::default();
            asked.set(name, value.to_owned());
            asked.request("count.csv", true).unwrap_err()
        };
        for number in ["", "-1", "+1", "1.5", "1000001", "99999999999999999999"] {
            let told = refused("abort_after", number);
            assert!(told.contains("a whole number"), "{told}");
        }
        assert!(refused("profile", "magento").contains("whose layout"));
        assert!(refused("reason", &"x".repeat(256)).starts_with("The reason must be"));
        assert!(refused("reference", &"x".repeat(256)).starts_with("The reference must be"));
    }

    #[test]
    fn a_name_that_is_no_reference_is_left_out() {
        let reference = |file: &str| {
            let options = Asked::default().request(file, false).unwrap().options;
            options.reference.map(|it| it.as_str().to_owned())
        };
        assert_eq!(reference(&"ü".repeat(300)), Some("ü".repeat(255)));
        assert_eq!(reference(""), None);
        assert_eq!(reference("a\0b"), None);
    }
}
