//! Figures of then: what a position was at an instant, for what is counted late.
//!
//! The log tells them up to one of its records; memory takes note of what later records tell of then, from
//! the moment the log is asked until the figures have long been used.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::change::{Change, Movement};
use crate::decide::Moment;
use crate::position::{Figures, PositionNumber};
use crate::time::Timestamp;

/// So many are kept; the oldest is asked for again when it is needed.
const HELD_MAX: usize = 4_096;

/// A position at an instant.
type Key = (PositionNumber, Timestamp);

#[derive(Debug)]
struct Held {
    /// The record that had changed the position last when the log was asked.
    since: u64,
    /// `None`: the log has not told yet.
    figures: Option<Figures>,
    /// What records behind `since` told of it, until the log has told.
    later: Vec<(u64, Movement)>,
}

/// See the module.
#[derive(Debug)]
pub struct Moments {
    held: BTreeMap<Key, Held>,
    /// In the order in which they were asked for.
    fading: VecDeque<(Timestamp, Key)>,
    kept_ms: i64,
}

impl Moments {
    pub(crate) const fn new(kept_ms: i64) -> Self {
        Self { held: BTreeMap::new(), fading: VecDeque::new(), kept_ms }
    }

    /// What a position was at an instant; `None`: the log must be asked.
    #[must_use]
    pub fn get(&self, moment: Moment) -> Option<Figures> {
        self.held.get(&(moment.position, moment.at))?.figures
    }

    /// Takes note from now on.
    pub(crate) fn ask(&mut self, moment: Moment, now: Timestamp) {
        let key = (moment.position, moment.at);
        if self.held.contains_key(&key) {
            return;
        }
        if self.held.len() >= HELD_MAX
            && let Some((_, oldest)) = self.fading.pop_front()
        {
            self.held.remove(&oldest);
        }
        let held = Held { since: moment.since, figures: None, later: Vec::new() };
        self.held.insert(key, held);
        self.fading.push_back((now.plus_millis(self.kept_ms), key));
    }

    /// Keeps what the log tells by its records up to `seen`, unless that is too little.
    pub(crate) fn recall(&mut self, moment: Moment, told: Figures, seen: u64) {
        let Some(held) = self.held.get_mut(&(moment.position, moment.at)) else { return };
        if held.figures.is_some() || seen < held.since {
            return;
        }
        let later = core::mem::take(&mut held.later);
        let unseen = later.iter().filter(|(sequence, _)| *sequence > seen);
        held.figures = Some(unseen.fold(told, |figures, (_, more)| with(figures, more)));
    }

    /// Takes note of what a record tells of a position in the past.
    pub(crate) fn note(
        &mut self,
        change: &Change,
        (at, position): (u32, PositionNumber),
        sequence: u64,
    ) {
        let all = (position, Timestamp::MIN)..=(position, Timestamp::from_millis(i64::MAX));
        for ((_, instant), held) in self.held.range_mut(all) {
            let own = change.movements.iter().filter(|movement| movement.position == at);
            for movement in own.filter(|movement| change.happened(movement) <= *instant) {
                match held.figures {
                    Some(figures) => held.figures = Some(with(figures, movement)),
                    None => held.later.push((sequence, *movement)),
                }
            }
        }
    }

    /// Whether nobody has asked lately.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Forgets at most `limit` that have been here long enough; returns how many.
    pub(crate) fn forget(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut forgotten = 0_usize;
        while forgotten < limit && self.fading.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.fading.pop_front() else { break };
            self.held.remove(&key);
            forgotten = forgotten.saturating_add(1);
        }
        forgotten
    }
}

/// Figures with a movement that they do not contain. What does not fit stays out.
fn with(figures: Figures, movement: &Movement) -> Figures {
    figures.moved(movement.from, movement.to, movement.quantity).unwrap_or(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Cause, MovementKind};
    use crate::position::Bucket;
    use crate::quantity::Quantity;

    const MOMENT: Moment = Moment { position: 7, at: Timestamp::from_millis(100), since: 5 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// A record with a receipt of one at position 7.
    fn one_at(millis: i64) -> Change {
        let mut change = Change::new(Cause::Received, at(millis), 0);
        let to = Some(Bucket::Available);
        let quantity = Quantity::units(1);
        change.movements.push(Movement::plain(0, MovementKind::Receipt, None, to, quantity));
        change
    }

    fn available(units: i64) -> Figures {
        Figures { available: Quantity::units(units), ..Figures::default() }
    }

    /// "What the writer holds wins over a recall": records that the log had not told of then are added.
    #[test]
    fn what_was_recorded_meanwhile_is_added_once() {
        let mut moments = Moments::new(1_000);
        moments.ask(MOMENT, at(200));
        for sequence in [6, 7, 8] {
            moments.note(&one_at(90), (0, 7), sequence);
            moments.note(&one_at(101), (0, 7), sequence); // happened after it
            moments.note(&one_at(90), (0, 8), sequence); // elsewhere
        }
        moments.recall(MOMENT, available(40), 4);
        assert_eq!(moments.get(MOMENT), None, "the log knew too little");
        moments.recall(MOMENT, available(40), 6);
        assert_eq!(moments.get(MOMENT), Some(available(42)));
        moments.note(&one_at(100), (0, 7), 9);
        moments.recall(MOMENT, available(40), 9);
        assert_eq!(moments.get(MOMENT), Some(available(43)), "memory knows better");
    }

    #[test]
    fn it_is_forgotten_and_the_oldest_makes_room() {
        let mut moments = Moments::new(1_000);
        moments.ask(MOMENT, at(200));
        assert_eq!(moments.forget(at(1_199), 9), 0);
        assert_eq!(moments.forget(at(1_200), 9), 1);
        assert!(moments.is_empty());
        for millis in 0..=i64::try_from(HELD_MAX).expect("small") {
            moments.ask(Moment { at: at(millis), ..MOMENT }, at(0));
            moments.recall(Moment { at: at(millis), ..MOMENT }, available(1), 5);
        }
        assert_eq!(moments.held.len(), HELD_MAX);
        assert_eq!(moments.get(Moment { at: at(0), ..MOMENT }), None);
        assert_eq!(moments.get(Moment { at: at(1), ..MOMENT }), Some(available(1)));
    }
}
