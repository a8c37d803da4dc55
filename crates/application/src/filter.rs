//! Filters of lists. A filter is a list of conditions that all have to hold. The HTTP layer defines its
//! textual form; each adapter turns it into a query.

/// A condition on a value with an order: a number or a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison<T> {
    /// Equal to one of these.
    In(Vec<T>),
    /// Greater than this.
    Greater(T),
    /// Greater than this, or equal.
    GreaterOrEqual(T),
    /// Less than this.
    Less(T),
    /// Less than this, or equal.
    LessOrEqual(T),
}

impl<T: Ord> Comparison<T> {
    /// Whether `value` fulfils the condition.
    pub fn matches(&self, value: &T) -> bool {
        match self {
            Self::In(values) => values.contains(value),
            Self::Greater(bound) => value > bound,
            Self::GreaterOrEqual(bound) => value >= bound,
            Self::Less(bound) => value < bound,
            Self::LessOrEqual(bound) => value <= bound,
        }
    }
}

/// A text, possibly with other text before or after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The text that has to occur; letter case matters.
    pub text: String,
    /// Whether other text may come before it.
    pub open_start: bool,
    /// Whether other text may come after it.
    pub open_end: bool,
}

impl Pattern {
    /// Whether `value` matches the pattern.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => value == self.text,
            (false, true) => value.starts_with(&self.text),
            (true, false) => value.ends_with(&self.text),
            (true, true) => value.contains(&self.text),
        }
    }
}

/// A condition on a text that may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextCondition {
    /// Equal to one of these.
    In(Vec<String>),
    /// Matches the pattern.
    Like(Pattern),
    /// Absent.
    IsNull,
}

impl TextCondition {
    /// The condition that a text begins with `beginning`.
    #[must_use]
    pub fn beginning(beginning: &str) -> Self {
        Self::Like(Pattern {
            text: beginning.to_owned(),
            open_start: false,
            open_end: true,
        })
    }

    /// Whether `value` fulfils the condition. An absent text fulfils [`TextCondition::IsNull`]
    /// only.
    #[must_use]
    pub fn matches(&self, value: Option<&str>) -> bool {
        match self {
            Self::In(texts) => value.is_some_and(|value| texts.iter().any(|text| text == value)),
            Self::Like(pattern) => value.is_some_and(|value| pattern.matches(value)),
            Self::IsNull => value.is_none(),
        }
    }
}
