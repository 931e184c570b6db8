//! Crashes, refusals, and starts.

use std::io::ErrorKind;
use std::rc::Rc;

use onhand_storage::{Fault, Lasts, Survival};

use super::Run;
use crate::check::{Checked, ledger, memory, same};
use crate::dice::Dice;
use crate::machine::{Machine, Start};

/// Starts that may fail one after the other, because something is refused in each.
const STARTS_MAX: u32 = 6;

impl Run<'_> {
    /// The power fails within the next operations of the disk.
    pub(super) fn plan_power_cut(&mut self, dice: &mut Dice) {
        let at = self.disk.operations() + 1 + dice.below(40);
        self.say(|| format!("the power will fail at operation {at}"));
        self.disk.crash_at(at);
    }

    pub(super) fn plan_refusal(&mut self, dice: &mut Dice) {
        let (write, read) = (self.disk.operations() + 1, self.disk.reads() + 1);
        let (soon, later) = (dice.below(30), dice.below(10));
        let kind = if dice.once_in(2) { ErrorKind::StorageFull } else { ErrorKind::Other };
        if kind == ErrorKind::StorageFull {
            self.coverage.hit("fault disk full");
        }
        let (name, fault) = match dice.below(6) {
            0 => ("fault writes refused for good", Fault::sticky(write + soon, kind)),
            1 => ("fault short write", Fault::short(write + soon, kind)),
            2 => ("fault read refused", Fault::read(read + later, Lasts::Once)),
            3 => ("fault reads refused for good", Fault::read(read + later, Lasts::Sticky)),
            _ => ("fault write or sync refused once", Fault::once(write + soon, kind)),
        };
        self.coverage.hit(name);
        self.say(|| format!("{name}: {fault:?}"));
        self.disk.refuse(fault);
    }

    /// The power has failed.
    pub(super) fn fail_power(&mut self, dice: &mut Dice) -> Checked {
        self.coverage.hit(match self.doing {
            "a commit" => "fault power failed during a commit",
            "a checkpoint" => "fault power failed during a checkpoint",
            "the index" => "fault power failed while the index was written",
            _ => "fault power failed while stopping",
        });
        self.machine = None;
        self.come_back(dice)
    }

    /// The process ends at once; what it wrote is left to the system, or to chance.
    pub(super) fn kill(&mut self, dice: &mut Dice) -> Checked {
        self.disk.crash_at(self.disk.operations() + 1);
        self.machine = None;
        self.come_back(dice)
    }

    /// The process ends in good order.
    pub(super) fn stop(&mut self, dice: &mut Dice) -> Checked {
        self.machine = None;
        if self.disk.is_off() {
            return self.fail_power(dice);
        }
        if self.disk.refusals() > self.refused_before {
            return self.come_back(dice);
        }
        self.coverage.hit("fault stopped in good order");
        self.say(|| "stopped".to_owned());
        self.disk.restart(Survival::All);
        self.start(dice)
    }

    /// What survives, and a new process on it.
    fn come_back(&mut self, dice: &mut Dice) -> Checked {
        let (name, survival) = match dice.below(3) {
            0 => ("fault all that was not synced was lost", Survival::Synced),
            // After a sync that failed, readers see what is not on disk: only the disk is asked then.
            1 if self.disk.refusals() == self.refused_before => {
                ("fault killed, and the system went on", Survival::All)
            }
            _ => {
                let survival = Survival::Torn { seed: dice.roll() };
                ("fault a part of what was not synced was lost", survival)
            }
        };
        self.coverage.hit(name);
        let doing = self.doing;
        self.say(|| format!("down while {doing}; {name}"));
        self.disk.restart(survival);
        self.start(dice)
    }

    /// Starts, perhaps more than once: something may fail during the start too.
    pub(super) fn start(&mut self, dice: &mut Dice) -> Checked {
        self.forget_calls();
        self.refused_before = self.disk.refusals();
        for attempt in 0..STARTS_MAX {
            self.disturb_start(dice, attempt);
            let refusals = self.disk.refusals();
            let (plant, rules) = (self.plant, self.rules);
            let started = Machine::start(&self.disk, rules, self.wall_us, |found, log| {
                plant.tamper(found, log, rules)
            });
            let error = match started {
                Ok(start) if !self.disk.is_off() => return self.started(start, dice),
                Ok(start) => {
                    // Switched off at its very end.
                    drop(start);
                    None
                }
                Err(error) => Some(error),
            };
            let told = error.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            if self.disk.is_off() {
                self.coverage.hit("fault power failed during the start");
                self.say(|| format!("the power failed during the start, which told: {told}"));
                let survival = Survival::Torn { seed: dice.roll() };
                self.disk.restart(survival);
            } else if self.disk.refusals() > refusals {
                self.coverage.hit("fault start failed");
                self.say(|| format!("the start failed: {told}"));
                self.disk.restart(Survival::Synced);
            } else {
                return Err(format!("the engine does not start: {told}"));
            }
        }
        Err(format!("the engine has not started after {STARTS_MAX} attempts"))
    }

    fn disturb_start(&mut self, dice: &mut Dice, attempt: u32) {
        if attempt + 1 >= STARTS_MAX || !dice.once_in(4) {
            return;
        }
        let (write, read) = (self.disk.operations() + 1, self.disk.reads() + 1);
        match dice.below(4) {
            0 => self.disk.refuse(Fault::once(write + dice.below(20), ErrorKind::Other)),
            1 => self.disk.refuse(Fault::read(read + dice.below(40), Lasts::Once)),
            _ => self.disk.crash_at(write + dice.below(30)),
        }
    }

    /// The engine runs again: acknowledged ⊆ recovered ⊆ attempted, and memory is what the log says.
    fn started(&mut self, start: Start, dice: &mut Dice) -> Checked {
        let Start { machine, sequence, replayed, checkpointed, lost_tail } = start;
        self.say(|| format!("started at {sequence}, {replayed} replayed behind {checkpointed}"));
        same("the log's own word about a lost end", &lost_tail, &None)?;
        if sequence < self.acked {
            return Err(format!("{} was acknowledged, {sequence} is there", self.acked));
        }
        if checkpointed > 0 {
            self.coverage.hit("state started from a checkpoint");
        }
        self.find_world(sequence)?;
        self.attempted.retain(|number, _| *number <= sequence);
        memory::check(machine.core.stock(), &self.model)
            .map_err(|error| format!("recovered memory: {error}"))?;
        self.machine = Some(machine);
        // Rounds begin anywhere, so that short lives end some too.
        let slices = u64::from(self.rules.partitions) + 1;
        self.machine().slice = u16::try_from(dice.below(slices)).expect("few");
        if dice.once_in(2) {
            self.check_ledger()?;
        }
        if dice.once_in(8) {
            // What is read first after a start are the rows that are missing.
            let at = self.disk.reads() + 1 + dice.below(3);
            self.say(|| format!("read {at} will be refused"));
            self.disk.refuse(Fault::read(at, Lasts::Once));
        }
        let streams = self.model.streams.clone();
        for topic in 0..self.topics.len() {
            self.resume(topic, &streams)?;
        }
        Ok(())
    }

    /// The world as it was after the last record that is there.
    fn find_world(&mut self, sequence: u64) -> Checked {
        let limbo = self.limbo.take();
        if let Some(limbo) = limbo {
            self.coverage.hit(if limbo.sequence == sequence {
                "state a commit that failed was there after all"
            } else {
                "state a commit that failed was not there"
            });
            if limbo.sequence == sequence {
                self.durable = limbo;
            }
        }
        let durable = self.durable.sequence;
        if sequence != durable {
            return Err(format!("{durable} were durable, {sequence} are there"));
        }
        self.coverage.hit(if self.model.sequence > sequence {
            "state decided records were lost by a crash"
        } else {
            "state nothing was lost by a crash"
        });
        self.model = (*self.durable).clone();
        self.shown = Rc::clone(&self.durable);
        Ok(())
    }

    /// The log from its first record: nothing but what was attempted, and memory made of it.
    pub(crate) fn check_ledger(&mut self) -> Checked {
        let machine = self.machine.as_ref().expect("an engine runs between two operations");
        let reader = machine.reader.clone();
        let rebuilt = ledger::rebuild(&reader, self.rules, &self.attempted);
        let rebuilt = match rebuilt {
            Err(error) if self.disk.refusals() > machine.refusals => {
                // Nothing can be read any more.
                self.say(|| format!("the log cannot be read: {error}"));
                return Ok(());
            }
            other => other?,
        };
        if reader.durable_sequence() == self.durable.sequence {
            memory::check(&rebuilt, &self.durable)
                .map_err(|error| format!("memory from the first record: {error}"))?;
        }
        Ok(())
    }

    /// The consumer compares the last message that was acted on, and goes on behind it.
    fn resume(&mut self, topic: usize, streams: &crate::model::upkeep::Streams) -> Checked {
        let held = &mut self.topics[topic];
        held.resume(streams);
        if held.is_remade {
            return Ok(());
        }
        for partition in 0..held.partitions.len() {
            let number = u32::try_from(partition).expect("few");
            let stream = streams.0.get(&held.stream);
            let mark = stream.and_then(|stream| stream.marks.get(&number));
            if let Some((offset, sum, _)) = mark
                && *offset < held.count(partition)
                && !held.knows(partition, *offset, *sum)
            {
                return Err(format!("message {offset} of topic {topic}/{partition} is another"));
            }
        }
        Ok(())
    }
}
