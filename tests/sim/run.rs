//! One run: operations, one after the other, on one engine, with the model beside it.

mod calls;
mod consume;
mod observe;
mod power;
mod release;
mod words;

use std::collections::BTreeMap;
use std::rc::Rc;

use onhand_domain::change::Change;
use onhand_domain::command::Command;
use onhand_domain::stock::{Rules, Strictness};
use onhand_domain::time::Timestamp;
use onhand_storage::LossyDisk;

use crate::check::Checked;
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::machine::{Machine, Ticket};
use crate::model::Model;
use crate::plan::{Kind, Op, is_wide};
use crate::plant::Plant;
use crate::topics::{Topic, topics};

/// Who sent a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender {
    /// A caller over HTTP, an operator, or the bridge on its own behalf.
    Caller,
    /// A message: topic, partition, offset.
    Message(usize, usize, u64),
    /// The consumer tells what it has skipped.
    Skipped,
    /// An operator resets the source of a topic, or gives up what it holds.
    Source(usize),
}

/// A command that has not been answered.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) command: Command,
    pub(crate) sender: Sender,
    /// The last record that was decided when it was decided: its answer rests on it.
    pub(crate) rests_on: Option<u64>,
}

pub(crate) struct Run<'a> {
    pub(crate) disk: LossyDisk,
    pub(crate) rules: Rules,
    is_wide: bool,
    pub(crate) plant: Plant,
    pub(crate) coverage: &'a mut Coverage,
    /// Says what happens, when somebody reads it.
    pub(crate) tale: Option<Vec<String>>,
    machine: Option<Machine>,
    /// The world as decided.
    model: Model,
    /// The world as it is on disk for certain.
    durable: Rc<Model>,
    /// The world as it may be on disk: a commit did not come back.
    limbo: Option<Rc<Model>>,
    /// The world as readers see it.
    shown: Rc<Model>,
    /// Answers that left rest on this record.
    acked: u64,
    /// What was decided, by number.
    attempted: BTreeMap<u64, Change>,
    calls: BTreeMap<Ticket, Call>,
    /// Callers who got no answer, and can ask again.
    unanswered: Vec<Command>,
    topics: Vec<Topic>,
    wall_us: i64,
    steady_us: i64,
    tickets: Ticket,
    keys: u64,
    messages: u64,
    /// What the disk had refused before this process.
    refused_before: u64,
    /// Items of the frame being filled that the model has seen.
    seen: usize,
    /// The power is planned to fail, and while what.
    pub(crate) doing: &'static str,
    /// Operations done.
    pub(crate) done: usize,
}

/// Windows so small that runs reach their ends.
fn rules(seed: u64) -> Rules {
    let mut dice = Dice::new(seed);
    Rules {
        partitions: 3,
        strictness: if dice.once_in(5) { Strictness::Strict } else { Strictness::Lenient },
        key_window: if is_wide(seed) { 600 } else { 40 },
        ended_kept_ms: 400,
        event_window: 20,
        dead_letters_max: 4,
    }
}

impl<'a> Run<'a> {
    /// Starts an engine on an empty disk.
    pub(crate) fn new(
        seed: u64,
        plant: Plant,
        coverage: &'a mut Coverage,
        tale: Option<Vec<String>>,
    ) -> Result<Self, String> {
        let rules = rules(seed);
        let model = Model::new(&rules);
        let nothing = Rc::new(model.clone());
        let mut run = Self {
            disk: LossyDisk::new(),
            is_wide: is_wide(seed),
            rules,
            plant,
            coverage,
            tale,
            machine: None,
            model,
            durable: Rc::clone(&nothing),
            limbo: None,
            shown: nothing,
            acked: 0,
            attempted: BTreeMap::new(),
            calls: BTreeMap::new(),
            unanswered: Vec::new(),
            topics: topics(),
            wall_us: 1_800_000_000_000_000,
            steady_us: 0,
            tickets: 0,
            keys: 0,
            messages: 0,
            refused_before: 0,
            seen: 0,
            doing: "serving",
            done: 0,
        };
        run.start(&mut Dice::new(seed))?;
        Ok(run)
    }

    pub(crate) fn say(&mut self, what: impl FnOnce() -> String) {
        if let Some(tale) = &mut self.tale {
            tale.push(what());
        }
    }

    fn machine(&mut self) -> &mut Machine {
        self.machine.as_mut().expect("an engine runs between two operations")
    }

    /// The engine's clock.
    fn now(&mut self) -> Timestamp {
        let (wall, steady) = (self.wall_us, self.steady_us);
        self.machine().clock.advance(wall, steady)
    }

