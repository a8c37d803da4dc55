//! Cursors: places in lists as text. A cursor holds the place of an item, and a digest of the list,
//! its order and its filter, so that it isn't accepted for another list. It is not a secret and
//! grants nothing: a caller with a forged cursor gets a page of what the caller may see anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stockroom_application::ports::{ProductPlace, SortValue, StockPlace};
use stockroom_application::{FailedLinePlace, HoldPlace, LineChangePlace, LocationPlace};
use stockroom_domain::{
    ImportId, IntegrationId, KeyId, ReservationId, SearchKey, StockId, Timestamp, TransferId,
};
use uuid::Uuid;

use crate::answer::ApiError;

/// The version of a cursor's bytes. It is raised whenever their meaning changes.
const VERSION: u8 = 1;
const DIGEST_BYTES: usize = 8;
const ID_BYTES: usize = 16;
const NUMBER: u8 = b'n';
const TEXT: u8 = b't';

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
        match key {
            None => {}
            Some(Key::Number(number)) => {
                bytes.push(NUMBER);
                bytes.extend(number.to_be_bytes());
            }
            Some(Key::Text(text)) => {
                bytes.push(TEXT);
                bytes.extend(text.as_bytes());
            }
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names.
    pub(crate) fn read<P: Placed>(&self, cursor: &str) -> Result<P, ApiError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_| malformed_cursor())?;
        let (digest, place) = split(&bytes).ok_or_else(malformed_cursor)?;
        if digest != self.0 {
            return Err(ApiError::bad_request(
                "page[after] belongs to another list, or to this list with another sort, filter or at",
            ));
        }
        P::from_place(place).ok_or_else(malformed_cursor)
    }
}

/// The refusal of a text that is no cursor.
pub(crate) fn malformed_cursor() -> ApiError {
    ApiError::bad_request(
        "page[after] must be a cursor of this list, taken from links.next of one of its pages",
    )
}

fn split(bytes: &[u8]) -> Option<([u8; DIGEST_BYTES], Place)> {
    let bytes = bytes.strip_prefix(&[VERSION])?;
    let (digest, bytes) = bytes.split_first_chunk()?;
    let (id, key) = bytes.split_first_chunk::<ID_BYTES>()?;
    let key = match key {
        [] => None,
        [NUMBER, number @ ..] => Some(Key::Number(u64::from_be_bytes(number.try_into().ok()?))),
        [TEXT, text @ ..] => Some(Key::Text(String::from_utf8(text.to_vec()).ok()?)),
        _ => return None,
    };
    let id = Uuid::from_bytes(*id);
    Some((*digest, Place { id, key }))
}

/// The place of an item in any list: its id, and its sort key unless that is the id.
pub(crate) struct Place {
    id: Uuid,
    key: Option<Key>,
}

/// A sort key.
enum Key {
    Number(u64),
    Text(String),
}

impl Place {
    fn numbered(id: Uuid, number: u64) -> Self {
        let key = Some(Key::Number(number));
        Self { id, key }
    }

    /// The id, and the key if it is a number.
    fn into_numbered(self) -> Option<(Uuid, u64)> {
        match self.key? {
            Key::Number(number) => Some((self.id, number)),
            Key::Text(_) => None,
        }
    }
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

placed_by_id! { StockId KeyId ReservationId TransferId IntegrationId ImportId }

macro_rules! placed_by_number {
    ($($place:ident)*) => {$(
        impl Placed for $place {
            fn to_place(&self) -> Place {
                Place::numbered(Uuid::nil(), self.0.into())
            }

            fn from_place(place: Place) -> Option<Self> {
                let (_, number) = place.into_numbered()?;
                number.try_into().ok().map(Self)
            }
        }
    )*};
}

placed_by_number! { FailedLinePlace LineChangePlace }

impl Placed for ProductPlace {
    fn to_place(&self) -> Place {
        let key = match &self.value {
            SortValue::Time(time) => u64::try_from(time.as_milliseconds()).ok().map(Key::Number),
            SortValue::Text(key) => Some(Key::Text(key.as_str().to_owned())),
        };
        let id = self.id.uuid();
        Place { id, key }
    }

    fn from_place(Place { id, key }: Place) -> Option<Self> {
        let value = match key? {
            Key::Number(number) => {
                SortValue::Time(Timestamp::from_milliseconds(number.try_into().ok()?)?)
            }
            // No text of a product has a NUL, and not every database can look for one.
            Key::Text(text) if text.contains('\0') => return None,
            Key::Text(text) => SortValue::Text(SearchKey::of_folded(&text)),
        };
        let id = id.into();
        Some(Self { value, id })
    }
}

impl Placed for StockPlace {
    fn to_place(&self) -> Place {
        Place::numbered(self.id.uuid(), self.figure)
    }

    fn from_place(place: Place) -> Option<Self> {
        let (id, figure) = place.into_numbered()?;
        let id = StockId::new(id);
        Some(Self { figure, id })
    }
}

impl Placed for LocationPlace {
    fn to_place(&self) -> Place {
        Place::numbered(self.id.uuid(), self.rank)
    }

    fn from_place(place: Place) -> Option<Self> {
        let (id, rank) = place.into_numbered()?;
        let id = id.into();
        Some(Self { rank, id })
    }
}

impl Placed for HoldPlace {
    fn to_place(&self) -> Place {
        Place::numbered(self.document, self.line.into())
    }

    fn from_place(place: Place) -> Option<Self> {
        let (id, line) = place.into_numbered()?;
        Some(Self {
            document: id,
            line: line.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use stockroom_application::ports::{ProductOrder, ProductSort};

    use super::*;

    fn cursors() -> Cursors {
        let asked = ListAsked {
            name: "products",
            order: "name",
            filter: None,
            at: None,
        };
        asked.cursors()
    }

    fn forged(key: &[u8]) -> String {
        let id = [0; ID_BYTES];
        let bytes = [&[VERSION], &cursors().0[..], &id, key].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn a_cursor_holds_a_text() {
        let place = ProductPlace {
            value: SortValue::Text(SearchKey::of("Été")),
            id: Uuid::from_u128(5).into(),
        };
        let cursor = cursors().write(&place);
        assert_eq!(cursors().read::<ProductPlace>(&cursor).unwrap(), place);
        assert!(cursors().read::<StockPlace>(&cursor).is_err());
        assert!(cursors().read::<StockId>(&cursor).is_err());
    }

    #[test]
    fn forged_cursors_are_refused() {
        for key in [&b"ta\0b"[..], b"t\xff", b"n\0", b"x", b""] {
            let cursor = forged(key);
            assert!(cursors().read::<ProductPlace>(&cursor).is_err(), "{key:?}");
        }
        let number = forged(b"n\0\0\0\0\0\0\0\x05");
        let place: ProductPlace = cursors().read(&number).unwrap();
        let by_name = ProductOrder {
            by: ProductSort::Name,
            descending: false,
        };
        assert!(!by_name.has(&place) && ProductOrder::default().has(&place));
    }
}
