//! Watermarks of ordered sources: below them, a message was acted on already.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use crate::consumed::SourcePosition;
use crate::ids::Text;

/// Most source partitions that are known at once; a message of a further one is refused as
/// `LIMIT_EXCEEDED`, and nothing is acted on.
pub const SOURCE_PARTITIONS_MAX: u32 = 65_536;
/// Generation of a stream that was never made anew.
pub const FIRST_GENERATION: u32 = 1;

/// Where a source partition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The last message that was acted on, or skipped.
    pub last: Arc<SourcePosition>,
    /// The record that did it.
    pub sequence: u64,
}

impl Watermark {
    /// The offset to go on with.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.last.offset.saturating_add(1)
    }
}

/// A stream: its generation, and where its partitions stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Raised by an operator when the stream was made anew; older ones are forgotten.
    pub generation: u32,
    /// The record that began this generation; 0: nobody did.
    pub sequence: u64,
    marks: BTreeMap<u32, Watermark>,
}

impl Stream {
    /// Where its partitions stand, in their order.
    pub fn marks(&self) -> impl Iterator<Item = &Watermark> {
        self.marks.values()
    }
}

/// All source partitions.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    streams: BTreeMap<Text, Stream>,
    partitions: u32,
}

impl Sources {
    /// Whether a message at this place was acted on already, or is of an older generation.
    #[must_use]
    pub fn has_passed(&self, position: &SourcePosition) -> bool {
        let Some(stream) = self.streams.get(&position.stream) else { return false };
        if position.generation != stream.generation {
            return position.generation < stream.generation;
        }
        let mark = stream.marks.get(&position.partition);
        mark.is_some_and(|mark| mark.last.offset >= position.offset)
    }

    /// Whether a message at this place may move a watermark: its partition is known, or there is room.
    #[must_use]
    pub fn has_room(&self, position: &SourcePosition) -> bool {
        self.partitions < SOURCE_PARTITIONS_MAX
            || self.mark(&position.stream, position.partition).is_some()
    }

    /// Moves the watermark on; it never goes back.
    pub fn advance(&mut self, position: &Arc<SourcePosition>, sequence: u64) {
        if self.has_passed(position) {
            return;
        }
        self.begin(&position.stream, position.generation, 0);
        let Some(stream) = self.streams.get_mut(&position.stream) else { return };
        let mark = Watermark { last: Arc::clone(position), sequence };
        if stream.marks.insert(position.partition, mark).is_none() {
            self.partitions = self.partitions.saturating_add(1);
        }
    }

    /// Begins a generation of a stream, unless it has come that far; what was known of older ones is
    /// forgotten.
    pub fn begin(&mut self, name: &Text, generation: u32, sequence: u64) {
        let new = Stream { generation, sequence, marks: BTreeMap::new() };
        match self.streams.get_mut(name) {
            Some(held) if held.generation < generation => {
                let forgotten = u32::try_from(held.marks.len()).unwrap_or(u32::MAX);
                self.partitions = self.partitions.saturating_sub(forgotten);
                *held = new;
            }
            // A checkpoint may tell of its partitions first.
            Some(held) if held.generation == generation => {
                held.sequence = held.sequence.max(sequence);
            }
            Some(_) => {}
            None => {
                self.streams.insert(name.clone(), new);
            }
        }
    }

    /// The generation a stream is in.
    #[must_use]
    pub fn generation(&self, stream: &Text) -> u32 {
        self.streams.get(stream).map_or(FIRST_GENERATION, |held| held.generation)
    }

    /// Where a partition stands in the generation its stream is in.
    #[must_use]
    pub fn mark(&self, stream: &Text, partition: u32) -> Option<&Watermark> {
        self.streams.get(stream)?.marks.get(&partition)
    }

    /// All streams by name.
    pub fn streams(&self) -> impl Iterator<Item = (&Text, &Stream)> {
        self.streams.iter()
    }

    /// All watermarks, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Watermark> {
        self.streams.values().flat_map(Stream::marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Text {
        Text::parse("kafka/topic").expect("valid")
    }

    fn at(partition: u32, generation: u32, offset: u64) -> Arc<SourcePosition> {
        let checksum = Some(0);
        Arc::new(SourcePosition { stream: stream(), partition, generation, offset, checksum })
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

    #[test]
    fn a_new_generation_forgets_the_old_one() {
        let mut sources = Sources::default();
        sources.advance(&at(0, 1, 7), 1);
        sources.advance(&at(1, 1, 7), 2);
        assert_eq!(sources.generation(&stream()), 1);
        sources.begin(&stream(), 2, 3);
        assert_eq!((sources.generation(&stream()), sources.iter().count()), (2, 0));
        assert_eq!(sources.partitions, 0);
        assert!(sources.has_passed(&at(0, 1, 9)), "what is late of the old one is not acted on");
        assert!(!sources.has_passed(&at(0, 2, 0)));
        sources.advance(&at(0, 2, 0), 4);
        sources.advance(&at(0, 1, 99), 5);
        sources.begin(&stream(), 1, 6);
        assert_eq!(sources.mark(&stream(), 0).map(Watermark::next_offset), Some(1));
        assert_eq!(sources.streams().next().map(|(_, held)| held.sequence), Some(3));
    }

    #[test]
    fn the_number_of_partitions_is_bounded() {
        let mut sources = Sources { partitions: SOURCE_PARTITIONS_MAX - 1, ..Sources::default() };
        assert!(sources.has_room(&at(0, 1, 0)));
        sources.advance(&at(0, 1, 0), 1);
        assert!(sources.has_room(&at(0, 1, 1)), "known");
        assert!(!sources.has_room(&at(1, 1, 0)));
    }
}
