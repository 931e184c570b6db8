//! When something happened.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use onhand_domain::time::Timestamp;

use super::envelope::Envelope;
use super::fault::Fault;
use super::goods::{Goods, Key};
use super::raw::Raw;

/// When goods were received, else when the payload says, else when the event was said; `None`: now.
///
/// # Errors
/// `INVALID_TIME`.
pub(super) fn of(goods: &Goods<'_>, envelope: &Envelope<'_>) -> Result<Option<Timestamp>, Fault> {
    let told = [Key::ReceivedAt, Key::Timestamp].into_iter();
    let told = told.filter_map(|key| Some((key.name(), goods.get(key)?)));
    let told = told.chain(envelope.timestamp()).next();
    told.map(|(field, raw)| read(field, raw)).transpose()
}

/// An instant with its offset, or one without, which is UTC. What is finer than a millisecond is cut off.
fn read(field: &'static str, raw: Raw<'_>) -> Result<Timestamp, Fault> {
    let refused = || Fault::time(field, "is not an instant such as 2026-02-09T12:00:00Z");
    let text = raw.text(field).map_err(|_| refused())?;
    let zoned = text.parse::<jiff::Timestamp>();
    let instant = zoned.or_else(|_| {
        let civil: DateTime = text.parse()?;
        civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    instant
        .map(|it| Timestamp::from_millis(it.as_millisecond()))
        .map_err(|_: jiff::Error| refused())
}
