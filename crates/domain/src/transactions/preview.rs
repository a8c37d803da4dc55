//! Dry runs: batches that are decided on locked state, and change nothing.

use super::count::{CountMany, Counted};
use super::transact::{Answers, TransactMany};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};
use crate::ledger::Recorded;

/// Answers what [`TransactMany`] would answer now, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewTransactions(pub TransactMany);

/// Answers what [`CountMany`] would answer now, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewCounts(pub CountMany);

macro_rules! preview {
    ($($name:ident($request:ident) => $answer:ty, $label:literal;)*) => {$(
        impl Decide for $name {
            type Answer = Answers<$answer>;

            const SHARES_STATE: bool = <$request as Decide>::SHARES_STATE;

            fn name(&self) -> &'static str {
                $label
            }

            fn weight(&self) -> usize {
                self.0.weight()
            }

            fn needs(&self, actor: &Actor, needs: &mut Needs) {
                self.0.needs(actor, needs);
            }

            fn decide(
                &self,
                actor: &Actor,
                state: &State,
                context: &mut Context<'_>,
            ) -> Result<Decision<Answers<$answer>>, Refusal> {
                let Decision { answer, .. } = self.0.decide(actor, state, context)?;
                let changes = Vec::new();
                Ok(Decision { changes, answer })
            }
        }
    )*};
}

preview! {
    PreviewTransactions(TransactMany) => Recorded, "preview";
    PreviewCounts(CountMany) => Counted, "preview_counts";
}
