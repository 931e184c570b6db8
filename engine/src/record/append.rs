//! Where encoded bytes go: the end of a buffer that is used again and again.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Writes to the end of a vector.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    #[inline]
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends the postcard form of a mirror.
///
/// # Panics
/// Never: memory takes every byte, and mirrors hold nothing that has no form (lists know their length).
#[inline]
pub(super) fn append<M: Serialize>(mirror: &M, into: &mut Vec<u8>) {
    postcard::serialize_with_flavor(mirror, Append(into)).expect("mirrors have a form");
}
