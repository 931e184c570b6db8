//! What happens in a run: a list of operations, each with a seed of its own, so that some can be left
//! out and the others still do what they did.

use crate::dice::Dice;

/// Kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The shelves are filled.
    Stock,
    /// Many callers promise the same thing at one instant; in wide runs only.
    Rush,
    /// A caller sends a command over HTTP.
    Call,
    /// Several do, between two commits.
    Burst,
    /// A caller who got no answer sends the same again.
    Retry,
    /// An operator, or the bridge, does something about a dead letter.
    Letter,
    /// Somebody writes messages into a topic.
    Append,
    /// The next messages of a partition are delivered, or some of them once more.
    Deliver,
    /// What was skipped is told to the engine.
    Advance,
    /// A topic is deleted and made anew, or an operator resets its source.
    Remake,
    /// An operator gives up messages.
    Skip,
    /// Too many places at once.
    Flood,
    /// More lots at one position, and more jobs, than there may be; in deep runs only.
    Crowd,
    /// Jobs go on by a slice.
    Work,
    /// Deadlines are looked at.
    Tick,
    /// A little time passes.
    Pass,
    /// A day comes to its end.
    Night,
    /// The wall clock is set, forward or back.
    Jump,
    /// The next frame is closed; what is decided from now on goes into another one.
    Seal,
    /// A frame is written and synced.
    Commit,
    /// Answers and news of a durable frame leave.
    Release,
    /// Something is read back from the log.
    Recall,
    /// A checkpoint goes on by one step.
    Checkpoint,
    /// Rows of the index are written.
    Index,
    /// The power will fail soon.
    Power,
    /// The disk will refuse something soon.
    Refuse,
    /// The process is killed.
    Kill,
    /// The process ends in good order.
    Stop,
    /// Everything that waits is done, and the whole state is compared.
    Settle,
}

/// How often each kind comes, in a thousand or so.
const WEIGHTS: &[(u64, Kind)] = &[
    (6, Kind::Stock),
    (3, Kind::Rush),
    (300, Kind::Call),
    (12, Kind::Burst),
    (30, Kind::Retry),
    (14, Kind::Letter),
    (30, Kind::Append),
    (50, Kind::Deliver),
    (12, Kind::Advance),
    (4, Kind::Remake),
    (3, Kind::Skip),
    (1, Kind::Flood),
    (2, Kind::Crowd),
    (45, Kind::Work),
    (30, Kind::Tick),
    (70, Kind::Pass),
    (2, Kind::Night),
    (5, Kind::Jump),
    (70, Kind::Seal),
    (110, Kind::Commit),
    (130, Kind::Release),
    (40, Kind::Recall),
    (90, Kind::Checkpoint),
    (10, Kind::Index),
    (7, Kind::Power),
    (6, Kind::Refuse),
    (3, Kind::Kill),
    (3, Kind::Stop),
    (8, Kind::Settle),
];

/// So many operations at the beginning fill the shelves.
pub(crate) const STOCKED_BY: usize = 12;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) kind: Kind,
    pub(crate) seed: u64,
}

/// Whether a run has so many items, promises and keys that nothing of it fits into one turn.
pub(crate) const fn is_wide(seed: u64) -> bool {
    seed.is_multiple_of(16)
}

/// Whether a run brings a position, and the list of jobs, to their limits.
pub(crate) const fn is_deep(seed: u64) -> bool {
    seed % 64 == 5
}

/// The operations of a run.
pub(crate) fn plan(seed: u64, steps: usize) -> Vec<Op> {
    let mut dice = Dice::new(seed);
    let mut op = |number| {
        let kind = dice.weighted(WEIGHTS);
        // There is nothing to be done with empty shelves.
        let kind = if number < STOCKED_BY { Kind::Stock } else { kind };
        Op { kind, seed: dice.roll() }
    };
    (0..steps).map(&mut op).collect()
}
