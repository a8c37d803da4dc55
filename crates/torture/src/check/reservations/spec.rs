//! A reservation as a thing that calls change: every answer is the one that the model gives, it expires
//! when it is due and not otherwise, and what it moves is in the ledgers, which it has to explain.

use serde_json::Value;

use crate::ask::{Product, Request, round_of};
use crate::check::spec::{Call, Order, Spec};
use crate::check::stock::Calls;
use crate::check::written::{Explained, Moves, Written};
use crate::ledger;
use crate::record::{Answer, Record};
use crate::reservation::{Act, ItemPlace, Shown, order_id};

use super::Clock;
use super::life::{self, Life, Refused};

/// What happens to a reservation.
#[derive(Clone, Copy)]
pub(super) enum Op<'a> {
    /// A client asked for something.
    Asked(&'a Record),
    /// Nobody paid in time.
    Expiry,
}

/// A reservation as it stands in the end.
pub(super) struct Rules<'a> {
    pub(super) products: &'a [Product],
    pub(super) clock: Clock,
    /// As it was made. Since then it may have been moved or edited.
    pub(super) first: &'a Shown,
    pub(super) last: &'a Shown,
    pub(super) written: Written<'a>,
}

/// What has happened up to a point.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The reservation, once it is made.
    life: Option<Life>,
    explained: Explained,
}

impl<'a> Spec for Rules<'a> {
    type State = Place;
    type Op = Op<'a>;

    fn apply(&self, place: &Place, call: &Call<Op<'a>>) -> Result<Place, Option<String>> {
        let mut next = place.clone();
        let (moves, at) = match (call.op, &mut next.life) {
            (Op::Asked(record), life @ None) => {
                let (made, moves) = self.made(record)?;
                *life = Some(made);
                (moves, None)
            }
            (Op::Asked(record), Some(life)) => {
                if let Some(expires_at) = life.expires_at
                    && self.clock.latest(expires_at) < call.invoked
                {
                    return Err(Some("was asked for after it had expired".to_owned()));
                }
                (self.asked(life, record)?, None)
            }
            (Op::Expiry, Some(life)) => {
                let at = self.last.updated_at;
                (life.expire(at)?, Some(at))
            }
            (Op::Expiry, None) => return Err(None),
        };
        let reason = match call.op {
            Op::Asked(record) => reason(&record.request),
            Op::Expiry => None,
        };
        let explained = &mut next.explained;
        self.written.explain(explained, &moves, reason, at)?;
        Ok(next)
    }

    fn is_reading(&self, op: &Op<'a>) -> bool {
        let Op::Asked(record) = op else {
            return false;
        };
        let status = record.answer().map(|answer| answer.status);
        match &record.request {
            Request::Act { act: Act::Read, .. } => true,
            Request::Reserve(_) => status.is_some_and(|status| status != 201),
            _ => status.is_some_and(|status| status >= 400),
        }
    }

    fn end(&self, place: &Place) -> Result<(), String> {
        let mut life = place.life.clone().ok_or("nobody asked for it")?;
        life.unify(self.last)
            .map_err(|reason| format!("in the end it {reason}"))?;
        self.written.end(&place.explained)
    }

    fn place(&self, place: &Place) -> String {
        match &place.life {
            Some(life) => format!("when it is {life}"),
            None => "before it is made".to_owned(),
        }
    }
}

