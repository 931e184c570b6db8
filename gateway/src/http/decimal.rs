//! Quantities and money at the door: JSON numbers and decimal strings, never through a float.

use std::borrow::Cow;
use std::fmt;

use onhand_domain::quantity::{InvalidDecimal, Money, Quantity};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::http::problem::{Code, Problem};

/// Where in a body something stands, for messages: `quantity`, `lines[3].quantity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    name: &'static str,
    line: Option<usize>,
}

impl Field {
    /// A field of the body itself.
    pub(crate) const fn named(name: &'static str) -> Self {
        Self { name, line: None }
    }

    /// A field of the line with this index.
    pub(crate) const fn of_line(index: usize, name: &'static str) -> Self {
        Self { name, line: Some(index) }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(index) => write!(f, "lines[{index}].{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// Which figures make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// Any.
    Any,
    /// Zero or more.
    NotNegative,
    /// Something must move: above zero.
    Positive,
    /// Something must move, in either direction.
    NotZero,
}

/// A number as it stands in the body, not yet read.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct Decimal<'a>(#[serde(borrow)] pub(crate) &'a RawValue);

impl Decimal<'_> {
    /// Reads a quantity.
    ///
    /// # Errors
    /// 422 `INVALID_QUANTITY` that names the field.
    pub(crate) fn quantity(self, field: Field, range: Range) -> Result<Quantity, Problem> {
        let quantity = self.read(field, Quantity::parse)?;
        check(field, range, quantity.millionths()).map(|()| quantity)
    }

    /// Reads an amount of money of zero or more.
    ///
    /// # Errors
    /// 422 `INVALID_QUANTITY` that names the field.
    pub(crate) fn money(self, field: Field) -> Result<Money, Problem> {
        let money = self.read(field, Money::parse)?;
        check(field, Range::NotNegative, money.millionths()).map(|()| money)
    }

    /// Whether it is this word, as in `"unlimited"`.
    pub(crate) fn is_word(self, word: &str) -> bool {
        self.text().is_some_and(|text| text == word)
    }

    fn read<T>(
        self,
        field: Field,
        parse: impl Fn(&str) -> Result<T, InvalidDecimal>,
    ) -> Result<T, Problem> {
        let text = self.text().ok_or(InvalidDecimal::NotANumber);
        text.and_then(|text| parse(&text)).map_err(|error| refuse(field, error))
    }

    /// The text of a number, or what stands in a string; `None` for anything else.
    fn text(&self) -> Option<Cow<'_, str>> {
        let raw = self.0.get();
        match raw.as_bytes() {
            [b'-' | b'0'..=b'9', ..] => Some(Cow::Borrowed(raw)),
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                Some(Cow::Borrowed(&raw[1..raw.len() - 1]))
            }
            [b'"', ..] => serde_json::from_str(raw).ok().map(Cow::Owned),
            _ => None,
        }
    }
}

fn refuse(field: Field, why: impl fmt::Display) -> Problem {
    Problem::field(Code::InvalidQuantity, field, format!("`{field}` {why}"))
}

fn check(field: Field, range: Range, millionths: i64) -> Result<(), Problem> {
    let why = match range {
        Range::NotNegative if millionths < 0 => "must not be negative",
        Range::Positive if millionths <= 0 => "must be above zero",
        Range::NotZero if millionths == 0 => "must not be zero",
        _ => return Ok(()),
    };
    Err(refuse(field, why))
}

/// Reads an optional quantity.
///
/// # Errors
/// 422 `INVALID_QUANTITY` that names the field.
pub(crate) fn quantity_if(
    decimal: Option<Decimal<'_>>,
    field: Field,
    range: Range,
) -> Result<Option<Quantity>, Problem> {
    decimal.map(|decimal| decimal.quantity(field, range)).transpose()
}

/// Reads an optional amount of money.
///
/// # Errors
/// 422 `INVALID_QUANTITY` that names the field.
pub(crate) fn money_if(
    decimal: Option<Decimal<'_>>,
    field: Field,
) -> Result<Option<Money>, Problem> {
    decimal.map(|decimal| decimal.money(field)).transpose()
}

impl PartialSchema for Decimal<'_> {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Number));
        let string = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(Some(r"^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"));
        let description = "An exact decimal with up to 6 places, as a number or as a string.";
        OneOfBuilder::new().item(number).item(string).description(Some(description)).into()
    }
}

impl ToSchema for Decimal<'_> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Decimal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, range: Range) -> Result<String, Problem> {
        let decimal: Decimal<'_> = serde_json::from_str(json).expect("JSON");
        decimal.quantity(Field::of_line(3, "quantity"), range).map(|read| read.to_string())
    }

    #[track_caller]
    fn check(json: &str, expected: &str) {
        assert_eq!(read(json, Range::Any).ok().as_deref(), Some(expected), "{json}");
    }

    #[track_caller]
    fn refused(json: &str, range: Range, why: &str) {
        let problem = read(json, range).expect_err(json);
        assert_eq!(problem.code(), Code::InvalidQuantity, "{json}");
        assert_eq!(problem.detail(), format!("`lines[3].quantity` {why}"), "{json}");
    }

    #[test]
    fn numbers_and_strings_are_read_exactly() {
        check("2", "2");
        check("1.03", "1.03");
        check("\"0.1\"", "0.1");
        check("1e-05", "0.00001");
        check("\"1e-05\"", "0.00001");
        check("2.0", "2");
        check("-0.5", "-0.5");
        check("0.1000000000", "0.1");
        check("123456789012.123456", "123456789012.123456");
        check("\"\\u0031.5\"", "1.5");
    }

    #[test]
    fn what_is_no_exact_figure_is_refused() {
        refused("1.1234567", Range::Any, "has more than 6 decimal places");
        refused("\"0.0000001\"", Range::Any, "has more than 6 decimal places");
        refused("1e400", Range::Any, "is larger than 1000000000000");
        refused("\"1e400\"", Range::Any, "is larger than 1000000000000");
        refused("1000000000000.1", Range::Any, "is larger than 1000000000000");
        for json in
            ["\"NaN\"", "\"two\"", "\"\"", "\" 1\"", "null", "true", "{}", "[1]", "\"\\u0041\""]
        {
            refused(json, Range::Any, "is not a decimal number");
        }
    }

    #[test]
    fn figures_that_make_no_sense_are_refused() {
        refused("0", Range::Positive, "must be above zero");
        refused("-1", Range::Positive, "must be above zero");
        refused("-0.000001", Range::NotNegative, "must not be negative");
        refused("0.0", Range::NotZero, "must not be zero");
        for (json, range) in [
            ("0", Range::NotNegative),
            ("-0", Range::NotNegative),
            ("0.000001", Range::Positive),
            ("-1", Range::NotZero),
            ("0", Range::Any),
        ] {
            assert!(read(json, range).is_ok(), "{json} {range:?}");
        }
    }

    #[test]
    fn money_is_never_negative() {
        let money = |json: &str| {
            let decimal: Decimal<'_> = serde_json::from_str(json).expect("JSON");
            decimal.money(Field::named("unitCost")).map(|money| money.to_string()).ok()
        };
        assert_eq!(money("\"3.25\"").as_deref(), Some("3.25"));
        assert_eq!(money("0").as_deref(), Some("0"));
        assert_eq!(money("-0.01"), None);
    }
}
