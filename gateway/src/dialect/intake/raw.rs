//! A member as it stands in the text, read when it is needed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;
use crate::http::decimal::Decimal;

/// A value that has been skipped, not read.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(super) struct Raw<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Raw<'a> {
    /// As it stands there.
    pub(super) fn as_str(self) -> &'a str {
        self.0.get()
    }

    /// A figure, not yet read.
    pub(super) fn decimal(self) -> Decimal<'a> {
        Decimal(self.0)
    }

    /// A text.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn text(self, field: &'static str) -> Result<Cow<'a, str>, Fault> {
        let raw = self.0.get();
        match raw.as_bytes() {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                Ok(Cow::Borrowed(&raw[1..raw.len() - 1]))
            }
            [b'"', ..] => {
                serde_json::from_str(raw).map(Cow::Owned).map_err(|why| Fault::invalid(field, why))
            }
            _ => Err(Fault::invalid(field, "is not a text")),
        }
    }

    /// A text; an empty one is none.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn text_if(self, field: &'static str) -> Result<Option<Cow<'a, str>>, Fault> {
        self.text(field).map(|text| (!text.is_empty()).then_some(text))
    }
}
