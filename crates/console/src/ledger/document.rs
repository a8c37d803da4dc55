//! The reservations and transfers that made entries.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Recorded, Reference, ReservationId, TransferId};

use crate::page::Problem;
use crate::session::Visit;

/// The number of documents that are looked up at the same time.
const LOOK_UPS: usize = 4;

/// A document that made an entry, which can't be undone without it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Document {
    Reservation(ReservationId),
    Transfer(TransferId),
}

impl Document {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Reservation(_) => "reservation",
            Self::Transfer(_) => "transfer",
        }
    }

    /// The path of its screen, below the level.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Reservation(id) => format!("/reservations/{id}"),
            Self::Transfer(id) => format!("/transfers/{id}"),
        }
    }

    /// The document whose id this is, if it is one that this level sees.
    async fn named(visit: &Visit, id: &str) -> Result<Option<Self>, StoreError> {
        let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
        if let Some(id) = ReservationId::parse(id) {
            let found = stockroom.reservation(administrator, id).await?;
            if found.is_some() {
                return Ok(Some(Self::Reservation(id)));
            }
        }
        if let Some(id) = TransferId::parse(id) {
            let found = stockroom.transfer(administrator, id).await?;
            return Ok(found.map(|_| Self::Transfer(id)));
        }
        Ok(None)
    }
}

/// The documents that made some entries, by the references of these.
pub(super) struct Documents(BTreeMap<String, Document>);

impl Documents {
    /// Looks the documents of these entries up.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn of(visit: &Visit, entries: &[Recorded]) -> Result<Self, Problem> {
        let references = entries
            .iter()
            .filter_map(|it| it.entry.annotation.reference.as_ref());
        let named: BTreeSet<String> = references.map(Reference::to_string).collect();
        let found = stream::iter(named).map(|id| async move {
            let found = Document::named(visit, &id).await?;
            Ok::<_, StoreError>(found.map(|document| (id, document)))
        });
        let found: Vec<Option<(String, Document)>> =
            found.buffer_unordered(LOOK_UPS).try_collect().await?;
        Ok(Self(found.into_iter().flatten().collect()))
    }

    /// The document that a reference names.
    pub(super) fn get(&self, reference: &str) -> Option<&Document> {
        self.0.get(reference)
    }
}
