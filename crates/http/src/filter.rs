//! The textual form of filters: `op(field,value,…)` joined by `:`.

use stockroom_application::filter::{
    Comparison, LocationCondition, Pattern, ReservationCondition, StockCondition, TextCondition,
    TransactionCondition,
};
use stockroom_domain::{EntryAction, ProductId, ReservationStatus, Timestamp};
use winnow::Parser;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, eof, preceded, repeat, separated, terminated};
use winnow::error::ContextError;
use winnow::token::{any, none_of, take_while};

use crate::error::ApiError;
use crate::form::Form;
use crate::representation::shown_action;

/// The longest filter, in bytes, and the most conditions in one.
const BYTES_MAX: usize = 8 * 1024;
const CONDITIONS_MAX: usize = 10;

/// The conditions of a filter on stock.
pub(crate) fn stock(filter: Option<&str>) -> Result<Vec<StockCondition>, ApiError> {
    conditions(filter, |call| {
        Some(match call.field.as_str() {
            "location" | "locations" => StockCondition::Location(call.nullable_text()?),
            "id" => StockCondition::Id(call.product_ids()?),
            "available" => StockCondition::Available(call.numbers()?),
            "allocated" => StockCondition::Allocated(call.numbers()?),
            "total" => StockCondition::Total(call.numbers()?),
            "created_at" => StockCondition::CreatedAt(call.times()?),
            "updated_at" => StockCondition::UpdatedAt(call.times()?),
            _ => return None,
        })
    })
}

/// The conditions of a filter on transactions, whose actions are compared as `form` shows them.
pub(crate) fn transactions(
    filter: Option<&str>,
    form: Form,
) -> Result<Vec<TransactionCondition>, ApiError> {
    conditions(filter, |call| {
        Some(match call.field.as_str() {
            "location" => TransactionCondition::Location(call.nullable_text()?),
            "action" => {
                let condition = call.text()?;
                let matching = EntryAction::ALL
                    .into_iter()
                    .filter(|action| condition.matches(Some(shown_action(*action, form))));
                TransactionCondition::Action(matching.collect())
            }
            "quantity" => TransactionCondition::Quantity(call.numbers()?),
            "created_at" => TransactionCondition::CreatedAt(call.times()?),
            "reason" => TransactionCondition::Reason(call.nullable_text()?),
            "reference" => TransactionCondition::Reference(call.nullable_text()?),
            _ => return None,
        })
    })
}

/// The conditions of a filter on reservations.
pub(crate) fn reservations(filter: Option<&str>) -> Result<Vec<ReservationCondition>, ApiError> {
    conditions(filter, |call| {
        Some(match call.field.as_str() {
            "state" => {
                let condition = call.text()?;
                let matching = ReservationStatus::ALL
                    .into_iter()
                    .filter(|status| condition.matches(Some(status.as_str())));
                ReservationCondition::Status(matching.collect())
            }
            "order_id" => ReservationCondition::OrderId(call.nullable_text()?),
            "product_id" => ReservationCondition::Product(call.product_ids()?),
            "location" => ReservationCondition::Location(call.nullable_text()?),
            "expires_at" => ReservationCondition::ExpiresAt(call.times()?),
            "created_at" => ReservationCondition::CreatedAt(call.times()?),
            _ => return None,
        })
    })
}

/// The conditions of a filter on locations.
pub(crate) fn locations(filter: Option<&str>) -> Result<Vec<LocationCondition>, ApiError> {
    conditions(filter, |call| {
        Some(match call.field.as_str() {
            "name" => LocationCondition::Name(call.text()?),
            "slug" => LocationCondition::Slug(call.text()?),
            "external_ref" => LocationCondition::ExternalRef(call.nullable_text()?),
            _ => return None,
        })
    })
}

