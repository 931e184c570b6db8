//! Faults of the engine, planted to see whether the checker finds them. They live here, around the
//! engine: nothing in it knows of them.

use std::sync::Arc;

use onhand_domain::command::{
    Action, Backorder, Command, Detail, Source, SourcePosition, WishedTask,
};
use onhand_domain::ids::{LotNumber, Reference};
use onhand_domain::layer::Origin;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Day;
use onhand_domain::upkeep::Upkeep;
use onhand_engine::record;
use onhand_engine::recovery::Recovered;
use onhand_engine::writer::core::Found;
use onhand_storage::LogReader;

/// What is wrong with the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// Nothing that we know of.
    Nothing,
    /// Promises are made whether the stock is there or not.
    Oversell,
    /// Answers leave before their records are durable.
    EarlyAnswer,
    /// A message that comes again is acted on again.
    DoubledOffset,
    /// A start goes on with a number too high.
    SequenceHole,
    /// Idempotency keys are not looked at.
    ForgottenKey,
    /// A start leaves out the last record it reads.
    LostRecord,
    /// A start gets a figure wrong.
    WrongFigure,
    /// Deadlines pass too early.
    EarlyExpiry,
    /// Readers are not shown every record.
    StaleView,
    /// Checkpoints are installed before the log knows what they know.
    EarlyCheckpoint,
    /// Messages are passed over in silence.
    SilentSkip,
    /// Tills take goods of another layer than the next.
    WrongLayer,
    /// A start gets the cost of a layer wrong.
    WrongCost,
    /// Lots live a day longer than is said.
    LongLife,
    /// Promises do not keep the lot that was named.
    ForgottenLot,
    /// What is undone loses half of its value.
    LostValue,
    /// What was undone is undone once more.
    UndoneTwice,
    /// A job ends before it has begun.
    IdleJob,
}

impl Plant {
    pub(crate) const ALL: [Self; 18] = [
        Self::Oversell,
        Self::EarlyAnswer,
        Self::DoubledOffset,
        Self::SequenceHole,
        Self::ForgottenKey,
        Self::LostRecord,
        Self::WrongFigure,
        Self::EarlyExpiry,
        Self::StaleView,
        Self::EarlyCheckpoint,
        Self::SilentSkip,
        Self::WrongLayer,
        Self::WrongCost,
        Self::LongLife,
        Self::ForgottenLot,
        Self::LostValue,
        Self::UndoneTwice,
        Self::IdleJob,
    ];

