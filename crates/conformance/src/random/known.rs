//! The things that commands can refer to.

use stockroom_application::ports::Scope;
use stockroom_domain::{
    Actor, Command, CreateOrganization, CreateStore, KeyId, LocationId, Operation, OrganizationId,
    Owner, ProductId, ReservationRef, StoreId, TransactionId, Transfer,
};

use crate::{Bench, make};

pub(super) const SLUGS: [&str; 6] = ["a", "A", "a_b", "axb", "west-1", "z"];

/// The things that commands and readings can refer to.
pub(super) struct Known {
    pub(super) actors: Vec<(OrganizationId, Vec<Actor>)>,
    pub(super) products: Vec<ProductId>,
    pub(super) locations: Vec<LocationId>,
    pub(super) keys: Vec<KeyId>,
    pub(super) client_ids: Vec<String>,
    pub(super) transactions: Vec<TransactionId>,
    /// With their owners.
    pub(super) reservations: Vec<(Owner, ReservationRef)>,
    /// As they were last answered.
    pub(super) transfers: Vec<Transfer>,
}

impl Known {
    /// Two organizations of two stores each, and products that all of them use.
    pub(super) fn new(bench: &Bench) -> Self {
        let tenant = |_| {
            let stores = [bench.id::<StoreId>(), bench.id()].map(Owner::Store);
            let actor = |key_owner, acting| Actor {
                key: Some(bench.id()),
                key_name: None,
                key_owner,
                acting,
            };
            let actors = vec![
                actor(stores[0], stores[0]),
                actor(stores[1], stores[1]),
                actor(Owner::Organization, Owner::Organization),
                actor(Owner::Organization, stores[0]),
                Actor::OPERATOR,
            ];
            (bench.id(), actors)
        };
        Self {
            actors: (0..2).map(tenant).collect(),
            products: (0..6).map(|_| bench.product()).collect(),
            locations: vec![bench.id()],
            keys: vec![bench.id()],
            client_ids: vec!["unknown".to_owned()],
            transactions: vec![bench.id()],
            reservations: Vec::new(),
            transfers: Vec::new(),
        }
    }

    /// The batches that create the organizations and their stores.
    pub(super) fn beginnings(&self) -> Vec<(OrganizationId, Vec<Command>)> {
        let operator = |operation: Operation| Command::new(Actor::OPERATOR, operation);
        let of = |(id, actors): &(OrganizationId, Vec<Actor>)| {
            let name = make::name("An organization");
            let mut batch = vec![operator(CreateOrganization { id: *id, name }.into())];
            let mut stores: Vec<StoreId> = actors
                .iter()
                .filter_map(|actor| actor.key_owner.store())
                .collect();
            stores.dedup();
            for id in stores {
                let name = make::name("A store");
                batch.push(operator(CreateStore { id, name }.into()));
            }
            (*id, batch)
        };
        self.actors.iter().map(of).collect()
    }

    /// The scopes of all callers.
    pub(super) fn views(&self) -> Vec<Scope> {
        let mut views = Vec::new();
        for (organization, actors) in &self.actors {
            for actor in actors {
                let scope = Scope {
                    organization: *organization,
                    acting: actor.acting,
                };
                if !views.contains(&scope) {
                    views.push(scope);
                }
            }
        }
        views
    }
}