fn conditions<T>(
    filter: Option<&str>,
    condition: impl Fn(&Call) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let Some(filter) = filter else {
        return Ok(Vec::new());
    };
    let could_not_parse = || ApiError::bad_request("Could not parse the supplied filter");
    if filter.len() > BYTES_MAX {
        return Err(could_not_parse());
    }
    let calls = terminated(calls, eof)
        .parse(filter)
        .map_err(|_| could_not_parse())?;
    if calls.len() > CONDITIONS_MAX {
        return Err(could_not_parse());
    }
    calls
        .iter()
        .map(condition)
        .collect::<Option<_>>()
        .ok_or_else(could_not_parse)
}

/// One `op(field,value,…)`.
#[derive(Debug, PartialEq)]
struct Call {
    operator: String,
    field: String,
    operands: Vec<Operand>,
}

/// A value, and whether asterisks that were not escaped stood around it.
#[derive(Debug, PartialEq)]
struct Operand {
    characters: Vec<Character>,
}

/// A character of a value, and whether it was escaped.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Character {
    character: char,
    escaped: bool,
}

type Parsed<T> = winnow::Result<T, ContextError>;

fn calls(input: &mut &str) -> Parsed<Vec<Call>> {
    separated(1.., call, ':').parse_next(input)
}

fn call(input: &mut &str) -> Parsed<Call> {
    let operator = word.parse_next(input)?;
    let (field, operands) = delimited(
        '(',
        (
            delimited(multispace0, word, multispace0),
            repeat(0.., preceded(',', operand)),
        ),
        ')',
    )
    .parse_next(input)?;
    Ok(Call {
        operator,
        field,
        operands,
    })
}

fn word(input: &mut &str) -> Parsed<String> {
    take_while(1.., ('a'..='z', '_'))
        .map(ToOwned::to_owned)
        .parse_next(input)
}

fn operand(input: &mut &str) -> Parsed<Operand> {
    let quoted = |quote: char| {
        delimited(
            quote,
            repeat(0.., alt((escape, plain(none_of((quote, '\\')))))),
            quote,
        )
    };
    let bare = repeat(
        1..,
        alt((escape, plain(none_of([',', '(', ')', '\'', '"', '\\'])))),
    )
    .map(trim_end);
    let characters = delimited(
        multispace0,
        alt((quoted('\''), quoted('"'), bare)),
        multispace0,
    )
    .parse_next(input)?;
    Ok(Operand { characters })
}

fn escape(input: &mut &str) -> Parsed<Character> {
    let character = preceded('\\', any).parse_next(input)?;
    Ok(Character {
        character,
        escaped: true,
    })
}

fn plain<'a>(
    parser: impl Parser<&'a str, char, ContextError>,
) -> impl Parser<&'a str, Character, ContextError> {
    parser.map(|character| Character {
        character,
        escaped: false,
    })
}

/// White space behind a bare value doesn't belong to it.
fn trim_end(mut characters: Vec<Character>) -> Vec<Character> {
    while characters
        .last()
        .is_some_and(|last| !last.escaped && last.character.is_whitespace())
    {
        characters.pop();
    }
    characters
}

impl Operand {
    fn text(&self) -> String {
        self.characters.iter().map(|it| it.character).collect()
    }

    fn pattern(&self) -> Option<Pattern> {
        let wildcard = |it: &Character| it.character == '*' && !it.escaped;
        let mut inner = self.characters.as_slice();
        let mut open_start = false;
        let mut open_end = false;
        if let Some((first, rest)) = inner.split_first()
            && wildcard(first)
        {
            (open_start, inner) = (true, rest);
        }
        if let Some((last, rest)) = inner.split_last()
            && wildcard(last)
        {
            (open_end, inner) = (true, rest);
        }
        if inner.iter().any(wildcard) {
            return None;
        }
        Some(Pattern {
            text: inner.iter().map(|it| it.character).collect(),
            // A lone asterisk stands at both ends.
            open_start,
            open_end: open_end || (open_start && inner.is_empty()),
        })
    }

