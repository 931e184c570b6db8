//! Which events have reached all their topics: the delivered watermark. Pure bookkeeping.

use std::collections::VecDeque;
use std::ops::Range;

use crate::http::events::cursor::Cursor;

/// Names one message of one event that is under way; it travels through the client as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tag(u64);

/// Bits of a tag that count the messages of one event.
const MESSAGE_BITS: u32 = 14;
/// Messages that one event can make: one for each line of a step, in each of several dialects.
pub(super) const MESSAGES_MAX: usize = 1 << MESSAGE_BITS;

impl Tag {
    const fn new(slot: u64, message: u64) -> Self {
        Self(slot << MESSAGE_BITS | message)
    }

    const fn slot(self) -> u64 {
        self.0 >> MESSAGE_BITS
    }

    /// As the client carries it.
    pub(super) fn to_opaque(self) -> usize {
        usize::try_from(self.0).expect("the process has 64 bits")
    }

    /// As the client gives it back.
    pub(super) fn from_opaque(opaque: usize) -> Self {
        Self(u64::try_from(opaque).expect("the process has 64 bits"))
    }
}

/// The tags of the messages of an event, in their order.
#[derive(Debug, Clone)]
pub(super) struct Tags {
    slot: u64,
    messages: Range<u64>,
}

impl Iterator for Tags {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        self.messages.next().map(|message| Tag::new(self.slot, message))
    }
}

/// An event, or the end of a record, in the order of the log.
#[derive(Debug)]
struct Slot<T> {
    place: Cursor,
    /// Messages that have not arrived.
    open: usize,
    bytes: usize,
    note: T,
}

/// What is under way, in the order of the log. It holds at most what its owner's window allows.
#[derive(Debug)]
pub(super) struct Ledger<T> {
    delivered: Cursor,
    slots: VecDeque<Slot<T>>,
    /// Number of the first slot.
    first: u64,
    messages: usize,
    bytes: usize,
}

impl<T: Copy> Ledger<T> {
    /// Everything up to `delivered` has arrived.
    pub(super) fn new(delivered: Cursor) -> Self {
        Self { delivered, slots: VecDeque::new(), first: 0, messages: 0, bytes: 0 }
    }

    /// The last place before which, itself included, every event has reached every topic it belongs to.
    pub(super) const fn delivered(&self) -> Cursor {
        self.delivered
    }

    /// How many events and ends of records were entered.
    pub(super) fn entered(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// The last place that was entered.
    pub(super) fn entered_up_to(&self) -> Cursor {
        self.slots.back().map_or(self.delivered, |slot| slot.place)
    }

    /// Messages under way.
    pub(super) const fn messages(&self) -> usize {
        self.messages
    }

    /// Bytes of them; those of an event are given back together.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Enters an event, or the end of a record, with the sizes of its messages. Gives the tag of each.
    pub(super) fn enter<I>(&mut self, place: Cursor, sizes: I, note: T) -> Tags
    where
        I: IntoIterator<Item = usize>,
    {
        let last = self.entered_up_to();
        assert!(place > last, "events are entered in the order of the log: {place} after {last}");
        let (number, mut bytes, mut open) = (self.entered(), 0, 0);
        for size in sizes {
            (bytes, open) = (bytes + size, open + 1);
        }
        assert!(open <= MESSAGES_MAX, "an event makes {open} messages");
        self.slots.push_back(Slot { place, open, bytes, note });
        self.messages += open;
        self.bytes += bytes;
        self.advance();
        Tags { slot: number, messages: 0..open as u64 }
    }

    /// A message has arrived, or never will and is kept elsewhere. Tells what was noted of its event,
    /// and whether that was its last message.
    pub(super) fn settle(&mut self, tag: Tag) -> (T, bool) {
        let at = tag.slot().checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let slot = at.and_then(|at| self.slots.get_mut(at));
        let slot = slot.expect("a message is settled once, after it was entered");
        slot.open = slot.open.checked_sub(1).expect("a message is settled once");
        self.messages -= 1;
        let settled = (slot.note, slot.open == 0);
        self.advance();
        settled
    }

    /// Where the event of a message that is under way stands in the log.
    pub(super) fn place(&self, tag: Tag) -> Cursor {
        let at = tag.slot().checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.slots.get(at)).map_or(self.delivered, |slot| slot.place)
    }

    fn advance(&mut self) {
        while let Some(slot) = self.slots.pop_front_if(|slot| slot.open == 0) {
            self.delivered = slot.place;
            self.bytes -= slot.bytes;
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(sequence: u64, index: u32) -> Cursor {
        Cursor::at(sequence, index)
    }

    #[test]
    fn the_watermark_waits_for_the_slowest() {
        let mut ledger = Ledger::new(Cursor::START);
        let first = ledger.enter(place(1, 0), [10, 20], ()).collect::<Vec<_>>();
        let second = ledger.enter(place(1, 1), [5], ()).collect::<Vec<_>>();
        ledger.enter(Cursor::behind(1), [], ());
        assert_eq!((ledger.messages(), ledger.bytes()), (3, 35));
        let steps = [
            (second[0], Cursor::START, 2),
            (first[1], Cursor::START, 1),
            (first[0], Cursor::behind(1), 0),
        ];
        for (tag, expected, left) in steps {
            ledger.settle(tag);
            assert_eq!((ledger.delivered(), ledger.messages()), (expected, left), "{tag:?}");
        }
        assert_eq!(ledger.bytes(), 0);
    }

    #[test]
    fn a_record_without_messages_is_delivered_at_once_but_in_order() {
        let mut ledger = Ledger::new(Cursor::behind(6));
        ledger.enter(Cursor::behind(7), [], ());
        assert_eq!(ledger.delivered(), Cursor::behind(7));
        let tags = ledger.enter(place(8, 0), [1], ()).collect::<Vec<_>>();
        ledger.enter(Cursor::behind(9), [], ());
        assert_eq!(ledger.delivered(), Cursor::behind(7));
        ledger.settle(tags[0]);
        assert_eq!(ledger.delivered(), Cursor::behind(9));
    }

    #[test]
    fn the_watermark_stands_inside_a_record_when_its_first_events_have_arrived() {
        let mut ledger = Ledger::new(Cursor::START);
        let first = ledger.enter(place(1, 0), [1], ()).collect::<Vec<_>>();
        ledger.enter(place(1, 1), [1], ());
        ledger.settle(first[0]);
        assert_eq!(ledger.delivered(), place(1, 0));
        assert_eq!(ledger.delivered().last_whole_record(), 0, "it is read again");
    }

    #[test]
    #[should_panic(expected = "settled once")]
    fn a_message_that_arrives_twice_is_our_fault() {
        let mut ledger = Ledger::new(Cursor::START);
        let tags = ledger.enter(place(1, 0), [1], ()).collect::<Vec<_>>();
        ledger.settle(tags[0]);
        ledger.settle(tags[0]);
    }

    #[test]
    #[should_panic(expected = "in the order of the log")]
    fn an_event_that_comes_again_is_our_fault() {
        let mut ledger = Ledger::new(Cursor::behind(4));
        ledger.enter(place(4, 0), [1], ());
    }

    #[test]
    fn tags_come_back_from_the_client() {
        for tag in [Tag::new(0, 0), Tag::new(1, 3), Tag::new(1 << 40, (1 << MESSAGE_BITS) - 1)] {
            assert_eq!(Tag::from_opaque(tag.to_opaque()), tag);
        }
        assert_eq!(Tag::new(77, 5).slot(), 77);
    }
}
