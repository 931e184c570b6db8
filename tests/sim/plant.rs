//! Faults of the engine, planted to see whether the checker finds them. They live here, around the
//! engine: nothing in it knows of them.

use std::sync::Arc;

use onhand_domain::command::{Action, Backorder, Command, Source, SourcePosition};
use onhand_domain::quantity::Quantity;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::upkeep::Upkeep;
use onhand_engine::record;
use onhand_engine::recovery::Recovered;
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
}

impl Plant {
    pub(crate) const ALL: [Self; 11] = [
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
            Self::EarlyExpiry => &["is not due"],
            Self::StaleView => &["view", "named by its first record"],
            Self::EarlyCheckpoint => &["recovered memory", "panicked"],
            Self::SilentSkip => &["cause"],
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
