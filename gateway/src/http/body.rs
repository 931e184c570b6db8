//! JSON bodies: parsed in one pass, borrowing from the bytes that came in.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::http::place;
use crate::http::problem::Problem;

/// A text of a body; borrowed unless it holds escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word<'a>(Cow<'a, str>);

impl Word<'_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Text).map(Word)
    }
}

/// A value that must be written as an object: derived structs would take an array as well.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// Tells a member that is `null` from one that is absent: the first is `Some(None)`.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The text of a body.
///
/// # Errors
/// 400 `INVALID_REQUEST`.
pub(crate) fn text(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|error| {
        Problem::malformed(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// Reads a body.
///
/// # Errors
/// 400 `INVALID_REQUEST` with line, column and field.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    if body.is_empty() {
        return Err(Problem::malformed("the body is missing"));
    }
    parse_text(text(body)?)
}

/// Reads a body that may be absent: then every field has its default.
///
/// # Errors
/// 400 `INVALID_REQUEST` with line, column and field.
pub(crate) fn parse_or_empty<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    parse(if body.trim_ascii().is_empty() { b"{}" } else { body })
}

/// Reads a text that must hold one object.
///
/// # Errors
/// 400 `INVALID_REQUEST` with line, column and field.
pub(crate) fn parse_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str::<Object<T>>(text)
        .map(|object| object.0)
        .map_err(|error| malformed(text, &error))
}

/// What is wrong with a text, and where.
pub(crate) fn malformed(text: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let path = place::path_at(text, place::offset_of(text, line, column));
    let detail = if path.is_empty() { error.to_string() } else { format!("{error} (`{path}`)") };
    Problem::malformed(detail).with(|json| {
        if !path.is_empty() {
            json.text("field", &path);
        }
        json.number("line", line as u64);
        json.number("column", column as u64);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
    struct Order<'a> {
        order_id: Option<Word<'a>>,
        #[serde(default, deserialize_with = "given")]
        ttl: Option<Option<u32>>,
        lines: Vec<Object<Line<'a>>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
    struct Line<'a> {
        item_id: Word<'a>,
    }

    #[test]
    fn texts_are_borrowed_unless_escaped() {
        let order: Order<'_> =
            parse(br#"{"orderId":"O-1","lines":[{"itemId":"t\u0065a"}]}"#).expect("valid");
        assert!(matches!(order.order_id, Some(Word(Cow::Borrowed("O-1")))));
        assert_eq!(order.lines[0].0.item_id.as_str(), "tea");
        assert!(order.ttl.is_none());
    }

    #[test]
    fn null_is_told_from_absent() {
        let ttl = |json: &'static str| parse::<Order<'_>>(json.as_bytes()).expect("valid").ttl;
        assert_eq!(ttl(r#"{"lines":[]}"#), None);
        assert_eq!(ttl(r#"{"lines":[],"ttl":null}"#), Some(None));
        assert_eq!(ttl(r#"{"lines":[],"ttl":5}"#), Some(Some(5)));
    }

    #[track_caller]
    fn refused(json: &str, detail: &str, members: &str) {
        let problem = parse::<Order<'_>>(json.as_bytes()).expect_err(json);
        assert_eq!((problem.status().as_u16(), problem.code()), (400, Code::InvalidRequest));
        assert!(problem.detail().starts_with(detail), "{json}: {}", problem.detail());
        let mut out = crate::http::json::Json::default();
        out.object(|out| problem.write(out));
        let written = String::from_utf8(out.into_bytes()).expect("text");
        assert!(written.ends_with(&format!("{members}}}")), "{json}: {written}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        refused("", "the body is missing", "the body is missing\"");
        refused(
            r#"{"lines":[{"itemId":7}]}"#,
            "invalid type: integer `7`, expected a string at line 1 column 21 (`lines[0].itemId`)",
            r#""field":"lines[0].itemId","line":1,"column":21"#,
        );
        refused(
            "{\"lines\":[\n{\"itemId\":\"a\"},\n{}]}",
            "missing field `itemId` at line 3 column 2 (`lines[1]`)",
            r#""field":"lines[1]","line":3,"column":2"#,
        );
        refused(r"{}", "missing field `lines` at line 1 column 2", r#""line":1,"column":2"#);
        refused("{\"lines\":[", "EOF while parsing", r#""line":1,"column":10"#);
        refused("{\"lines\":[]} x", "trailing characters", r#""line":1,"column":14"#);
        refused(r#"{"lines":[],"lines":[]}"#, "duplicate field `lines`", r#""column":19"#);
        refused("[]", "invalid type: sequence, expected an object", r#""line":1,"column":0"#);
        refused("nonsense", "expected ident", r#""line":1,"column":2"#);
        refused(r#"{"lines":[["tea"]]}"#, "invalid type: sequence, expected an object", "");
    }

    #[test]
    fn a_body_that_is_not_text_is_refused() {
        let problem = parse::<Order<'_>>(b"{\"orderId\":\"\xff\"}").expect_err("not UTF-8");
        assert_eq!(problem.detail(), "the body is not UTF-8 at byte 12");
    }

    #[test]
    fn an_absent_body_has_only_defaults() {
        #[derive(serde::Deserialize)]
        struct Reason {
            reason: Option<String>,
        }
        for body in ["", " \n", "{}"] {
            let read: Reason = parse_or_empty(body.as_bytes()).expect("valid");
            assert_eq!(read.reason, None);
        }
    }
}
