//! Callers: over HTTP, operators, the bridge on its own behalf.

use onhand_domain::change::Cause;
use onhand_domain::command::{Action, Command};
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::upkeep::Upkeep;
use onhand_engine::keys::key_hash;
use onhand_engine::writer::core::{DUE_SLICE, Envelope};

use super::{Call, Run, Sender, words};
use crate::ask::{ACTIONS, Known, crowd, reservations, stock, upkeep};
use crate::check::Checked;
use crate::dice::Dice;
use crate::model::Expected;
use crate::plan::STOCKED_BY;
use crate::plant::Plant;
use crate::{topics, world};

/// What upkeep is done under.
pub(super) fn house() -> TenantId {
    TenantId::trusted("default")
}

pub(super) fn plain(tenant: TenantId, action: Action) -> Command {
    Command { tenant, key: None, source: None, trace: None, action }
}

impl Run<'_> {
    /// Sends a command to the writer.
    pub(super) fn send(&mut self, command: Command, sender: Sender) -> Checked {
        self.tickets += 1;
        let ticket = self.tickets;
        // A job that would not begin cannot be idle, and a key would tell that it is another one.
        let is_idle = self.plant == Plant::IdleJob && !self.begins_job(&command);
        let plant = if is_idle { Plant::Nothing } else { self.plant };
        let twisted = plant.twist(&command, ticket);
        self.say(|| format!("#{ticket} {}", words::command(&command, sender)));
        self.calls.insert(ticket, Call { command, sender, rests_on: None });
        self.enter(Envelope { command: twisted.into(), ticket, searched: None })
    }

    fn begins_job(&mut self, command: &Command) -> bool {
        let (mut model, now) = (self.model.clone(), self.now().millis());
        let told = match model.decide(command, now) {
            Expected::Record(told) => told.cause,
            _ => None,
        };
        told == Some(Cause::JobStarted) && command.key.is_none()
    }

    /// The writer takes a command, new or back from the log.
    pub(super) fn enter(&mut self, envelope: Envelope<u64>) -> Checked {
        let now = self.now();
        let machine = self.machine.as_mut().expect("an engine runs between two operations");
        machine.core.prefetch(std::slice::from_ref(&envelope));
        let (core, filling) = (&mut machine.core, &mut machine.filling);
        let recall = machine.lanes.handle(core, envelope, now, filling);
        machine.recalls.extend(recall);
        self.observe(now)
    }

    /// Mostly the timer comes first; when it lags, the command itself must see what is due.
    pub(super) fn call(&mut self, dice: &mut Dice) -> Checked {
        if !dice.once_in(4) {
            self.tick(dice)?;
        }
        let tenant = world::tenant(dice);
        let now = self.now().millis();
        let ask = dice.weighted(ACTIONS);
        let action = ask(dice, &Known { model: &self.model, tenant: &tenant, now });
        let key = match dice.below(20) {
            0..6 => None,
            // A key that was used before, mostly for something else.
            6 => Some(self.keys.saturating_sub(dice.below(60))),
            _ => {
                self.keys += 1;
                Some(self.keys)
            }
        };
        let key = key.map(|key| key_hash(tenant.as_str(), &format!("key-{key}")));
        let command = Command { key, ..plain(tenant, action) };
        if key.is_some() && dice.once_in(25) {
            // An impatient caller sends it twice.
            self.send(command.clone(), Sender::Caller)?;
        }
        self.send(command, Sender::Caller)
    }

    /// Fills a shelf.
    pub(super) fn stock(&mut self, dice: &mut Dice) -> Checked {
        let tenant = world::tenant(dice);
        let now = self.now().millis();
        let known = Known { model: &self.model, tenant: &tenant, now };
        let mut actions = stock::shelves(dice, &known);
        if self.is_wide && self.done <= STOCKED_BY {
            actions.extend(stock::assortment(self.done, &known));
        }
        for action in actions {
            self.send(plain(tenant.clone(), action), Sender::Caller)?;
        }
        Ok(())
    }

    /// More promises than one turn can end, all with the same deadline.
    pub(super) fn rush(&mut self, dice: &mut Dice) -> Checked {
        if !self.is_wide {
            return Ok(());
        }
        let item = world::staple(dice);
        for _ in 0..DUE_SLICE + 40 {
            self.keys += 1;
            let key = Some(key_hash(house().as_str(), &format!("key-{}", self.keys)));
            let command = plain(house(), reservations::one_of(&item));
            self.send(Command { key, ..command }, Sender::Caller)?;
        }
        Ok(())
    }

    /// Who got no answer sends the same once more, under the same key.
    pub(super) fn ask_again(&mut self, dice: &mut Dice) -> Checked {
        if self.unanswered.is_empty() {
            return Ok(());
        }
        let at = dice.small(self.unanswered.len());
        let command = self.unanswered.swap_remove(at);
        let key = command.key.expect("only who has a key asks again");
        let was_decided = self.model.keys.find(&key).is_some();
        self.coverage.hit(if was_decided {
            "state retried after it was decided"
        } else {
            "state retried after it was lost"
        });
        self.send(command, Sender::Caller)
    }

    /// More lots than a position can tell apart, and more jobs than there may be.
    pub(super) fn crowd(&mut self, dice: &mut Dice) -> Checked {
        if !std::mem::take(&mut self.is_deep) {
            return Ok(());
        }
        let tenant = house();
        let now = self.now().millis();
        let known = Known { model: &self.model, tenant: &tenant, now };
        for action in crowd::too_many(dice, &known) {
            self.send(plain(tenant.clone(), action), Sender::Caller)?;
        }
        Ok(())
    }

    pub(super) fn handle_letter(&mut self, dice: &mut Dice) -> Checked {
        let tenant = world::tenant(dice);
        let now = self.now().millis();
        let known = Known { model: &self.model, tenant: &tenant, now };
        let action = upkeep::letter(dice, &known);
        self.send(plain(tenant, action), Sender::Caller)
    }

    pub(super) fn flood(&mut self, dice: &mut Dice) -> Checked {
        let upkeep = Upkeep::Advance(topics::flood(dice));
        self.send(plain(house(), Action::Upkeep(Box::new(upkeep))), Sender::Caller)
    }

    /// An operator gives up some messages of a partition.
    pub(super) fn give_up(&mut self, dice: &mut Dice) -> Checked {
        let topic = dice.small(self.topics.len());
        let partition = dice.small(topics::PARTITIONS);
        let held = &self.topics[topic];
        // A source that runs is not skipped: the operator waits until nothing is on its way.
        if held.is_remade || !held.partitions[partition].in_flight.is_empty() {
            return Ok(());
        }
        let next_offset = held.partitions[partition].settled + dice.below(3);
        let upkeep = Upkeep::SkipSource {
            stream: held.stream.clone(),
            partition: u32::try_from(partition).expect("few"),
            next_offset,
            reason: Some(Text::trusted("lost by the broker")),
        };
        let partition = &mut self.topics[topic].partitions[partition];
        partition.settled = partition.settled.max(next_offset);
        partition.next = partition.next.max(next_offset);
        self.send(plain(house(), Action::Upkeep(Box::new(upkeep))), Sender::Caller)
    }
}
