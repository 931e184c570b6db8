//! An exact decimal: millionths in an integer, so that no check passes by rounding.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// Decimal places of a quantity.
const PLACES: usize = 6;

/// A quantity or an amount in millionths.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Figure(i128);

impl Figure {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Reads a JSON number literal (`2`, `-1.03`, `1e-05`). `None`: not a number, or it has more
    /// than six decimal places that are not zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let shift = i32::try_from(PLACES).ok()? + exponent - i32::try_from(fraction.len()).ok()?;
        let scale = 10i128.checked_pow(shift.unsigned_abs())?;
        let millionths = if shift >= 0 {
            digits.checked_mul(scale)?
        } else if digits % scale == 0 {
            digits / scale
        } else {
            return None;
        };
        Some(Self(if negative { -millionths } else { millionths }))
    }
}

impl From<i64> for Figure {
    fn from(whole: i64) -> Self {
        Self(i128::from(whole) * 1_000_000)
    }
}

impl Add for Figure {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Figure {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Figure {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Figure {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let fraction = format!("{rest:06}");
        match fraction.trim_end_matches('0') {
            "" => write!(out, "{sign}{whole}"),
            fraction => write!(out, "{sign}{whole}.{fraction}"),
        }
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[track_caller]
    fn check(text: &str, shown: Option<&str>) {
        assert_eq!(Figure::parse(text).map(|figure| figure.to_string()).as_deref(), shown);
    }

    #[test]
    fn decimals_are_exact() {
        check("2", Some("2"));
        check("-1.030", Some("-1.03"));
        check("1e-05", Some("0.00001"));
        check("1.5E2", Some("150"));
        check("0.1000000", Some("0.1"));
        check("2.8000000000000003", None);
        check("0.0000001", None);
        check("NaN", None);
        check("", None);
        check("1.x", None);
    }
}
