//! Looking up the products and locations that the lines of a file name.

use std::collections::{BTreeMap, HashMap, HashSet};

use stockroom_domain::{
    Actor, Annotation, Expectation, Import, ImportAction, ImportLine, ImportOptions, LineContent,
    LineLocation, LineMovement, LineProblem, LineProduct, Name, NewLocation, NewProduct, Owner,
    Patch, PolicyUpdate, Product, ProductId, ProductText, Reason, Reference, Refusal, SetPolicy,
    Slug, Stock, StockLine,
};
use stockroom_files::{
    FileAction, FileLine, LineContent as FileContent, LineMovements, LinePolicy, NamedProduct,
    Profile,
};

use crate::location_names::{LocationNames, NameOrder};
use crate::pipeline::Pipeline;
use crate::ports::{Scope, StoreError};
use crate::product_names::ProductNames;

/// The reason of lines without one, if the caller names none either. (Source: the contract of imports.)
const REASON: &str = "import";

/// The largest number of characters of a slug that is made of a name; a number may follow.
const SLUG_CHARS_MAX: usize = 120;

/// Looks up what the lines of one file name.
pub(super) struct Resolver<'a> {
    pipeline: &'a Pipeline,
    scope: Scope,
    actor: Actor,
    options: ImportOptions,
    order: NameOrder,
    locations: LocationNames,
    /// The locations that the job makes.
    new_locations: Vec<NewLocation>,
    annotation: Annotation,
}

/// The product of a line and what the line says of it, unless it says nothing.
type Named = Result<Option<(LineProduct, FileContent)>, LineProblem>;

/// The things that the lines of one chunk name.
struct Known {
    names: ProductNames,
    registered: HashMap<ProductId, Product>,
    stocks: HashMap<ProductId, Stock>,
}

impl<'a> Resolver<'a> {
    pub(super) async fn new(
        pipeline: &'a Pipeline,
        scope: Scope,
        import: &Import,
        profile: Profile,
    ) -> Result<Self, StoreError> {
        let options = import.options.clone();
        let id = import.id;
        let annotation = Annotation {
            reason: options
                .reason
                .clone()
                .or_else(|| Reason::new("reason", REASON).ok()),
            reference: options
                .reference
                .clone()
                .or_else(|| Reference::new("reference", id.to_string()).ok()),
        };
        Ok(Self {
            order: match profile {
                Profile::Shopify => NameOrder::NameFirst,
                Profile::Stockroom | Profile::ElasticPath | Profile::Policies => {
                    NameOrder::SlugFirst
                }
            },
            locations: LocationNames::read(pipeline, scope).await?,
            new_locations: Vec::new(),
            pipeline,
            scope,
            actor: import.actor(),
            options,
            annotation,
        })
    }

    /// The lines with what they name.
    pub(super) async fn resolve(
        &mut self,
        lines: Vec<FileLine<'_>>,
    ) -> Result<Vec<ImportLine>, StoreError> {
        let mut known = self.look_up(&lines).await?;
        let named: Vec<(u32, Named)> = lines
            .into_iter()
            .map(|line| {
                let content = match line.read {
                    Err(fault) => Err(LineProblem::Invalid(fault.0)),
                    Ok(content) => match content.product() {
                        None => Ok(None),
                        Some(named) => self
                            .product(named, &known)
                            .map(|product| Some((product, content))),
                    },
                };
                (line.number, content)
            })
            .collect();
        let products: HashSet<ProductId> = named
            .iter()
            .filter_map(|(_, content)| match content {
                Ok(Some((LineProduct::Known(product), _))) => Some(*product),
                Ok(Some((LineProduct::New(new), _))) => new.id,
                _ => None,
            })
            .filter(|product| !known.stocks.contains_key(product))
            .collect();
        let products: Vec<ProductId> = products.into_iter().collect();
        let stocks = self.pipeline.stocks(self.scope, &products).await?;
        known
            .stocks
            .extend(stocks.into_iter().map(|it| (it.product, it)));
        let lines = named.into_iter().map(|(number, content)| {
            let content = content.and_then(|content| match content {
                None | Some((_, FileContent::Skipped)) => Ok(LineContent::Skipped),
                Some((product, FileContent::Movements(movements))) => {
                    let line = self.line(product, movements, &known)?;
                    Ok(LineContent::Movements(Box::new(line)))
                }
                Some((product, FileContent::Policy(policy))) => {
                    let set = self.policy(&product, policy, &known)?;
                    Ok(LineContent::Policy(Box::new(set)))
                }
            });
            ImportLine {
                number,
                content: content.unwrap_or_else(LineContent::Failed),
            }
        });
        Ok(lines.collect())
    }

