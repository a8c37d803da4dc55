//! A change as people write it: `+5`, `-3`, `=12`.

use std::fmt;

use stockroom_domain::{Quantity, TransactionAction};

use crate::page::{number_of, pieces};

/// A change of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) action: TransactionAction,
    pub(crate) quantity: Quantity,
}

impl Change {
    /// The change that a text means. Spaces don't count, and any minus sign is one.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text: String = text.chars().filter(|it| !it.is_whitespace()).collect();
        let mut characters = text.chars();
        let action = match characters.next() {
            Some('+') => TransactionAction::Increment,
            Some('-' | '\u{2212}' | '\u{2013}') => TransactionAction::Decrement,
            Some('=') => TransactionAction::Set,
            _ => {
                return Err(format!(
                    "“{text}” isn't a change. Write +5 for five more, -3 for three fewer, or =12 for twelve in all."
                ));
            }
        };
        let quantity = number_of(characters.as_str()).ok_or_else(|| {
            let max = Quantity::MAX.get();
            format!("“{text}” needs a whole number from 0 to {max} after its sign.")
        })?;
        Ok(Self { action, quantity })
    }
}

/// What the change does, in words.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = pieces(self.quantity);
        match self.action {
            TransactionAction::Increment => write!(f, "{pieces} more available"),
            TransactionAction::Decrement => write!(f, "{pieces} fewer available"),
            TransactionAction::Allocate => write!(f, "{pieces} from available to allocated"),
            TransactionAction::Deallocate => write!(f, "{pieces} from allocated to available"),
            TransactionAction::Set => {
                write!(f, "{pieces} in all, of which the allocated stay allocated")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read() {
        let read = |text| {
            let change = Change::parse(text).unwrap();
            (change.action, change.quantity.get())
        };
        assert_eq!(read("+5"), (TransactionAction::Increment, 5));
        assert_eq!(read(" - 3 "), (TransactionAction::Decrement, 3));
        assert_eq!(read("\u{2212}3"), (TransactionAction::Decrement, 3));
        assert_eq!(read("=0"), (TransactionAction::Set, 0));
        assert_eq!(read("= 1 000"), (TransactionAction::Set, 1_000));
        for text in [
            "",
            "5",
            "+",
            "+-5",
            "=1.5",
            "+5x",
            "=9007199254740992",
            "=99999999999999999999",
        ] {
            assert!(Change::parse(text).is_err(), "{text}");
        }
    }
}
