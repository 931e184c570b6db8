//! Order within a source partition: a message that is being looked up in the log, or that could not be
//! acted on, holds back those behind it, so that no watermark ever moves past it. Other partitions and
//! callers without a source go on.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use onhand_domain::command::{Action, Command, Source, SourcePosition};
use onhand_domain::decide::Recall;
use onhand_domain::ids::Text;
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::Upkeep;

use super::core::{Core, Envelope};
use super::filling::{Filling, Item, Outcome};
use crate::error::Failure;

/// What holds a source partition back.
#[derive(Debug)]
enum Lane<T> {
    /// A message is being looked up; these wait behind it. Permits bound them.
    Held(VecDeque<Envelope<T>>),
    /// This message was not acted on. What lies behind it fails, until it comes again.
    Broken(Arc<SourcePosition>),
}

/// The source partitions that are held back.
#[derive(Debug)]
pub struct Lanes<T> {
    lanes: HashMap<(Text, u32), Lane<T>>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { lanes: HashMap::new() }
    }
}

fn key_of(position: &SourcePosition) -> (Text, u32) {
    (position.stream.clone(), position.partition)
}

impl<T> Lanes<T> {
    /// Decides a command when its turn in its source partition has come. Returns what must be read from
    /// the log first, if anything.
    pub fn handle(
        &mut self,
        core: &mut Core,
        mut envelope: Envelope<T>,
        now: Timestamp,
        out: &mut Filling<T>,
    ) -> Option<(Envelope<T>, Recall)> {
        let Some(source) = envelope.command.source.clone() else {
            self.hold_back(&mut envelope);
            return core.handle(envelope, now, out);
        };
        let position = &source.position;
        let is_back = envelope.searched.is_some();
        if !is_back && !self.lanes.is_empty() {
            match self.lanes.get_mut(&key_of(position)) {
                Some(Lane::Held(waiting)) => {
                    waiting.push_back(envelope);
                    return None;
                }
                Some(Lane::Broken(failed)) if is_behind(core, position, failed) => {
                    fail(envelope, out);
                    return None;
                }
                Some(Lane::Broken(_)) => {
                    self.lanes.remove(&key_of(position));
                }
                None => {}
            }
        }
        self.step(core, envelope, position, now, out)
            .or_else(|| if is_back { self.go_on(core, position, now, out) } else { None })
    }

    /// A message could not be looked up, and its caller was told so.
    pub fn lose(&mut self, source: &Source, out: &mut Filling<T>) {
        self.break_off(&source.position, out);
    }

    /// Decides one command; holds its partition if it needs something from the log, and breaks it off
    /// if it leaves no record and did not pass.
    fn step(
        &mut self,
        core: &mut Core,
        envelope: Envelope<T>,
        position: &Arc<SourcePosition>,
        now: Timestamp,
        out: &mut Filling<T>,
    ) -> Option<(Envelope<T>, Recall)> {
        if let Some(recall) = core.handle(envelope, now, out) {
            let held = || Lane::Held(VecDeque::new());
            self.lanes.entry(key_of(position)).or_insert_with(held);
            return Some(recall);
        }
        let outcome = out.items.last().map(|item| &item.outcome);
        if matches!(outcome, Some(Outcome::Failed(_) | Outcome::Refused(_))) {
            self.break_off(position, out);
        }
        None
    }

    /// What waited behind a message that has come back, until one of them has to wait itself.
    fn go_on(
        &mut self,
        core: &mut Core,
        position: &Arc<SourcePosition>,
        now: Timestamp,
        out: &mut Filling<T>,
    ) -> Option<(Envelope<T>, Recall)> {
        let key = key_of(position);
        loop {
            let Some(Lane::Held(waiting)) = self.lanes.get_mut(&key) else { return None };
            let Some(next) = waiting.pop_front() else {
                self.lanes.remove(&key);
                return None;
            };
            let source = next.command.source.clone().expect("only messages of a source wait here");
            let recall = self.step(core, next, &source.position, now, out);
            if recall.is_some() {
                return recall;
            }
        }
    }

    fn break_off(&mut self, position: &Arc<SourcePosition>, out: &mut Filling<T>) {
        let broken = Lane::Broken(Arc::clone(position));
        if let Some(Lane::Held(waiting)) = self.lanes.insert(key_of(position), broken) {
            waiting.into_iter().for_each(|envelope| fail(envelope, out));
        }
    }

    /// Skipped places must not move a watermark past a message that is held back.
    fn hold_back(&self, envelope: &mut Envelope<T>) {
        if !self.lanes.is_empty()
            && let Action::Upkeep(upkeep) = &envelope.command.action
            && let Upkeep::Advance(positions) = &**upkeep
        {
            let is_free = |at: &&Arc<SourcePosition>| !self.lanes.contains_key(&key_of(at));
            let free = Upkeep::Advance(positions.iter().filter(is_free).cloned().collect());
            let action = Action::Upkeep(Box::new(free));
            envelope.command = Command { action, ..Command::clone(&envelope.command) }.into();
        }
    }
}

/// Whether a message lies behind one that was not acted on, and that nobody has given up since.
fn is_behind(core: &Core, position: &SourcePosition, failed: &SourcePosition) -> bool {
    position.generation == failed.generation
        && position.offset > failed.offset
        && !core.stock().sources().has_passed(failed)
}

fn fail<T>(envelope: Envelope<T>, out: &mut Filling<T>) {
    let outcome = Outcome::Failed(Failure::Overloaded);
    out.items.push(Item { ticket: Some(envelope.ticket), outcome });
}
