//! Settings with units: sizes in bytes and spans of time.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A size: a number of bytes, or a text with a unit (`64KiB`, `1 GiB`, `5 GB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = text[digits.len()..].trim();
        let factor = match unit {
            "" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
        };
        digits.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as `64KiB`, `1GiB` or a number of bytes")
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        Ok(Size(bytes))
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        let unexpected = serde::de::Unexpected::Signed(bytes);
        u64::try_from(bytes).map(Size).map_err(|_| E::invalid_value(unexpected, &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        let unexpected = serde::de::Unexpected::Str(text);
        Size::parse(text).ok_or_else(|| E::invalid_value(unexpected, &self))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

/// A span of time with its unit (`1ms`, `5s`, `2m`, `1h 30m`, `90d`); never below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// `90d`: a day is 24 hours.
fn days(text: &str) -> Option<Duration> {
    let days: u64 = text.strip_suffix('d')?.trim_end().parse().ok()?;
    days.checked_mul(86_400).map(Duration::from_secs)
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of time with its unit, such as `1ms`, `5s` or `2m`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        let span = text.parse::<SignedDuration>().ok();
        let span = span.and_then(|span| Duration::try_from(span).ok()).or_else(|| days(text));
        span.map(Span).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1024", Some(1024)),
            ("64KiB", Some(65_536)),
            ("1 GiB", Some(1 << 30)),
            ("5GB", Some(5_000_000_000)),
            ("7 B", Some(7)),
            ("", None),
            ("GiB", None),
            ("1.5GiB", None),
            ("-1KiB", None),
            ("1 gib", None),
            ("99999999TiB", None),
        ] {
            assert_eq!(Size::parse(text).map(|size| size.0), expected, "{text}");
        }
    }

    #[test]
    fn spans_need_units() {
        for (text, expected) in [
            ("90d", Some(Duration::from_hours(2_160))),
            ("d", None),
            ("-1d", None),
            ("1ms", Some(Duration::from_millis(1))),
            ("5s", Some(Duration::from_secs(5))),
            ("1h 30m", Some(Duration::from_secs(5_400))),
            ("0s", Some(Duration::ZERO)),
            ("5", None),
            ("-5s", None),
            ("soon", None),
        ] {
            let found = SpanVisitor.visit_str::<serde::de::value::Error>(text).ok();
            assert_eq!(found.map(|span| span.0), expected, "{text}");
        }
    }
}
