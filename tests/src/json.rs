//! A JSON document kept as its text, so that numbers are compared by their digits.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Figure;

/// A JSON value. Paths are field names and list places with slashes between them (`lines/0/quantity`).
#[derive(Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Takes a document as it came over the wire.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The document's own text.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// What stands at `path`, if anything.
    pub fn find(&self, path: &str) -> Option<Self> {
        let mut here = self.0.trim();
        for step in path.split('/').filter(|step| !step.is_empty()) {
            here = if here.starts_with('[') {
                let entries: Vec<&RawValue> = serde_json::from_str(here).ok()?;
                entries.get(step.parse::<usize>().ok()?)?.get()
            } else {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(here).ok()?;
                fields.get(step)?.get()
            };
        }
        Some(Self(here.to_owned()))
    }

    /// What stands at `path`; panics when nothing does.
    #[track_caller]
    pub fn at(&self, path: &str) -> Self {
        self.find(path).unwrap_or_else(|| panic!("no `{path}` in {self}"))
    }

    /// Whether a value other than `null` stands at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some_and(|value| value.0 != "null")
    }

    /// The entries of the list at `path`.
    #[track_caller]
    pub fn list(&self, path: &str) -> Vec<Self> {
        let list = self.at(path);
        let entries: Vec<&RawValue> = serde_json::from_str(&list.0)
            .unwrap_or_else(|error| panic!("`{path}` is no list ({error}) in {self}"));
        entries.into_iter().map(|entry| Self(entry.get().to_owned())).collect()
    }

    /// The string at `path`.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        let value = self.at(path);
        serde_json::from_str(&value.0)
            .unwrap_or_else(|_| panic!("`{path}` is no string but {value} in {self}"))
    }

    /// The number at `path`: a JSON number, not a string.
    #[track_caller]
    pub fn figure(&self, path: &str) -> Figure {
        let value = self.at(path);
        Figure::parse(&value.0)
            .unwrap_or_else(|| panic!("`{path}` is no decimal of six places but {value}"))
    }

    /// The whole number at `path` (versions, sequences, counts).
    #[track_caller]
    pub fn number(&self, path: &str) -> u64 {
        let value = self.at(path);
        value.0.parse().unwrap_or_else(|_| panic!("`{path}` is no whole number but {value}"))
    }

    /// The instant at `path`: RFC 3339 in UTC.
    #[track_caller]
    pub fn instant(&self, path: &str) -> Timestamp {
        parse_instant(&self.text(path))
    }

    /// The document as a `serde_json` value, for whole comparisons.
    #[track_caller]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Checks fields in one line: `"status ACTIVE, lines/0/quantity 3, expiresAt none"`. Numbers
    /// are compared as exact decimals, strings by their text; `none` means absent or `null`.
    #[track_caller]
    pub fn shows(&self, expected: &str) -> &Self {
        let wrong: Vec<String> =
            expected.split(", ").filter_map(|field| self.mismatch(field)).collect();
        assert!(wrong.is_empty(), "{}\n  in {self}", wrong.join("; "));
        self
    }

    fn mismatch(&self, field: &str) -> Option<String> {
        let (path, wanted) = field.split_once(' ').unwrap_or((field, "present"));
        let found = self.find(path);
        let matches = match (&found, wanted) {
            (None, wanted) => wanted == "none",
            (Some(value), "none") => value.0 == "null",
            (Some(value), "present") => value.0 != "null",
            (Some(value), wanted) => value.is(wanted),
        };
        let shown = found.map_or_else(|| "absent".to_owned(), |value| value.0);
        (!matches).then(|| format!("`{path}` is {shown}, not {wanted}"))
    }

    fn is(&self, wanted: &str) -> bool {
        match serde_json::from_str::<String>(&self.0) {
            Ok(text) => text == wanted,
            Err(_) => match Figure::parse(&self.0) {
                Some(figure) => Figure::parse(wanted) == Some(figure),
                None => self.0 == wanted,
            },
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Reads an RFC 3339 instant and insists on UTC.
#[track_caller]
pub fn parse_instant(text: &str) -> Timestamp {
    assert!(text.ends_with('Z'), "`{text}` is not written in UTC");
    text.parse().unwrap_or_else(|error| panic!("`{text}` is no instant: {error}"))
}

#[cfg(test)]
mod tests {
    use super::Json;

    fn sample() -> Json {
        Json::new(r#"{"a":2.80,"b":"x","c":null,"d":[{"e":-1},{"e":2.8000000000000003}],"f":true}"#)
    }

    #[test]
    fn fields_are_compared_by_their_digits() {
        sample().shows("a 2.8, b x, c none, d/0/e -1, f true, g none, b present");
    }

    #[test]
    fn every_kind_of_mismatch_is_found() {
        for wrong in ["a 2.81", "b y", "c present", "d/1/e 2.8", "f false", "g 1", "b none"] {
            assert!(sample().mismatch(wrong).is_some(), "`{wrong}` passed");
        }
    }
}
