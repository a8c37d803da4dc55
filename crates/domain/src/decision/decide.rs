//! The rules of one operation.

use super::actor::Actor;
use super::context::{Context, Decision};
use super::needs::Needs;
use super::refusal::Refusal;
use super::state::State;

/// The rules of one operation, implemented by the type of its request.
pub trait Decide {
    /// The answer to an accepted request.
    type Answer;

    /// Whether it can share its state with other requests that are decided one after the other:
    /// operations on single stocks can. Operations whose state reaches further are decided on their own.
    const SHARES_STATE: bool = false;

    /// The operation's name in metrics.
    fn name(&self) -> &'static str;

    /// The number of changes that it asks for: its weight among the commands of one commit.
    fn weight(&self) -> usize {
        1
    }

    /// Adds the state that has to be loaded to decide.
    fn needs(&self, actor: &Actor, needs: &mut Needs);

    /// Decides what the request changes.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, in the order of their precedence.
    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Self::Answer>, Refusal>;
}
