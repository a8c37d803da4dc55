//! Short ways to write requests and values.

use std::collections::BTreeMap;

use stockroom_domain::{
    Access, Balance, CommodityType, Configuration, CreateIntegration, CreateKey, CreateLocation,
    CreateStock, DeliveryTimeout, EchoedFigures, EventFormat, Name, NewSecret, Observed, ProductId,
    ProductStatus, ProductText, Quantity, Refusal, RefusedMovement, RegisterProduct, SecretHash,
    SetLocations, SigningSecret, Slug, Transact, TransactionAction, WebhookUrl,
};
use uuid::Uuid;

pub(crate) fn quantity(pieces: u64) -> Quantity {
    Quantity::new(pieces).expect("a quantity is at most 2^53-1")
}

/// The refusal of a transaction on this number of pieces of a position with these figures, of which
/// reservations hold nothing.
pub(crate) fn insufficient(pieces: u64, available: u64, allocated: u64) -> Refusal {
    Refusal::InsufficientStock(refused(pieces, available, allocated))
}

pub(crate) fn refused(pieces: u64, available: u64, allocated: u64) -> RefusedMovement {
    RefusedMovement {
        requested: quantity(pieces),
        balance: Balance {
            available: quantity(available),
            allocated: quantity(allocated),
        },
        reserved: Quantity::ZERO,
    }
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

pub(crate) fn name(text: &str) -> Name {
    Name::new("name", text).expect("a name")
}

pub(crate) fn text(text: &str) -> ProductText {
    ProductText::new("text", text).expect("a text")
}

pub(crate) fn stock<'a>(
    product: ProductId,
    pieces: u64,
    located: impl IntoIterator<Item = (&'a str, u64)>,
) -> CreateStock {
    CreateStock {
        product,
        unlocated: quantity(pieces),
        located: located
            .into_iter()
            .map(|(at, pieces)| (slug(at), quantity(pieces)))
            .collect(),
    }
}

pub(crate) fn transaction(
    product: ProductId,
    action: TransactionAction,
    pieces: u64,
    location: Option<&str>,
) -> Transact {
    Transact {
        location: location.map(str::to_owned),
        ..Transact::new(product, action, quantity(pieces))
    }
}

pub(crate) fn put<'a>(
    product: ProductId,
    located: impl IntoIterator<Item = (&'a str, Option<u64>)>,
) -> SetLocations {
    let located: BTreeMap<_, _> = located
        .into_iter()
        .map(|(at, pieces)| (slug(at), pieces.map(quantity)))
        .collect();
    SetLocations {
        product,
        located,
        echoed: EchoedFigures::default(),
    }
}

pub(crate) fn location(at: &str) -> CreateLocation {
    CreateLocation::new(name("A location"), slug(at))
}

pub(crate) fn registration(called: &str) -> RegisterProduct {
    RegisterProduct {
        id: None,
        name: text(called),
        sku: None,
        slug: None,
        description: None,
        status: ProductStatus::Draft,
        commodity_type: CommodityType::Physical,
        manage_stock: false,
        external_ref: None,
        stock: None,
    }
}

pub(crate) fn key(client_id: &str) -> CreateKey {
    CreateKey {
        name: text("A key"),
        client_id: client_id.to_owned(),
        secret_hash: SecretHash([7; 32]),
        reserved_rate_limit: 0,
        allow_implicit: false,
        access: Access::Full,
        rate_limit: None,
    }
}

pub(crate) fn integration(called: &str) -> CreateIntegration {
    CreateIntegration {
        name: text(called),
        description: None,
        enabled: true,
        observes: Observed::All,
        configuration: Configuration {
            url: WebhookUrl::new("https://example.com").expect("an address"),
            format: EventFormat::ElasticPath,
            timeout: DeliveryTimeout::default(),
            filter: None,
        },
        secret_key: None,
        secret: new_secret("first"),
        position: 0,
    }
}

pub(crate) fn new_secret(text: &str) -> NewSecret {
    NewSecret {
        secret: SigningSecret::new(format!("whsec_{text}")).expect("a secret"),
        salt: Uuid::nil(),
        digest: SecretHash([7; 32]),
    }
}
