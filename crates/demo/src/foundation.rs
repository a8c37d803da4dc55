//! The foundation: the organization with its stores, keys, locations and products.

use std::sync::Arc;

use anyhow::Context;
use stockroom_application::{NewKey, NewKeyRequest, Stockroom, TokenRequest, Writer};
use stockroom_domain::{
    Access, Alert, CommodityType, CreateLocation, Description, ExternalRef, Name, Organization,
    Owner, Patch, PolicyUpdate, ProductId, ProductStatus, ProductText, Quantity, RegisterProduct,
    SetPolicy, Slug, Store, TransactionAction,
};

use crate::catalogue::{self, Item, Note};
use crate::places::{Desk, PLACES};
use crate::shop::{Movement, People, Shop};

/// One product of so many is watched.
const WATCHED: usize = 4;

/// The part of the first stock at which a product counts as low, in per cent.
const LOW_PERCENT: u64 = 60;

/// The foundation of the shop.
pub(crate) struct Founded {
    pub(crate) organization: Organization,
    pub(crate) stores: [Store; 2],
    /// The key of the head office.
    pub(crate) key: NewKey,
    pub(crate) shop: Shop,
}

/// Founds the shop. Its products have no stock yet.
///
/// # Errors
/// If anything of it is refused or fails.
pub(crate) async fn found(stockroom: &Arc<Stockroom>) -> anyhow::Result<Founded> {
    let organization = Name::new("name", "Demo organization")?;
    let organization = stockroom.create_organization(organization).await?;
    let store = async |name: &str| {
        let name = Name::new("name", name)?;
        anyhow::Ok(stockroom.create_store(organization.id, name).await?)
    };
    let stores = [store("Shop Berlin").await?, store("Shop Paris").await?];
    let owner_of = |desk: Desk| match desk {
        Desk::Web => Owner::Organization,
        Desk::Berlin => Owner::Store(stores[0].id),
        Desk::Paris => Owner::Store(stores[1].id),
    };
    let key = async |owner: Owner, name: &str| {
        let operator = Writer::operator(organization.id, owner);
        create_key(stockroom, &operator, name).await
    };
    let office_key = key(Owner::Organization, "Head office").await?;
    let office = caller(stockroom, &office_key).await?;
    let warehouse_key = key(Owner::Organization, "Warehouse").await?;
    let warehouse = caller(stockroom, &warehouse_key).await?;
    let [web, berlin, paris] = Desk::ALL;
    let web_key = key(owner_of(web), web.key_name()).await?;
    let berlin_key = key(owner_of(berlin), berlin.key_name()).await?;
    let paris_key = key(owner_of(paris), paris.key_name()).await?;
    let desks = [
        caller(stockroom, &web_key).await?,
        caller(stockroom, &berlin_key).await?,
        caller(stockroom, &paris_key).await?,
    ];

    create_locations(stockroom, &office).await?;
    let items = catalogue::items()?;
    let mut products = Vec::with_capacity(items.len());
    for (number, item) in (1_001_u32..).zip(&items) {
        let by = match item.of {
            Desk::Web => &office,
            of => &desks[of.number()],
        };
        products.push(register(stockroom, by, item, number).await?);
    }
    let people = People {
        office,
        warehouse,
        desks,
    };
    let shop = Shop {
        stockroom: Arc::clone(stockroom),
        items,
        products,
        people,
        next_orders: Desk::ALL.map(Desk::first_order),
        next_paper: 2_320,
    };
    Ok(Founded {
        organization,
        stores,
        key: office_key,
        shop,
    })
}

