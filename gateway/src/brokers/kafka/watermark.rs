//! How far a topic has come, as it is kept: one cursor per topic.

use crate::http::events::cursor::Cursor;

/// What names of cursors begin with.
const PREFIX: &str = "kafka/";
/// Bytes of a kept watermark: format, sequence, index.
const BYTES: usize = 13;
/// Format of a kept watermark.
const FORMAT: u8 = 1;

/// Where publishing to a topic begins that nothing was published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishFrom {
    /// With the first record of the log: nothing is left out.
    Beginning,
    /// With what happens next.
    Now,
}

impl PublishFrom {
    /// The place, in a log that ends with this record.
    pub(super) const fn place(self, durable: u64) -> Cursor {
        match self {
            Self::Beginning => Cursor::START,
            Self::Now => Cursor::behind(durable),
        }
    }
}

/// The name of a topic's cursor.
pub(super) fn name(topic: &str) -> String {
    format!("{PREFIX}{topic}")
}

/// The watermark as it is kept: format, then sequence and index in little endian.
pub(super) fn encode(cursor: Cursor) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[0] = FORMAT;
    bytes[1..9].copy_from_slice(&cursor.sequence().to_le_bytes());
    bytes[9..].copy_from_slice(&cursor.index().to_le_bytes());
    bytes
}

/// Reads a kept watermark. One that lies behind the end of the log (a lost tail that was accepted) is
/// held at that end; one that cannot be read is the beginning.
pub(super) fn decode(bytes: &[u8], durable: u64) -> Cursor {
    let read = || {
        let (format, rest) = bytes.split_first()?;
        let (sequence, index) = rest.split_first_chunk::<8>()?;
        let index = u32::from_le_bytes(index.try_into().ok()?);
        let known = *format == FORMAT;
        known.then(|| Cursor::at(u64::from_le_bytes(*sequence), index))
    };
    let Some(cursor) = read() else {
        tracing::warn!("the watermark of a topic cannot be read; everything is sent again");
        return Cursor::START;
    };
    if cursor.sequence() <= durable {
        return cursor;
    }
    tracing::warn!(%cursor, durable, "the watermark of a topic lies behind the log");
    Cursor::behind(durable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watermarks_come_back() {
        for cursor in [Cursor::START, Cursor::at(42, 3), Cursor::behind(42)] {
            assert_eq!(decode(&encode(cursor), 42), cursor);
        }
        assert_eq!(decode(&encode(Cursor::at(43, 0)), 42), Cursor::behind(42));
        assert_eq!(decode(b"torn", 42), Cursor::START);
        let mut newer = encode(Cursor::behind(7));
        newer[0] = 9;
        assert_eq!(decode(&newer, 42), Cursor::START);
    }

    #[test]
    fn a_topic_begins_where_the_setting_says() {
        assert_eq!(PublishFrom::Beginning.place(42), Cursor::START);
        assert_eq!(PublishFrom::Now.place(42), Cursor::behind(42));
    }
}
