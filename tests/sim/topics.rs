//! Topics of a broker, and the consumer that reads them.

use std::collections::BTreeSet;
use std::sync::Arc;

use onhand_domain::command::{Command, Source, SourcePosition};
use onhand_domain::consumed::{ConsumedEvent, Message};
use onhand_domain::ids::Text;
use onhand_engine::keys::event_key;

use crate::ask::{Known, MESSAGES};
use crate::dice::Dice;
use crate::model::upkeep::Streams;

pub(crate) const PARTITIONS: usize = 2;

/// A message as it lies in a topic; without its place.
#[derive(Debug, Clone)]
struct Written {
    command: Command,
    event: Option<ConsumedEvent>,
}

/// A partition of a topic, and how far its consumer has come.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    messages: Vec<Written>,
    /// The offset to send next.
    pub(crate) next: u64,
    /// Sent, and not answered.
    pub(crate) in_flight: BTreeSet<u64>,
    /// The last one that left no record: its place is to be told.
    pub(crate) skipped: Option<u64>,
    /// The last one was not acted on, and has to come again.
    pub(crate) is_broken: bool,
    /// Everything below was acted on, skipped or given up, as far as is known.
    pub(crate) settled: u64,
}

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) stream: Text,
    pub(crate) generation: u32,
    /// It was made anew, and nobody has told the engine.
    pub(crate) is_remade: bool,
    pub(crate) partitions: Vec<Partition>,
}

/// CRC32C stands for the content of a message.
fn checksum(command: &Command) -> u32 {
    let fingerprint = command.action.fingerprint();
    u32::try_from(fingerprint & 0xffff_ffff).expect("masked")
}

impl Topic {
    pub(crate) fn new(stream: &str) -> Self {
        let partitions = (0..PARTITIONS).map(|_| Partition::default()).collect();
        Self { stream: Text::trusted(stream), generation: 1, is_remade: false, partitions }
    }

    /// A message is written. Some tell an event once more, or under an id that is taken.
    pub(crate) fn append(&mut self, dice: &mut Dice, known: &Known<'_>, number: u64) {
        let ask = dice.weighted(MESSAGES);
        let mut command = Command {
            tenant: known.tenant.clone(),
            key: None,
            source: None,
            trace: None,
            action: ask(dice, known),
        };
        let partition = &mut self.partitions[dice.small(PARTITIONS)];
        let told = partition.messages.iter().filter(|written| written.event.is_some());
        let mut id = format!("event-{number}");
        if let Some(before) = dice.pick_any(told).filter(|_| dice.once_in(5)) {
            id = before.event.as_ref().map_or(id, |event| event.id.as_str().to_owned());
            if !dice.once_in(3) {
                command = before.command.clone();
            }
        }
        let event = (!dice.once_in(4)).then(|| {
            let tenant = command.tenant.as_str();
            ConsumedEvent {
                id: Text::trusted(&id),
                event_type: Text::trusted("Sold"),
                key: event_key(tenant, self.stream.as_str(), "Sold", &id),
                fingerprint: command.action.fingerprint(),
            }
        });
        partition.messages.push(Written { command, event });
    }

    pub(crate) fn at(&self, partition: usize, offset: u64) -> Arc<SourcePosition> {
        let written = self.partitions[partition].messages.get(index(offset));
        Arc::new(SourcePosition {
            stream: self.stream.clone(),
            partition: u32::try_from(partition).expect("few"),
            generation: self.generation,
            offset,
            checksum: written.map(|written| checksum(&written.command)),
        })
    }

    /// The message at an offset, as a command.
    pub(crate) fn message(&self, partition: usize, offset: u64) -> Option<Command> {
        let written = self.partitions[partition].messages.get(index(offset))?;
        let source = Source {
            position: self.at(partition, offset),
            event: written.event.clone(),
            message: Some(Message::beginning_of(b"{}")),
            refusal: onhand_domain::consumed::Refusal::default(),
        };
        Some(Command { source: Some(Arc::new(source)), ..written.command.clone() })
    }

    /// The topic is deleted and made anew, with nothing in it.
    pub(crate) fn remake(&mut self) {
        self.is_remade = true;
        self.partitions.iter_mut().for_each(|partition| *partition = Partition::default());
    }

    /// The consumer begins where the engine says that it stands.
    pub(crate) fn resume(&mut self, streams: &Streams) {
        let generation = streams.generation(&self.stream);
        // An operator has told the engine.
        self.is_remade &= generation == self.generation;
        self.generation = generation;
        for (number, partition) in (0..).zip(&mut self.partitions) {
            let stream = streams.0.get(&self.stream);
            let mark = stream.and_then(|held| held.marks.get(&number));
            let next = mark.map_or(0, |(offset, _, _)| offset + 1);
            let messages = std::mem::take(&mut partition.messages);
            *partition = Partition { messages, next, settled: next, ..Partition::default() };
        }
    }

    /// Whether the last message that was acted on lies in the topic where the engine believes it.
    pub(crate) fn knows(&self, partition: usize, offset: u64, sum: Option<u32>) -> bool {
        let written = self.partitions[partition].messages.get(index(offset));
        sum.is_none() || written.map(|written| checksum(&written.command)) == sum
    }

    pub(crate) fn count(&self, partition: usize) -> u64 {
        self.partitions[partition].messages.len() as u64
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("topics are short")
}

/// The topics of a run.
pub(crate) fn topics() -> Vec<Topic> {
    vec![Topic::new("kafka/sales"), Topic::new("kafka/orders")]
}

/// Too many places for one step.
pub(crate) fn flood(dice: &mut Dice) -> Vec<Arc<SourcePosition>> {
    let place = |partition| {
        Arc::new(SourcePosition {
            stream: Text::trusted("file/import"),
            partition,
            generation: 1,
            offset: 1,
            checksum: None,
        })
    };
    let count = if dice.once_in(2) { 1_001 } else { 3 };
    (0..count).map(place).collect()
}
