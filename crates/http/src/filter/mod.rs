//! The textual form of filters: `op(field,value,…)` joined by `:`.

mod grammar;

use serde_json::{Map, Value, json};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::ProductTextCondition;
use stockroom_domain::{ProductId, Timestamp, shortened};
use uuid::Uuid;

use crate::answer::ApiError;
use grammar::{Call, Operand, REPEATED_CHARACTERS_MAX, parse};

/// The maximum length of a filter in bytes, and the maximum number of its conditions.
const BYTES_MAX: usize = 8 * 1024;
const CONDITIONS_MAX: usize = 10;

/// A field that filters can name: its operators, and the conversion of a call into a condition.
pub(crate) struct Field<T> {
    name: &'static str,
    operators: &'static [&'static str],
    condition: MakeCondition<T>,
}

/// Makes a condition of a call, or returns the reason why it can't.
pub(crate) type MakeCondition<T> = Box<dyn Fn(&Call) -> Result<T, String>>;

const ORDER: &[&str] = &["eq", "in", "gt", "ge", "lt", "le"];
const TEXT: &[&str] = &["eq", "in", "like"];
const NULLABLE_TEXT: &[&str] = &["eq", "in", "like", "is_null"];
const SEARCHED_TEXT: &[&str] = &["eq", "in", "like", "ilike"];
const NULLABLE_SEARCHED_TEXT: &[&str] = &["eq", "in", "like", "ilike", "is_null"];
const ID: &[&str] = &["eq", "in"];

fn field<T, V>(
    name: &'static str,
    operators: &'static [&'static str],
    value: impl Fn(&Call) -> Result<V, String> + 'static,
    condition: impl Fn(V) -> T + 'static,
) -> Field<T> {
    let condition = Box::new(move |call: &Call| value(call).map(&condition));
    Field {
        name,
        operators,
        condition,
    }
}

pub(crate) fn number<T>(name: &'static str, condition: fn(Comparison<i64>) -> T) -> Field<T>
where
    T: 'static,
{
    field(name, ORDER, |call| call.comparison(integer), condition)
}

pub(crate) fn time_of<T>(name: &'static str, condition: fn(Comparison<Timestamp>) -> T) -> Field<T>
where
    T: 'static,
{
    field(name, ORDER, |call| call.comparison(instant), condition)
}

pub(crate) fn text<T>(
    name: &'static str,
    condition: impl Fn(TextCondition) -> T + 'static,
) -> Field<T> {
    field(name, TEXT, Call::text, condition)
}

pub(crate) fn nullable_text<T>(name: &'static str, condition: fn(TextCondition) -> T) -> Field<T>
where
    T: 'static,
{
    field(name, NULLABLE_TEXT, Call::text, condition)
}

/// A text of a product, which may be looked for without regard to letter case.
pub(crate) fn searched_text<T>(
    name: &'static str,
    condition: impl Fn(ProductTextCondition) -> T + 'static,
) -> Field<T> {
    field(name, SEARCHED_TEXT, Call::searched_text, condition)
}

/// The same of a text that a product may lack.
pub(crate) fn nullable_searched_text<T>(
    name: &'static str,
    condition: impl Fn(ProductTextCondition) -> T + 'static,
) -> Field<T> {
    field(name, NULLABLE_SEARCHED_TEXT, Call::searched_text, condition)
}

/// A value that is one of some, each of which has a name.
pub(crate) fn named<T, V: Copy + 'static>(
    name: &'static str,
    values: &'static [(&'static str, V)],
    condition: impl Fn(Vec<V>) -> T + 'static,
) -> Field<T> {
    let value = |operand: &Operand| {
        let text = operand.text();
        let value = values.iter().find(|(word, _)| *word == text);
        value.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
            format!("{} is none of {}", repeated(&text), words.join(", "))
        })
    };
    field(name, ID, move |call| call.list(value), condition)
}