impl<'a> Rules<'a> {
    /// What each step moved, as calls on stock.
    ///
    /// The order is one of those that the answers allow. In another one, the step may be that of another
    /// call, such as a request that was cut off before its answer, and whose repetition changed nothing:
    /// so the period of the step is that of all calls that may have made it.
    pub(super) fn moved<'b>(&self, order: &Order<Self>, calls: &[Call<Op<'a>>]) -> Calls<'b> {
        let mut moved = Calls::new();
        let mut before = &Place::default();
        for (step, (call, after)) in order.iter().enumerate() {
            let left = order.iter().skip(step);
            let first_answer = left.map(|(call, _)| calls[*call].returned).min();
            let mut made = calls[*call].clone();
            for other in calls.iter().filter(|it| Some(it.invoked) <= first_answer) {
                let place = self.apply(before, other);
                if place.is_ok_and(|place| place.explained == after.explained) {
                    made.invoked = made.invoked.min(other.invoked);
                    made.returned = made.returned.max(other.returned);
                }
            }
            let (explained, all) = (&before.explained, &after.explained);
            moved.extend(self.written.between(explained, all, &made));
            before = after;
        }
        moved
    }

    /// A reservation that a request made, and what that moved.
    fn made(&self, record: &Record) -> Result<(Life, Moves), String> {
        let Request::Reserve(reserve) = &record.request else {
            return Err("was asked for before it was made".to_owned());
        };
        if !is_as_asked(record, self.first, self.products) {
            return Err("asked for another one".to_owned());
        }
        let (mut life, moves) = Life::new(self.first);
        if let Some(answer) = record.answer() {
            self.told(&mut life, answer, 201, Some(reserve.expires_in))?;
        }
        Ok((life, moves))
    }

    /// What a request moved.
    fn asked(&self, life: &mut Life, record: &Record) -> Result<Moves, String> {
        let act = match &record.request {
            Request::Act { act, .. } => act,
            Request::Reserve(reserve) => {
                let is_same = life.wanted == reserve.wanted(self.products);
                if !life.state.is_living() || !is_same {
                    return Err("was shown a reservation that its order doesn't have".to_owned());
                }
                &Act::Read
            }
            _ => return Err("is no such request".to_owned()),
        };
        if record.is_short() {
            // That there was too little elsewhere is for the stock to say, once so many pieces are open.
            let could_be = life.clone().act(act, self.products).is_ok();
            let due = could_be.then(Moves::new);
            return due.ok_or_else(|| "was told that stock is short".to_owned());
        }
        let before = life.updated_at;
        let moves = match (life.act(act, self.products), record.answer()) {
            (Ok(None) | Err(_), None) => return Err("is of no account".to_owned()),
            (Ok(moves), None) => moves,
            (Ok(moves), Some(answer)) => {
                let expires_in = match act {
                    Act::Extend { expires_in } => Some(*expires_in),
                    _ => None,
                };
                self.told(life, answer, 200, expires_in)?;
                moves
            }
            (Err(refused), Some(answer)) if is_refused(&refused, answer) => None,
            (Err(_), Some(answer)) => return Err(format!("was answered {answer}")),
        };
        if life.updated_at.is_some() && life.updated_at < before {
            return Err("was carried out before the time of the last change".to_owned());
        }
        Ok(moves.unwrap_or_default())
    }

    /// The answer shows the reservation, which from then on expires as was asked for.
    fn told(
        &self,
        life: &mut Life,
        answer: &Answer,
        status: u16,
        expires_in: Option<u32>,
    ) -> Result<(), String> {
        if answer.status != status {
            return Err(format!("was answered {}", answer.status));
        }
        let shown: Shown = ledger::data(&answer.body).map_err(|error| format!("{error:#}"))?;
        let is_it = shown.id == self.last.id
            && shown.order_id == self.last.order_id
            && shown.created_at == self.last.created_at;
        if !is_it {
            return Err("was shown another reservation".to_owned());
        }
        life.unify(&shown)?;
        let end = |expires_in| life::end(life.updated_at?, expires_in);
        if expires_in.is_some_and(|expires_in| end(expires_in) != life.expires_at) {
            return Err("was told of another end than was asked for".to_owned());
        }
        Ok(())
    }
}

/// Whether a request is for what is reserved.
pub(super) fn is_as_asked(record: &Record, shown: &Shown, products: &[Product]) -> bool {
    let Request::Reserve(reserve) = &record.request else {
        return false;
    };
    let asked = reserve.items.iter().map(|item| {
        let product = products.get(item.product).map(|it| it.id);
        let place = match item.place {
            ItemPlace::Unnamed if !reserve.is_sourced => ItemPlace::At(None),
            place => place,
        };
        (product.unwrap_or_default(), place, item.quantity)
    });
    let order = reserve
        .order
        .map(|order| order_id(round_of(&record.name), order));
    asked.eq(shown.items()) && order == shown.order_id
}

/// The reason that entries give for what a request moved.
fn reason(request: &Request) -> Option<&'static str> {
    match request {
        Request::Act { act, .. } => match act {
            Act::Move { .. } => Some("moved"),
            Act::Edit(_) => Some("edited"),
            _ => None,
        },
        _ => None,
    }
}

fn is_refused(refused: &Refused, answer: &Answer) -> bool {
    let said = answer.body.pointer("/errors/0/meta");
    let is_said = |due: &Value| {
        let mut due = due.as_object().into_iter().flatten();
        due.all(|(name, value)| said.and_then(|said| said.get(name)) == Some(value))
    };
    answer.status == refused.status && refused.says.iter().any(is_said)
}
