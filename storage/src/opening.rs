//! Where the kept log begins once its first segments are gone: what the next frame continues, and where
//! the state of then lies. The format is documented in `docs/LOG_FORMAT.md`.

use crate::frame::FrameHash;

/// Format of the facts; the state has versions of its own, entry by entry.
const FORMAT: u16 = 1;
const BYTES: usize = 68;

/// The two places for the state of an opening: the next one is written while the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningSlot {
    /// `opening/a`.
    A,
    /// `opening/b`.
    B,
}

impl OpeningSlot {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What is left of the segments that went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The last segment that went.
    pub segment: u32,
    /// Its last record.
    pub sequence: u64,
    /// Hash of its last frame.
    pub hash: FrameHash,
    /// Bytes of all rows of the log up to there.
    pub end_offset: u64,
    /// Epoch of its last frame.
    pub epoch: u32,
    /// The latest instant that a record up to there tells of, in milliseconds; the caller knows it.
    pub at_ms: i64,
    /// Where the state of then lies.
    pub slot: OpeningSlot,
}

fn take<const N: usize>(bytes: &[u8; BYTES], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

impl Opening {
    pub(crate) fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..2].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[2] = u8::from(self.slot == OpeningSlot::B);
        bytes[4..8].copy_from_slice(&self.segment.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.hash.0);
        bytes[48..56].copy_from_slice(&self.end_offset.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[60..].copy_from_slice(&self.at_ms.to_le_bytes());
        bytes
    }

    /// The format, when it is not ours.
    pub(crate) fn parse(bytes: &[u8; BYTES]) -> Result<Self, u32> {
        let format = u16::from_le_bytes(take(bytes, 0));
        if format != FORMAT {
            return Err(format.into());
        }
        Ok(Self {
            segment: u32::from_le_bytes(take(bytes, 4)),
            sequence: u64::from_le_bytes(take(bytes, 8)),
            hash: FrameHash(take(bytes, 16)),
            end_offset: u64::from_le_bytes(take(bytes, 48)),
            epoch: u32::from_le_bytes(take(bytes, 56)),
            at_ms: i64::from_le_bytes(take(bytes, 60)),
            slot: if bytes[2] == 0 { OpeningSlot::A } else { OpeningSlot::B },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: Opening = Opening {
        segment: 7,
        sequence: 0x0102_0304_0506_0708,
        hash: FrameHash([9; 32]),
        end_offset: 1 << 40,
        epoch: 3,
        at_ms: -1,
        slot: OpeningSlot::B,
    };

    #[test]
    fn facts_are_read_back() {
        assert_eq!(Opening::parse(&OPENING.to_bytes()), Ok(OPENING));
        let mut later = OPENING.to_bytes();
        later[0] = 2;
        assert_eq!(Opening::parse(&later), Err(2));
    }

    /// The bytes are a promise.
    #[test]
    fn facts_lie_where_the_format_says() {
        let bytes = OPENING.to_bytes();
        assert_eq!(bytes[..16], [1, 0, 1, 0, 7, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(bytes[48..60], [0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0]);
    }
}
