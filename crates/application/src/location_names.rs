//! The names by which files refer to locations.

use std::collections::HashMap;

use stockroom_domain::{ExternalRef, Location, LocationId, Owner};

use crate::page::PageRequest;
use crate::pipeline::{Pipeline, timed};
use crate::ports::{LocationOrder, LocationPlace, Scope, StoreError};

/// The number of locations that are read at once.
const PAGE: u32 = 1_000;

/// A name of a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Name,
    ExternalRef,
    Slug,
}

/// The names that are tried before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameOrder {
    /// The slug, then the name in another system, then the name.
    SlugFirst,
    /// The name, then the name in another system, then the slug.
    NameFirst,
}

impl NameOrder {
    const fn kinds(self) -> [Kind; 3] {
        match self {
            Self::SlugFirst => [Kind::Slug, Kind::ExternalRef, Kind::Name],
            Self::NameFirst => [Kind::Name, Kind::ExternalRef, Kind::Slug],
        }
    }
}

/// Several locations have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// The locations that a caller sees, by their names.
pub(crate) struct LocationNames {
    locations: HashMap<LocationId, Location>,
    /// `None` stands for several locations.
    by_name: HashMap<(Owner, Kind, String), Option<LocationId>>,
}

impl LocationNames {
    /// Reads all locations that `scope` sees.
    pub(crate) async fn read(pipeline: &Pipeline, scope: Scope) -> Result<Self, StoreError> {
        let mut names = Self {
            locations: HashMap::new(),
            by_name: HashMap::new(),
        };
        let mut request = PageRequest::from_offset(PAGE, 0);
        loop {
            let order = LocationOrder::Created;
            let page = pipeline
                .records()
                .list_locations(scope, &[], order, request);
            let page = timed("list_locations", page).await?;
            for location in page.items {
                names.add(location);
            }
            let next: Option<LocationPlace> = page.next;
            match next {
                Some(place) => request = PageRequest::after(PAGE, place),
                None => return Ok(names),
            }
        }
    }

    fn add(&mut self, location: Location) {
        let external_ref = location.external_ref.as_ref().map(ExternalRef::as_str);
        let texts = [
            (Kind::Name, Some(location.name.as_str())),
            (Kind::ExternalRef, external_ref),
            (Kind::Slug, Some(location.slug.as_str())),
        ];
        for (kind, text) in texts {
            if let Some(text) = text {
                let found = self.by_name.entry((location.owner, kind, text.to_owned()));
                found
                    .and_modify(|found| *found = None)
                    .or_insert(Some(location.id));
            }
        }
        self.locations.insert(location.id, location);
    }

    /// The location of an owner that a text names.
    ///
    /// # Errors
    /// [`Ambiguous`] if the text is the name of several.
    pub(crate) fn find(
        &self,
        owner: Owner,
        text: &str,
        order: NameOrder,
    ) -> Result<Option<&Location>, Ambiguous> {
        for kind in order.kinds() {
            match self.by_name.get(&(owner, kind, text.to_owned())) {
                None => {}
                Some(None) => return Err(Ambiguous),
                Some(Some(id)) => return Ok(self.locations.get(id)),
            }
        }
        Ok(None)
    }

    /// The text that names a location for people: its name, if [`find`](Self::find) then finds it; `None`
    /// if it is gone.
    pub(crate) fn label(&self, id: LocationId) -> Option<&str> {
        let location = self.locations.get(&id)?;
        let external_ref = location.external_ref.as_ref().map(ExternalRef::as_str);
        let texts = [Some(location.name.as_str()), external_ref];
        let finds = |text: &&str| {
            let found = self.find(location.owner, text, NameOrder::NameFirst);
            found.is_ok_and(|found| found.is_some_and(|found| found.id == id))
        };
        let text = texts.into_iter().flatten().find(finds);
        Some(text.unwrap_or(location.slug.as_str()))
    }
}