/// A flag: `true` or `false`.
pub(crate) fn flag<T>(name: &'static str, condition: fn(Vec<bool>) -> T) -> Field<T>
where
    T: 'static,
{
    named(name, &[("true", true), ("false", false)], condition)
}

pub(crate) fn id<T, I>(name: &'static str, condition: fn(Vec<I>) -> T) -> Field<T>
where
    T: 'static,
    I: From<Uuid> + 'static,
{
    field(name, ID, |call| call.list(parsed_id), condition)
}

/// A text that is one of some.
pub(crate) fn word<T>(name: &'static str, condition: fn(Vec<String>) -> T) -> Field<T>
where
    T: 'static,
{
    field(name, ID, |call| call.list(any), condition)
}

pub(crate) fn conditions<T>(
    filter: Option<&str>,
    fields: impl FnOnce() -> Vec<Field<T>>,
) -> Result<Vec<T>, ApiError> {
    let Some(filter) = filter else {
        return Ok(Vec::new());
    };
    let fields = fields();
    read(filter, &fields).map_err(|reason| {
        let fields = fields.iter();
        let fields: Map<String, Value> = fields
            .map(|field| (field.name.to_owned(), json!(field.operators)))
            .collect();
        ApiError::bad_request("Could not parse the supplied filter")
            .with("reason", reason)
            .with("fields", fields)
    })
}

/// Returns the conditions, or the fault of the filter.
fn read<T>(filter: &str, fields: &[Field<T>]) -> Result<Vec<T>, String> {
    if filter.len() > BYTES_MAX {
        return Err(format!("the filter must be at most {BYTES_MAX} bytes"));
    }
    let calls = parse(filter)?;
    if calls.len() > CONDITIONS_MAX {
        return Err(format!("there must be at most {CONDITIONS_MAX} conditions"));
    }
    let condition = |call: &Call| {
        let name = repeated(&call.field);
        let field = fields.iter().find(|field| field.name == call.field);
        let field = field.ok_or_else(|| format!("there is no field {name} to filter by"))?;
        if !field.operators.contains(&call.operator.as_str()) {
            let operator = repeated(&call.operator);
            return Err(format!("the field {name} does not support {operator}"));
        }
        (field.condition)(call)
    };
    let calls = calls.iter().enumerate();
    calls
        .map(|(index, call)| {
            let place = index + 1;
            condition(call).map_err(|reason| format!("condition {place}: {reason}"))
        })
        .collect()
}

/// The part of the filter that errors repeat.
fn repeated(text: &str) -> String {
    let text = shortened(text.to_owned(), REPEATED_CHARACTERS_MAX);
    format!("\"{text}\"")
}

/// A date (its first instant in UTC), a time of RFC 3339, or milliseconds since the Unix epoch.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    Timestamp::from_date(text)
        .or_else(|| Timestamp::from_rfc3339(text))
        .or_else(|| Timestamp::from_milliseconds(text.parse().ok()?))
}

fn integer(operand: &Operand) -> Result<i64, String> {
    let text = operand.text();
    text.parse()
        .map_err(|_| format!("{} is not an integer", repeated(&text)))
}

fn instant(operand: &Operand) -> Result<Timestamp, String> {
    let text = operand.text();
    time(&text).ok_or_else(|| {
        let text = repeated(&text);
        format!("{text} is not a date, a timestamp of RFC 3339, or a number of milliseconds")
    })
}

fn parsed_id<I: From<Uuid>>(operand: &Operand) -> Result<I, String> {
    let text = operand.text();
    let id = ProductId::parse(&text).map(|id| id.uuid().into());
    id.ok_or_else(|| format!("{} is not a UUID", repeated(&text)))
}

#[expect(clippy::unnecessary_wraps, reason = "beside others that can fail")]
fn any(operand: &Operand) -> Result<String, String> {
    Ok(operand.text())
}

impl Call {
    /// The only operand.
    fn operand(&self) -> Result<&Operand, String> {
        match self.operands.as_slice() {
            [operand] => Ok(operand),
            _ => Err(format!("{} takes one value", repeated(&self.operator))),
        }
    }

    fn several<T>(&self, value: impl Fn(&Operand) -> Result<T, String>) -> Result<Vec<T>, String> {
        if self.operands.is_empty() {
            return Err(format!(
                "{} takes at least one value",
                repeated(&self.operator)
            ));
        }
        self.operands.iter().map(value).collect()
    }

    /// The operands of `eq` or `in`.
    fn list<T>(&self, value: impl Fn(&Operand) -> Result<T, String>) -> Result<Vec<T>, String> {
        match self.operator.as_str() {
            "eq" => Ok(vec![value(self.operand()?)?]),
            _ => self.several(value),
        }
    }

    fn comparison<T>(
        &self,
        value: impl Fn(&Operand) -> Result<T, String>,
    ) -> Result<Comparison<T>, String> {
        let one = || value(self.operand()?);
        Ok(match self.operator.as_str() {
            "gt" => Comparison::Greater(one()?),
            "ge" => Comparison::GreaterOrEqual(one()?),
            "lt" => Comparison::Less(one()?),
            "le" => Comparison::LessOrEqual(one()?),
            _ => Comparison::In(self.list(value)?),
        })
    }

    fn text(&self) -> Result<TextCondition, String> {
        match self.operator.as_str() {
            "is_null" if self.operands.is_empty() => Ok(TextCondition::IsNull),
            "is_null" => Err("\"is_null\" takes no value".to_owned()),
            "like" => self.pattern().map(TextCondition::Like),
            _ => self.list(any).map(TextCondition::In),
        }
    }

    fn searched_text(&self) -> Result<ProductTextCondition, String> {
        match self.operator.as_str() {
            "ilike" => {
                let pattern = self.pattern()?;
                Ok(ProductTextCondition::ignoring_case(&pattern))
            }
            _ => self.text().map(ProductTextCondition::Exact),
        }
    }

    fn pattern(&self) -> Result<Pattern, String> {
        let operand = self.operand()?;
        operand.pattern().ok_or_else(|| {
            let text = repeated(&operand.text());
            format!("in {text} an asterisk that is not at an end needs a backslash")
        })
    }
}

#[cfg(test)]
mod tests {
    use stockroom_application::ports::{LocationCondition, StockCondition, TransactionCondition};
    use stockroom_domain::EntryAction;

    use super::*;
    use crate::locations::filter::locations;
    use crate::request::Form;
    use crate::stock::filter::stock;
    use crate::transactions::filter::transactions;

    #[test]
    fn operators_fit_their_fields() {
        let id = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";
        for filter in [
            "eq(available,5)".to_owned(),
            "in(total,1,2)".to_owned(),
            "ge(created_at,2026-01-31)".to_owned(),
            "lt(updated_at,1769851800007)".to_owned(),
            "is_null(location)".to_owned(),
            "eq(low,true):in(low,true,false)".to_owned(),
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
            "eq(low,1)",
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

    #[test]
    fn it_is_said_which_condition_is_wrong_and_why() {
        let reason = |filter: &str| {
            let fields = [number("total", StockCondition::Total)];
            let text = nullable_text("location", StockCondition::Location);
            let time = time_of("created_at", StockCondition::CreatedAt);
            let id = super::id("id", StockCondition::Id);
            let fields: Vec<_> = fields.into_iter().chain([text, time, id]).collect();
            read(filter, &fields).map(drop).unwrap_err()
        };
        for (filter, expected) in [
            (
                "eq(total,1):eq(x,1)",
                "condition 2: there is no field \"x\" to filter by",
            ),
            (
                "like(total,1)",
                "condition 1: the field \"total\" does not support \"like\"",
            ),
            ("eq(total,5.0)", "condition 1: \"5.0\" is not an integer"),
            ("eq(total,1,2)", "condition 1: \"eq\" takes one value"),
            ("gt(total)", "condition 1: \"gt\" takes one value"),
            ("in(total)", "condition 1: \"in\" takes at least one value"),
            (
                "is_null(location,x)",
                "condition 1: \"is_null\" takes no value",
            ),
            (
                "like(location,a*b)",
                "condition 1: in \"a*b\" an asterisk that is not at an end needs a backslash",
            ),
            (
                "ge(created_at,yesterday)",
                "condition 1: \"yesterday\" is not a date, a timestamp of RFC 3339, or a number of \
                 milliseconds",
            ),
            ("eq(id,5)", "condition 1: \"5\" is not a UUID"),
        ] {
            assert_eq!(reason(filter), expected, "{filter}");
        }
    }
}
