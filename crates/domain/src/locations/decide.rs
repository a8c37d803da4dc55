//! Decisions on locations.

use super::{Address, Geolocation, Location, Priority};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, Needs, RecordChange, Refusal, State,
};
use crate::values::{
    Description, ExternalRef, LocationId, Name, Patch, Slug, first_version, next_version,
};

/// Creates a location of the owner on whose behalf the caller acts.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateLocation {
    /// Its name for people.
    pub name: Name,
    /// Its name in paths and bodies.
    pub slug: Slug,
    /// Its name in another system.
    pub external_ref: Option<ExternalRef>,
    /// A description.
    pub description: Option<Description>,
    /// Its postal address.
    pub address: Option<Address>,
    /// Its point on the globe.
    pub geolocation: Option<Geolocation>,
    /// Whether buyers can order from it.
    pub enabled: bool,
    /// Its rank among the owner's locations.
    pub priority: Priority,
}

/// Changes the named fields of a location.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateLocation {
    /// The location.
    pub id: LocationId,
    /// A new name.
    pub name: Option<Name>,
    /// A new slug.
    pub slug: Option<Slug>,
    /// A new name in another system.
    pub external_ref: Patch<ExternalRef>,
    /// A new description.
    pub description: Patch<Description>,
    /// A new postal address.
    pub address: Patch<Address>,
    /// A new point on the globe.
    pub geolocation: Patch<Geolocation>,
    /// Whether buyers can order from it. [`Patch::Clear`] resets it to the default.
    pub enabled: Patch<bool>,
    /// A new rank. [`Patch::Clear`] resets it to the default.
    pub priority: Patch<Priority>,
}

/// Deletes a location that has no stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteLocation {
    /// The location.
    pub id: LocationId,
}

impl CreateLocation {
    /// A location of which nothing but its names is said.
    #[must_use]
    pub fn new(name: Name, slug: Slug) -> Self {
        Self {
            name,
            slug,
            external_ref: None,
            description: None,
            address: None,
            geolocation: None,
            enabled: Location::ENABLED_DEFAULT,
            priority: Priority::default(),
        }
    }
}

impl UpdateLocation {
    /// The update that keeps every field.
    #[must_use]
    pub const fn new(id: LocationId) -> Self {
        Self {
            id,
            name: None,
            slug: None,
            external_ref: Patch::Keep,
            description: Patch::Keep,
            address: Patch::Keep,
            geolocation: Patch::Keep,
            enabled: Patch::Keep,
            priority: Patch::Keep,
        }
    }
}

impl Decide for CreateLocation {
    type Answer = Location;

    fn name(&self) -> &'static str {
        "create_location"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.location_counts.insert(actor.acting);
        needs
            .location_slugs
            .insert((actor.acting, self.slug.clone()));
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Location>, Refusal> {
        let owner = actor.acting;
        if state.location(owner, &self.slug).is_some() {
            return Err(Refusal::SlugTaken {
                slug: self.slug.clone(),
            });
        }
        let locations = state.location_counts.get(&owner).copied().unwrap_or(0);
        if locations >= Location::PER_OWNER_MAX {
            return Err(Refusal::TooManyLocations {
                locations_max: Location::PER_OWNER_MAX,
            });
        }

        // Point of no return: everything below must succeed.
        let location = Location {
            id: LocationId::new(context.ids.next_id(context.now)),
            owner,
            name: self.name.clone(),
            slug: self.slug.clone(),
            external_ref: self.external_ref.clone(),
            description: self.description.clone(),
            address: self.address.clone(),
            geolocation: self.geolocation,
            enabled: self.enabled,
            priority: self.priority,
            created_at: context.now,
            updated_at: context.now,
            version: first_version(),
        };
        Ok(Decision {
            changes: vec![Change::Record(RecordChange::Location(location.clone()))],
            answer: location,
        })
    }
}

impl Decide for UpdateLocation {
    type Answer = Location;

    fn name(&self) -> &'static str {
        "update_location"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.locations.insert(self.id);
        if let Some(slug) = &self.slug {
            for owner in actor.acting.visible() {
                needs.location_slugs.insert((owner, slug.clone()));
            }
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Location>, Refusal> {
        let current = visible_location(state, actor, self.id)?;
        if let Some(slug) = &self.slug {
            let holder = state.location(current.owner, slug);
            if holder.is_some_and(|holder| holder.id != current.id) {
                return Err(Refusal::SlugTaken { slug: slug.clone() });
            }
        }

        // Point of no return: everything below must succeed.
        let current = current.clone();
        let enabled = self.enabled.clone().apply(Some(current.enabled));
        let priority = self.priority.clone().apply(Some(current.priority));
        let location = Location {
            name: self.name.clone().unwrap_or(current.name),
            slug: self.slug.clone().unwrap_or(current.slug),
            external_ref: self.external_ref.clone().apply(current.external_ref),
            description: self.description.clone().apply(current.description),
            address: self.address.clone().apply(current.address),
            geolocation: self.geolocation.clone().apply(current.geolocation),
            enabled: enabled.unwrap_or(Location::ENABLED_DEFAULT),
            priority: priority.unwrap_or_default(),
            updated_at: current.updated_at.max(context.now),
            version: next_version(current.version),
            ..current
        };
        Ok(Decision {
            changes: vec![Change::Record(RecordChange::Location(location.clone()))],
            answer: location,
        })
    }
}

impl Decide for DeleteLocation {
    type Answer = ();

    fn name(&self) -> &'static str {
        "delete_location"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.locations.insert(self.id);
        needs.location_use.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let location = visible_location(state, actor, self.id)?;
        if state.locations_in_use.contains(&self.id) {
            return Err(Refusal::LocationInUse);
        }
        if state.locations_in_transfers.contains(&self.id) {
            let slug = location.slug.clone();
            return Err(Refusal::LocationInTransfer { slug });
        }
        let location = Location {
            updated_at: location.updated_at.max(context.now),
            version: next_version(location.version),
            ..location.clone()
        };
        let deleted = RecordChange::LocationDeleted(location, context.now);
        Ok(Decision {
            changes: vec![Change::Record(deleted)],
            answer: (),
        })
    }
}

fn visible_location<'a>(
    state: &'a State,
    actor: &Actor,
    id: LocationId,
) -> Result<&'a Location, Refusal> {
    let location = state
        .locations
        .get(&id)
        .filter(|location| actor.acting.can_see(location.owner))
        .ok_or(Refusal::LocationNotFound)?;
    actor.may_administer(location.owner)?;
    Ok(location)
}
