//! Watermarks of ordered sources: below them, a message was acted on already.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use crate::command::SourcePosition;
use crate::ids::Text;

/// Where a source partition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The last message that was acted on.
    pub last: Arc<SourcePosition>,
    /// The record that did it.
    pub sequence: u64,
}

/// All source partitions.
#[derive(Debug, Default)]
pub struct Sources {
    marks: BTreeMap<(Text, u32, u32), Watermark>,
}

fn key_of(position: &SourcePosition) -> (Text, u32, u32) {
    (position.stream.clone(), position.partition, position.generation)
}

impl Sources {
    /// Whether a message at this place was acted on already.
    #[must_use]
    pub fn has_passed(&self, position: &SourcePosition) -> bool {
        self.marks.get(&key_of(position)).is_some_and(|mark| mark.last.offset >= position.offset)
    }

    /// Moves the watermark on; it never goes back.
    pub fn advance(&mut self, position: &Arc<SourcePosition>, sequence: u64) {
        if !self.has_passed(position) {
            self.marks.insert(key_of(position), Watermark { last: Arc::clone(position), sequence });
        }
    }

    /// All watermarks, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Watermark> {
        self.marks.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: u32, generation: u32, offset: u64) -> Arc<SourcePosition> {
        let stream = Text::parse("kafka/topic").expect("valid");
        Arc::new(SourcePosition { stream, partition, generation, offset, checksum: 0 })
    }

    #[test]
    fn below_the_watermark_everything_has_passed() {
        let mut sources = Sources::default();
        assert!(!sources.has_passed(&at(0, 1, 0)));
        sources.advance(&at(0, 1, 7), 1);
        sources.advance(&at(0, 1, 3), 2);
        assert!(sources.has_passed(&at(0, 1, 7)));
        assert!(!sources.has_passed(&at(0, 1, 8)));
        assert!(!sources.has_passed(&at(1, 1, 0)), "each partition has its own");
        assert!(!sources.has_passed(&at(0, 2, 0)), "a topic made anew begins again");
    }
}
