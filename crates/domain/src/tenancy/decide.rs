//! Decisions on organizations, their stores and settings.

use super::{Organization, Settings, Store};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, Needs, RecordChange, Refusal, State,
};
use crate::values::{Name, OrganizationId, Owner, StoreId};

/// Creates the organization that the batch is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrganization {
    /// A fresh id.
    pub id: OrganizationId,
    /// The name.
    pub name: Name,
}

/// Creates a store of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStore {
    /// A fresh id.
    pub id: StoreId,
    /// The name.
    pub name: Name,
}

/// Changes the settings of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateSettings {
    /// Whether every store may have stock of its own of an organization-level product.
    pub per_store_stock: Option<bool>,
}

impl Decide for CreateOrganization {
    type Answer = Organization;

    fn name(&self) -> &'static str {
        "create_organization"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.organization = true;
    }

    fn decide(
        &self,
        _actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Organization>, Refusal> {
        if state.organization.is_some() {
            return Err(Refusal::OrganizationExists);
        }
        let organization = Organization {
            id: self.id,
            name: self.name.clone(),
            settings: Settings::default(),
            created_at: context.now,
        };
        let created = RecordChange::Organization(organization.clone());
        Ok(Decision {
            changes: vec![Change::Record(created)],
            answer: organization,
        })
    }
}

impl Decide for CreateStore {
    type Answer = Store;

    fn name(&self) -> &'static str {
        "create_store"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.organization = true;
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Store>, Refusal> {
        actor.may_administer(Owner::Organization)?;
        if state.organization.is_none() {
            return Err(Refusal::OrganizationNotFound);
        }
        let store = Store {
            id: self.id,
            name: self.name.clone(),
            created_at: context.now,
        };
        Ok(Decision {
            changes: vec![Change::Record(RecordChange::Store(store.clone()))],
            answer: store,
        })
    }
}

impl Decide for UpdateSettings {
    type Answer = Settings;

    fn name(&self) -> &'static str {
        "update_settings"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.organization = true;
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        _context: &mut Context<'_>,
    ) -> Result<Decision<Settings>, Refusal> {
        actor.may_administer(Owner::Organization)?;
        let mut organization = state
            .organization
            .clone()
            .ok_or(Refusal::OrganizationNotFound)?;
        if let Some(per_store_stock) = self.per_store_stock {
            organization.settings.per_store_stock = per_store_stock;
        }
        let settings = organization.settings;
        Ok(Decision {
            changes: vec![Change::Record(RecordChange::Organization(organization))],
            answer: settings,
        })
    }
}
