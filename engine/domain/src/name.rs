//! A text that seldom changes and is copied often: short ones lie in place, longer ones are shared.
//!
//! Most ids are short. In place they need no memory of their own, so nothing has to be fetched to
//! compare them and nobody counts references across threads.

use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// Bytes that fit in place; with them a name has three words.
pub const IN_PLACE_BYTES_MAX: usize = 22;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Form);

/// A text of at most [`IN_PLACE_BYTES_MAX`] bytes is never shared, so equal names have equal forms.
#[derive(Clone, PartialEq, Eq)]
enum Form {
    /// Length, and the bytes with zeros behind them.
    InPlace(u8, [u8; IN_PLACE_BYTES_MAX]),
    Shared(Arc<str>),
}

impl Name {
    /// The text as UTF-8 bytes.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::InPlace(length, bytes) => &bytes[..usize::from(*length)],
            Form::Shared(text) => text.as_bytes(),
        }
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::InPlace(..) => {
                core::str::from_utf8(self.as_bytes()).expect("the bytes of a text")
            }
            Form::Shared(text) => text,
        }
    }
}

impl From<&str> for Name {
    #[inline]
    fn from(text: &str) -> Self {
        let mut bytes = [0; IN_PLACE_BYTES_MAX];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Form::InPlace(length, bytes))
            }
            _ => Self(Form::Shared(Arc::from(text))),
        }
    }
}

/// As a text is hashed, without looking whether it is one: fingerprints of commands are stored.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
        state.write_u8(0xff);
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    #[test]
    fn a_name_has_three_words_with_and_without_an_option() {
        assert_eq!(size_of::<Name>(), 24);
        assert_eq!(size_of::<Option<Name>>(), 24);
    }

    proptest! {
        /// Whatever the length, a name is its text: around the limit of what lies in place too.
        #[test]
        fn a_name_behaves_like_its_text(
            one in "[a-cä日\\x00]{0,26}",
            other in "[a-cä日\\x00]{0,26}",
        ) {
            let (left, right) = (Name::from(one.as_str()), Name::from(other.as_str()));
            prop_assert_eq!(left.as_str(), &one);
            prop_assert_eq!(left.as_bytes(), one.as_bytes());
            prop_assert_eq!(left == right, one == other);
            prop_assert_eq!(left.cmp(&right), one.cmp(&other));
            let copy = Name::from(String::from(left.as_str()).as_str());
            prop_assert!(copy == left.clone());
        }
    }
}
