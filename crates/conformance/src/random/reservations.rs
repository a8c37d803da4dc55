//! Reservations in the random cases.

use rand::RngExt;
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{
    Actor, CheckAvailability, EditReservation, ExpireReservation, ExpiresIn, ExtendReservation,
    FulfilReservation, ItemPlace, MoveReservation, MovedItem, Operation, OrderId, Owner,
    PayReservation, Reason, ReleaseReservation, ReservationItem, ReservationRef, ReservationStatus,
    Reserve, ReturnReservation, ReturnedItem, SetAside, SettleStock, ShowProducts, ShowStock,
    Sourcing, SourcingOrder, Split, Timestamp,
};

use super::generate::Generator;
use super::known::{Known, SLUGS};
use crate::make;

/// The orders are few, so that some of them reserve again.
const ORDERS: [&str; 4] = ["1", "2", "3", "ä"];
/// The reasons why stock is set aside.
const REASONS: [&str; 3] = ["damaged", "recall", "100%"];

impl Generator {
    /// An operation on reservations by one of these owners, mostly by one who may do it.
    pub(super) fn reservation_operation(
        &mut self,
        known: &Known,
        actors: &[Actor],
    ) -> (Actor, Operation) {
        let anybody = self.pick(actors);
        let made = self.reservation(known);
        if self.random().random_ratio(1, 10) {
            return (anybody, self.check(known).into());
        }
        if self.random().random_ratio(1, 12) {
            return (anybody, self.set_aside(known).into());
        }
        let Some((owner, reservation)) = made.filter(|_| self.random().random()) else {
            return (anybody, self.reserve(known).into());
        };
        let maker = actors.iter().find(|actor| actor.acting == owner);
        let maker = maker.filter(|_| self.random().random_ratio(9, 10));
        let actor = maker.cloned().unwrap_or(anybody);
        (actor, self.transition(reservation, known))
    }

    fn transition(&mut self, reservation: ReservationRef, known: &Known) -> Operation {
        match self.random().random_range(0..16) {
            14.. => ReturnReservation {
                items: self.returned(&reservation),
                reservation,
                reserve: self.random().random(),
            }
            .into(),
            10..12 => EditReservation {
                items: self.edited(&reservation, known),
                reservation,
                expires_in: Some(self.expires_in()).filter(|_| self.random().random()),
                expect_version: Some(1).filter(|_| self.random().random_ratio(1, 5)),
            }
            .into(),
            12..14 => MoveReservation {
                items: self.moved(&reservation),
                reservation,
            }
            .into(),
            0..3 => PayReservation { reservation }.into(),
            3..5 => ReleaseReservation {
                items: self.part(&reservation),
                reservation,
            }
            .into(),
            5..8 => FulfilReservation {
                items: self.part(&reservation),
                reservation,
            }
            .into(),
            8 => ExtendReservation {
                reservation,
                expires_in: self.expires_in(),
            }
            .into(),
            _ if self.random().random() => ExpireReservation { reservation }.into(),
            _ => self.show(reservation),
        }
    }

    fn show(&mut self, reservation: ReservationRef) -> Operation {
        let ReservationRef { stocks, .. } = reservation;
        let products = stocks.iter().map(|stock| stock.product).collect();
        match self.random().random_range(0..3) {
            0 => SettleStock { stocks }.into(),
            1 => ShowStock { products }.into(),
            _ => ShowProducts { products }.into(),
        }
    }

    /// One of the latest reservations, and its owner.
    pub(super) fn reservation(&mut self, known: &Known) -> Option<(Owner, ReservationRef)> {
        let all = &known.reservations;
        let latest = all.len().saturating_sub(30);
        (!all.is_empty()).then(|| self.pick(&all[latest..]))
    }

    fn reserve(&mut self, known: &Known) -> Reserve {
        let count = self.pick(&[1, 1, 1, 1, 2, 3]);
        let items = (0..count).map(|_| self.item(known)).collect();
        let order = OrderId::new("order_id", self.pick(&ORDERS)).ok();
        Reserve {
            order: order.filter(|_| self.random().random()),
            expires_in: self.expires_in(),
            items,
            sourcing: self.sourcing(),
        }
    }

    fn set_aside(&mut self, known: &Known) -> SetAside {
        let reason = self.pick(&REASONS);
        let Reserve { items, .. } = self.reserve(known);
        SetAside {
            reason: Reason::new("reason", reason).expect("a reason"),
            items,
        }
    }

