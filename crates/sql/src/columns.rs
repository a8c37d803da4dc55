//! Rows as lists of values, in the order of their columns.

use uuid::Uuid;

/// A value to be bound to a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "each is a value of the type of its name")]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Uuid(Uuid),
}

/// The columns of a row that a database returned, read one after another.
pub trait Columns {
    /// An error of the driver.
    type Error;

    /// The next column, a number or NULL.
    ///
    /// # Errors
    /// If it is something else. The same goes for the others.
    fn integer(&mut self) -> Result<Option<i64>, Self::Error>;

    /// The next column, a number with a fraction or NULL.
    ///
    /// # Errors
    /// If it is something else.
    fn real(&mut self) -> Result<Option<f64>, Self::Error>;

    /// The next column, a text or NULL.
    ///
    /// # Errors
    /// If it is something else.
    fn text(&mut self) -> Result<Option<String>, Self::Error>;

    /// The next column, bytes or NULL.
    ///
    /// # Errors
    /// If it is something else.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The next column, an id or NULL.
    ///
    /// # Errors
    /// If it is something else.
    fn uuid(&mut self) -> Result<Option<Uuid>, Self::Error>;

    /// The error for the column that was read last, which is NULL and may not be.
    fn unexpected_null(&self) -> Self::Error;
}

/// A type of columns.
pub trait Column: Sized {
    /// Reads the next column; `None` if it is NULL.
    ///
    /// # Errors
    /// Those of the driver.
    fn read_optional<C: Columns>(columns: &mut C) -> Result<Option<Self>, C::Error>;

    /// Reads the next column, which may only be NULL if the type has a place for that.
    ///
    /// # Errors
    /// Those of the driver.
    fn read<C: Columns>(columns: &mut C) -> Result<Self, C::Error> {
        Self::read_optional(columns)?.ok_or_else(|| columns.unexpected_null())
    }

    /// The value to be bound.
    fn value(&self) -> Value<'_>;
}

macro_rules! column {
    ($type:ty, $read:ident, $self:ident => $value:expr) => {
        impl Column for $type {
            fn read_optional<C: Columns>(columns: &mut C) -> Result<Option<Self>, C::Error> {
                columns.$read()
            }

            fn value(&self) -> Value<'_> {
                let $self = self;
                $value
            }
        }
    };
}

column!(i64, integer, it => Value::Integer(*it));
column!(f64, real, it => Value::Real(*it));
column!(String, text, it => Value::Text(it));
column!(Vec<u8>, bytes, it => Value::Bytes(it));
column!(Uuid, uuid, it => Value::Uuid(*it));

impl Column for bool {
    fn read_optional<C: Columns>(columns: &mut C) -> Result<Option<Self>, C::Error> {
        Ok(columns.integer()?.map(|number| number != 0))
    }

    fn value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl<T: Column> Column for Option<T> {
    fn read_optional<C: Columns>(columns: &mut C) -> Result<Option<Self>, C::Error> {
        T::read_optional(columns).map(Some)
    }

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Column::value)
    }
}

/// A row, or a part of one, that is read from its columns in order.
pub trait FromColumns: Sized {
    /// Reads the columns.
    ///
    /// # Errors
    /// Those of the driver.
    fn from_columns<C: Columns>(columns: &mut C) -> Result<Self, C::Error>;
}

macro_rules! tuple {
    ($($part:ident),+) => {
        impl<$($part: Column),+> FromColumns for ($($part,)+) {
            fn from_columns<Z: Columns>(columns: &mut Z) -> Result<Self, Z::Error> {
                Ok(($($part::read(columns)?,)+))
            }
        }
    };
}

tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
tuple!(A, B, C, D, E, F, G);

/// Declares the type of a row: its columns, in the order in which statements name them.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($column:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(
                #[doc = concat!("The column `", stringify!($column), "`.")]
                pub $column: $type,
            )+
        }

        impl $name {
            /// The names of the columns.
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            /// The values to be bound, in the order of the columns.
            #[must_use]
            pub fn values(&self) -> [$crate::Value<'_>; Self::COLUMNS.len()] {
                [$($crate::Column::value(&self.$column)),+]
            }
        }

        impl $crate::FromColumns for $name {
            fn from_columns<C: $crate::Columns>(columns: &mut C) -> Result<Self, C::Error> {
                Ok(Self {
                    $($column: $crate::Column::read(columns)?,)+
                })
            }
        }
    };
}

pub(crate) use row;
