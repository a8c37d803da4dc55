//! The changes that wait for a commit, and the order in which they are taken.

use std::collections::{HashMap, HashSet, VecDeque};

use stockroom_domain::{Command, OrganizationId, Outcome};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::ports::StoreError;

/// The largest number of changes in one commit.
pub(crate) const BATCH_MAX: usize = 256;

/// The largest weight of a commit, unless a single command weighs more: the changes of a commit are held
/// in memory several times over.
pub(crate) const WEIGHT_MAX: usize = 4 * 1024;

/// The weight above which a change is heavy: its commit takes many times as long as a usual one.
pub(crate) const HEAVY_WEIGHT: usize = 256;

pub(crate) type Reply = oneshot::Sender<Result<Outcome, StoreError>>;

/// A change that waits for its turn, with the channel for its outcome.
pub(crate) struct Submission {
    pub(super) organization: OrganizationId,
    pub(super) command: Command,
    pub(super) weight: usize,
    pub(super) reply: Reply,
    pub(super) _place: OwnedSemaphorePermit,
}

/// Changes by organization. Organizations take turns, one change each, so that none waits for the many
/// changes of another. The changes of one organization keep their order.
#[derive(Default)]
pub(super) struct Waiting {
    changes: HashMap<OrganizationId, VecDeque<Submission>>,
    turns: VecDeque<OrganizationId>,
    count: usize,
    /// Whether the last commit had a heavy change.
    is_after_heavy: bool,
}

/// The changes of one commit.
pub(super) struct Taken {
    pub(super) changes: Vec<Submission>,
    /// The organizations with a heavy change among them.
    pub(super) heavy: Vec<OrganizationId>,
}

