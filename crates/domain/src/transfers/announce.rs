//! Announcing that a transfer is overdue.

use super::edit::changed;
use super::lookup::{current, need};
use super::{Transfer, TransferRef};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};

/// Announces that the time has passed at which a transfer was expected, while pieces are under way: once for
/// each such time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnounceOverdue {
    /// The transfer, as it was read before the command is decided.
    pub transfer: TransferRef,
}

impl Decide for AnnounceOverdue {
    type Answer = Transfer;

    fn name(&self) -> &'static str {
        "announce_overdue"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        need(&self.transfer, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Transfer>, Refusal> {
        let before = current(&self.transfer, actor, state)?;
        let due = before.to_be_announced().filter(|at| *at < context.now);
        Ok(match due {
            None => Decision::unchanged(before.clone()),
            Some(announced) => {
                let announced = Some(announced);
                let after = Transfer {
                    announced,
                    ..before.clone()
                };
                changed(before, after.touched(context.now))
            }
        })
    }
}