    fn number(&self) -> Option<i64> {
        self.text().parse().ok()
    }

    fn time(&self) -> Option<Timestamp> {
        time(&self.text())
    }
}

/// A date (its first instant in UTC), a time of RFC 3339, or milliseconds since the Unix epoch.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    Timestamp::from_date(text)
        .or_else(|| Timestamp::from_rfc3339(text))
        .or_else(|| Timestamp::from_milliseconds(text.parse().ok()?))
}

impl Call {
    /// The only operand.
    fn operand(&self) -> Option<&Operand> {
        match self.operands.as_slice() {
            [operand] => Some(operand),
            _ => None,
        }
    }

    fn comparison<T>(&self, value: impl Fn(&Operand) -> Option<T>) -> Option<Comparison<T>> {
        let one = || self.operand().and_then(&value);
        Some(match self.operator.as_str() {
            "eq" => Comparison::In(vec![one()?]),
            "in" => Comparison::In(self.several(value)?),
            "gt" => Comparison::Greater(one()?),
            "ge" => Comparison::GreaterOrEqual(one()?),
            "lt" => Comparison::Less(one()?),
            "le" => Comparison::LessOrEqual(one()?),
            _ => return None,
        })
    }

    fn several<T>(&self, value: impl Fn(&Operand) -> Option<T>) -> Option<Vec<T>> {
        if self.operands.is_empty() {
            return None;
        }
        self.operands.iter().map(value).collect()
    }

    fn numbers(&self) -> Option<Comparison<i64>> {
        self.comparison(Operand::number)
    }

    fn times(&self) -> Option<Comparison<Timestamp>> {
        self.comparison(Operand::time)
    }

    fn text(&self) -> Option<TextCondition> {
        let text = |operand: &Operand| Some(operand.text());
        Some(match self.operator.as_str() {
            "eq" => TextCondition::In(vec![self.operand().and_then(text)?]),
            "in" => TextCondition::In(self.several(text)?),
            "like" => TextCondition::Like(self.operand()?.pattern()?),
            _ => return None,
        })
    }

    fn nullable_text(&self) -> Option<TextCondition> {
        if self.operator == "is_null" {
            return self.operands.is_empty().then_some(TextCondition::IsNull);
        }
        self.text()
    }

