//! What a dry run would change.

use stockroom_domain::{Import, LineChange};

use crate::access::Administrator;
use crate::page::{Page, PageRequest, Start};
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

/// The place of a change among those that a dry run would make, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineChangePlace(pub u32);

impl Stockroom {
    /// A page of the changes that a dry run would make, in the order of its lines, each with its place. Empty
    /// for an import that is no dry run.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_line_changes(
        &self,
        administrator: &Administrator,
        import: &Import,
        page: PageRequest<LineChangePlace>,
    ) -> Result<Page<(LineChangePlace, LineChange), LineChangePlace>, StoreError> {
        let from = match page.start {
            Start::Offset(offset) => offset,
            Start::After(LineChangePlace(place)) => place.saturating_add(1),
        };
        let organization = administrator.scope().organization;
        let records = self.pipeline.records();
        let changes = records.import_changes(organization, import.id, from, page.enough());
        let changes = timed("import_changes", changes).await?;
        let mut items: Vec<_> = (from..).map(LineChangePlace).zip(changes).collect();
        let next = page.cut(&mut items, |(place, _)| *place);
        Ok(Page {
            items,
            total: Some(import.changes.into()),
            next,
        })
    }
}
