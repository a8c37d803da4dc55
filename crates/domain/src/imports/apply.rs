//! Applying lines of a file.

use std::collections::HashMap;

use super::decide::{check_status, decided, end, kept, next, own_import};
use super::line::{
    ImportAction, ImportLine, LineContent, LineLocation, LineMovement, LineProduct, NewLocation,
    NewProduct, StockLine,
};
use super::made::Made;
use super::requests::{creation, need, no_stock, registration};
use super::{
    AppliedChunk, ChangedProduct, Import, ImportChange, ImportStatus, ImportStep, LineChange,
    LineCounts,
};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LineError, Needs, RecordChange, Refusal, State,
};
use crate::ledger::{Balance, Batch, BatchEntry, Recorded, TransactionAction};
use crate::locations::Location;
use crate::policies::SetPolicy;
use crate::stock::Stock;
use crate::stock::lookup::known_location;
use crate::transactions::transact::Transact;
use crate::values::{BatchId, ImportId, LocationId, Owner, ProductId, ProductText};

/// Applies chunks of a job, together with the note that they are applied. The lines are decided one after
/// the other, each on the state that those before it left; one that fails hinders no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyLines {
    /// The job.
    pub import: ImportId,
    /// The wish of the job to give stock to products that have none.
    pub create_stock: bool,
    /// The number of the first chunk. It is refused unless it is the job's next one.
    pub chunk: u32,
    /// The lines of each chunk. Behind a chunk in which too many have failed, the job stops.
    pub chunks: Vec<Vec<ImportLine>>,
}

impl Decide for ApplyLines {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "apply_import"
    }

    fn weight(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.import);
        for line in self.chunks.iter().flatten() {
            match &line.content {
                LineContent::Failed(_) | LineContent::Skipped => {}
                LineContent::Movements(line) => need(line, self.create_stock, actor, needs),
                LineContent::Policy(set) => set.needs(actor, needs),
            }
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.import)?;
        check_status(before, &[ImportStatus::Started])?;
        if !before.is_checked || before.next_chunk != self.chunk {
            return Err(Refusal::ImportMovedOn);
        }
        let mut import = next(before, context);
        let mut applied = Applied {
            actor,
            state: state.clone(),
            changes: Vec::new(),
            made: Vec::new(),
            create_stock: self.create_stock,
            batch: BatchId::new(context.ids.next_id(context.now)),
            registered: HashMap::new(),
            skus: HashMap::new(),
            external_refs: HashMap::new(),
        };
        let mut errors = Vec::new();
        for lines in &self.chunks {
            applied.apply_all(lines, &mut import.lines, &mut errors, context);
            import.next_chunk = import.next_chunk.saturating_add(1);
            if import.lines.failed > import.options.abort_after {
                import.stopped_by = Some(ImportStep::Apply);
                end(&mut import, ImportStatus::Failed, context);
                break;
            }
        }
        if import.stopped_by.is_none() && import.next_chunk >= import.chunks {
            end(&mut import, ImportStatus::Success, context);
        }
        let errors = kept(&mut import.errors, Import::ERRORS_MAX, errors);
        let mut change = ImportChange {
            before: Some(before.status),
            import,
            applied: None,
            changes: Vec::new(),
        };
        let changes = if before.options.dry_run {
            let stored = &mut change.import.changes;
            change.changes = kept(stored, Import::CHANGES_MAX, applied.foreseen());
            Vec::new()
        } else {
            let (changes, chunk) = applied.close(self.chunk);
            change.applied = chunk;
            changes
        };
        let decision = decided(change, errors);
        Ok(Decision {
            changes: changes.into_iter().chain(decision.changes).collect(),
            answer: decision.answer,
        })
    }
}

/// The lines that were applied.
struct Applied<'a> {
    actor: &'a Actor,
    /// The state after them.
    state: State,
    changes: Vec<Change>,
    made: Vec<Made>,
    create_stock: bool,
    batch: BatchId,
    /// The products that were registered.
    registered: HashMap<ProductId, ChangedProduct>,
    /// Their ids by their names.
    skus: HashMap<ProductText, ProductId>,
    external_refs: HashMap<ProductText, ProductId>,
}

/// The effects of a line.
struct Effects {
    changes: Vec<Change>,
    /// Its entries, each with the figures of its position before.
    made: Vec<(Balance, Recorded)>,
}

