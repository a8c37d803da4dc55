//! Reservations, and the stock that they hold.
//!
//! The items as they were sent are JSON, with a version, where they say more than the lines.

use serde::{Deserialize, Serialize};
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::{HoldLine, ReservationCondition, StoreError};
use stockroom_domain::{
    ActingKey, KeyId, LapsedLine, LocationId, OrderId, OrganizationId, Owner, ProductId, Reason,
    Reservation, ReservationChange, ReservationId, ReservationState, ReservationStatus,
    ReservedLine, SentItems, Slug, StockId, StockKey, Timestamp,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer};

row! {
    /// A row of `reservations`.
    ReservationRow {
        reservation_id: Uuid,
        owner_id: Uuid,
        order_id: Option<String>,
        status: String,
        expires_at: Option<i64>,
        created_at: i64,
        updated_at: i64,
        version: i64,
        actor_key_id: Option<Uuid>,
        actor_name: Option<String>,
        hold_reason: Option<String>,
        sent: Option<String>,
    }
}

/// The version of the JSON. It changes only if older rows can no longer be read. To avoid that, a new field
/// gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoredItems<T> {
    format: u32,
    sent: T,
}

/// The stored form of the items of a reservation as they were sent.
#[must_use]
pub fn encode_sent(reservation: &Reservation) -> Option<String> {
    let stored = StoredItems {
        format: FORMAT,
        sent: reservation.sent.as_ref()?,
    };
    // Texts and numbers can always be written.
    serde_json::to_string(&stored).ok()
}

fn decode_sent(row: Row, sent: Option<&str>) -> Result<Option<Box<SentItems>>, StoreError> {
    let Some(text) = sent else { return Ok(None) };
    let stored: StoredItems<SentItems> = row.valid("sent", serde_json::from_str(text))?;
    if stored.format == FORMAT {
        Ok(Some(Box::new(stored.sent)))
    } else {
        Err(row.corrupt("sent"))
    }
}

impl ReservationRow {
    /// The row of a reservation.
    #[must_use]
    pub fn of(reservation: &Reservation, organization: OrganizationId) -> Self {
        let order = reservation.order.as_ref();
        let actor = reservation.actor.as_ref();
        Self {
            reservation_id: reservation.id.uuid(),
            owner_id: reservation.owner.to_uuid(organization),
            order_id: order.map(|order| order.as_str().to_owned()),
            status: reservation.state.as_str().to_owned(),
            expires_at: expires_at(reservation),
            created_at: reservation.created_at.as_milliseconds(),
            updated_at: reservation.updated_at.as_milliseconds(),
            version: integer(reservation.version),
            actor_key_id: actor.map(|actor| actor.key.uuid()),
            actor_name: actor.and_then(|actor| Some(actor.name.as_ref()?.to_string())),
            hold_reason: reservation.hold_reason.as_ref().map(Reason::to_string),
            sent: encode_sent(reservation),
        }
    }

    /// Decodes the reservation, with its lines in order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(
        self,
        organization: OrganizationId,
        lines: impl IntoIterator<Item = ReservedRow>,
    ) -> Result<Reservation, StoreError> {
        let row = Row::new("reservations", self.reservation_id);
        let lines = lines.into_iter();
        let lines = lines.map(|line| line.decode(self.reservation_id, organization));
        let reservation = Reservation {
            id: ReservationId::new(self.reservation_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            order: order(row, self.order_id)?,
            hold_reason: hold_reason(row, self.hold_reason)?,
            state: state(row, &self.status, self.expires_at)?,
            lines: lines.collect::<Result<_, _>>()?,
            sent: decode_sent(row, self.sent.as_deref())?,
            actor: self.actor_key_id.map(|key| ActingKey {
                key: KeyId::new(key),
                name: self.actor_name.map(Into::into),
            }),
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            version: row.valid("version", u64::try_from(self.version))?,
        };
        if reservation.is_consistent() {
            Ok(reservation)
        } else {
            Err(row.corrupt("sent"))
        }
    }
}

row! {
    /// A row of `reservation_lines`.
    LineRow {
        reservation_id: Uuid,
        line: i64,
        stock_id: Uuid,
        product_id: Uuid,
        stock_owner_id: Uuid,
        location_id: Option<Uuid>,
        quantity: i64,
        fulfilled: i64,
        released: i64,
        returned: i64,
        expires_at: Option<i64>,
    }
}

impl LineRow {
    /// The rows of the lines that a change concerns: all, if the reservation is new.
    #[must_use]
    pub fn of_change(change: &ReservationChange, organization: OrganizationId) -> Vec<Self> {
        let of = |(number, line)| Self::of(&change.after, organization, number, line);
        change.changed_lines().map(of).collect()
    }

    /// The rows of all lines of a reservation.
    pub fn of_all(
        reservation: &Reservation,
        organization: OrganizationId,
    ) -> impl Iterator<Item = Self> {
        let lines = reservation.lines.iter().enumerate();
        lines.map(move |(number, line)| Self::of(reservation, organization, number, line))
    }

