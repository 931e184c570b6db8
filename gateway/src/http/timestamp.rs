//! Instants and days as RFC 3339 text, and the one look at the clock that the door takes.

use jiff::civil::Date;
use jiff::fmt::temporal::DateTimePrinter;
use onhand_domain::decide::OCCURRED_AHEAD_MS_MAX;
use onhand_domain::time::{Day, Timestamp};

use crate::http::decimal::Field;
use crate::http::problem::{Code, Problem};

/// Milliseconds are what the engine stamps, so three places are always shown.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Appends an instant: `2026-02-09T12:00:00.000Z`.
pub(crate) fn write(time: Timestamp, out: &mut Vec<u8>) {
    // Instants enter through `parse` or are near now; what lies beyond the year 9999 shows as its end.
    let instant = jiff::Timestamp::from_millisecond(time.millis()).unwrap_or_else(|_| {
        if time.millis() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX }
    });
    PRINTER.print_timestamp(&instant, out).expect("a vector takes all");
}

/// The instant now, for checks of the door that need one. The engine stamps records itself.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// Reads an instant with its offset; what is finer than a millisecond is cut off.
///
/// # Errors
/// 422 `INVALID_TIME`.
pub(crate) fn parse(field: Field, text: &str) -> Result<Timestamp, Problem> {
    text.parse::<jiff::Timestamp>()
        .map(|instant| Timestamp::from_millis(instant.as_millisecond()))
        .map_err(|_| {
            let detail =
                format!("`{field}` is not an RFC 3339 instant such as 2026-02-09T12:00:00Z");
            Problem::field(Code::InvalidTime, field, detail)
        })
}

/// Reads when something happened: at most five minutes after `now`.
///
/// # Errors
/// 422 `INVALID_TIME`.
pub(crate) fn parse_occurred(
    field: Field,
    text: &str,
    now: Timestamp,
) -> Result<Timestamp, Problem> {
    let occurred = parse(field, text)?;
    if occurred.millis_since(now) > OCCURRED_AHEAD_MS_MAX {
        let detail = format!("`{field}` lies more than 5 minutes ahead of the server's clock");
        return Err(Problem::field(Code::InvalidTime, field, detail));
    }
    Ok(occurred)
}

/// Reads a calendar day: `2026-02-09`.
///
/// # Errors
/// 422 `INVALID_REQUEST`.
pub(crate) fn parse_day(field: Field, text: &str) -> Result<Day, Problem> {
    let day = text.parse::<Date>().ok().and_then(|date| date.since(EPOCH).ok());
    day.map(|since| Day::from_days(since.get_days())).ok_or_else(|| {
        let detail = format!("`{field}` is not a day such as 2026-02-09");
        Problem::field(Code::InvalidRequest, field, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(millis: i64) -> String {
        let mut out = Vec::new();
        write(Timestamp::from_millis(millis), &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn instants_are_shown_in_utc_with_milliseconds() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_770_638_400_000, "2026-02-09T12:00:00.000Z"),
            (1_770_638_400_007, "2026-02-09T12:00:00.007Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-30T22:00:00.999Z"),
        ] {
            assert_eq!(shown(millis), expected);
        }
    }

    #[test]
    fn instants_are_read_with_any_offset() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-02-09T13:00:00+01:00", Some(1_770_638_400_000)),
            ("2026-02-09T12:00:00.0079Z", Some(1_770_638_400_007)),
            ("2026-02-09 12:00:00Z", Some(1_770_638_400_000)),
            ("2026-02-09T12:00:00", None),
            ("2026-02-30T12:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            let read = parse(Field::named("occurredAt"), text);
            assert_eq!(read.as_ref().ok().map(|time| time.millis()), expected, "{text}");
            if let Err(problem) = read {
                assert_eq!(problem.code(), Code::InvalidTime);
            }
        }
    }

    #[test]
    fn what_happened_may_lie_at_most_five_minutes_ahead() {
        let now = Timestamp::from_millis(1_770_638_400_000);
        let read = |text| parse_occurred(Field::named("occurredAt"), text, now).is_ok();
        assert!(read("2026-02-09T12:05:00Z"));
        assert!(!read("2026-02-09T12:05:00.001Z"));
        assert!(read("1999-01-01T00:00:00Z"));
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2026-02-09", Some(20_493)),
            ("2199-12-31", Some(84_005)),
            ("2026-02-30", None),
            ("soon", None),
        ] {
            let read = parse_day(Field::named("expiryDate"), text);
            assert_eq!(read.ok().map(Day::days), expected, "{text}");
        }
    }
}
