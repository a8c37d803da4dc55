//! Which items of a list are wanted. A filter is a list of conditions that all have to hold; what
//! its textual form looks like is the HTTP edge's business, how it becomes a query an adapter's.

use stockroom_domain::{
    Balance, EntryAction, ExternalRef, Location, OrderId, Position, ProductId, Reason, Recorded,
    Reference, Reservation, ReservationStatus, Slug, Stock, Timestamp,
};

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

/// A text with any other text before or behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The text that has to be there, letter case counting.
    pub text: String,
    /// Whether anything may stand before it.
    pub open_start: bool,
    /// Whether anything may stand behind it.
    pub open_end: bool,
}

impl Pattern {
    /// Whether `value` fits.
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
    /// Fits the pattern.
    Like(Pattern),
    /// Absent.
    IsNull,
}

impl TextCondition {
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

/// A condition on stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockCondition {
    /// One of its locations has such a slug; `IsNull` is for stock without any location.
    Location(TextCondition),
    /// It is stock of one of these products.
    Id(Vec<ProductId>),
    /// Its available figure, over all positions.
    Available(Comparison<i64>),
    /// Its allocated figure, over all positions.
    Allocated(Comparison<i64>),
    /// Its total figure, over all positions.
    Total(Comparison<i64>),
    /// When it was created.
    CreatedAt(Comparison<Timestamp>),
    /// When it was last changed.
    UpdatedAt(Comparison<Timestamp>),
}

impl StockCondition {
    /// Whether stock may come to fulfil it, or cease to, when a reservation expires.
    #[must_use]
    pub const fn depends_on_expiry(&self) -> bool {
        match self {
            Self::Available(_) | Self::Allocated(_) | Self::UpdatedAt(_) => true,
            Self::Location(_) | Self::Id(_) | Self::Total(_) | Self::CreatedAt(_) => false,
        }
    }

    /// Whether `stock` fulfils the condition.
    #[must_use]
    pub fn matches(&self, stock: &Stock) -> bool {
        let Balance {
            available,
            allocated,
        } = stock.sums();
        match self {
            Self::Location(TextCondition::IsNull) => stock.located.is_empty(),
            Self::Location(condition) => stock
                .located
                .values()
                .any(|Position { slug, .. }| condition.matches(Some(slug.as_str()))),
            Self::Id(products) => products.contains(&stock.product),
            Self::Available(comparison) => comparison.matches(&available.into()),
            Self::Allocated(comparison) => comparison.matches(&allocated.into()),
            Self::Total(comparison) => comparison.matches(&stock.sums().total().into()),
            Self::CreatedAt(comparison) => comparison.matches(&stock.created_at),
            Self::UpdatedAt(comparison) => comparison.matches(&stock.updated_at),
        }
    }
}

/// A condition on ledger entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionCondition {
    /// The slug that its location has now; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// Its action is one of these.
    Action(Vec<EntryAction>),
    /// Its quantity.
    Quantity(Comparison<i64>),
    /// When it was made.
    CreatedAt(Comparison<Timestamp>),
    /// Why it was made, as its client said.
    Reason(TextCondition),
    /// What it belongs to, as its client said.
    Reference(TextCondition),
}

impl TransactionCondition {
    /// Whether `recorded` fulfils the condition.
    #[must_use]
    pub fn matches(&self, recorded: &Recorded) -> bool {
        let slug = recorded.slug.as_ref().map(Slug::as_str);
        match self {
            Self::Location(condition) => condition.matches(slug),
            Self::Action(actions) => actions.contains(&recorded.entry.action),
            Self::Quantity(comparison) => comparison.matches(&recorded.entry.quantity.into()),
            Self::CreatedAt(comparison) => comparison.matches(&recorded.entry.created_at),
            Self::Reason(condition) => {
                let reason = recorded.entry.annotation.reason.as_ref();
                condition.matches(reason.map(Reason::as_str))
            }
            Self::Reference(condition) => {
                let reference = recorded.entry.annotation.reference.as_ref();
                condition.matches(reference.map(Reference::as_str))
            }
        }
    }
}

/// A condition on reservations, as they are at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationCondition {
    /// It has got as far as one of these.
    Status(Vec<ReservationStatus>),
    /// The order that it is for.
    OrderId(TextCondition),
    /// One of its lines is of one of these products.
    Product(Vec<ProductId>),
    /// One of its lines is in a location with such a slug; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// When it expires. One that doesn't fulfils no such condition.
    ExpiresAt(Comparison<Timestamp>),
    /// When it was made.
    CreatedAt(Comparison<Timestamp>),
}

impl ReservationCondition {
    /// Whether `reservation` fulfils the condition.
    #[must_use]
    pub fn matches(&self, reservation: &Reservation) -> bool {
        let mut lines = reservation.lines.iter();
        match self {
            Self::Status(statuses) => statuses.contains(&reservation.state.status()),
            Self::OrderId(condition) => {
                condition.matches(reservation.order.as_ref().map(OrderId::as_str))
            }
            Self::Product(products) => lines.any(|line| products.contains(&line.key.product)),
            Self::Location(condition) => lines.any(|line| {
                let location = line.location.as_ref();
                condition.matches(location.map(|(_, slug)| slug.as_str()))
            }),
            Self::ExpiresAt(comparison) => reservation
                .state
                .expires_at()
                .is_some_and(|expires_at| comparison.matches(&expires_at)),
            Self::CreatedAt(comparison) => comparison.matches(&reservation.created_at),
        }
    }
}

/// A condition on locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocationCondition {
    /// Its name.
    Name(TextCondition),
    /// Its slug.
    Slug(TextCondition),
    /// What another system calls it.
    ExternalRef(TextCondition),
}

impl LocationCondition {
    /// Whether `location` fulfils the condition.
    #[must_use]
    pub fn matches(&self, location: &Location) -> bool {
        match self {
            Self::Name(condition) => condition.matches(Some(location.name.as_str())),
            Self::Slug(condition) => condition.matches(Some(location.slug.as_str())),
            Self::ExternalRef(condition) => {
                condition.matches(location.external_ref.as_ref().map(ExternalRef::as_str))
            }
        }
    }
}