    async fn look_up(&self, lines: &[FileLine<'_>]) -> Result<Known, StoreError> {
        let products = || {
            let read = lines.iter().filter_map(|line| line.read.as_ref().ok());
            read.filter_map(FileContent::product)
        };
        let skus = products().filter_map(|product| product.sku.as_ref());
        let external_refs = products().filter_map(|product| product.external_ref.as_ref());
        let names = ProductNames::look_up(self.pipeline, self.scope, skus, external_refs).await?;
        let ids = products().filter_map(|product| {
            let written = || product.sku.as_ref().filter(|_| product.sku_may_be_id);
            product.id.or_else(|| ProductId::parse(written()?.as_str()))
        });
        let ids: HashSet<ProductId> = ids.collect();
        let ids: Vec<ProductId> = ids.into_iter().collect();
        let registered = self.pipeline.products(self.scope, &ids).await?;
        let stocks = self.pipeline.stocks(self.scope, &ids).await?;
        Ok(Known {
            names,
            registered: registered.into_iter().map(|it| (it.id, it)).collect(),
            stocks: stocks.into_iter().map(|it| (it.product, it)).collect(),
        })
    }

    /// The product that a line names by the first of its names.
    fn product(&self, named: &NamedProduct, known: &Known) -> Result<LineProduct, LineProblem> {
        let by_sku = named.sku.as_ref().and_then(|sku| known.names.with_sku(sku));
        let by_ref = named.external_ref.as_ref();
        let by_ref = by_ref.and_then(|text| known.names.with_external_ref(text));
        let is_known =
            |id: &ProductId| known.registered.contains_key(id) || known.stocks.contains_key(id);
        let written_id = || {
            let sku = named.sku.as_ref().filter(|_| named.sku_may_be_id)?;
            ProductId::parse(sku.as_str()).filter(is_known)
        };
        let found = match (named.id, &named.sku) {
            (Some(id), _) => is_known(&id).then_some(id),
            (None, Some(_)) => by_sku.map(|product| product.id).or_else(written_id),
            (None, None) => by_ref.map(|product| product.id),
        };
        let Some(id) = found else {
            return self.unknown(named, by_sku, by_ref);
        };
        let own = known.registered.get(&id);
        let is_other = |other: &&Product| other.id != id;
        if let Some(other) = by_sku.filter(is_other)
            && own.is_none_or(|own| own.sku != named.sku)
        {
            return Err(Refusal::SkuTaken { product: other.id }.into());
        }
        if let Some(other) = by_ref.filter(is_other)
            && own.is_none_or(|own| own.external_ref != named.external_ref)
        {
            return Err(Refusal::ExternalRefTaken { product: other.id }.into());
        }
        let is_nameless = !known.registered.contains_key(&id) && named.id.is_some();
        if is_nameless && self.options.create_products {
            return Ok(new_product(named)?.unwrap_or(LineProduct::Known(id)));
        }
        Ok(LineProduct::Known(id))
    }

    /// The product of a line whose first name nobody has.
    fn unknown(
        &self,
        named: &NamedProduct,
        by_sku: Option<&Product>,
        by_ref: Option<&Product>,
    ) -> Result<LineProduct, LineProblem> {
        if self.options.create_products
            && let Some(new) = new_product(named)?
        {
            let is_own = |product: &&Product| product.owner == self.scope.acting;
            if let Some(other) = by_sku.filter(is_own) {
                return Err(Refusal::SkuTaken { product: other.id }.into());
            }
            if let Some(other) = by_ref.filter(is_own) {
                return Err(Refusal::ExternalRefTaken { product: other.id }.into());
            }
            return Ok(new);
        }
        // A product that nobody registered may get stock.
        let id = named.id.map(LineProduct::Known);
        id.ok_or(LineProblem::Refused(Refusal::ProductNotFound))
    }

    fn line(
        &mut self,
        product: LineProduct,
        line: LineMovements,
        known: &Known,
    ) -> Result<StockLine, LineProblem> {
        let id = match &product {
            LineProduct::Known(id) => Some(*id),
            LineProduct::New(new) => new.id,
        };
        let stock = id.and_then(|id| known.stocks.get(&id));
        let makes_stock = matches!(product, LineProduct::New(_)) || self.options.create_stock;
        if stock.is_none() && !makes_stock {
            return Err(Refusal::UnknownStock.into());
        }
        let owner = stock.map_or(self.scope.acting, |stock| stock.owner);
        let mut movements = Vec::with_capacity(line.movements.len());
        for movement in line.movements {
            let location = movement.location.as_deref();
            let location = location
                .map(|text| self.location(owner, text))
                .transpose()?;
            movements.push(LineMovement {
                location,
                action: match movement.action {
                    FileAction::Transaction(action) => ImportAction::Transaction(action),
                    FileAction::SetAvailable => ImportAction::SetAvailable,
                },
                quantity: movement.quantity,
            });
        }
        let annotation = self.annotation.clone();
        Ok(StockLine {
            product,
            sku: line.product.sku.filter(|_| !line.product.sku_may_be_id),
            external_ref: line.product.external_ref,
            movements,
            expectation: Expectation {
                available: line.expect_available,
                total: line.expect_total,
                allocated: None,
            },
            annotation: Annotation {
                reason: line.reason.or(annotation.reason),
                reference: line.reference.or(annotation.reference),
            },
        })
    }

    /// The change of a policy of stock that there is.
    fn policy(
        &mut self,
        product: &LineProduct,
        line: LinePolicy,
        known: &Known,
    ) -> Result<SetPolicy, LineProblem> {
        let stock = match product {
            LineProduct::Known(id) => known.stocks.get(id),
            LineProduct::New(_) => None,
        };
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        // What can't be undone is looked at before anything is changed.
        self.actor.may_administer(stock.owner)?;
        let mut set = SetPolicy {
            product: stock.product,
            update: PolicyUpdate::default(),
            locations: Patch::Keep,
        };
        match line.location {
            None => set.update = line.update,
            Some(text) => {
                let slug = match self.location(stock.owner, &text)? {
                    LineLocation::Known(slug) => slug,
                    LineLocation::New(new) => new.slug.as_str().to_owned(),
                };
                if stock.location_of(&slug).is_none() {
                    return Err(Refusal::not_stocked(&text).into());
                }
                set.locations = Patch::Set(BTreeMap::from([(slug, Some(line.update))]));
            }
        }
        Ok(set)
    }

    fn location(&mut self, owner: Owner, text: &str) -> Result<LineLocation, LineProblem> {
        match self.locations.find(owner, text, self.order) {
            Ok(Some(location)) => Ok(LineLocation::Known(location.slug.as_str().to_owned())),
            Err(_) => Err(LineProblem::Invalid(format!(
                "several locations are named {text:?}: write the slug"
            ))),
            // Those of the organization are made by itself.
            Ok(None) if !self.options.create_locations || owner != self.scope.acting => {
                Err(Refusal::unknown_location(text).into())
            }
            Ok(None) => self.new_location(text),
        }
    }

    /// A location that is made: its slug is that of its name, with a number if another one has it. A later
    /// line may name it by either.
    fn new_location(&mut self, text: &str) -> Result<LineLocation, LineProblem> {
        let known = self.new_locations.iter();
        let mut known = known.filter(|new| new.name.as_str() == text || new.slug.as_str() == text);
        if let Some(new) = known.next() {
            return Ok(LineLocation::New(Box::new(new.clone())));
        }
        if text.trim() != text {
            return Err(LineProblem::Invalid(
                "the name of a new location must not begin or end with white space".to_owned(),
            ));
        }
        let name = Name::new("the name of a new location", text)
            .map_err(|invalid| LineProblem::Invalid(invalid.to_string()))?;
        let mut base = match Slug::new(text) {
            Ok(slug) => slug.as_str().to_owned(),
            Err(_) => slug::slugify(text),
        };
        base.truncate(SLUG_CHARS_MAX);
        if base.is_empty() {
            "location".clone_into(&mut base);
        }
        let is_free = |slug: &Slug| {
            let owner = self.scope.acting;
            let found = self
                .locations
                .find(owner, slug.as_str(), NameOrder::SlugFirst);
            let is_new = self.new_locations.iter().any(|new| new.slug == *slug);
            matches!(found, Ok(None)) && !is_new
        };
        let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
        let mut slugs = std::iter::once(base.clone())
            .chain(numbered)
            .map_while(|slug| Slug::new(slug).ok());
        let slug = slugs.find(is_free);
        let slug = slug.ok_or_else(|| Refusal::unknown_location(text))?;
        let new = NewLocation { name, slug };
        self.new_locations.push(new.clone());
        Ok(LineLocation::New(Box::new(new)))
    }
}

/// The product that a line describes, if it gives a name to it.
///
/// # Errors
/// [`Refusal`] if a name can't be one.
fn new_product(named: &NamedProduct) -> Result<Option<LineProduct>, Refusal> {
    let name: Option<&ProductText> = named.name.as_ref();
    let name = name.or(named.sku.as_ref()).or(named.external_ref.as_ref());
    let Some(name) = name else {
        return Ok(None);
    };
    let new = NewProduct {
        id: named.id,
        name: name.clone(),
        sku: named.sku.clone(),
        external_ref: named.external_ref.clone(),
    };
    new.check()?;
    Ok(Some(LineProduct::New(Box::new(new))))
}
