//! The grammar of filters.

use stockroom_application::filter::Pattern;
use stockroom_domain::shortened;
use winnow::Parser;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, preceded, repeat};
use winnow::error::ContextError;
use winnow::token::{any, none_of, take_while};

/// The number of characters of a filter that an error repeats.
pub(crate) const REPEATED_CHARACTERS_MAX: usize = 40;

/// One `op(field,value,…)`.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) operator: String,
    pub(crate) field: String,
    pub(crate) operands: Vec<Operand>,
}

/// A value, and whether unescaped asterisks stood around it.
#[derive(Debug, PartialEq)]
pub(crate) struct Operand {
    characters: Vec<Character>,
}

/// A character of a value, and whether it was escaped.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Character {
    character: char,
    escaped: bool,
}

type Parsed<T> = winnow::Result<T, ContextError>;

/// Parses the conditions of a filter.
///
/// # Errors
/// The fault and its place.
pub(crate) fn parse(filter: &str) -> Result<Vec<Call>, String> {
    let mut rest = filter;
    let mut calls = Vec::new();
    loop {
        match call.parse_next(&mut rest) {
            Ok(call) => calls.push(call),
            Err(_) => return Err(unexpected(filter, rest, calls.len())),
        }
        if rest.is_empty() {
            return Ok(calls);
        }
        match rest.strip_prefix(':') {
            Some(next) => rest = next,
            None => return Err(unexpected(filter, rest, calls.len())),
        }
    }
}

/// The error of a filter whose `rest`, behind this number of conditions, can't be parsed.
fn unexpected(filter: &str, rest: &str, conditions: usize) -> String {
    let condition = conditions + 1;
    let form =
        format!("condition {condition} must have the form op(field,value,…), joined by \":\"");
    if rest.is_empty() {
        return format!("{form}; the filter ends too early");
    }
    let before = filter.strip_suffix(rest).unwrap_or_default();
    let place = before.chars().count() + 1;
    let rest = shortened(rest.to_owned(), REPEATED_CHARACTERS_MAX);
    format!("{form}; \"{rest}\" at character {place} is not expected")
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

/// Trailing white space isn't part of a bare value.
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
    pub(crate) fn text(&self) -> String {
        self.characters.iter().map(|it| it.character).collect()
    }

    pub(crate) fn pattern(&self) -> Option<Pattern> {
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
            // A lone asterisk counts as both the leading and the trailing one.
            open_start,
            open_end: open_end || (open_start && inner.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(filter: &str) -> Option<Vec<(String, String, Vec<String>)>> {
        let calls = parse(filter).ok()?;
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
    fn it_is_said_where_a_filter_goes_wrong() {
        let form = "must have the form op(field,value,…), joined by \":\"";
        for (filter, condition, reason) in [
            ("", 1, "the filter ends too early"),
            ("eq(a", 1, "the filter ends too early"),
            ("eq(ä,b)", 1, "\"ä,b)\" at character 4 is not expected"),
            ("eq(a,'ö'):", 2, "the filter ends too early"),
            (
                "eq(a,'ö'):EQ(a,b)",
                2,
                "\"EQ(a,b)\" at character 11 is not expected",
            ),
            (
                "eq(a,b)eq(c,d)",
                2,
                "\"eq(c,d)\" at character 8 is not expected",
            ),
            ("eq(a,(b))", 1, "\",(b))\" at character 5 is not expected"),
        ] {
            let expected = format!("condition {condition} {form}; {reason}");
            assert_eq!(parse(filter), Err(expected), "{filter}");
        }
        let long = format!("!{}", "x".repeat(1_000));
        let reason = parse(&long).unwrap_err();
        assert!(reason.chars().count() < 200, "{reason}");
    }
}