    /// Does one operation, then looks whether the power is still on.
    pub(crate) fn step(&mut self, op: Op) -> Checked {
        let mut dice = Dice::new(op.seed);
        let dice = &mut dice;
        self.done += 1;
        self.doing = "serving";
        match op.kind {
            Kind::Stock => self.stock(dice)?,
            Kind::Rush => self.rush(dice)?,
            Kind::Call => self.call(dice)?,
            Kind::Burst => {
                for _ in 0..=dice.below(8) {
                    self.call(dice)?;
                }
            }
            Kind::Retry => self.ask_again(dice)?,
            Kind::Letter => self.handle_letter(dice)?,
            Kind::Append => self.append(dice),
            Kind::Deliver => self.deliver(dice)?,
            Kind::Advance => self.tell_skipped(dice)?,
            Kind::Remake => self.remake(dice)?,
            Kind::Skip => self.give_up(dice)?,
            Kind::Flood => self.flood(dice)?,
            Kind::Tick => self.tick(dice)?,
            Kind::Pass => self.pass(dice),
            Kind::Jump => self.jump(dice),
            Kind::Seal => self.seal(),
            Kind::Commit => self.commit(dice)?,
            Kind::Release => self.release(dice)?,
            Kind::Recall => self.recall(dice)?,
            Kind::Checkpoint => self.checkpoint(),
            Kind::Index => self.index(dice)?,
            Kind::Power => self.plan_power_cut(dice),
            Kind::Refuse => self.plan_refusal(dice),
            Kind::Kill => self.kill(dice)?,
            Kind::Stop => self.stop(dice)?,
            Kind::Settle => self.settle(dice)?,
        }
        if self.disk.is_off() {
            self.fail_power(dice)?;
        }
        Ok(())
    }

    fn pass(&mut self, dice: &mut Dice) {
        let us = match dice.below(8) {
            0 => dice.signed(30_000_000),
            1..4 => dice.signed(2_000_000),
            _ => dice.signed(60_000),
        };
        self.say(|| format!("{us} us pass"));
        self.wall_us += us;
        self.steady_us += us;
    }

    fn jump(&mut self, dice: &mut Dice) {
        let us = 1 + dice.signed(3_600_000_000);
        let is_forward = dice.once_in(2);
        self.wall_us += if is_forward { us } else { -us };
        self.coverage.hit(if is_forward {
            "fault clock set forward"
        } else {
            "fault clock set back"
        });
        self.say(|| format!("the wall clock is set, forward {is_forward}, by {us} us"));
    }

    /// Turns what is due into records, as the timer does.
    fn tick(&mut self, dice: &mut Dice) -> Checked {
        let now = self.now();
        let early = if self.plant == Plant::EarlyExpiry { 5_000 } else { 0 };
        loop {
            let machine = self.machine.as_mut().expect("an engine runs");
            let more = machine.core.expire_due(now.plus_millis(early), &mut machine.filling);
            self.doing = "looking at deadlines";
            self.observe(now)?;
            self.doing = "serving";
            if !more {
                break;
            }
            self.coverage.hit("state more was due than one turn takes");
            if dice.once_in(2) {
                // Others have their turn meanwhile.
                return Ok(());
            }
        }
        match self.model.due(now.millis()).next() {
            Some(held) => Err(format!("reservation {} is due, and holds", held.number)),
            None => Ok(()),
        }
    }

    /// Everything that waits is done, then the whole state is compared.
    fn settle(&mut self, dice: &mut Dice) -> Checked {
        self.say(|| "settle".to_owned());
        loop {
            // One that needs what is not durable yet asks again.
            for _ in 0..self.machine().recalls.len() {
                self.recall(dice)?;
                if self.disk.is_off() {
                    return Ok(());
                }
            }
            while self.machine.is_some() && !self.is_settled() {
                self.commit(dice)?;
                if self.disk.is_off() {
                    return Ok(());
                }
                self.release(dice)?;
            }
            if self.machine.is_none() || self.machine().recalls.is_empty() {
                return self.compare();
            }
        }
    }

    fn is_settled(&mut self) -> bool {
        let machine = self.machine();
        machine.filling.is_empty() && machine.sealed.is_empty() && machine.durable.is_empty()
    }

    /// The end: everything that waits is done, and a stopped directory is proved.
    pub(crate) fn finish(&mut self) -> Checked {
        let mut dice = Dice::new(0);
        self.kill(&mut dice)?;
        // Nothing is planned any more.
        self.disk.crash_at(u64::MAX);
        self.settle(&mut dice)?;
        self.check_ledger()?;
        self.stop(&mut dice)?;
        self.compare()?;
        self.machine = None;
        self.disk.restart(onhand_storage::Survival::All);
        let findings = crate::machine::verify(&self.disk, &self.rules)?;
        crate::check::same("what `onhand verify` finds", &findings, &Vec::new())
    }

    /// Memory is what the model says, and readers see what was released.
    pub(crate) fn compare(&mut self) -> Checked {
        let machine = self.machine.as_ref().expect("an engine runs between two operations");
        crate::check::memory::check(machine.core.stock(), &self.model)
            .map_err(|error| format!("memory: {error}"))?;
        crate::check::view::check(&machine.view, &self.shown)
            .map_err(|error| format!("view: {error}"))
    }
}
