//! Use cases of transfers and deliveries.

use std::collections::BTreeSet;

use stockroom_domain::{
    Answered, DeleteTransfer, Note, Patch, ProductId, Quantity, Reason, Reference, Refusal,
    RequestedOrigin, RequestedPlace, RequestedStep, TakeStep, Timestamp, Transfer, TransferId,
    TransferRef, UpdateTransfer,
};

use crate::access::{Administrator, Writer};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::{StoreError, TransferCondition};
use crate::stockroom::Stockroom;

/// The changes of a transfer's fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferUpdate {
    /// Another origin.
    pub from: Option<RequestedOrigin>,
    /// Another destination.
    pub to: Option<RequestedPlace>,
    /// Other products, each named once.
    pub items: Option<Vec<(ProductId, Quantity)>>,
    /// Another reference.
    pub reference: Patch<Reference>,
    /// Another note.
    pub note: Patch<Note>,
    /// Another time of arrival.
    pub expected_at: Patch<Timestamp>,
    /// The version that the caller believes it to have, if it says so.
    pub expect_version: Option<u64>,
}

/// A step of a transfer that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRequest {
    /// The step.
    pub step: RequestedStep,
    /// The reason that its entries give instead of the usual ones.
    pub reason: Option<Reason>,
    /// The version that the caller believes the transfer to have, if it says so.
    pub expect_version: Option<u64>,
}

/// The number of edits of one transfer that a change of it may meet.
const EDITS_MAX: usize = 10;

impl Stockroom {
    /// Changes fields of a transfer.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn update_transfer(
        &self,
        writer: &Writer,
        id: TransferId,
        update: TransferUpdate,
    ) -> Result<Transfer, Error> {
        let request = |transfer| {
            let update = update.clone();
            UpdateTransfer {
                transfer,
                from: update.from,
                to: update.to,
                items: update.items,
                reference: update.reference,
                note: update.note,
                expected_at: update.expected_at,
                expect_version: update.expect_version,
            }
        };
        self.change_transfer(writer, id, request).await
    }

    /// Takes a step of a transfer: all of it or nothing.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn take_step(
        &self,
        writer: &Writer,
        id: TransferId,
        step: StepRequest,
    ) -> Result<Transfer, Error> {
        let request = |transfer| {
            let step = step.clone();
            TakeStep {
                transfer,
                step: step.step,
                reason: step.reason,
                expect_version: step.expect_version,
            }
        };
        self.change_transfer(writer, id, request).await
    }

    /// Deletes a draft.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_transfer(&self, writer: &Writer, id: TransferId) -> Result<(), Error> {
        let request = |transfer| DeleteTransfer { transfer };
        self.change_transfer(writer, id, request).await
    }

    /// Carries out a change of a transfer. The transfer is read first, since it names the rows to be locked. If
    /// it has got other products or places by the time that these are locked, it is read again.
    async fn change_transfer<R: Answered>(
        &self,
        writer: &Writer,
        id: TransferId,
        request: impl Fn(TransferRef) -> R,
    ) -> Result<R::Answer, Error> {
        let mut edits = 0;
        loop {
            let transfer = self.transfer(writer.administrator(), id).await?;
            // A transfer that is deleted by now may have been deleted by the same request.
            let transfer = transfer.map_or_else(
                || TransferRef {
                    id,
                    owner: writer.scope().acting,
                    products: BTreeSet::new(),
                    slugs: BTreeSet::new(),
                },
                |transfer| transfer.reference(),
            );
            match self.execute(writer, request(transfer)).await {
                Err(Error::Refused(Refusal::TransferEdited)) if edits < EDITS_MAX => edits += 1,
                done => return done,
            }
        }
    }

    /// One transfer that the caller sees, if it exists.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn transfer(
        &self,
        administrator: &Administrator,
        id: TransferId,
    ) -> Result<Option<Transfer>, StoreError> {
        let transfer = self.pipeline.records().transfer(administrator.scope(), id);
        timed("transfer", transfer).await
    }

    /// All transfers that the caller sees and that fulfil the conditions, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_transfers(
        &self,
        administrator: &Administrator,
        filter: &[TransferCondition],
        page: PageRequest<TransferId>,
    ) -> Result<Page<Transfer, TransferId>, StoreError> {
        let records = self.pipeline.records();
        let transfers = records.list_transfers(administrator.scope(), filter, page);
        timed("list_transfers", transfers).await
    }

    /// Announces the transfers that have become overdue, in small steps. To be called regularly. What clients are
    /// answered is the same with or without it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn announce_overdue(&self) -> Result<(), StoreError> {
        for organization in self.pipeline.records().organizations().await? {
            self.pipeline.announce_overdue(organization.id).await?;
        }
        Ok(())
    }
}
