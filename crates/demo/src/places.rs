//! Where goods are sold, and where they lie.

use stockroom_domain::{Address, Geolocation, Invalid};

/// The slug of the warehouse.
pub(crate) const WAREHOUSE: &str = "warehouse";
/// The slug of the shop in Berlin.
pub(crate) const SHOP_BERLIN: &str = "shop-berlin";
/// The slug of the shop in Paris.
pub(crate) const SHOP_PARIS: &str = "shop-paris";
/// The slug of the shelf for goods that buyers sent back.
pub(crate) const RETURNS: &str = "returns";

/// A place where goods are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Desk {
    /// The web shop, which is the organization's own.
    Web,
    /// The till of the store in Berlin.
    Berlin,
    /// The till of the store in Paris.
    Paris,
}

impl Desk {
    /// All of them, in the order of their [numbers](Self::number).
    pub(crate) const ALL: [Self; 3] = [Self::Web, Self::Berlin, Self::Paris];

    /// Its place in [`ALL`](Self::ALL).
    pub(crate) const fn number(self) -> usize {
        match self {
            Self::Web => 0,
            Self::Berlin => 1,
            Self::Paris => 2,
        }
    }

    /// The slug of the location that it sells the organization's goods from.
    pub(crate) const fn location(self) -> &'static str {
        match self {
            Self::Web => WAREHOUSE,
            Self::Berlin => SHOP_BERLIN,
            Self::Paris => SHOP_PARIS,
        }
    }

    /// The beginning of its order numbers.
    pub(crate) const fn order_prefix(self) -> &'static str {
        match self {
            Self::Web => "W",
            Self::Berlin => "B",
            Self::Paris => "P",
        }
    }

    /// The number of its first order.
    pub(crate) const fn first_order(self) -> u64 {
        match self {
            Self::Web => 10_412,
            Self::Berlin => 2_087,
            Self::Paris => 1_544,
        }
    }

    /// The name of the key that it uses.
    pub(crate) const fn key_name(self) -> &'static str {
        match self {
            Self::Web => "Web shop",
            Self::Berlin => "Till Berlin",
            Self::Paris => "Till Paris",
        }
    }
}

/// A location to be made.
pub(crate) struct Place {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) external_ref: &'static str,
    pub(crate) description: &'static str,
    address: &'static [&'static str],
    /// Latitude and longitude.
    point: (f64, f64),
}

impl Place {
    /// The postal address.
    pub(crate) fn address(&self) -> Result<Address, Invalid> {
        Address::new(self.address.iter().map(|&line| line.into()).collect())
    }

    /// The point on the globe.
    pub(crate) fn geolocation(&self) -> Result<Geolocation, Invalid> {
        Geolocation::new(self.point.0, self.point.1)
    }
}

/// All locations.
pub(crate) const PLACES: [Place; 4] = [
    Place {
        slug: WAREHOUSE,
        name: "Warehouse Brandenburg",
        external_ref: "WH-01",
        description: "Roastery, high rack and dispatch.",
        address: &[
            "Demo Rösterei GmbH",
            "Am Güterbahnhof 12",
            "14770 Brandenburg an der Havel",
            "Germany",
        ],
        point: (52.4009, 12.5660),
    },
    Place {
        slug: SHOP_BERLIN,
        name: "Shop Berlin",
        external_ref: "SH-BER",
        description: "Sales floor and the store room behind it.",
        address: &["Oranienstraße 190", "10999 Berlin", "Germany"],
        point: (52.5003, 13.4217),
    },
    Place {
        slug: SHOP_PARIS,
        name: "Shop Paris",
        external_ref: "SH-PAR",
        description: "Sales floor and cellar.",
        address: &["84 rue de Belleville", "75020 Paris", "France"],
        point: (48.8730, 2.3855),
    },
    Place {
        slug: RETURNS,
        name: "Returns shelf",
        external_ref: "WH-01-R",
        description: "Goods that came back, until somebody has looked at them.",
        address: &[
            "Demo Rösterei GmbH",
            "Am Güterbahnhof 12, gate 3",
            "14770 Brandenburg an der Havel",
            "Germany",
        ],
        point: (52.4011, 12.5668),
    },
];