impl Shop {
    /// Puts the first stock in its places: one batch for each.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn stock_up(&self) -> anyhow::Result<()> {
        for desk in Desk::ALL {
            let of_all = self.first_movements(Desk::Web, desk);
            let reference = format!("OPENING-{}", desk.location().to_uppercase());
            self.move_goods(&self.people.warehouse, &of_all, "opening stock", &reference)
                .await?;
            if desk != Desk::Web {
                let own = self.first_movements(desk, desk);
                let by = self.people.at(desk);
                self.move_goods(by, &own, "opening stock", &reference)
                    .await?;
            }
        }
        Ok(())
    }

    /// Has the organization told when some of its goods run low.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn watch(&self) -> anyhow::Result<()> {
        for (number, item) in self.items.iter().enumerate().step_by(WATCHED) {
            let pieces: u64 = item.pieces.iter().sum();
            if item.of != Desk::Web || item.note == Note::Baked || pieces == 0 {
                continue;
            }
            let level = Quantity::new(pieces * LOW_PERCENT / 100).unwrap_or_default();
            let policy = SetPolicy {
                product: self.products[number],
                update: PolicyUpdate {
                    safety_stock: Patch::Keep,
                    alerts: Patch::Set(vec![Alert::new(level, None)?]),
                },
                locations: Patch::Keep,
            };
            self.stockroom.execute(&self.people.office, policy).await?;
        }
        Ok(())
    }

    /// The first deliveries of the goods of an owner to the place of a desk.
    fn first_movements(&self, of: Desk, desk: Desk) -> Vec<Movement> {
        let items = self.items.iter().enumerate();
        let increments = items.filter_map(|(number, item)| {
            let pieces = item.pieces[desk.number()];
            let is_due = item.of == of && item.note != Note::Baked && pieces > 0;
            let location = item.location(desk);
            let increment = TransactionAction::Increment;
            is_due.then(|| Movement::new(number, increment, location, pieces))
        });
        increments.collect()
    }
}

async fn create_key(
    stockroom: &Stockroom,
    operator: &Writer,
    name: &str,
) -> anyhow::Result<NewKey> {
    let request = NewKeyRequest {
        name: ProductText::new("name", name)?,
        reserved_rate_limit: 0,
        allow_implicit: false,
        access: Access::Full,
    };
    Ok(stockroom.create_key(operator, request).await?)
}

/// The caller with this key, as a client would be.
async fn caller(stockroom: &Stockroom, key: &NewKey) -> anyhow::Result<Writer> {
    let request = TokenRequest::ClientCredentials {
        client_id: key.key.client_id.clone(),
        client_secret: key.client_secret.clone(),
    };
    let token = stockroom.issue_token(request).await?;
    let caller = stockroom.authenticate(&token.access_token)?;
    caller
        .administrator()
        .and_then(|administrator| administrator.writer().ok())
        .context("a key of the demonstration may change nothing")
}

async fn create_locations(stockroom: &Stockroom, office: &Writer) -> anyhow::Result<()> {
    for place in &PLACES {
        let name = Name::new("name", place.name)?;
        let request = CreateLocation {
            external_ref: Some(ExternalRef::new("external_ref", place.external_ref)?),
            description: Some(Description::new("description", place.description)?),
            address: Some(place.address()?),
            geolocation: Some(place.geolocation()?),
            ..CreateLocation::new(name, Slug::new(place.slug)?)
        };
        stockroom.execute(office, request).await?;
    }
    Ok(())
}

async fn register(
    stockroom: &Stockroom,
    by: &Writer,
    item: &Item,
    number: u32,
) -> anyhow::Result<ProductId> {
    let text = |field, text: &str| Ok::<_, anyhow::Error>(Some(ProductText::new(field, text)?));
    let request = RegisterProduct {
        id: None,
        name: ProductText::new("name", item.name)?,
        sku: text("sku", item.sku)?,
        slug: text("slug", item.slug)?,
        description: text("description", item.description)?,
        status: match item.note {
            Note::Draft => ProductStatus::Draft,
            Note::Nothing | Note::SoldOut | Note::Baked => ProductStatus::Live,
        },
        commodity_type: CommodityType::Physical,
        manage_stock: true,
        external_ref: text("external_ref", &format!("ERP-{number}"))?,
        stock: None,
    };
    Ok(stockroom.execute(by, request).await?.product.id)
}
