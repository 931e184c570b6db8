//! What is known of each partition while it is read. Pure; time is given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onhand_domain::consumed::SourcePosition;
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::ADVANCES_MAX;

/// Pauses before a message is tried again whose fault may pass (EVENTS.md, "Handling").
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Pause before a message is entered again that found no room.
const ROOM_PAUSE: Duration = Duration::from_millis(500);
/// How long a skipped message may stay untold (DESIGN.md §8).
const UNTOLD_MAX: Duration = Duration::from_millis(800);

/// Why a message was not acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// There is no room for it now; it waits as long as it takes.
    NoRoom,
    /// A fault that may pass: a few attempts, then a dead letter.
    Passing,
}

/// A message that was not acted on; what is behind it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Its place.
    pub(super) offset: u64,
    /// Attempts that failed for a fault of their own.
    pub(super) attempts: u32,
    /// When it failed first.
    pub(super) since: Timestamp,
    /// When it is read again; `None`: it is being read.
    until: Option<Duration>,
}

impl Held {
    /// Whether it has been tried often enough.
    pub(super) const fn is_given_up(&self) -> bool {
        self.attempts as usize > PAUSES.len()
    }
}

/// A partition.
#[derive(Debug, Default)]
struct Lane {
    in_flight: u32,
    /// The last message that was skipped and that no record tells of, and since when.
    untold: Option<(Arc<SourcePosition>, Duration)>,
    held: Option<Held>,
}

/// All partitions of a topic.
#[derive(Debug, Default)]
pub(super) struct Lanes(BTreeMap<u32, Lane>);

impl Lanes {
    fn lane(&mut self, partition: u32) -> &mut Lane {
        self.0.entry(partition).or_default()
    }

    /// The message of the partition that was not acted on.
    pub(super) fn held(&self, partition: u32) -> Option<Held> {
        self.0.get(&partition)?.held
    }

    /// Whether nothing of this partition is to be entered now.
    pub(super) fn is_waiting(&self, partition: u32) -> bool {
        self.held(partition).is_some_and(|held| held.until.is_some())
    }

    /// A message has entered.
    pub(super) fn enter(&mut self, partition: u32) {
        self.lane(partition).in_flight += 1;
    }

    /// A message was answered. Tells whether it counts: what is behind a message that was not acted on
    /// comes again.
    pub(super) fn leave(&mut self, partition: u32, offset: u64) -> bool {
        let lane = self.lane(partition);
        lane.in_flight -= 1;
        lane.held.is_none_or(|held| offset <= held.offset)
    }

    /// A record tells of this message.
    pub(super) fn tell(&mut self, partition: u32, offset: u64) {
        let lane = self.lane(partition);
        lane.untold.take_if(|(place, _)| place.offset <= offset);
        lane.held.take_if(|held| held.offset <= offset);
    }

    /// A message was skipped; some record must say so.
    pub(super) fn skip(&mut self, place: Arc<SourcePosition>, now: Duration) {
        let lane = self.lane(place.partition);
        lane.held.take_if(|held| held.offset <= place.offset);
        let since = lane.untold.as_ref().map_or(now, |(_, since)| *since);
        if lane.untold.as_ref().is_none_or(|(held, _)| held.offset < place.offset) {
            lane.untold = Some((place, since));
        }
    }

    /// Skipped messages that are to be told now: everything before them was answered.
    pub(super) fn due(&mut self, now: Duration, wait: Wait) -> Vec<Arc<SourcePosition>> {
        let is_due = |lane: &&mut Lane| {
            let old = |(_, since): &(_, Duration)| {
                wait == Wait::Not || now.saturating_sub(*since) >= UNTOLD_MAX
            };
            lane.in_flight == 0 && lane.untold.as_ref().is_some_and(old)
        };
        let due = self.0.values_mut().filter(is_due).take(ADVANCES_MAX as usize);
        due.filter_map(|lane| lane.untold.take()).map(|(place, _)| place).collect()
    }

    /// A message was not acted on. Nothing of its partition goes on before it is read again.
    pub(super) fn hold(&mut self, place: &SourcePosition, why: Obstacle, clock: Clock) {
        let lane = self.lane(place.partition);
        let before = lane.held.filter(|held| held.offset == place.offset);
        let attempts = before.map_or(0, |held| held.attempts) + u32::from(why == Obstacle::Passing);
        let pause = match why {
            Obstacle::NoRoom => ROOM_PAUSE,
            // One that is given up is read once more, to be buried.
            Obstacle::Passing => PAUSES.get(attempts as usize - 1).copied().unwrap_or_default(),
        };
        lane.held = Some(Held {
            offset: place.offset,
            attempts,
            since: before.map_or(clock.wall, |held| held.since),
            until: Some(clock.span + pause),
        });
    }

