//! Exact decimal quantities, read from the text of a JSON number without a float in between.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Places after the point that the API keeps.
const PLACES: i64 = 6;
/// 10 to the power of [`PLACES`].
const MICROS_PER_UNIT: i128 = 1_000_000;

/// A quantity in units of 10⁻⁶. Wide enough that sums over a whole run cannot overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

/// The text is no decimal number with at most six places within range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number with at most {PLACES} places")]
pub struct NotAQuantity(String);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A quantity of `micros` millionths.
    #[must_use]
    pub const fn from_micros(micros: i128) -> Self {
        Self(micros)
    }

    /// In millionths.
    #[must_use]
    pub const fn micros(self) -> i128 {
        self.0
    }

    /// Appends the shortest JSON number that means this quantity.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.0 % MICROS_PER_UNIT == 0 && self.0 >= 0 {
            write_digits(self.0 / MICROS_PER_UNIT, out);
        } else {
            out.extend_from_slice(self.to_string().as_bytes());
        }
    }
}

/// The common case, a whole number, without the formatting machinery: it runs once per line sent.
fn write_digits(mut value: i128, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(value % 10).expect("one digit fits in a byte"));
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out[start..].reverse();
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    /// Reads the grammar of a JSON number (`2`, `1.03`, `1e-05`) exactly.
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        parse(text).map(Self).ok_or_else(|| NotAQuantity(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<i128> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || (fraction.is_empty() && digits.contains('.')) {
        return None;
    }
    let mut mantissa: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    let places = i64::try_from(fraction.len()).ok()?;
    let shift = PLACES.checked_add(exponent)?.checked_sub(places)?;
    let power = 10_i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?);
    let micros = match (mantissa, power) {
        (0, _) => 0,
        (_, Some(power)) if shift >= 0 => mantissa.checked_mul(power)?,
        (_, Some(power)) if mantissa % power == 0 => mantissa / power,
        _ => return None,
    };
    Some(if negative { -micros } else { micros })
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.abs();
        let whole = micros / MICROS_PER_UNIT;
        let fraction = format!("{:06}", micros % MICROS_PER_UNIT);
        match fraction.trim_end_matches('0') {
            "" => write!(out, "{sign}{whole}"),
            places => write!(out, "{sign}{whole}.{places}"),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(input)?;
        raw.get().parse().map_err(D::Error::custom)
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers_are_read_exactly() {
        for (text, micros) in [
            ("0", 0),
            ("2", 2_000_000),
            ("1.03", 1_030_000),
            ("0.000001", 1),
            ("1e-05", 10),
            ("2.5E3", 2_500_000_000),
            ("-0.1", -100_000),
            ("0e99", 0),
            ("1.0000000", 1_000_000),
            ("9007199254740993.000001", 9_007_199_254_740_993_000_001),
        ] {
            assert_eq!(text.parse(), Ok(Quantity(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_exact_quantity_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "NaN", "\"1\"", "0.0000001", "1e400", "1e-7", "1x"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn tenths_add_up() {
        let parts = ["0.1", "0.2", "2.5"].map(|text| text.parse::<Quantity>().unwrap());
        assert_eq!(parts.into_iter().sum::<Quantity>().to_string(), "2.8");
    }

    #[test]
    fn written_is_what_was_read() {
        for text in ["0", "7", "1000000000", "0.25", "-3", "-0.000001", "12.000034"] {
            let mut out = Vec::new();
            text.parse::<Quantity>().unwrap().write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
