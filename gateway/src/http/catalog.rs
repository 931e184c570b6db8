//! Items, locations and bins.

pub(crate) mod bins;
pub(crate) mod items;
pub(crate) mod locations;

use onhand_domain::ids::{InvalidId, Reference, Text};

use crate::http::body::Word;
use crate::http::decimal::Field;
use crate::http::extract::id;
use crate::http::problem::{Code, Problem};

/// Reads an optional reference.
///
/// # Errors
/// 422 `INVALID_ID`.
pub(crate) fn reference_if(
    word: Option<&Word<'_>>,
    field: Field,
) -> Result<Option<Reference>, Problem> {
    word.map(|word| id(field, word.as_str(), Reference::parse)).transpose()
}

/// Reads an optional free text.
///
/// # Errors
/// 422 `LIMIT_EXCEEDED` when it is too long, 422 `INVALID_REQUEST` when it holds control characters.
pub(crate) fn text_if(word: Option<&Word<'_>>, field: Field) -> Result<Option<Text>, Problem> {
    word.map(|word| text(word, field)).transpose()
}

/// Reads a free text.
///
/// # Errors
/// 422 `LIMIT_EXCEEDED` when it is too long, 422 `INVALID_REQUEST` when it holds control characters.
pub(crate) fn text(word: &Word<'_>, field: Field) -> Result<Text, Problem> {
    Text::parse(word.as_str()).map_err(|error| {
        let code = match error {
            InvalidId::TooLong(_) => Code::LimitExceeded,
            _ => Code::InvalidRequest,
        };
        Problem::field(code, field, format!("`{field}` {error}"))
    })
}
