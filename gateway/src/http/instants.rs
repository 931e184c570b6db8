//! Instants that a read asks for.

use onhand_domain::time::Timestamp;
use onhand_engine::Engine;
use onhand_engine::history::Basis;

use crate::http::decimal::Field;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::timestamp;

/// An instant of the query.
///
/// # Errors
/// 422 `INVALID_TIME`.
pub(crate) fn instant_of(
    query: &Query<'_>,
    name: &'static str,
) -> Result<Option<Timestamp>, Problem> {
    query.text(name).map(|text| timestamp::parse(Field::named(name), text)).transpose()
}

/// The same, and history must reach back to it.
///
/// # Errors
/// 422 `INVALID_TIME`, 410 `HISTORY_GONE`.
pub(crate) fn kept_instant_of(
    query: &Query<'_>,
    name: &'static str,
    engine: &Engine,
) -> Result<Option<Timestamp>, Problem> {
    let instant = instant_of(query, name)?;
    match engine.history().earliest() {
        Some(earliest) if instant.is_some_and(|instant| instant < earliest) => {
            Err(Problem::gone(name, earliest))
        }
        _ => Ok(instant),
    }
}

/// Whether an instant is about what had happened by then, or about what had been recorded.
///
/// # Errors
/// 400 `INVALID_REQUEST`.
pub(crate) fn basis_of(query: &Query<'_>) -> Result<Basis, Problem> {
    let words = [("occurred", Basis::Happened), ("recorded", Basis::Recorded)];
    Ok(query.one_of("by", &words)?.unwrap_or_default())
}
