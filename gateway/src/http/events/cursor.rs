//! Places between events.

use std::fmt;

use onhand_engine::events::Event;
use onhand_engine::ids::LOG;

use crate::http::problem::Problem;

/// A place in the log: everything up to this event, itself included, has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    sequence: u64,
    index: u32,
}

impl Cursor {
    /// At an event by its numbers.
    pub(crate) const fn at(sequence: u64, index: u32) -> Self {
        Self { sequence, index }
    }

    /// The record it stands at or in.
    pub(crate) const fn sequence(self) -> u64 {
        self.sequence
    }

    /// The event of that record.
    pub(crate) const fn index(self) -> u32 {
        self.index
    }

    /// Before all events.
    pub(crate) const START: Self = Self::behind(0);

    /// Behind all events of a record.
    pub(crate) const fn behind(sequence: u64) -> Self {
        Self { sequence, index: u32::MAX }
    }

    /// Behind this event.
    pub(crate) const fn of(event: &Event) -> Self {
        Self { sequence: event.sequence, index: event.index }
    }

    /// The last record of which nothing is left to tell. Reading goes on behind it, also when the
    /// cursor stands in the middle of the record that follows.
    pub(crate) const fn last_whole_record(self) -> u64 {
        if self.index == u32::MAX { self.sequence } else { self.sequence.saturating_sub(1) }
    }

    /// As we give it out. Every event has one, so it is not written by way of a formatter.
    pub(crate) fn text(self) -> String {
        let mut text = String::with_capacity(TEXT_BYTES);
        push_hex(LOG.into(), &mut text);
        for number in [self.sequence, self.index.into()] {
            text.push('-');
            push_hex(number, &mut text);
        }
        text
    }

    /// Reads a cursor that we gave out; `0` is the beginning. Nothing lies behind `durable`.
    ///
    /// # Errors
    /// 400 `INVALID_REQUEST`.
    pub(super) fn parse(text: &str, durable: u64) -> Result<Self, Problem> {
        if text == "0" {
            return Ok(Self::START);
        }
        let cursor = Self::decode(text).filter(|cursor| cursor.sequence <= durable);
        cursor.ok_or_else(foreign)
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let log = u16::from_str_radix(parts.next()?, 16).ok()?;
        let sequence = u64::from_str_radix(parts.next()?, 16).ok()?;
        let index = u32::from_str_radix(parts.next()?, 16).ok()?;
        let cursor = Self { sequence, index };
        let is_ours = parts.next().is_none() && log == LOG && cursor.to_string() == text;
        is_ours.then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Room for a cursor.
const TEXT_BYTES: usize = 32;

fn push_hex(number: u64, out: &mut String) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
    let digit =
        |at: u32| char::from_digit(u32::from((number >> (4 * at)).to_le_bytes()[0] & 15), 16);
    out.extend((0..digits).rev().filter_map(digit));
}

/// 400: not a cursor of ours.
pub(super) fn foreign() -> Problem {
    Problem::malformed("the cursor is not one that came with an event of this log")
        .with(|json| json.text("field", "after"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        for cursor in [
            Cursor::START,
            Cursor { sequence: 42, index: 0 },
            Cursor { sequence: 0xffff, index: 17 },
            Cursor::behind(42),
        ] {
            assert_eq!(Cursor::parse(&cursor.to_string(), 0xffff).ok(), Some(cursor), "{cursor}");
        }
        assert_eq!(Cursor::parse("0", 0).ok(), Some(Cursor::START));
    }

    #[test]
    fn cursors_of_others_are_refused() {
        for text in [
            "",
            "1",
            "1-2",
            "2-2a-0",
            "1-2a-0-0",
            "1-2A-0",
            "1-02a-0",
            "1-+2a-0",
            "nonsense!",
            "1-2b-0",
            "1-2a-100000000",
        ] {
            assert!(Cursor::parse(text, 42).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cursor_inside_a_record_reads_the_record_again() {
        for (cursor, expected) in [
            (Cursor::START, 0),
            (Cursor { sequence: 1, index: 0 }, 0),
            (Cursor { sequence: 42, index: 3 }, 41),
            (Cursor::behind(42), 42),
        ] {
            assert_eq!(cursor.last_whole_record(), expected, "{cursor}");
        }
    }

    #[test]
    fn cursors_are_in_the_order_of_events() {
        let places = [(41, 7), (41, u32::MAX), (42, 0), (42, 1), (42, u32::MAX), (43, 0)];
        let cursors = places.map(|(sequence, index)| Cursor { sequence, index });
        assert!(cursors.is_sorted(), "{cursors:?}");
    }
}
