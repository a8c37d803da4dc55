//! The navigation.

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Stock,
    Counts,
    Reservations,
    Transfers,
    Imports,
    Activity,
    Products,
    Locations,
    Webhooks,
    Keys,
    Stores,
    Settings,
    System,
}

impl Section {
    /// All places, in the order of the navigation. A heading begins a group.
    pub(crate) const ALL: [(Option<&'static str>, Self); 14] = [
        (None, Self::Overview),
        (Some("Stock"), Self::Stock),
        (None, Self::Counts),
        (None, Self::Reservations),
        (None, Self::Transfers),
        (None, Self::Imports),
        (None, Self::Activity),
        (Some("Catalogue"), Self::Products),
        (None, Self::Locations),
        (Some("Administration"), Self::Keys),
        (None, Self::Stores),
        (None, Self::Settings),
        (None, Self::Webhooks),
        (None, Self::System),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Stock => "Stock",
            Self::Counts => "Counting",
            Self::Reservations => "Reservations",
            Self::Transfers => "Transfers",
            Self::Imports => "Import and export",
            Self::Activity => "Activity",
            Self::Products => "Products",
            Self::Locations => "Locations",
            Self::Webhooks => "Webhooks",
            Self::Keys => "Keys",
            Self::Stores => "Stores",
            Self::Settings => "Settings",
            Self::System => "System",
        }
    }

    /// The path below the level.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Stock => "/stock",
            Self::Counts => "/counts",
            Self::Reservations => "/reservations",
            Self::Transfers => "/transfers",
            Self::Imports => "/imports",
            Self::Activity => "/activity",
            Self::Products => "/products",
            Self::Locations => "/locations",
            Self::Webhooks => "/webhooks",
            Self::Keys => "/keys",
            Self::Stores => "/stores",
            Self::Settings => "/settings",
            Self::System => "/system",
        }
    }

    /// The key that, after `g`, leads there.
    pub(crate) const fn key(self) -> char {
        match self {
            Self::Overview => 'o',
            Self::Stock => 's',
            Self::Counts => 'c',
            Self::Reservations => 'r',
            Self::Transfers => 'm',
            Self::Imports => 'i',
            Self::Activity => 'a',
            Self::Products => 'p',
            Self::Locations => 'l',
            Self::Webhooks => 'w',
            Self::Keys => 'k',
            Self::Stores => 't',
            Self::Settings => 'e',
            Self::System => 'y',
        }
    }

    /// Whether only the organization has it.
    pub(crate) const fn is_of_organization(self) -> bool {
        matches!(self, Self::Stores)
    }
}