impl Applied<'_> {
    /// Applies lines, counts what comes of them, and adds the errors of those that fail.
    fn apply_all(
        &mut self,
        lines: &[ImportLine],
        counts: &mut LineCounts,
        errors: &mut Vec<LineError>,
        context: &mut Context<'_>,
    ) {
        for ImportLine { number, content } in lines {
            let is_changed = match content {
                LineContent::Skipped => {
                    counts.skipped = counts.skipped.saturating_add(1);
                    continue;
                }
                LineContent::Failed(problem) => Err(problem.clone()),
                LineContent::Movements(line) => {
                    self.apply(*number, line, context).map_err(Into::into)
                }
                LineContent::Policy(set) => self.set_policy(set, context).map_err(Into::into),
            };
            let count = match is_changed {
                Ok(true) => &mut counts.changed,
                Ok(false) => &mut counts.unchanged,
                Err(problem) => {
                    errors.push(LineError::new(*number, problem));
                    &mut counts.failed
                }
            };
            *count = count.saturating_add(1);
        }
    }

    /// Applies a line, and returns whether it changed anything.
    fn apply(
        &mut self,
        number: u32,
        line: &StockLine,
        context: &mut Context<'_>,
    ) -> Result<bool, Refusal> {
        let mut locations = Vec::new();
        match self.effects(line, &mut locations, context) {
            Ok(Effects { changes, made }) => {
                let is_changed = !changes.is_empty();
                let locations = locations.into_iter();
                let locations = locations.map(|it| Change::Record(RecordChange::Location(it)));
                self.changes.extend(locations);
                for change in changes {
                    self.note_product(line, &change);
                    self.state.apply(change.clone());
                    self.changes.push(change);
                }
                let made = made.into_iter();
                self.made.extend(made.map(|(before, recorded)| Made {
                    line: number,
                    before,
                    recorded,
                }));
                Ok(is_changed)
            }
            Err(refusal) => {
                for location in &locations {
                    self.state.forget_new_location(location);
                }
                Err(refusal)
            }
        }
    }

    /// Changes a policy, and returns whether it wasn't so before.
    fn set_policy(&mut self, set: &SetPolicy, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let decision = set.decide(self.actor, &self.state, context)?;
        let is_changed = !decision.changes.is_empty();
        for change in decision.changes {
            self.state.apply(change.clone());
            self.changes.push(change);
        }
        Ok(is_changed)
    }

    /// Notes a product that a line registers.
    fn note_product(&mut self, line: &StockLine, change: &Change) {
        if let Change::Record(RecordChange::Product(product)) = change {
            let id = product.id;
            let new = ChangedProduct::New {
                id: match &line.product {
                    LineProduct::Known(id) => Some(*id),
                    LineProduct::New(new) => new.id,
                },
                name: product.name.clone(),
                sku: product.sku.clone(),
            };
            self.registered.insert(id, new);
            self.skus.extend(product.sku.clone().map(|sku| (sku, id)));
            let external_ref = product.external_ref.clone();
            self.external_refs.extend(external_ref.map(|it| (it, id)));
        }
    }

    /// The effects of a line. The locations that it makes are in the state already.
    fn effects(
        &mut self,
        line: &StockLine,
        locations: &mut Vec<Location>,
        context: &mut Context<'_>,
    ) -> Result<Effects, Refusal> {
        let (mut stock, mut changes) = self.stock(&line.product, context)?;
        self.check_names(line, stock.product)?;
        let mut made = Vec::new();
        for movement in &line.movements {
            let place = (&stock, &mut *locations);
            let (transact, location) = self.transact(place, line, movement, context)?;
            let before = stock.balance(location);
            context.batch = Some(self.batch);
            let decided = transact.decide_on(Some(&stock), self.actor, &self.state, context);
            context.batch = None;
            let decision = decided?;
            if before == Some(decision.answer.entry.balance) {
                continue;
            }
            if let Some(after) = stock_among(&decision.changes) {
                stock = after.clone();
            }
            changes.extend(decision.changes);
            made.push((before.unwrap_or_default(), decision.answer));
        }
        Ok(Effects { changes, made })
    }

    /// Refuses a line that gives its product a name which an earlier line has given to another.
    fn check_names(&self, line: &StockLine, product: ProductId) -> Result<(), Refusal> {
        let other = |names: &HashMap<ProductText, ProductId>, name: &Option<ProductText>| {
            let holder = names.get(name.as_ref()?).copied();
            holder.filter(|holder| *holder != product)
        };
        if let Some(product) = other(&self.skus, &line.sku) {
            return Err(Refusal::SkuTaken { product });
        }
        match other(&self.external_refs, &line.external_ref) {
            Some(product) => Err(Refusal::ExternalRefTaken { product }),
            None => Ok(()),
        }
    }

    /// The stock of a line's product, and the changes that make it if there is none.
    fn stock(
        &self,
        product: &LineProduct,
        context: &mut Context<'_>,
    ) -> Result<(Stock, Vec<Change>), Refusal> {
        let product = match product {
            LineProduct::Known(product) => *product,
            LineProduct::New(new) => {
                let Some(product) = self.registered(new) else {
                    return self.register(new, context);
                };
                product
            }
        };
        match self.visible_stock(product) {
            Some(stock) => Ok((stock, Vec::new())),
            None if self.create_stock => {
                let decision = no_stock(product).decide(self.actor, &self.state, context)?;
                Ok((decision.answer, decision.changes))
            }
            None => Err(Refusal::UnknownStock),
        }
    }

    /// Registers a product, and gives its stock and the changes that make both.
    fn register(
        &self,
        new: &NewProduct,
        context: &mut Context<'_>,
    ) -> Result<(Stock, Vec<Change>), Refusal> {
        let decision = registration(new).decide(self.actor, &self.state, context)?;
        let stock = stock_among(&decision.changes).cloned();
        let stock = stock.or_else(|| self.visible_stock(decision.answer.product.id));
        Ok((stock.ok_or(Refusal::UnknownStock)?, decision.changes))
    }

    fn visible_stock(&self, product: ProductId) -> Option<Stock> {
        let stock = self.state.visible_stock(self.actor.acting, product);
        stock.cloned()
    }

    /// The product that an earlier line has registered for this one, too. Only then its stock is known.
    fn registered(&self, new: &NewProduct) -> Option<ProductId> {
        let acting = self.actor.acting;
        let state = &self.state;
        let product = match (new.id, &new.sku, &new.external_ref) {
            (Some(id), ..) => state.visible_product(acting, id).map(|product| product.id),
            (None, Some(sku), _) => state.skus.get(&(acting, sku.clone())).copied(),
            (None, None, Some(text)) => state.external_refs.get(&(acting, text.clone())).copied(),
            (None, None, None) => None,
        };
        product.filter(|product| state.visible_stock(acting, *product).is_some())
    }

    /// The transaction of a movement, after its location has been made if that is wanted.
    fn transact(
        &mut self,
        (stock, locations): (&Stock, &mut Vec<Location>),
        line: &StockLine,
        movement: &LineMovement,
        context: &mut Context<'_>,
    ) -> Result<(Transact, Option<LocationId>), Refusal> {
        let slug = match &movement.location {
            None => None,
            Some(LineLocation::Known(slug)) => Some(slug.clone()),
            Some(LineLocation::New(new)) => {
                let made = self.make_location(stock.owner, new, context)?;
                locations.extend(made);
                Some(new.slug.as_str().to_owned())
            }
        };
        let location = match slug.as_deref() {
            None => None,
            Some(slug) => Some(known_location(&self.state, stock.owner, slug)?.id),
        };
        let (action, quantity) = match movement.action {
            ImportAction::Transaction(action) => (action, movement.quantity),
            ImportAction::SetAvailable => {
                let balance = stock.balance(location).unwrap_or_default();
                let total = balance.allocated.checked_add(movement.quantity);
                let total = total.ok_or(Refusal::TotalTooLarge)?;
                (TransactionAction::Set, total)
            }
        };
        let transact = Transact {
            location: slug,
            expectation: line.expectation,
            annotation: line.annotation.clone(),
            ..Transact::new(stock.product, action, quantity)
        };
        Ok((transact, location))
    }

    /// Makes a location of the owner of the stock, unless it is there.
    fn make_location(
        &mut self,
        owner: Owner,
        new: &NewLocation,
        context: &mut Context<'_>,
    ) -> Result<Option<Location>, Refusal> {
        if self.state.location(owner, &new.slug).is_some() {
            return Ok(None);
        }
        if owner != self.actor.acting {
            return Err(Refusal::unknown_location(new.name.as_str()));
        }
        let decision = creation(new).decide(self.actor, &self.state, context)?;
        for change in decision.changes {
            self.state.apply(change);
        }
        Ok(Some(decision.answer))
    }

    /// What the lines of a dry run would have done.
    fn foreseen(self) -> impl Iterator<Item = LineChange> {
        let (made, registered) = (self.made, self.registered);
        made.into_iter().map(move |made| made.change(&registered))
    }

    /// The changes, and the chunk that has made entries.
    fn close(self, chunk: u32) -> (Vec<Change>, Option<AppliedChunk>) {
        let mut changes = self.changes;
        if self.made.is_empty() {
            return (changes, None);
        }
        let entries = self.made.iter().map(|Made { recorded, .. }| BatchEntry {
            product: recorded.product,
            stock: recorded.entry.stock,
            sequence: recorded.entry.sequence,
        });
        changes.push(Change::Batch(Batch {
            id: self.batch,
            owner: self.actor.acting,
            entries: entries.collect(),
        }));
        let chunk = AppliedChunk {
            chunk,
            batch: self.batch,
            lines: self.made.into_iter().map(|made| made.line).collect(),
        };
        (changes, Some(chunk))
    }
}

fn stock_among(changes: &[Change]) -> Option<&Stock> {
    changes.iter().rev().find_map(|change| match change {
        Change::Stock(stock) => Some(stock),
        _ => None,
    })
}
