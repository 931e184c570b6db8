//! Writes the wire format of postcard, in half the time that postcard itself takes.
//!
//! Encoding stands in the writer's hot path. Nearly all of a record is small numbers; here a number
//! of two to eight bytes is spread with a few shifts and stored at once, not byte by byte.
//! A test holds every byte against postcard's own.

use std::fmt::Error;

use serde::Serialize;
use serde::ser::{
    Impossible, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

/// Appends the postcard form of a mirror.
///
/// # Panics
/// Never: memory takes every byte, and mirrors are made of parts that have a form.
#[inline]
pub(super) fn append<M: Serialize>(mirror: &M, into: &mut Vec<u8>) {
    let mut writer = Writer { near: [0; NEAR_BYTES], filled: 0, into };
    mirror.serialize(&mut writer).expect("mirrors are made of parts that have a form");
    writer.spill();
}

/// Most records fit in it.
const NEAR_BYTES: usize = 256;

/// Writes to the end of a vector, by way of a few bytes near at hand: they need no look at how much
/// room the vector has, and no call that makes some.
struct Writer<'a> {
    near: [u8; NEAR_BYTES],
    filled: usize,
    into: &'a mut Vec<u8>,
}

/// Numbers below it take one byte.
const ONE_BYTE_END: u64 = 1 << 7;
/// Numbers below it take at most eight bytes.
const EIGHT_BYTES_END: u64 = 1 << 56;
/// The highest bit of each byte: more bytes follow.
const MORE: u64 = 0x8080_8080_8080_8080;

/// A number below [`EIGHT_BYTES_END`] as up to eight bytes of seven bits, lowest first, and how many.
#[inline]
const fn spread(value: u64) -> ([u8; 8], usize) {
    let bits = u64::BITS - (value | 1).leading_zeros();
    let length = bits.div_ceil(7);
    let halves = (value & 0x0fff_ffff) | ((value << 4) & 0x0fff_ffff_0000_0000);
    let quarters = (halves & 0x0000_3fff_0000_3fff) | ((halves << 2) & 0x3fff_0000_3fff_0000);
    let bytes = (quarters & 0x007f_007f_007f_007f) | ((quarters << 1) & 0x7f00_7f00_7f00_7f00);
    let all_but_last = MORE & ((1 << (8 * (length - 1))) - 1);
    ((bytes | all_but_last).to_le_bytes(), length as usize)
}

/// The lowest byte.
#[inline]
const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

impl Writer<'_> {
    #[inline(never)]
    fn spill(&mut self) {
        self.into.extend_from_slice(&self.near[..self.filled]);
        self.filled = 0;
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        if self.filled == NEAR_BYTES {
            self.spill();
        }
        self.near[self.filled] = byte;
        self.filled += 1;
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.near.get_mut(self.filled..self.filled + bytes.len()) {
            place.copy_from_slice(bytes);
            self.filled += bytes.len();
        } else {
            self.spill();
            self.into.extend_from_slice(bytes);
        }
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        if value < ONE_BYTE_END {
            self.byte(low_byte(value));
        } else {
            self.wide_varint(value);
        }
    }

    fn wide_varint(&mut self, value: u64) {
        if value >= EIGHT_BYTES_END {
            return self.long_varint(value);
        }
        let (bytes, length) = spread(value);
        if self.filled + bytes.len() > NEAR_BYTES {
            self.spill();
        }
        self.near[self.filled..self.filled + bytes.len()].copy_from_slice(&bytes);
        self.filled += length;
    }

    #[cold]
    fn long_varint(&mut self, mut value: u64) {
        while value >= ONE_BYTE_END {
            self.byte(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.byte(low_byte(value));
    }

    /// Signed numbers zigzag: 0, −1, 1, −2, …
    #[inline]
    fn zigzag(&mut self, value: i64) {
        self.varint((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
    }
}

/// Parts that mirrors are not made of.
macro_rules! absent {
    ($($method:ident: $kind:ty),+ $(,)?) => {
        $(fn $method(self, _: $kind) -> Result<(), Error> {
            Err(Error)
        })+
    };
}

/// Parts of a whole follow each other; a list says beforehand how many they are.
macro_rules! parts {
    ($($whole:ident: $method:ident),+ $(,)?) => {
        $(impl $whole for &mut Writer<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Error> {
                part.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })+
    };
}

parts! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
}

impl SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        part: &T,
    ) -> Result<(), Error> {
        part.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl Serializer for &mut Writer<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Error>;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.serialize_u8(u8::from(value))
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.byte(value);
        Ok(())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(u64::from(value))
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.varint(value);
        Ok(())
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(i64::from(value))
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.zigzag(value);
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.serialize_bytes(text.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.varint(bytes.len() as u64);
        self.bytes(bytes);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.byte(1);
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Error> {
        self.varint(length.ok_or(Error)? as u64);
        Ok(self)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    absent! {
        serialize_i8: i8, serialize_i16: i16, serialize_u16: u16,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char,
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<(), Error>, Error> {
        Err(Error)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(Error)
    }
}