    /// Partitions that are to be read again now, each from this offset.
    pub(super) fn wake(&mut self, now: Duration) -> Vec<(u32, u64)> {
        let is_due = |held: &Held| held.until.is_some_and(|until| until <= now);
        let mut woken = Vec::new();
        for (partition, lane) in &mut self.0 {
            if let Some(held) = lane.held.as_mut().filter(|held| is_due(held)) {
                held.until = None;
                woken.push((*partition, held.offset));
            }
        }
        woken
    }
}

/// Whether skipped messages may wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// A while.
    AWhile,
    /// No: reading ends.
    Not,
}

/// The instant, for pauses and for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Since any fixed instant.
    pub(super) span: Duration,
    /// On the wall.
    pub(super) wall: Timestamp,
}

#[cfg(test)]
mod tests {
    use onhand_domain::ids::Text;

    use super::*;

    fn at(partition: u32, offset: u64) -> Arc<SourcePosition> {
        let stream = Text::parse("c/t").expect("valid");
        Arc::new(SourcePosition { stream, partition, generation: 1, offset, checksum: Some(7) })
    }

    fn clock(millis: u64) -> Clock {
        Clock { span: Duration::from_millis(millis), wall: Timestamp::default() }
    }

    fn due(lanes: &mut Lanes, millis: u64) -> Vec<(u32, u64)> {
        let places = lanes.due(Duration::from_millis(millis), Wait::AWhile);
        places.iter().map(|place| (place.partition, place.offset)).collect()
    }

    #[test]
    fn what_was_skipped_is_told_in_time_and_once() {
        let mut lanes = Lanes::default();
        lanes.skip(at(0, 3), Duration::ZERO);
        lanes.skip(at(0, 5), Duration::from_millis(500));
        lanes.skip(at(1, 9), Duration::from_millis(700));
        assert_eq!(due(&mut lanes, 799), []);
        assert_eq!(due(&mut lanes, 800), [(0, 5)], "the oldest waits at most so long");
        assert_eq!(lanes.due(Duration::ZERO, Wait::Not).len(), 1, "at the end nothing waits");
        assert_eq!(due(&mut lanes, 9_999), []);
    }

    #[test]
    fn what_was_skipped_waits_for_what_is_in_flight_before_it() {
        let mut lanes = Lanes::default();
        lanes.enter(0);
        lanes.skip(at(0, 5), Duration::ZERO);
        assert_eq!(due(&mut lanes, 5_000), []);
        assert!(lanes.leave(0, 4));
        lanes.tell(0, 4);
        assert_eq!(due(&mut lanes, 5_000), [(0, 5)]);
        lanes.skip(at(0, 6), Duration::ZERO);
        lanes.tell(0, 7);
        assert_eq!(due(&mut lanes, 5_000), [], "a later record tells of it");
    }

    #[test]
    fn a_fault_that_may_pass_is_tried_after_1_2_4_seconds_then_given_up() {
        let mut lanes = Lanes::default();
        let mut now = 0;
        for (attempts, pause) in [(1, 1_000), (2, 2_000), (3, 4_000)] {
            lanes.hold(&at(0, 5), Obstacle::Passing, clock(now));
            assert!(lanes.is_waiting(0) && !lanes.is_waiting(1));
            assert_eq!(lanes.wake(Duration::from_millis(now + pause - 1)), []);
            now += pause;
            assert_eq!(lanes.wake(Duration::from_millis(now)), [(0, 5)]);
            let held = lanes.held(0).expect("not acted on yet");
            assert_eq!((held.attempts, held.is_given_up()), (attempts, false));
            assert_eq!(lanes.wake(Duration::from_millis(now)), [], "once");
        }
        lanes.hold(&at(0, 5), Obstacle::Passing, clock(now));
        assert_eq!(lanes.wake(Duration::from_millis(now)), [(0, 5)]);
        assert!(lanes.held(0).expect("to be buried").is_given_up());
        lanes.tell(0, 5);
        assert_eq!(lanes.held(0), None);
    }

    #[test]
    fn want_of_room_is_no_attempt_and_those_behind_come_again() {
        let mut lanes = Lanes::default();
        (0..3).for_each(|_| lanes.enter(0));
        assert!(lanes.leave(0, 5));
        for _ in 0..20 {
            lanes.hold(&at(0, 5), Obstacle::NoRoom, clock(0));
        }
        assert_eq!(lanes.held(0).map(|held| held.attempts), Some(0));
        assert!(!lanes.leave(0, 6) && !lanes.leave(0, 7), "they are read again");
        lanes.wake(Duration::from_secs(1));
        lanes.enter(0);
        assert!(lanes.leave(0, 5));
    }
}