    fn of(
        reservation: &Reservation,
        organization: OrganizationId,
        number: usize,
        line: &ReservedLine,
    ) -> Self {
        Self {
            reservation_id: reservation.id.uuid(),
            line: place(number),
            stock_id: line.stock.uuid(),
            product_id: line.key.product.uuid(),
            stock_owner_id: line.key.owner.to_uuid(organization),
            location_id: line.location.as_ref().map(|(location, _)| location.uuid()),
            quantity: line.quantity.into(),
            fulfilled: line.fulfilled.into(),
            released: line.released.into(),
            returned: line.returned.into(),
            // The reservation's, as long as the line holds anything.
            expires_at: expires_at(reservation).filter(|_| !line.open().is_zero()),
        }
    }
}

row! {
    /// A line of one reservation, with the slug of its location.
    ReservedRow {
        stock_id: Uuid,
        product_id: Uuid,
        stock_owner_id: Uuid,
        location_id: Option<Uuid>,
        slug: Option<String>,
        quantity: i64,
        fulfilled: i64,
        released: i64,
        returned: i64,
    }
}

impl ReservedRow {
    fn decode(
        self,
        reservation_id: Uuid,
        organization: OrganizationId,
    ) -> Result<ReservedLine, StoreError> {
        let row = Row::new("reservation_lines", reservation_id);
        let slug = self.slug.map(Slug::new).transpose();
        let slug = row.valid("location_id", slug)?;
        Ok(ReservedLine {
            stock: StockId::new(self.stock_id),
            key: StockKey {
                product: ProductId::new(self.product_id),
                owner: Owner::from_uuid(self.stock_owner_id, organization),
            },
            location: self.location_id.map(LocationId::new).zip(slug),
            quantity: row.quantity("quantity", self.quantity)?,
            fulfilled: row.quantity("fulfilled", self.fulfilled)?,
            released: row.quantity("released", self.released)?,
            returned: row.quantity("returned", self.returned)?,
        })
    }
}

row! {
    /// An open line of a stock, with its reservation.
    HoldRow {
        reservation_id: Uuid,
        owner_id: Uuid,
        order_id: Option<String>,
        status: String,
        expires_at: Option<i64>,
        hold_reason: Option<String>,
        slug: Option<String>,
        line: i64,
        open: i64,
    }
}

impl HoldRow {
    /// Decodes the line.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<HoldLine, StoreError> {
        let row = Row::new("reservations", self.reservation_id);
        let slug = self.slug.map(Slug::new).transpose();
        Ok(HoldLine {
            reservation: ReservationId::new(self.reservation_id),
            line: row.valid("line", u32::try_from(self.line))?,
            owner: Owner::from_uuid(self.owner_id, organization),
            order: order(row, self.order_id)?,
            state: state(row, &self.status, self.expires_at)?,
            reason: hold_reason(row, self.hold_reason)?,
            slug: row.valid("location_id", slug)?,
            quantity: row.quantity("quantity", self.open)?,
        })
    }
}

row! {
    /// A lapsed line of a stock.
    LapsedRow {
        reservation_id: Uuid,
        line: i64,
        location_id: Option<Uuid>,
        open: i64,
        expires_at: i64,
    }
}

impl LapsedRow {
    /// Decodes the line.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<LapsedLine, StoreError> {
        let row = Row::new("reservation_lines", self.reservation_id);
        Ok(LapsedLine {
            reservation: ReservationId::new(self.reservation_id),
            line: row.valid("line", usize::try_from(self.line))?,
            location: self.location_id.map(LocationId::new),
            quantity: row.quantity("quantity", self.open)?,
            expires_at: row.timestamp("expires_at", self.expires_at)?,
        })
    }
}

/// The stored form of a line's place in its reservation, counted from 0.
#[must_use]
pub fn place(number: usize) -> i64 {
    integer(u64::try_from(number).unwrap_or(u64::MAX))
}

fn expires_at(reservation: &Reservation) -> Option<i64> {
    let expires_at = reservation.state.expires_at();
    expires_at.map(Timestamp::as_milliseconds)
}

/// Whether a filter finds nothing but reservations that set pieces aside, of which there are few: they have an
/// index of their own, of the rows with a `hold_reason`.
#[must_use]
pub fn finds_set_aside(filter: &[ReservationCondition]) -> bool {
    filter.iter().any(|condition| match condition {
        ReservationCondition::HoldReason(reason) => *reason != TextCondition::IsNull,
        ReservationCondition::Status(statuses) => statuses == &[ReservationStatus::Held],
        _ => false,
    })
}

fn hold_reason(row: Row, text: Option<String>) -> Result<Option<Reason>, StoreError> {
    let reason = text.map(|text| Reason::new("hold_reason", text));
    row.valid("hold_reason", reason.transpose())
}

fn order(row: Row, order_id: Option<String>) -> Result<Option<OrderId>, StoreError> {
    let order = order_id.map(|order| OrderId::new("order_id", order));
    row.valid("order_id", order.transpose())
}

/// Decodes a state from its stored status and time of expiry.
fn state(row: Row, status: &str, expires_at: Option<i64>) -> Result<ReservationState, StoreError> {
    let status = ReservationStatus::from_word(status);
    let status = status.ok_or_else(|| row.corrupt("status"))?;
    let expires_at = row.optional_timestamp("expires_at", expires_at)?;
    ReservationState::new(status, expires_at).ok_or_else(|| row.corrupt("status"))
}
