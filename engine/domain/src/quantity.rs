//! Exact decimals with up to six places, held as whole millionths.
//!
//! They are parsed from text and never pass through a float.

use core::fmt;

/// Number of decimal places.
pub const PLACES: u32 = 6;
/// One whole unit in millionths.
pub const ONE: i64 = 1_000_000;
/// Largest magnitude a caller may send: 10¹² units. Sums stay far from the end of `i64`
/// (9.2 × 10¹² units), and every sum is checked all the same.
pub const INPUT_MAX: i64 = 1_000_000_000_000 * ONE;

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidDecimal {
    /// Not a decimal number at all.
    NotANumber,
    /// More than six places that matter.
    TooManyPlaces,
    /// Magnitude above [`INPUT_MAX`].
    TooLarge,
}

impl fmt::Display for InvalidDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "is not a decimal number",
            Self::TooManyPlaces => "has more than 6 decimal places",
            Self::TooLarge => "is larger than 1000000000000",
        })
    }
}

/// Reads `[-+]digits[.digits][(e|E)[-+]digits]` into millionths.
fn parse_millionths(text: &str) -> Result<i64, InvalidDecimal> {
    use InvalidDecimal::{NotANumber, TooLarge, TooManyPlaces};
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut mantissa: i128 = 0;
    let mut exponent: i64 = 0;
    let mut seen = 0usize;
    let mut fraction = false;
    let mut position = 0usize;
    while let Some(&byte) = digits.get(position) {
        match byte {
            b'0'..=b'9' => {
                seen = seen.saturating_add(1);
                // Trailing zeros of a fraction do not matter; leading ones cost nothing.
                if mantissa > i128::from(i64::MAX) {
                    if byte != b'0' {
                        return Err(if fraction { TooManyPlaces } else { TooLarge });
                    }
                    exponent = exponent.saturating_add(i64::from(!fraction));
                } else {
                    mantissa = mantissa
                        .saturating_mul(10)
                        .saturating_add(i128::from(byte.wrapping_sub(b'0')));
                    exponent = exponent.saturating_sub(i64::from(fraction));
                }
            }
            b'.' if !fraction && seen > 0 => fraction = true,
            b'e' | b'E' if seen > 0 => {
                exponent = exponent.saturating_add(parse_exponent(
                    digits.get(position.saturating_add(1)..).unwrap_or_default(),
                )?);
                break;
            }
            _ => return Err(NotANumber),
        }
        position = position.saturating_add(1);
    }
    if seen == 0 || digits.last() == Some(&b'.') {
        return Err(NotANumber);
    }
    scale(mantissa, exponent.saturating_add(i64::from(PLACES)))
        .map(|value| if negative { value.saturating_neg() } else { value })
}

fn parse_exponent(bytes: &[u8]) -> Result<i64, InvalidDecimal> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return Err(InvalidDecimal::NotANumber);
    }
    let mut exponent: i64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(InvalidDecimal::NotANumber);
        }
        exponent = exponent
            .saturating_mul(10)
            .saturating_add(i64::from(byte.wrapping_sub(b'0')))
            .min(1_000_000);
    }
    Ok(if negative { exponent.saturating_neg() } else { exponent })
}

/// `mantissa × 10^exponent`, exact or an error.
fn scale(mut mantissa: i128, exponent: i64) -> Result<i64, InvalidDecimal> {
    if mantissa == 0 {
        return Ok(0);
    }
    if exponent >= 0 {
        for _ in 0..exponent {
            mantissa = mantissa.saturating_mul(10);
            if mantissa > i128::from(INPUT_MAX) {
                return Err(InvalidDecimal::TooLarge);
            }
        }
    } else {
        for _ in exponent..0 {
            if mantissa.checked_rem(10) != Some(0) {
                return Err(InvalidDecimal::TooManyPlaces);
            }
            mantissa = mantissa.checked_div(10).expect("ten is not zero");
        }
    }
    match i64::try_from(mantissa) {
        Ok(value) if value <= INPUT_MAX => Ok(value),
        _ => Err(InvalidDecimal::TooLarge),
    }
}