    fn sourcing(&mut self) -> Option<Sourcing> {
        if self.random().random_ratio(2, 3) {
            return None;
        }
        let near = self.geolocation().map(SourcingOrder::Nearest);
        let only = match self.random().random_range(0..4) {
            0 => vec![self.pick(&SLUGS), self.pick(&SLUGS)],
            _ => Vec::new(),
        };
        let only = only.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let only = Some(only).filter(|only| !only.is_empty());
        let split = self.pick(&Split::ALL);
        Sourcing::new(near.unwrap_or_default(), split, only).ok()
    }

    fn check(&mut self, known: &Known) -> CheckAvailability {
        let count = self.pick(&[0, 1, 2, 5]);
        let order = OrderId::new("order_id", self.pick(&ORDERS));
        CheckAvailability {
            order: order.ok().filter(|_| self.random().random()),
            items: (0..count).map(|_| self.item(known)).collect(),
            sourcing: self.sourcing(),
            by: Timestamp::from_milliseconds(self.pick(&[-1, 1_800_000_000_000]))
                .filter(|at| *at > Timestamp::UNIX_EPOCH),
        }
    }

    fn item(&mut self, known: &Known) -> ReservationItem {
        let place = match self.random().random_range(0..10) {
            0..7 => ItemPlace::Unnamed,
            7 => ItemPlace::Unlocated,
            8 => ItemPlace::Location(self.pick(&["nowhere", "no slug", ""]).to_owned()),
            _ => ItemPlace::Location(self.pick(&SLUGS).to_owned()),
        };
        ReservationItem {
            product: self.product(known),
            place,
            quantity: make::quantity(self.pick(&[1, 1, 1, 2, 3, 40, 1_000_000])),
        }
    }

    /// Some of the reserved items, or now and then others.
    fn part(&mut self, reservation: &ReservationRef) -> Option<Vec<ReservationItem>> {
        if self.random().random() {
            return None;
        }
        let stocks = reservation.stocks.iter();
        let items = stocks.map(|stock| ReservationItem {
            product: stock.product,
            place: self
                .pick(&[None, None, Some("a"), Some("z")])
                .map(str::to_owned)
                .into(),
            quantity: make::quantity(self.pick(&[1, 1, 2])),
        });
        Some(items.collect())
    }

    /// Other quantities of the products that are reserved, and now and then of another product.
    fn edited(&mut self, reservation: &ReservationRef, known: &Known) -> Vec<ReservationItem> {
        let mut items = self.part(reservation).unwrap_or_default();
        if items.is_empty() || self.random().random_ratio(1, 3) {
            items.push(self.item(known));
        }
        items
    }

    fn returned(&mut self, reservation: &ReservationRef) -> Vec<ReturnedItem> {
        let items = self.part(reservation).unwrap_or_default();
        let items = items.into_iter().map(|item| ReturnedItem {
            item,
            to: match self.random().random_range(0..6) {
                0 => ItemPlace::Unlocated,
                1 => ItemPlace::Location(self.pick(&SLUGS).to_owned()),
                _ => ItemPlace::Unnamed,
            },
            damaged: self.random().random_ratio(1, 4),
        });
        items.collect()
    }

    fn moved(&mut self, reservation: &ReservationRef) -> Vec<MovedItem> {
        let place = |generator: &mut Self| {
            let slug = generator.pick(&[None, Some("a"), Some("b"), Some("z")]);
            slug.map(str::to_owned)
        };
        let stocks = reservation.stocks.iter();
        let items = stocks.map(|stock| MovedItem {
            product: stock.product,
            from: place(self),
            to: place(self),
            quantity: make::quantity(self.pick(&[1, 1, 2])),
        });
        items.collect()
    }

    /// Between less than one step of the clock and more than its movement in a whole run.
    fn expires_in(&mut self) -> ExpiresIn {
        let seconds = self.pick(&[1, 1, 2, 60, 120, 900, 2_678_400]);
        ExpiresIn::from_seconds(seconds).expect("a time")
    }

    pub(super) fn reservation_filter(
        &mut self,
        known: &Known,
        now: Timestamp,
    ) -> Vec<ReservationCondition> {
        let count = self.pick(&[0, 1, 1, 2]);
        let condition = |_| match self.random().random_range(0..7) {
            0 => ReservationCondition::Status(vec![
                self.pick(&ReservationStatus::ALL),
                self.pick(&ReservationStatus::ALL),
            ]),
            1 => ReservationCondition::OrderId(self.text_condition(&ORDERS)),
            2 => ReservationCondition::Product(vec![self.product(known), self.product(known)]),
            3 => ReservationCondition::Location(self.text_condition(&SLUGS)),
            4 => ReservationCondition::HoldReason(self.text_condition(&REASONS)),
            5 => ReservationCondition::ExpiresAt(self.instant(now)),
            _ => ReservationCondition::CreatedAt(self.instant(now)),
        };
        (0..count).map(condition).collect()
    }
}