    fn product_ids(&self) -> Option<Vec<ProductId>> {
        let id = |operand: &Operand| ProductId::parse(&operand.text());
        match self.operator.as_str() {
            "eq" => Some(vec![self.operand().and_then(id)?]),
            "in" => self.several(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(filter: &str) -> Option<Vec<(String, String, Vec<String>)>> {
        let calls = terminated(calls, eof).parse(filter).ok()?;
        let shown = calls.into_iter().map(|call| {
            let operands = call.operands.iter().map(Operand::text).collect();
            (call.operator, call.field, operands)
        });
        Some(shown.collect())
    }

    fn one(operator: &str, field: &str, operands: &[&str]) -> Vec<(String, String, Vec<String>)> {
        let operands = operands.iter().map(ToString::to_string).collect();
        vec![(operator.to_owned(), field.to_owned(), operands)]
    }

    #[test]
    fn operands_are_bare_or_quoted_with_escapes() {
        for (filter, operands) in [
            ("in(slug,a,b-1)", vec!["a", "b-1"]),
            ("in(slug, a , 'b c' )", vec!["a", "b c"]),
            (r#"in(slug,"it's",'say "hi"')"#, vec!["it's", r#"say "hi""#]),
            (r"in(slug,'it\'s',a\,b,\\)", vec!["it's", "a,b", r"\"]),
            ("in(slug,'')", vec![""]),
            (
                "in(slug,2026-01-31T09:30:00Z)",
                vec!["2026-01-31T09:30:00Z"],
            ),
            ("in(slug,'a:b(c)')", vec!["a:b(c)"]),
        ] {
            assert_eq!(
                texts(filter),
                Some(one("in", "slug", &operands)),
                "{filter}"
            );
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "",
            ":",
            "eq",
            "eq(",
            "eq()",
            "eq(a",
            "eq(a,)",
            "eq(a,b))",
            "eq(a,'b)",
            "eq(a,b):",
            ":eq(a,b)",
            "eq(a,b)eq(c,d)",
            "eq(a,b)::eq(c,d)",
            "eq(a,'b'c)",
            "EQ(a,b)",
            r"eq(a,\)",
            "eq(a,(b))",
        ] {
            assert_eq!(texts(filter), None, "{filter}");
        }
    }

    #[test]
    fn operators_fit_their_fields() {
        let id = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";
        for filter in [
            "eq(available,5)".to_owned(),
            "in(total,1,2)".to_owned(),
            "ge(created_at,2026-01-31)".to_owned(),
            "lt(updated_at,1769851800007)".to_owned(),
            "is_null(location)".to_owned(),
            "like(locations,*a*)".to_owned(),
            format!("eq(id,{id}):in(id,{id},{id})"),
        ] {
            assert!(stock(Some(&filter)).is_ok(), "{filter}");
        }
        for filter in [
            "like(available,5*)",
            "eq(available,5.0)",
            "eq(available,1,2)",
            "in(available)",
            "is_null(available)",
            "is_null(location,x)",
            "gt(location,a)",
            "gt(id,15fbeab0-75a3-4d6b-b23b-9db7455c077e)",
            "eq(id,5)",
            "eq(created_at,yesterday)",
            "like(location,a*b)",
            "eq(nothing,5)",
            "between(available,1,2)",
        ] {
            assert!(stock(Some(filter)).is_err(), "{filter}");
        }
    }

    #[test]
    fn asterisks_are_open_at_either_end_unless_escaped() {
        let pattern = |filter: &str| match locations(Some(filter)).ok()?.pop()? {
            LocationCondition::Slug(TextCondition::Like(pattern)) => {
                Some((pattern.open_start, pattern.text, pattern.open_end))
            }
            _ => None,
        };
        for (filter, expected) in [
            ("like(slug,a)", (false, "a", false)),
            ("like(slug,a*)", (false, "a", true)),
            ("like(slug,*a)", (true, "a", false)),
            ("like(slug,'*a*')", (true, "a", true)),
            ("like(slug,*)", (true, "", true)),
            (r"like(slug,\*a\*)", (false, "*a*", false)),
        ] {
            let (open_start, text, open_end) = expected;
            let expected = Some((open_start, text.to_owned(), open_end));
            assert_eq!(pattern(filter), expected, "{filter}");
        }
    }

    #[test]
    fn actions_are_compared_as_the_form_shows_them() {
        let actions = |filter, form| match transactions(Some(filter), form).unwrap().pop() {
            Some(TransactionCondition::Action(actions)) => actions,
            other => panic!("{other:?}"),
        };
        let both = vec![EntryAction::Create, EntryAction::Increment];
        assert_eq!(actions("eq(action,increment)", Form::MultiLocation), both);
        let increment = vec![EntryAction::Increment];
        assert_eq!(actions("eq(action,increment)", Form::Basic), increment);
        assert_eq!(actions("eq(action,create)", Form::MultiLocation), vec![]);
    }

    #[test]
    fn there_is_a_limit_to_conditions_and_bytes() {
        let many = |conditions: usize| vec!["eq(total,1)"; conditions].join(":");
        assert!(stock(Some(&many(10))).is_ok());
        assert!(stock(Some(&many(11))).is_err());
        let long = |bytes: usize| format!("eq(slug,{})", "x".repeat(bytes - "eq(slug,)".len()));
        assert!(locations(Some(&long(8192))).is_ok());
        assert!(locations(Some(&long(8193))).is_err());
    }
}
