//! Names given by callers: parsed once at the door, trusted afterwards.
//!
//! All of them are cheap to clone (see [`Name`]), because one name lives in the command, in the
//! writer's memory and in the read view at the same time.

use core::fmt;

use crate::name::Name;

/// Longest id of a tenant, item, location, bin or lot, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest of all other ids and references, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 128;
/// Longest free text (names, notes, reasons), in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidId {
    /// It has no bytes.
    Empty,
    /// It has more bytes than the limit named here.
    TooLong(usize),
    /// It holds a control character.
    ControlCharacter,
    /// It holds a `/`, which would break paths.
    Slash,
    /// It begins or ends with a blank.
    BlankAtEnd,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLong(limit) => write!(f, "must have at most {limit} bytes"),
            Self::ControlCharacter => f.write_str("must not hold control characters"),
            Self::Slash => f.write_str("must not hold '/'"),
            Self::BlankAtEnd => f.write_str("must not begin or end with a blank"),
        }
    }
}

fn check_length(text: &str, limit: usize) -> Result<(), InvalidId> {
    match text.len() {
        0 => Err(InvalidId::Empty),
        length if length > limit => Err(InvalidId::TooLong(limit)),
        _ if is_visible_ascii(text) => Ok(()),
        _ if text.chars().any(char::is_control) => Err(InvalidId::ControlCharacter),
        _ => Ok(()),
    }
}

/// Most names are: then nothing has to be decoded.
fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn check_id(text: &str) -> Result<(), InvalidId> {
    check_length(text, ID_BYTES_MAX)?;
    if text.contains('/') {
        return Err(InvalidId::Slash);
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(InvalidId::BlankAtEnd);
    }
    Ok(())
}

fn check_reference(text: &str) -> Result<(), InvalidId> {
    check_length(text, REFERENCE_BYTES_MAX)
}

fn check_text(text: &str) -> Result<(), InvalidId> {
    match text.len() {
        length if length > TEXT_BYTES_MAX => Err(InvalidId::TooLong(TEXT_BYTES_MAX)),
        _ if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
            Err(InvalidId::ControlCharacter)
        }
        _ => Ok(()),
    }
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $check:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Name);

        impl $name {
            /// Checks the rules of API.md ("Ids") and takes a copy.
            ///
            /// # Errors
            /// The first rule that is broken.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                $check(text)?;
                Ok(Self(Name::from(text)))
            }

            /// Takes a name that was checked when it entered (read back from our own disk).
            #[must_use]
            pub fn trusted(text: &str) -> Self {
                Self(Name::from(text))
            }

            /// The bytes as given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The same as UTF-8.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

name!(
    /// The organisation that owns the data.
    TenantId, check_id
);
name!(
    /// What is stocked: a sellable variant or SKU.
    ItemId, check_id
);
name!(
    /// A warehouse or store.
    LocationId, check_id
);
name!(
    /// A place inside a location.
    BinId, check_id
);
name!(
    /// A lot (batch) number.
    LotNumber, check_id
);
name!(
    /// Any other id or reference a caller gives: orders, customers, sales, receipts, shipments.
    Reference, check_reference
);
name!(
    /// Free text: names, notes, reasons. May be empty.
    Text, check_text
);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn ids_follow_the_rules_of_the_contract() {
        let long: String = core::iter::repeat_n('a', 64).collect();
        let too_long: String = core::iter::repeat_n('a', 65).collect();
        let two_bytes_each: String = core::iter::repeat_n('ä', 33).collect();
        for (text, expected) in [
            ("item-1", Ok(())),
            ("a b", Ok(())),
            ("日本", Ok(())),
            (long.as_str(), Ok(())),
            ("", Err(InvalidId::Empty)),
            (too_long.as_str(), Err(InvalidId::TooLong(64))),
            (two_bytes_each.as_str(), Err(InvalidId::TooLong(64))),
            ("a/b", Err(InvalidId::Slash)),
            (" a", Err(InvalidId::BlankAtEnd)),
            ("a ", Err(InvalidId::BlankAtEnd)),
            ("a\nb", Err(InvalidId::ControlCharacter)),
            ("\u{85}", Err(InvalidId::ControlCharacter)),
        ] {
            assert_eq!(ItemId::parse(text).map(|_| ()), expected, "{text:?}");
        }
    }

    #[test]
    fn references_may_hold_slashes_and_are_longer() {
        let longest: String = core::iter::repeat_n('a', 128).collect();
        let too_long: String = core::iter::repeat_n('a', 129).collect();
        assert!(Reference::parse("PO/2026/1").is_ok());
        assert!(Reference::parse(&longest).is_ok());
        assert_eq!(Reference::parse(&too_long).err(), Some(InvalidId::TooLong(128)));
        assert_eq!(Reference::parse("a\0").err(), Some(InvalidId::ControlCharacter));
    }

    #[test]
    fn ids_are_compared_byte_by_byte() {
        let composed = ItemId::parse("\u{e9}").expect("valid");
        let decomposed = ItemId::parse("e\u{301}").expect("valid");
        assert_ne!(composed, decomposed);
    }
}
