//! Messages: written, delivered, delivered again, and topics that are made anew.

use onhand_domain::command::Action;
use onhand_domain::ids::Text;
use onhand_domain::upkeep::Upkeep;

use super::calls::{house, plain};
use super::{Run, Sender};
use crate::ask::Known;
use crate::check::Checked;
use crate::dice::Dice;
use crate::topics::PARTITIONS;
use crate::world;

impl Run<'_> {
    pub(super) fn append(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(4) {
            self.messages += 1;
            let tenant = world::tenant(dice);
            let now = self.now().millis();
            let known = Known { model: &self.model, tenant: &tenant, now };
            let topic = dice.small(self.topics.len());
            self.topics[topic].append(dice, &known, self.messages);
        }
    }

    /// Sends the next messages of a partition; some were sent before.
    pub(super) fn deliver(&mut self, dice: &mut Dice) -> Checked {
        let (topic, partition) = (dice.small(self.topics.len()), dice.small(PARTITIONS));
        if self.topics[topic].is_remade {
            return Ok(());
        }
        let held = &mut self.topics[topic].partitions[partition];
        if held.in_flight.is_empty() && dice.once_in(5) {
            held.next = held.next.saturating_sub(1 + dice.below(4));
        }
        for _ in 0..=dice.below(4) {
            let offset = self.topics[topic].partitions[partition].next;
            let Some(command) = self.topics[topic].message(partition, offset) else { break };
            let held = &mut self.topics[topic].partitions[partition];
            held.next = offset + 1;
            held.in_flight.insert(offset);
            held.is_broken = false;
            self.send(command, Sender::Message(topic, partition, offset))?;
        }
        Ok(())
    }

    /// What left no record is told, once everything before it was answered.
    pub(super) fn tell_skipped(&mut self, dice: &mut Dice) -> Checked {
        let (topic, partition) = (dice.small(self.topics.len()), dice.small(PARTITIONS));
        let held = &mut self.topics[topic].partitions[partition];
        if !held.in_flight.is_empty() || held.is_broken {
            return Ok(());
        }
        let Some(offset) = held.skipped.take() else { return Ok(()) };
        let upkeep = Upkeep::Advance(vec![self.topics[topic].at(partition, offset)]);
        let command = plain(house(), Action::Upkeep(Box::new(upkeep)));
        self.send(command, Sender::Skipped)
    }

    /// A topic is deleted and made anew; later an operator tells the engine.
    pub(super) fn remake(&mut self, dice: &mut Dice) -> Checked {
        let topic = dice.small(self.topics.len());
        if !self.topics[topic].is_remade {
            self.say(|| format!("topic {topic} is made anew"));
            self.topics[topic].remake();
            if dice.once_in(2) {
                return Ok(());
            }
        }
        let stream = self.topics[topic].stream.clone();
        let reason = Some(Text::trusted("made anew"));
        let upkeep = Upkeep::ResetSource { stream, reason };
        let command = plain(house(), Action::Upkeep(Box::new(upkeep)));
        self.send(command, Sender::Source(topic))
    }

    /// A message was decided. Nobody may get ahead of one that was not.
    pub(super) fn message_decided(
        &mut self,
        (topic, partition, offset): (usize, usize, u64),
        generation: u32,
    ) -> Checked {
        let held = &mut self.topics[topic];
        if held.is_remade || held.generation != generation {
            return Ok(());
        }
        let held = &mut held.partitions[partition];
        if offset > held.settled {
            let first = held.settled;
            return Err(format!(
                "message {offset} of topic {topic}/{partition} was acted on before {first}"
            ));
        }
        held.settled = held.settled.max(offset + 1);
        Ok(())
    }
}