    /// What the checker must say, one of them.
    pub(crate) const fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Oversell => &["must be Some(Refused)", "must be Refused", "movements"],
            Self::EarlyAnswer => &["was acknowledged"],
            Self::DoubledOffset => {
                &["must be Passed", "sources", "acted on before", "must be Dup", "events"]
            }
            Self::SequenceHole => &["recovered", "the last record", "there"],
            Self::ForgottenKey => &["must be Repeat", "keys", "must be Record"],
            Self::LostRecord => &["recovered memory"],
            Self::WrongFigure => &["figures"],
            Self::EarlyExpiry => &["is not due", "are not due"],
            Self::StaleView => &["view", "named by its first record", "order of their numbers"],
            Self::EarlyCheckpoint => &["recovered memory", "panicked"],
            Self::SilentSkip => &["cause"],
            Self::WrongLayer => &["layers moved by Sale"],
            Self::WrongCost => &["layers", "last cost"],
            Self::LongLife => &["layers moved by"],
            Self::ForgottenLot => &["reservation", "must be Record", "must be Refused"],
            // What is missing is told as a revaluation: one movement more.
            Self::LostValue => &["value moved by Reversal", "value moved by Unfulfil", "movements"],
            Self::UndoneTwice => &["AlreadyReversed"],
            Self::IdleJob => &["and forgot"],
        }
    }

    /// What the engine makes of a command.
    pub(crate) fn twist(self, command: &Command, ticket: u64) -> Command {
        let mut twisted = command.clone();
        match (self, &mut twisted.action) {
            (Self::Oversell, Action::Reserve(wish)) => wish.backorder = Backorder::Always,
            (Self::DoubledOffset, _) => {
                if let Some(source) = &command.source {
                    let offset = source.position.offset + ticket;
                    let position = SourcePosition { offset, ..(*source.position).clone() };
                    let position = Arc::new(position);
                    twisted.source = Some(Arc::new(Source {
                        position,
                        event: None,
                        message: None,
                        refusal: Default::default(),
                    }));
                }
            }
            (Self::ForgottenKey, _) => twisted.key = None,
            (Self::WrongLayer, Action::Sell(entry)) => {
                let words = entry.detail.as_deref().cloned().unwrap_or_default();
                let lot = Some(LotNumber::trusted("L4"));
                entry.detail = Some(Arc::new(Detail { lot, ..words }));
            }
            (Self::LongLife, Action::Receive(entry)) => {
                if let Some(words) = &entry.detail {
                    let expiry = words.expiry.map(|day| Day::from_days(day.days() + 1));
                    entry.detail = Some(Arc::new(Detail { expiry, ..(**words).clone() }));
                }
            }
            (Self::ForgottenLot, Action::Reserve(wish)) => {
                wish.lines.iter_mut().for_each(|line| line.lot = None);
            }
            (Self::IdleJob, Action::StartJob(wish)) => {
                wish.task = WishedTask::ArchiveProduct(Reference::trusted("nothing"));
            }
            (Self::SilentSkip, action) => {
                if let Some(source) = &command.source {
                    let places = vec![Arc::clone(&source.position)];
                    *action = Action::Upkeep(Box::new(Upkeep::Advance(places)));
                    twisted.source = None;
                }
            }
            _ => {}
        }
        twisted
    }

    /// What the engine makes of what was looked up in the log.
    pub(crate) fn misread(self, found: Option<Found>) -> Option<Found> {
        let Some(Found::Record(sequence, mut record)) = found else { return found };
        match self {
            Self::UndoneTwice => record.reversed.clear(),
            Self::LostValue => {
                if let Some(change) = &mut record.change {
                    let change = Arc::make_mut(change);
                    for movement in &mut change.movements {
                        let half = movement.value.millionths() / 2;
                        movement.value = Money::from_millionths(half);
                    }
                }
            }
            _ => {}
        }
        Some(Found::Record(sequence, record))
    }

    /// What a start makes of what it has read.
    pub(crate) fn tamper(self, mut found: Recovered, log: &LogReader, rules: Rules) -> Recovered {
        match self {
            Self::SequenceHole if found.sequence > 0 => found.sequence += 1,
            Self::LostRecord if found.sequence > 1 => {
                found.stock = Stock::new(rules, 7);
                for sequence in 1..found.sequence {
                    let stored = log.record(sequence).expect("readable").expect("there");
                    let (kind, version) = (stored.kind, stored.version);
                    let change = record::decode(kind, version, sequence, &stored.payload);
                    found.stock.apply(&change.expect("decodes"), sequence);
                }
            }
            Self::WrongCost => {
                for number in 0..found.stock.sizes().positions {
                    let Some(held) = found.stock.position(number) else { continue };
                    if held.stack().is_none() {
                        let unit_cost = Some(Money::from_millionths(3));
                        let origin = Origin { unit_cost, ..held.single() };
                        let mut wrong = held.clone();
                        wrong.set_contents(&origin, None);
                        found.stock.restore_position(number, wrong);
                    }
                }
            }
            Self::WrongFigure => {
                if let Some(position) = found.stock.position(0).cloned() {
                    let mut wrong = position;
                    let mut figures = wrong.figures();
                    figures.available =
                        figures.available.saturating_add(Quantity::from_millionths(1));
                    wrong.set_figures(&figures);
                    found.stock.restore_position(0, wrong);
                }
            }
            _ => {}
        }
        found
    }
}
