//! Decisions on application keys.

use super::{Access, ApplicationKey, RevokedGrants, SecretHash};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, KeyTotals, Needs, RecordChange, Refusal, State,
};
use crate::values::{KeyId, ProductText};

/// Creates an application key of the owner on whose behalf the caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// The name.
    pub name: ProductText,
    /// The random id that a client presents to get a token.
    pub client_id: String,
    /// The digest of the secret, which is random as well.
    pub secret_hash: SecretHash,
    /// Requests per second reserved for it.
    pub reserved_rate_limit: u32,
    /// Whether it issues tokens without its secret.
    pub allow_implicit: bool,
    /// What its tokens may be used for.
    pub access: Access,
    /// The limit on the sum of all reserved rate limits, if there is one.
    pub rate_limit: Option<u32>,
}

/// Changes the named fields of an application key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKey {
    /// The key.
    pub id: KeyId,
    /// A new name.
    pub name: Option<ProductText>,
    /// Requests per second reserved for it.
    pub reserved_rate_limit: Option<u32>,
    /// Whether it issues tokens without its secret.
    pub allow_implicit: Option<bool>,
    /// What its tokens may be used for.
    pub access: Option<Access>,
    /// The limit on the sum of all reserved rate limits, if there is one.
    pub rate_limit: Option<u32>,
}

/// Deletes an application key, whose tokens stop working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteKey {
    /// The key.
    pub id: KeyId,
}

impl Decide for CreateKey {
    type Answer = ApplicationKey;

    fn name(&self) -> &'static str {
        "create_key"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.key_totals.insert(actor.acting);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<ApplicationKey>, Refusal> {
        let totals = key_totals(state, actor);
        if totals.keys >= ApplicationKey::PER_OWNER_MAX {
            return Err(Refusal::TooManyKeys {
                keys_max: ApplicationKey::PER_OWNER_MAX,
            });
        }
        check_reserved(
            totals.reserved_rate_limit,
            self.reserved_rate_limit,
            self.rate_limit,
        )?;

        // Point of no return: everything below must succeed.
        let key = ApplicationKey {
            id: KeyId::new(context.ids.next_id(context.now)),
            owner: actor.acting,
            name: self.name.clone(),
            client_id: self.client_id.clone(),
            secret_hash: self.secret_hash,
            reserved_rate_limit: self.reserved_rate_limit,
            allow_implicit: self.allow_implicit,
            access: self.access,
            created_at: context.now,
            updated_at: context.now,
            last_used_at: None,
        };
        Ok(Decision {
            changes: vec![Change::Record(RecordChange::Key(key.clone()))],
            answer: key,
        })
    }
}

impl Decide for UpdateKey {
    type Answer = ApplicationKey;

    fn name(&self) -> &'static str {
        "update_key"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.keys.insert(self.id);
        needs.key_totals.insert(actor.acting);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<ApplicationKey>, Refusal> {
        let current = own_key(state, actor, self.id)?.clone();
        // A smaller rate limit is accepted even if the sum is above the limit already.
        let grown = self
            .reserved_rate_limit
            .filter(|reserved| *reserved > current.reserved_rate_limit);
        if let Some(reserved) = grown {
            let others = key_totals(state, actor)
                .reserved_rate_limit
                .saturating_sub(u64::from(current.reserved_rate_limit));
            check_reserved(others, reserved, self.rate_limit)?;
        }

        // Point of no return: everything below must succeed.
        let forbids_implicit = current.allow_implicit && self.allow_implicit == Some(false);
        let forbids_changes = current.access.is_full() && self.access == Some(Access::Read);
        let key = ApplicationKey {
            name: self.name.clone().unwrap_or(current.name),
            reserved_rate_limit: self
                .reserved_rate_limit
                .unwrap_or(current.reserved_rate_limit),
            allow_implicit: self.allow_implicit.unwrap_or(current.allow_implicit),
            access: self.access.unwrap_or(current.access),
            updated_at: current.updated_at.max(context.now),
            ..current
        };
        let mut changes = vec![Change::Record(RecordChange::Key(key.clone()))];
        for (is_forbidden, grants) in [
            (forbids_implicit, RevokedGrants::Implicit),
            (forbids_changes, RevokedGrants::FullAccess),
        ] {
            if is_forbidden {
                let revoked = RecordChange::TokensRevoked(key.id, grants, context.now);
                changes.push(Change::Record(revoked));
            }
        }
        Ok(Decision {
            changes,
            answer: key,
        })
    }
}

impl Decide for DeleteKey {
    type Answer = ();

    fn name(&self) -> &'static str {
        "delete_key"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.keys.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let key = own_key(state, actor, self.id)?;
        let revoked = RecordChange::TokensRevoked(key.id, RevokedGrants::All, context.now);
        Ok(Decision {
            changes: vec![
                Change::Record(RecordChange::KeyDeleted(key.clone())),
                Change::Record(revoked),
            ],
            answer: (),
        })
    }
}

fn key_totals(state: &State, actor: &Actor) -> KeyTotals {
    state
        .key_totals
        .get(&actor.acting)
        .copied()
        .unwrap_or_default()
}

fn check_reserved(others: u64, reserved: u32, limit: Option<u32>) -> Result<(), Refusal> {
    let Some(limit) = limit else { return Ok(()) };
    if others.saturating_add(u64::from(reserved)) > u64::from(limit) {
        return Err(Refusal::ReservedRateLimitExceeded { limit });
    }
    Ok(())
}

/// Keys are administered at their own level only: a request at the organization level can't change a
/// store's key, nor the other way round.
fn own_key<'a>(state: &'a State, actor: &Actor, id: KeyId) -> Result<&'a ApplicationKey, Refusal> {
    state
        .keys
        .get(&id)
        .filter(|key| key.owner == actor.acting)
        .ok_or(Refusal::KeyNotFound)
}
