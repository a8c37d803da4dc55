//! The order of texts in lists, and their look-up without regard to letter case.

use icu_casemap::CaseMapper;

/// A text without regard to letter case: its full Unicode case folding.
///
/// Folding maps each character by itself, so the folding of a part of a text is a part of the text's
/// folding.
#[must_use]
pub fn folded(text: &str) -> String {
    CaseMapper::new().fold_string(text).into_owned()
}

/// The beginning of a folded text, by which lists are sorted and texts are looked up in an index. Its
/// order is that of Unicode's code points. (Source: "Kind to people" in the contract.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SearchKey(String);

impl SearchKey {
    /// The largest number of characters.
    pub const CHARACTERS_MAX: usize = 128;

    /// The key of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_folded(&folded(text))
    }

    /// The key of a text that is folded already, such as a key itself.
    #[must_use]
    pub fn of_folded(text: &str) -> Self {
        Self(text.chars().take(Self::CHARACTERS_MAX).collect())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key has its largest length: its text may be longer.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.chars().count() >= Self::CHARACTERS_MAX
    }

    /// The first text that comes after all texts that begin with this key; `None` if there is none.
    #[must_use]
    pub fn end_of_prefix(&self) -> Option<String> {
        let mut characters: Vec<char> = self.0.chars().collect();
        while let Some(last) = characters.pop() {
            // The code points of surrogates are no characters.
            let next = (last..=char::MAX).nth(1);
            if let Some(next) = next {
                characters.push(next);
                return Some(characters.into_iter().collect());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letter_case_makes_no_difference() {
        for (one, other) in [
            ("Chair", "cHAIR"),
            ("Straße", "STRASSE"),
            ("ΌΣΟΣ", "όσος"),
            ("ÉTÉ", "été"),
        ] {
            assert_eq!(SearchKey::of(one), SearchKey::of(other), "{one} {other}");
        }
        assert_ne!(SearchKey::of("été"), SearchKey::of("ete"));
    }

    #[test]
    fn a_key_has_128_characters_at_most() {
        let long = "ß".repeat(200);
        assert_eq!(SearchKey::of(&long).as_str(), "s".repeat(128));
    }

    #[test]
    fn a_prefix_without_an_end_is_made_of_last_characters() {
        let last = char::MAX.to_string();
        assert_eq!(SearchKey::of_folded(&last.repeat(3)).end_of_prefix(), None);
        let key = SearchKey::of_folded(&format!("a{last}"));
        assert_eq!(key.end_of_prefix().as_deref(), Some("b"));
        let key = SearchKey::of_folded("\u{d7ff}");
        assert_eq!(key.end_of_prefix().as_deref(), Some("\u{e000}"));
    }

    proptest! {
        #[test]
        fn texts_with_a_prefix_lie_before_its_end(prefix in ".{1,5}", rest in ".{0,5}", other in ".{0,6}") {
            let key = SearchKey::of(&prefix);
            let end = key.end_of_prefix().unwrap_or(char::MAX.to_string().repeat(9));
            let within = SearchKey::of(&(prefix + &rest));
            prop_assert!(key <= within && within.as_str() < end.as_str());
            let other = SearchKey::of(&other);
            let lies_within = key <= other && other.as_str() < end.as_str();
            prop_assert_eq!(lies_within, other.as_str().starts_with(key.as_str()));
        }
    }
}
