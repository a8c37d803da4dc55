//! Cursors: places in lists as text. A cursor holds the place of an item, and a digest of the list,
//! its order and its filter, so that it isn't accepted for another list. It is not a secret and
//! grants nothing: a caller with a forged cursor gets a page of what the caller may see anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stockroom_application::{HoldPlace, LocationPlace, ProductPlace};
use stockroom_domain::{IntegrationId, KeyId, ReservationId, StockId, Timestamp};
use uuid::Uuid;

use crate::answer::ApiError;

/// The version of a cursor's bytes. It is raised whenever their meaning changes.
const VERSION: u8 = 1;
const DIGEST_BYTES: usize = 8;
const ID_BYTES: usize = 16;
const NUMBER: u8 = b'n';

/// A requested list. Cursors are valid for one such list only.
pub(crate) struct ListAsked<'a> {
    /// The name of the list.
    pub(crate) name: &'a str,
    /// Its order; empty for the order of creation.
    pub(crate) order: &'a str,
    /// The filter, as it is written.
    pub(crate) filter: Option<&'a str>,
    /// The requested time.
    pub(crate) at: Option<Timestamp>,
}

/// The cursors of a list.
pub(crate) struct Cursors([u8; DIGEST_BYTES]);

impl ListAsked<'_> {
    pub(crate) fn cursors(&self) -> Cursors {
        let at = self.at.map(|at| at.to_string());
        let parts = [
            Some(self.name),
            Some(self.order),
            self.filter,
            at.as_deref(),
        ];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // The length of each part is hashed as well, so that bytes can't move from one part
            // into the next.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            hasher.update(&length.to_be_bytes());
            hasher.update(part.unwrap_or_default().as_bytes());
        }
        let mut digest = [0; DIGEST_BYTES];
        hasher.finalize_xof().fill(&mut digest);
        Cursors(digest)
    }
}

impl Cursors {
    /// The cursor for a place.
    pub(crate) fn write(&self, place: &impl Placed) -> String {
        let Place { id, key } = place.to_place();
        let mut bytes = vec![VERSION];
        bytes.extend(self.0);
        bytes.extend(id.as_bytes());
        if let Some(number) = key {
            bytes.push(NUMBER);
            bytes.extend(number.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names.
    pub(crate) fn read<P: Placed>(&self, cursor: &str) -> Result<P, ApiError> {
        let malformed = || {
            ApiError::bad_request(
                "page[after] must be a cursor of this list, taken from links.next of one of its pages",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
        let (digest, place) = split(&bytes).ok_or_else(malformed)?;
        if digest != self.0 {
            return Err(ApiError::bad_request(
                "page[after] belongs to another list, or to this list with another sort, filter or at",
            ));
        }
        P::from_place(place).ok_or_else(malformed)
    }
}

fn split(bytes: &[u8]) -> Option<([u8; DIGEST_BYTES], Place)> {
    let bytes = bytes.strip_prefix(&[VERSION])?;
    let (digest, bytes) = bytes.split_first_chunk()?;
    let (id, key) = bytes.split_first_chunk::<ID_BYTES>()?;
    let key = match key {
        [] => None,
        [NUMBER, number @ ..] => Some(u64::from_be_bytes(number.try_into().ok()?)),
        _ => return None,
    };
    let id = Uuid::from_bytes(*id);
    Some((*digest, Place { id, key }))
}

/// The place of an item in any list: its id, and its sort key unless that is the id.
pub(crate) struct Place {
    id: Uuid,
    key: Option<u64>,
}

/// A type of place in a list.
pub(crate) trait Placed: Sized {
    fn to_place(&self) -> Place;

    /// `None` if the place isn't of this type.
    fn from_place(place: Place) -> Option<Self>;
}

macro_rules! placed_by_id {
    ($($id:ident)*) => {$(
        impl Placed for $id {
            fn to_place(&self) -> Place {
                Place {
                    id: self.uuid(),
                    key: None,
                }
            }

            fn from_place(Place { id, key }: Place) -> Option<Self> {
                key.is_none().then(|| Self::new(id))
            }
        }
    )*};
}

placed_by_id! { StockId KeyId ReservationId IntegrationId }

impl Placed for ProductPlace {
    fn to_place(&self) -> Place {
        Place {
            id: self.id.uuid(),
            key: u64::try_from(self.registered_at.as_milliseconds()).ok(),
        }
    }

    fn from_place(Place { id, key }: Place) -> Option<Self> {
        Some(Self {
            registered_at: Timestamp::from_milliseconds(key?.try_into().ok()?)?,
            id: id.into(),
        })
    }
}

impl Placed for LocationPlace {
    fn to_place(&self) -> Place {
        Place {
            id: self.id.uuid(),
            key: Some(self.distance),
        }
    }

    fn from_place(Place { id, key }: Place) -> Option<Self> {
        Some(Self {
            distance: key?,
            id: id.into(),
        })
    }
}

impl Placed for HoldPlace {
    fn to_place(&self) -> Place {
        Place {
            id: self.reservation.uuid(),
            key: Some(self.line.into()),
        }
    }

    fn from_place(Place { id, key }: Place) -> Option<Self> {
        Some(Self {
            reservation: id.into(),
            line: key?.try_into().ok()?,
        })
    }
}
