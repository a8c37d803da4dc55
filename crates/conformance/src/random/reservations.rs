//! Reservations in the random cases.

use rand::RngExt;
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{
    Actor, CheckAvailability, ExpireReservation, ExpiresIn, ExtendReservation, FulfilReservation,
    Operation, OrderId, Owner, PayReservation, ReleaseReservation, ReservationItem, ReservationRef,
    ReservationStatus, Reserve, SettleStock, ShowProducts, ShowStock, Timestamp,
};

use super::generate::Generator;
use super::known::{Known, SLUGS};
use crate::make;

/// The orders are few, so that some of them reserve again.
const ORDERS: [&str; 4] = ["1", "2", "3", "ä"];

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
        let Some((owner, reservation)) = made.filter(|_| self.random().random()) else {
            return (anybody, self.reserve(known).into());
        };
        let maker = actors.iter().find(|actor| actor.acting == owner);
        let maker = maker.filter(|_| self.random().random_ratio(9, 10));
        let actor = maker.cloned().unwrap_or(anybody);
        (actor, self.transition(reservation))
    }

    fn transition(&mut self, reservation: ReservationRef) -> Operation {
        match self.random().random_range(0..10) {
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
        }
    }

    fn check(&mut self, known: &Known) -> CheckAvailability {
        let count = self.pick(&[0, 1, 2, 5]);
        let order = OrderId::new("order_id", self.pick(&ORDERS));
        CheckAvailability {
            order: order.expect("an order"),
            items: (0..count).map(|_| self.item(known)).collect(),
        }
    }

    fn item(&mut self, known: &Known) -> ReservationItem {
        let slug = match self.random().random_range(0..8) {
            0..6 => None,
            6 => Some(self.pick(&["nowhere", "no slug", ""])),
            _ => Some(self.pick(&SLUGS)),
        };
        ReservationItem {
            product: self.product(known),
            location: slug.map(str::to_owned),
            quantity: make::quantity(self.pick(&[1, 1, 1, 2, 3, 40, 1_000_000])),
        }
    }

    /// Some of the reserved items, or now and then others.
    fn part(&mut self, reservation: &ReservationRef) -> Option<Vec<ReservationItem>> {
        if self.random().random() {
            return None;
        }
        let stocks = reservation.stocks.iter();
        let items = stocks.map(|stock| {
            let slug = self.pick(&[None, None, Some("a"), Some("z")]);
            ReservationItem {
                product: stock.product,
                location: slug.map(str::to_owned),
                quantity: make::quantity(self.pick(&[1, 1, 2])),
            }
        });
        Some(items.collect())
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
        let condition = |_| match self.random().random_range(0..6) {
            0 => ReservationCondition::Status(vec![
                self.pick(&ReservationStatus::ALL),
                self.pick(&ReservationStatus::ALL),
            ]),
            1 => ReservationCondition::OrderId(self.text_condition(&ORDERS)),
            2 => ReservationCondition::Product(vec![self.product(known), self.product(known)]),
            3 => ReservationCondition::Location(self.text_condition(&SLUGS)),
            4 => ReservationCondition::ExpiresAt(self.instant(now)),
            _ => ReservationCondition::CreatedAt(self.instant(now)),
        };
        (0..count).map(condition).collect()
    }
}
