//! Organizations, their stores and settings.

use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Change, CreateOrganization, CreateStore, Needs, Organization, Owner, RecordChange,
    Refusal, Settings, State, Store, UpdateSettings,
};

impl Request for CreateOrganization {
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

impl Request for CreateStore {
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

impl Request for UpdateSettings {
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