impl Waiting {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) fn push(&mut self, change: Submission) {
        let organization = change.organization;
        let changes = self.changes.entry(organization).or_default();
        if changes.is_empty() {
            self.turns.push_back(organization);
        }
        changes.push_back(change);
        self.count += 1;
    }

    /// Takes the changes of the next commit, without those whose callers have stopped waiting. No heavy
    /// change is taken of an organization in `busy`, which has one under way. After a commit with a
    /// heavy change the light ones come first, so that they don't wait for two heavy ones.
    pub(super) fn take(&mut self, busy: &HashSet<OrganizationId>) -> Taken {
        let mut taken = self.take_unless_heavy(busy, self.is_after_heavy);
        if taken.changes.is_empty() && self.is_after_heavy {
            taken = self.take_unless_heavy(busy, false);
        }
        if !taken.changes.is_empty() {
            self.is_after_heavy = !taken.heavy.is_empty();
        }
        taken
    }

    fn take_unless_heavy(&mut self, busy: &HashSet<OrganizationId>, leaves_heavy: bool) -> Taken {
        let mut taken = Taken {
            changes: Vec::new(),
            heavy: Vec::new(),
        };
        let mut weight = 0;
        // Organizations whose next change doesn't fit into this commit come first in the next one.
        let mut first_next_time = Vec::new();
        let mut passed_over = Vec::new();
        while taken.changes.len() < BATCH_MAX {
            let Some(organization) = self.turns.pop_front() else {
                break;
            };
            let Some(next) = self.peek(organization) else {
                self.changes.remove(&organization);
                continue;
            };
            let next_weight = next.weight;
            let is_heavy = next_weight > HEAVY_WEIGHT;
            let has_heavy = busy.contains(&organization) || taken.heavy.contains(&organization);
            if is_heavy && (has_heavy || leaves_heavy) {
                passed_over.push(organization);
            } else if !taken.changes.is_empty() && weight + next_weight > WEIGHT_MAX {
                first_next_time.push(organization);
            } else {
                weight += next_weight;
                if is_heavy {
                    taken.heavy.push(organization);
                }
                taken.changes.extend(self.pop(organization));
                self.turns.push_back(organization);
            }
        }
        self.turns.extend(passed_over);
        for organization in first_next_time.into_iter().rev() {
            self.turns.push_front(organization);
        }
        taken
    }

    /// The next change of an organization whose caller still waits.
    fn peek(&mut self, organization: OrganizationId) -> Option<&Submission> {
        let changes = self.changes.get_mut(&organization)?;
        while changes.front().is_some_and(|next| next.reply.is_closed()) {
            changes.pop_front();
            self.count -= 1;
        }
        changes.front()
    }

    fn pop(&mut self, organization: OrganizationId) -> Option<Submission> {
        let next = self.changes.get_mut(&organization)?.pop_front();
        self.count -= usize::from(next.is_some());
        next
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stockroom_domain::{Actor, Command, DeleteStock, Owner, ProductId};
    use tokio::sync::{Semaphore, oneshot};
    use uuid::Uuid;

    use super::*;

    /// Waiting changes, and their callers.
    #[derive(Default)]
    struct Scene {
        waiting: Waiting,
        callers:
            Vec<oneshot::Receiver<Result<stockroom_domain::Outcome, crate::ports::StoreError>>>,
    }

    impl Scene {
        fn push(&mut self, organization: u128, weight: usize) {
            let (reply, answered) = oneshot::channel();
            self.callers.push(answered);
            let product = ProductId::new(Uuid::nil());
            let actor = Actor {
                acting: Owner::Organization,
                ..Actor::OPERATOR
            };
            self.waiting.push(Submission {
                organization: OrganizationId::new(Uuid::from_u128(organization)),
                command: Command::new(actor, DeleteStock { product }),
                weight,
                reply,
                _place: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
            });
        }

        /// Takes the changes of a commit: the organization and the weight of each.
        fn take(&mut self, busy: &[u128]) -> Vec<(u128, usize)> {
            let busy = busy
                .iter()
                .map(|it| OrganizationId::new(Uuid::from_u128(*it)));
            let taken = self.waiting.take(&busy.collect());
            let changes = taken.changes.iter();
            changes
                .map(|it| (it.organization.uuid().as_u128(), it.weight))
                .collect()
        }
    }

    #[test]
    fn organizations_take_turns() {
        let mut scene = Scene::default();
        for weight in 1..=300 {
            scene.push(1, weight.min(2));
        }
        scene.push(2, 1);
        scene.push(2, 2);
        let taken = scene.take(&[]);
        assert_eq!(taken[..4], [(1, 1), (2, 1), (1, 2), (2, 2)]);
        assert_eq!(taken.len(), BATCH_MAX);
        assert_eq!(scene.take(&[]).len(), 302 - BATCH_MAX);
        assert_eq!(scene.waiting.len(), 0);
    }

    #[test]
    fn heavy_changes_of_an_organization_are_taken_one_by_one() {
        let mut scene = Scene::default();
        scene.push(1, 10_000);
        scene.push(1, 10_000);
        scene.push(1, 1);
        scene.push(2, 1);
        assert_eq!(scene.take(&[]), [(1, 10_000)]);
        assert_eq!(scene.take(&[1]), [(2, 1)]);
        assert_eq!(scene.take(&[1]), []);
        assert_eq!(scene.take(&[]), [(1, 10_000)]);
        assert_eq!(scene.take(&[1]), [(1, 1)]);
        assert_eq!(scene.waiting.len(), 0);
    }

    #[test]
    fn nobody_waits_for_two_heavy_changes() {
        let mut scene = Scene::default();
        scene.push(1, 10_000);
        scene.push(2, 10_000);
        scene.push(3, 1);
        assert_eq!(scene.take(&[]), [(1, 10_000)]);
        scene.push(1, 10_000);
        assert_eq!(scene.take(&[]), [(3, 1)]);
        assert_eq!(scene.take(&[]), [(2, 10_000)]);
        assert_eq!(scene.take(&[]), [(1, 10_000)], "there is nothing else");
    }

    #[test]
    fn a_change_that_does_not_fit_comes_first_in_the_next_commit() {
        let mut scene = Scene::default();
        scene.push(1, 200);
        scene.push(2, WEIGHT_MAX);
        scene.push(3, 200);
        assert_eq!(scene.take(&[]), [(1, 200), (3, 200)]);
        scene.push(1, 200);
        assert_eq!(scene.take(&[]), [(2, WEIGHT_MAX)]);
        assert_eq!(scene.take(&[]), [(1, 200)]);
    }

    #[test]
    fn changes_that_nobody_waits_for_are_left_out() {
        let mut scene = Scene::default();
        scene.push(1, 1);
        scene.push(1, 2);
        scene.push(2, 1);
        scene.callers.remove(0);
        scene.callers.pop();
        assert_eq!(scene.take(&[]), [(1, 2)]);
        assert_eq!(scene.waiting.len(), 0);
    }
}
