//! Dead letters: messages that could not be acted on, and events that can never be sent.
//!
//! Memory knows how each stands; what it says lies in the log, in the records that tell of it.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::catalog::TenantNumber;
use crate::consumed::Message;
use crate::ids::Text;
use crate::time::Timestamp;

/// Code of the fault of a message whose event id belongs to another one.
pub const EVENT_ID_REUSED: &str = "EVENT_ID_REUSED";

/// Number of a dead letter: the sequence of the record that wrote it.
pub type LetterNumber = u64;

/// Which way it was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It came in and could not be acted on.
    In,
    /// It can never be sent.
    Out,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterStatus {
    /// Nothing yet.
    Open,
    /// It was acted on, or sent, after all.
    Retried,
    /// It was given up, for a reason.
    Discarded,
}

/// How a dead letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub number: LetterNumber,
    /// Whose data.
    pub tenant: TenantNumber,
    /// Which way it was going.
    pub direction: Direction,
    /// What became of it.
    pub status: LetterStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it failed first.
    pub first_failed_at: Timestamp,
    /// When it failed last.
    pub last_failed_at: Timestamp,
    /// The record that last changed it; it holds the last reason.
    pub sequence: u64,
}

/// Why a message became a dead letter, in words: a code to match on, and what people need.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    /// In capitals: `UNREADABLE`, `EVENT_ID_REUSED`, …
    pub code: Text,
    /// A sentence.
    pub error: Text,
    /// Further figures, in JSON.
    pub details: Option<Text>,
}

/// An event that can never be sent, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unsent {
    /// The sink.
    pub sink: Text,
    /// The topic.
    pub topic: Text,
    /// The event's id.
    pub event_id: Text,
    /// Its type.
    pub event_type: Text,
    /// The record that made it.
    pub sequence: u64,
    /// Its place among the events of the record.
    pub index: u32,
}

/// What the first record of a dead letter says of it. Place, event and refusal of a message that
/// came in stand in the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterContent {
    /// The beginning of the message.
    pub message: Option<Message>,
    /// The event that can never be sent.
    pub unsent: Option<Unsent>,
}

/// A dead letter as a change leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterChange {
    /// How it stands now.
    pub letter: DeadLetter,
    /// What it says, when this change wrote it.
    pub content: Option<LetterContent>,
    /// Why, unless the change holds a refusal.
    pub fault: Option<Fault>,
}

/// All that are open, and the last of those that are settled.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    all: BTreeMap<LetterNumber, DeadLetter>,
    /// Those that are settled: by the record that did it, and their number.
    settled: BTreeSet<(u64, LetterNumber)>,
    open: [u32; 2],
    limit: u32,
}

const fn place_of(direction: Direction) -> usize {
    match direction {
        Direction::In => 0,
        Direction::Out => 1,
    }
}

impl DeadLetters {
    /// Holds at most so many; settled ones go first. When all are open there is no room: the source
    /// of a message that would need one waits.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        let settled = BTreeSet::new();
        Self { all: BTreeMap::new(), settled, open: [0; 2], limit: limit.max(1) }
    }

    /// Whether there is no room for another one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.iter().fold(0_u32, |sum, open| sum.saturating_add(*open)) >= self.limit
    }

    /// How many are open.
    #[must_use]
    pub fn open_count(&self, direction: Direction) -> u32 {
        self.open.get(place_of(direction)).copied().unwrap_or(0)
    }

    /// How many may be open.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: LetterNumber) -> Option<&DeadLetter> {
        self.all.get(&number)
    }

    /// Those behind a number, oldest first.
    pub fn behind(&self, number: LetterNumber) -> impl Iterator<Item = &DeadLetter> {
        self.all.range(number.saturating_add(1)..).map(|(_, letter)| letter)
    }

    /// Those before a number, newest first.
    pub fn before(&self, number: LetterNumber) -> impl Iterator<Item = &DeadLetter> {
        self.all.range(..number).rev().map(|(_, letter)| letter)
    }

    fn count(&mut self, letter: &DeadLetter, by: i32) {
        if letter.status == LetterStatus::Open {
            if let Some(open) = self.open.get_mut(place_of(letter.direction)) {
                *open = open.saturating_add_signed(by);
            }
        } else if by > 0 {
            self.settled.insert((letter.sequence, letter.number));
        } else {
            self.settled.remove(&(letter.sequence, letter.number));
        }
    }

    /// Puts a dead letter as it is now; what is newer stays.
    pub fn put(&mut self, letter: &DeadLetter) {
        if let Some(held) = self.all.get(&letter.number).copied() {
            if held.sequence >= letter.sequence {
                return;
            }
            self.count(&held, -1);
        }
        self.all.insert(letter.number, *letter);
        self.count(letter, 1);
        while self.all.len() > self.limit as usize {
            let Some((_, number)) = self.settled.pop_first() else { return };
            self.all.remove(&number);
        }
    }
}

impl Fault {
    /// From words that fit the rules of texts.
    #[must_use]
    pub fn of(code: &str, error: &str) -> Self {
        Self { code: Text::trusted(code), error: Text::trusted(error), details: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn letter(number: u64, status: LetterStatus, sequence: u64) -> DeadLetter {
        DeadLetter {
            number,
            tenant: 0,
            direction: Direction::In,
            status,
            attempts: 1,
            first_failed_at: Timestamp::default(),
            last_failed_at: Timestamp::default(),
            sequence,
        }
    }

    fn numbers(letters: &DeadLetters) -> Vec<u64> {
        letters.behind(0).map(|letter| letter.number).collect()
    }

    #[test]
    fn settled_ones_go_first_and_open_ones_never() {
        let mut letters = DeadLetters::new(3);
        for number in 1..=3 {
            letters.put(&letter(number, LetterStatus::Open, number));
        }
        assert!(letters.is_full());
        letters.put(&letter(3, LetterStatus::Retried, 4));
        letters.put(&letter(1, LetterStatus::Discarded, 5));
        assert_eq!((letters.is_full(), letters.open_count(Direction::In)), (false, 1));
        letters.put(&letter(6, LetterStatus::Open, 6));
        assert_eq!(numbers(&letters), [1, 2, 6], "the first one that was settled went first");
        letters.put(&letter(7, LetterStatus::Open, 7));
        assert_eq!(numbers(&letters), [2, 6, 7]);
        assert!(letters.is_full());
        assert_eq!(letters.before(7).map(|held| held.number).collect::<Vec<_>>(), [6, 2]);
    }

    #[test]
    fn what_is_newer_stays() {
        let mut letters = DeadLetters::new(3);
        letters.put(&letter(1, LetterStatus::Retried, 5));
        letters.put(&letter(1, LetterStatus::Open, 1));
        assert_eq!(letters.get(1).map(|held| held.status), Some(LetterStatus::Retried));
        assert_eq!(letters.open_count(Direction::In), 0);
    }
}
