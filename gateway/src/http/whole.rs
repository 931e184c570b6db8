//! Whole numbers of bodies. JSON has one kind of number: 5.0 is 5, and a description by JSON Schema
//! allows both.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Above it not every whole number has a double of its own (2^53).
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A whole number within the bounds of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<T>(pub(crate) T);

struct Digits<T>(PhantomData<T>);

impl<T: TryFrom<u64> + TryFrom<i64>> Visitor<'_> for Digits<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number ({})", std::any::type_name::<T>())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || number.abs() > EXACT_MAX {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
        self.visit_i64(number as i64)
    }
}

impl<'de, T: TryFrom<u64> + TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Digits(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: TryFrom<u64> + TryFrom<i64>>(text: &str) -> Option<T> {
        serde_json::from_str::<Whole<T>>(text).ok().map(|whole| whole.0)
    }

    #[test]
    fn it_may_be_written_with_a_point_and_with_an_exponent() {
        assert_eq!(read::<u64>("9019.0"), Some(9_019));
        assert_eq!(read::<i32>("-5.0"), Some(-5));
        assert_eq!(read::<u32>("1e3"), Some(1_000));
        assert_eq!(read::<u64>("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn what_is_not_whole_or_out_of_bounds_is_refused() {
        for text in ["1.5", "1e300", "-1", "4294967296", "\"5\"", "null", "true"] {
            assert_eq!(read::<u32>(text), None, "{text}");
        }
        assert_eq!(read::<u64>("9007199254740994.0"), None, "a double may stand for several");
    }
}