fn write_millionths(value: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let magnitude = value.unsigned_abs();
    let whole = magnitude.checked_div(1_000_000).expect("not zero");
    let mut rest = magnitude.checked_rem(1_000_000).expect("not zero");
    if value < 0 {
        f.write_str("-")?;
    }
    write!(f, "{whole}")?;
    if rest == 0 {
        return Ok(());
    }
    let mut width = 6usize;
    while rest.checked_rem(10) == Some(0) {
        rest = rest.checked_div(10).expect("not zero");
        width = width.saturating_sub(1);
    }
    write!(f, ".{rest:0width$}")
}

macro_rules! decimal {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// Reads a decimal number; `1.03`, `1e-05` and `+2` are numbers.
            ///
            /// # Errors
            /// Not a number, more than six places that matter, or too large.
            pub fn parse(text: &str) -> Result<Self, InvalidDecimal> {
                parse_millionths(text).map(Self)
            }

            /// From whole millionths.
            #[must_use]
            pub const fn from_millionths(value: i64) -> Self {
                Self(value)
            }

            /// From whole units.
            ///
            /// # Panics
            /// When the millionths do not fit an `i64`.
            #[must_use]
            pub fn units(units: i64) -> Self {
                Self(units.checked_mul(ONE).expect("whole units fit"))
            }

            /// Whole millionths.
            #[must_use]
            pub const fn millionths(self) -> i64 {
                self.0
            }

            /// `self + other`, or `None` when it does not fit.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// `self - other`, or `None` when it does not fit.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// `self + other`, held at the ends: for figures that are only compared.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// `self - other`, held at the ends: for figures that are only compared.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The magnitude.
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }

            /// The opposite.
            #[must_use]
            pub const fn negated(self) -> Self {
                Self(self.0.saturating_neg())
            }

            /// Above zero.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Below zero.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// Zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_millionths(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_millionths(self.0, f)
            }
        }
    };
}

decimal!(
    /// An amount of stock in its unit of measure, in millionths.
    Quantity
);
decimal!(
    /// An amount of money, in millionths of the currency unit.
    Money
);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, InvalidDecimal>) {
        let parsed = Quantity::parse(text).map(|quantity| quantity.to_string());
        assert_eq!(parsed.as_deref().map_err(|error| *error), expected, "{text:?}");
    }

    #[test]
    fn texts_are_read_exactly() {
        check("2", Ok("2"));
        check("1.03", Ok("1.03"));
        check("0.1", Ok("0.1"));
        check("1e-05", Ok("0.00001"));
        check("1E3", Ok("1000"));
        check("1.5e+2", Ok("150"));
        check("-0.5", Ok("-0.5"));
        check("-0", Ok("0"));
        check("+3", Ok("3"));
        check("0.000001", Ok("0.000001"));
        check("1.0000000000000000000000000000000000000000000", Ok("1"));
        check("0.0000001e1", Ok("0.000001"));
        check("0e999999999999999999999", Ok("0"));
        check("1000000000000", Ok("1000000000000"));
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        use InvalidDecimal::{NotANumber, TooLarge, TooManyPlaces};
        check("0.0000001", Err(TooManyPlaces));
        check("1.1234567", Err(TooManyPlaces));
        check("1e-7", Err(TooManyPlaces));
        check("1000000000000.000001", Err(TooLarge));
        check("1e400", Err(TooLarge));
        check("1e99999999999999999999", Err(TooLarge));
        check("99999999999999999999999999999999999999999999", Err(TooLarge));
        check("NaN", Err(NotANumber));
        check("Infinity", Err(NotANumber));
        check("", Err(NotANumber));
        check("-", Err(NotANumber));
        check(".5", Err(NotANumber));
        check("5.", Err(NotANumber));
        check("1e", Err(NotANumber));
        check("1e+", Err(NotANumber));
        check("1.2.3", Err(NotANumber));
        check(" 1", Err(NotANumber));
        check("0x10", Err(NotANumber));
        check("one", Err(NotANumber));
    }

    #[test]
    fn a_tenth_and_two_tenths_and_two_and_a_half_are_two_point_eight() {
        let sum = ["0.1", "0.2", "2.5"]
            .into_iter()
            .map(|text| Quantity::parse(text).expect("a number"))
            .try_fold(Quantity::ZERO, Quantity::checked_add)
            .expect("fits");
        assert_eq!(sum.to_string(), "2.8");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(value in -INPUT_MAX..=INPUT_MAX) {
            let quantity = Quantity::from_millionths(value);
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = Quantity::parse(&text);
        }
    }
}
