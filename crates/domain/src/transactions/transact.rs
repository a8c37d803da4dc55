//! Transactions.

use super::lines::{EntryOf, Lines, in_batch, in_line};
use crate::decision::{
    Actor, Context, Decide, Decision, Needs, Refusal, RefusedMovement, State, difference,
};
use crate::ledger::{Annotation, Balance, EntryAction, Recorded, TransactionAction};
use crate::stock::Stock;
use crate::stock::lookup::{check_location_count, location_for, need_location, need_visible_stock};
use crate::values::{ProductId, Quantity};

/// Makes one transaction on the stock of a product that the caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transact {
    /// The product.
    pub product: ProductId,
    /// The action.
    pub action: TransactionAction,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The slug of the location; `None` for the unlocated pool. A text that is not a slug is refused
    /// like an unknown location.
    pub location: Option<String>,
    /// The figures that the position must have for the transaction to be made.
    pub expectation: Expectation,
    /// The client's notes for the ledger.
    pub annotation: Annotation,
}

impl Transact {
    /// A transaction on the unlocated pool, with no expected figures.
    #[must_use]
    pub fn new(product: ProductId, action: TransactionAction, quantity: Quantity) -> Self {
        Self {
            product,
            action,
            quantity,
            location: None,
            expectation: Expectation::default(),
            annotation: Annotation::default(),
        }
    }
}

/// The figures that a client expects of a position. Fields that are `None` match anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The available quantity.
    pub available: Option<Quantity>,
    /// The allocated quantity.
    pub allocated: Option<Quantity>,
    /// The sum of both.
    pub total: Option<Quantity>,
}

impl Expectation {
    /// Whether a position with these figures is as expected.
    #[must_use]
    pub fn is_met(self, balance: Balance) -> bool {
        let is = |expected: Option<Quantity>, figure| expected.is_none_or(|it| it == figure);
        is(self.available, balance.available)
            && is(self.allocated, balance.allocated)
            && is(self.total, balance.total())
    }
}

/// Makes transactions in order; each sees the changes of those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactMany {
    /// The transactions; `None` for a line that could not be read, which is refused in order.
    pub lines: Vec<Option<Transact>>,
    /// Whether all transactions are made or none. If not, each is decided on its own.
    pub atomic: bool,
}

impl TransactMany {
    /// The largest number of lines. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 10_000;
}

impl Decide for Transact {
    type Answer = Recorded;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        self.action.as_str()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        need_location(needs, actor.acting, self.location.as_deref());
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let stock = state.visible_stock(actor.acting, self.product);
        self.decide_on(stock, actor, state, context)
    }
}

impl Transact {
    /// The decision on the stock that the caller sees, if any.
    pub(crate) fn decide_on(
        &self,
        stock: Option<&Stock>,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let location = match &self.location {
            None => None,
            Some(slug) => Some(location_for(state, actor, stock, slug)?),
        };
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        let position = stock.balance(location.map(|location| location.id));
        let may_add = matches!(
            self.action,
            TransactionAction::Increment | TransactionAction::Set
        );
        if position.is_none() && may_add {
            check_location_count(stock.located.len().saturating_add(1))?;
        }
        let current = position.unwrap_or_default();
        if !self.expectation.is_met(current) {
            return Err(Refusal::ExpectationFailed(current));
        }
        if position.is_none() && !may_add {
            return Err(Refusal::InsufficientStock(RefusedMovement {
                requested: self.quantity,
                ..RefusedMovement::default()
            }));
        }
        let entry = EntryOf {
            location: location.map(|location| (location.id, &location.slug)),
            added: location.filter(|_| position.is_none()),
            annotation: self.annotation.clone(),
            undoes: None,
            as_of: None,
        };
        entry.write(stock, current, self.action, self.quantity, actor, context)
    }
}

impl Decide for TransactMany {
    type Answer = Vec<Result<Recorded, Refusal>>;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "batch"
    }

    fn weight(&self) -> usize {
        self.lines.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for transaction in self.lines.iter().flatten() {
            transaction.needs(actor, needs);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Answers<Recorded>>, Refusal> {
        in_batch(actor, context, |context| {
            let mut lines = Lines::new(state);
            for (index, line) in self.lines.iter().enumerate() {
                let decision = line
                    .as_ref()
                    .ok_or(Refusal::NoTransaction)
                    .and_then(|line| {
                        let stock = lines.stock(actor.acting, line.product);
                        line.decide_on(stock, actor, state, context)
                    });
                match decision {
                    Ok(decision) => lines.add(decision),
                    Err(refusal) if self.atomic => return Err(in_line(index, refusal)),
                    Err(refusal) => lines.answer.push(Err(refusal)),
                }
            }
            Ok(lines.close())
        })
    }
}

/// The result of each line.
pub(crate) type Answers<T> = Vec<Result<T, Refusal>>;

/// Applies an action with a quantity to a position's figures. Returns the action, the quantity and the
/// figures to be recorded in the ledger.
pub(crate) fn apply_action(
    action: TransactionAction,
    quantity: Quantity,
    current: Balance,
    refused: RefusedMovement,
) -> Result<(EntryAction, Quantity, Balance), Refusal> {
    let Balance {
        available,
        allocated,
    } = current;
    let insufficient = Refusal::InsufficientStock(refused);
    let (taken_from, action, quantity) = match action {
        TransactionAction::Increment => (None, EntryAction::Increment, quantity),
        TransactionAction::Decrement => (Some(available), EntryAction::Decrement, quantity),
        TransactionAction::Allocate => (Some(available), EntryAction::Allocate, quantity),
        TransactionAction::Deallocate => (Some(allocated), EntryAction::Deallocate, quantity),
        TransactionAction::Set => {
            let target = quantity.checked_sub(allocated);
            let target = target.ok_or_else(|| insufficient.clone())?;
            let (action, difference) = difference(available, target);
            (None, action, difference)
        }
    };
    if taken_from.is_some_and(|pieces| pieces < quantity) {
        return Err(insufficient);
    }
    let balance = action.apply(quantity, current);
    let balance = balance.ok_or(Refusal::TotalWouldOverflow(refused))?;
    Ok((action, quantity, balance))
}
