//! From the writer to the disk, and from there to callers and readers; and what is written beside.

use std::rc::Rc;

use onhand_domain::decide::Recall;
use onhand_engine::Failure;
use onhand_engine::index_keeper::Extent;
use onhand_engine::record;
use onhand_engine::reply::Reply;
use onhand_engine::writer::core::{Envelope, Found, Searched};
use onhand_engine::writer::filling::{Filling, Item, Outcome};
use onhand_storage::{Log, ReadLog};

use super::{Call, Run, Sender};
use crate::check::{Checked, same};
use crate::dice::Dice;
use crate::machine::Frame;
use crate::plant::Plant;

/// Frames that may wait for the disk at once.
const SEALED_MAX: usize = 4;

impl Run<'_> {
    /// Closes the frame: what is decided from now on goes into the next one.
    pub(super) fn seal(&mut self) {
        let model = Rc::new(self.model.clone());
        if self.plant == Plant::EarlyAnswer {
            self.acked = self.acked.max(model.sequence);
        }
        let machine = self.machine();
        if machine.filling.is_empty() || machine.sealed.len() >= SEALED_MAX {
            return;
        }
        let filling = std::mem::take(&mut machine.filling);
        machine.sealed.push_back(Frame { filling, model });
        if machine.sealed.len() >= 3 {
            self.coverage.hit("fault slow sync: three frames wait");
        }
        self.seen = 0;
    }

    /// Writes and syncs the oldest frame.
    pub(super) fn commit(&mut self, dice: &mut Dice) -> Checked {
        if self.machine().sealed.is_empty() {
            self.seal();
        }
        let Some(frame) = self.machine().sealed.pop_front() else { return Ok(()) };
        if frame.filling.batch.is_empty() {
            // Answers without a record leave behind all that was decided before them.
            self.machine().durable.push_back(frame);
            return Ok(());
        }
        self.doing = "a commit";
        match self.machine().log.commit(&frame.filling.batch) {
            Ok(committed) => {
                same("the last durable record", &committed.last_sequence, &frame.model.sequence)?;
                if committed.sealed.is_some() {
                    self.coverage.hit("state segment sealed");
                }
                self.say(|| format!("durable up to {}", committed.last_sequence));
                self.durable = Rc::clone(&frame.model);
                self.machine().durable.push_back(frame);
                Ok(())
            }
            Err(error) => {
                self.say(|| format!("the commit up to {} failed: {error}", frame.model.sequence));
                self.limbo = Some(frame.model);
                if self.disk.is_off() {
                    return Ok(());
                }
                self.excuse(&error)?;
                self.coverage.hit("fault commit failed");
                // Outcome unknown: the process ends, and nobody is told.
                self.kill(dice)
            }
        }
    }

    /// An error is ours unless the disk has refused something.
    pub(super) fn excuse(&mut self, error: &dyn std::fmt::Display) -> Checked {
        let refusals = self.disk.refusals();
        let machine = self.machine();
        if refusals > machine.refusals {
            return Ok(());
        }
        Err(format!("{error}, though the disk refused nothing"))
    }

    /// Lets go of the oldest durable frame.
    pub(super) fn release(&mut self, dice: &mut Dice) -> Checked {
        let Some(frame) = self.machine().durable.pop_front() else { return Ok(()) };
        let is_stale = self.plant == Plant::StaleView && dice.once_in(9);
        let machine = self.machine();
        for item in &frame.filling.items {
            if let Outcome::Changed { sequence, change } = &item.outcome
                && !is_stale
            {
                machine.releaser.show(change, *sequence);
            }
        }
        machine.releaser.enter_rows();
        machine.core.tell_findable(frame.model.sequence);
        self.shown = frame.model;
        for item in frame.filling.items {
            self.answer(item, dice)?;
        }
        Ok(())
    }

    fn answer(&mut self, item: Item<u64>, dice: &mut Dice) -> Checked {
        let Some(ticket) = item.ticket else { return Ok(()) };
        let call = self.calls.remove(&ticket).ok_or("a call was answered twice")?;
        let rests_on = call.rests_on.ok_or("an answer to what was never decided")?;
        let reader = self.machine().reader.clone();
        let durable = reader.durable_sequence();
        if rests_on > durable {
            return Err(format!("an answer rests on record {rests_on}, durable is {durable}"));
        }
        let failure = match &item.outcome {
            Outcome::Failed(failure) => Some(*failure),
            _ => None,
        };
        let has_record = matches!(item.outcome, Outcome::Changed { .. });
        let reply = match self.machine().releaser.reply(item.outcome) {
            Ok(reply) => reply,
            Err(sequence) => self.repeat(&reader, sequence)?,
        };
        self.check_reply(&reply, rests_on)?;
        if matches!(call.sender, Sender::Caller) && dice.once_in(12) {
            self.coverage.hit("fault answer dropped");
            self.unanswered.extend(call.command.key.is_some().then_some(call.command));
            return Ok(());
        }
        self.acked = self.acked.max(rests_on);
        self.told(&call, failure, has_record);
        Ok(())
    }

    /// The answer of then, from its record.
    fn repeat(&mut self, reader: &dyn ReadLog, sequence: u64) -> Result<Reply, String> {
        let stored = match reader.record(sequence) {
            Ok(stored) => stored.ok_or(format!("record {sequence} is answered, and not there"))?,
            Err(error) => {
                self.excuse(&error)?;
                return Ok(Reply::Failed(Failure::Internal));
            }
        };
        let change = record::decode(stored.kind, stored.version, sequence, &stored.payload);
        let change = change.map_err(|error| format!("record {sequence}: {error}"))?;
        same("the answer of then", &Some(&change), &self.attempted.get(&sequence))?;
        Ok(Reply::of_record(sequence, 1, Box::new(change), true))
    }

    fn check_reply(&self, reply: &Reply, rests_on: u64) -> Checked {
        let sequence = match reply {
            Reply::Changed(changed) => Some(changed.sequence),
            Reply::Refused { sequence, .. } => *sequence,
            Reply::Unchanged { sequence, .. } | Reply::Duplicate { sequence } => Some(*sequence),
            Reply::Passed | Reply::Failed(_) => None,
        };
        match sequence.filter(|sequence| *sequence > rests_on) {
            Some(sequence) => Err(format!("record {sequence} is told by an answer at {rests_on}")),
            None => Ok(()),
        }
    }

    /// Whoever called takes its answer.
    fn told(&mut self, call: &Call, failure: Option<Failure>, has_record: bool) {
        match call.sender {
            Sender::Message(topic, partition, offset) => {
                let held = &mut self.topics[topic].partitions[partition];
                if !held.in_flight.remove(&offset) {
                    return; // The topic was made anew meanwhile.
                }
                if failure.is_some() {
                    held.next = held.next.min(offset);
                    held.is_broken = true;
                } else if !has_record {
                    held.skipped = held.skipped.max(Some(offset));
                }
            }
            Sender::Source(topic) => {
                let streams = self.shown.streams.clone();
                self.topics[topic].resume(&streams);
            }
            Sender::Caller | Sender::Skipped => {}
        }
    }

    /// A reader looks something up in the log, and the command goes back to the writer.
    pub(super) fn recall(&mut self, dice: &mut Dice) -> Checked {
        self.rebuild_rows(dice)?;
        if !self.machine().is_whole || self.disk.is_off() {
            return Ok(()); // Another process has come up meanwhile, or will.
        }
        let now = self.now();
        let machine = self.machine();
        let Some((mut envelope, recall)) = machine.recalls.pop_front() else { return Ok(()) };
        if !machine.core.can_find(&recall) {
            // It waits until what was decided lately is durable.
            machine.recalls.push_back((envelope, recall));
            self.coverage.hit("state recall waits for what is not durable yet");
            return Ok(());
        }
        let sought = recall.sought();
        match machine.archive.recall(&machine.reader, recall.clone()) {
            Ok(found) => {
                let found = self.plant.misread(found);
                let machine = self.machine();
                let (ticket, covered) = (envelope.ticket, machine.indexer.covered_to());
                let sequence = match &found {
                    Some(Found::Reservation(held)) => Some(held.sequence),
                    Some(Found::Transfer(held)) => Some(held.sequence),
                    _ => None,
                };
                self.coverage.hit(match (&found, sequence) {
                    (Some(Found::Record(..)), _) => "state record recalled",
                    (Some(Found::Moment { .. }), _) => "state figures of then recalled",
                    (Some(Found::Sale(..)), _) => "state till sale recalled",
                    (Some(_), Some(sequence)) if sequence <= covered => {
                        "state recalled by the index"
                    }
                    (Some(_), Some(_)) => "state recalled by rows in memory",
                    (Some(_), None) => "state order recalled",
                    (None, _) => "state recalled, and there was nothing",
                });
                self.say(|| format!("#{ticket} recalls {recall:?}, last changed by {sequence:?}"));
                envelope.searched = Some(Box::new(Searched { at: now, sought, found }));
                self.pass_now_and_then(dice);
                self.enter(envelope)?;
                if self.machine().recalls.back().is_some_and(|(back, _)| back.ticket == ticket) {
                    self.coverage.hit("state recalled once more, because it took too long");
                }
                Ok(())
            }
            Err(error) => {
                self.excuse(&error)?;
                self.coverage.hit("fault recall failed");
                self.fail(&envelope, &recall);
                Ok(())
            }
        }
    }

    /// Some come back so late that they must look again.
    fn pass_now_and_then(&mut self, dice: &mut Dice) {
        if dice.once_in(10) {
            self.wall_us += 6_000_000;
            self.steady_us += 6_000_000;
        }
    }

    /// What could not be looked up was not acted on, and holds back what lies behind it.
    fn fail(&mut self, envelope: &Envelope<u64>, recall: &Recall) {
        let (ticket, source) = (envelope.ticket, envelope.command.source.clone());
        self.say(|| format!("#{ticket} cannot recall {recall:?}"));
        let sequence = self.model.sequence;
        if let Some(call) = self.calls.get_mut(&ticket) {
            call.rests_on = Some(sequence);
        }
        let machine = self.machine.as_mut().expect("an engine runs between two operations");
        let outcome = Outcome::Failed(Failure::Internal);
        machine.filling.items.push(Item { ticket: Some(ticket), outcome });
        self.seen += 1;
        if let Some(source) = source {
            let mut behind = Filling { items: Vec::new(), ..Filling::default() };
            machine.lanes.lose(&source, &mut behind);
            for item in behind.items {
                self.seen += 1;
                let waiting = item.ticket.and_then(|ticket| self.calls.get_mut(&ticket));
                waiting.into_iter().for_each(|call| call.rests_on = Some(sequence));
                machine.filling.items.push(item);
            }
        }
    }

    /// Goes on with the checkpoint.
    pub(super) fn checkpoint(&mut self) {
        let now = self.now();
        let mut durable = self.machine().reader.durable_sequence();
        if self.plant == Plant::EarlyCheckpoint {
            durable = u64::MAX;
        }
        self.doing = "a checkpoint";
        let slice = self.machine().slice;
        match self.machine().write_checkpoint(now, durable) {
            Ok(what) => {
                if what == "installed" {
                    self.coverage.hit("state checkpoint installed");
                }
                if what == "written" && slice < self.rules.partitions {
                    self.coverage.hit("state checkpoint of a partition in several turns");
                }
                self.say(|| format!("checkpoint of slice {slice}: {what}"));
            }
            Err(error) if !self.disk.is_off() => {
                self.coverage.hit("fault checkpoint failed");
                self.say(|| format!("checkpoint of slice {slice} failed: {error}"));
            }
            Err(_) => {}
        }
    }

    /// Rows that a start found missing are made again before anything is looked up.
    fn rebuild_rows(&mut self, dice: &mut Dice) -> Checked {
        let recovered = self.machine().reader.durable_sequence();
        let machine = self.machine();
        if machine.is_whole {
            return Ok(());
        }
        machine.is_whole = true;
        let covered = machine.indexer.covered_to();
        let rebuilt = machine.indexer.rebuild(recovered, |_| true);
        machine.recent.set_whole();
        self.say(|| format!("rows of {covered} to {recovered} are made again: {rebuilt:?}"));
        match rebuilt {
            Err(error) if !self.disk.is_off() => {
                // What has ended would not be found: the process ends.
                self.excuse(&error)?;
                self.coverage.hit("fault rows could not be made again");
                self.kill(dice)
            }
            _ => Ok(()),
        }
    }

    /// Writes rows of the index.
    pub(super) fn index(&mut self, dice: &mut Dice) -> Checked {
        self.rebuild_rows(dice)?;
        if !self.machine().is_whole || self.disk.is_off() {
            return Ok(()); // Another process has come up meanwhile, or will.
        }
        self.doing = "the index";
        // Rows of frames that were not released yet are not known.
        let released = self.shown.sequence;
        let extent = if dice.once_in(3) { Extent::Everything } else { Extent::Due };
        if let Err(error) = self.machine().indexer.write(released, extent)
            && !self.disk.is_off()
        {
            self.excuse(&error)?;
            self.say(|| format!("the index could not be written: {error}"));
            self.coverage.hit("fault index failed");
        }
        let covered = self.machine().indexer.covered_to();
        self.say(|| format!("the index covers {covered} of {released}"));
        Ok(())
    }

    /// Everything that waited in the engine is gone with it.
    pub(super) fn forget_calls(&mut self) {
        for (_, call) in std::mem::take(&mut self.calls) {
            let is_caller = matches!(call.sender, Sender::Caller);
            if is_caller && call.command.key.is_some() && self.unanswered.len() < 50 {
                self.unanswered.push(call.command);
            }
        }
        self.seen = 0;
    }
}
