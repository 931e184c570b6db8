//! A small workload with every kind of thing a checkpoint holds, and a journal of what was promised.

use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Place, RequestedLine, Reserve, StartTransfer,
    StockEntry, Wanted,
};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::ReservationNumber;
use onhand_engine::writer::filling::Outcome;

use crate::machine::Machine;

/// Steps of the workload. Every fifth writes a slice of a checkpoint instead.
pub(crate) const STEPS: u32 = 60;

/// What was promised to the outside, and what may have happened besides.
#[derive(Default)]
pub(crate) struct Journal {
    steps: u32,
    /// Key, and the record that answered it.
    keyed: Vec<(u32, u64)>,
    /// Units received for certain, and at most.
    received: (i64, i64),
    /// Reservations that nothing ends.
    without_deadline: Vec<ReservationNumber>,
    attempted_sequence: u64,
}

fn item(number: u32) -> ItemId {
    ItemId::parse(&format!("item-{}", number % 5)).expect("valid")
}

fn location(number: u32) -> LocationId {
    LocationId::parse(&format!("WH-{}", number % 2)).expect("valid")
}

fn command(step: u32, action: Action) -> Command {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&step.to_le_bytes());
    let tenant = TenantId::parse("default").expect("valid");
    Command { tenant, key: Some(key), source: None, trace: None, action }
}

fn receive(step: u32) -> Command {
    let place = Place { item: item(step), location: location(0) };
    command(
        step,
        Action::Receive(StockEntry { place, quantity: Quantity::units(10), detail: None }),
    )
}

fn reserve(step: u32) -> Command {
    let line = |item: ItemId| RequestedLine {
        item,
        quantity: Quantity::units(1),
        wanted: Wanted::Anywhere,
        lot: None,
    };
    command(
        step,
        Action::Reserve(Box::new(Reserve {
            order: Some(Reference::parse(&format!("order-{step}")).expect("valid")),
            customer: None,
            local: None,
            required_at: None,
            ttl_ms: step.is_multiple_of(3).then_some(500),
            completeness: Completeness::Whole,
            max_splits: None,
            backorder: Backorder::Always,
            lines: vec![line(item(step)), line(item(step + 1))],
        })),
    )
}

fn transfer(step: u32) -> Command {
    command(
        step,
        Action::StartTransfer(Box::new(StartTransfer {
            item: item(step),
            from: location(0),
            to: location(1),
            quantity: Quantity::units(1),
            force: onhand_domain::command::Force::Fact,
            detail: None,
        })),
    )
}

/// What the step with this number asks for.
fn command_of(step: u32) -> Command {
    match step % 4 {
        0 | 1 => receive(step),
        2 => reserve(step),
        _ => transfer(step),
    }
}

/// One step. An error means the power failed; the step may have happened or not.
pub(crate) fn step(machine: &mut Machine, step: u32, journal: &mut Journal) -> Result<(), ()> {
    machine.now = machine.now.plus_millis(100);
    if step % 5 == 4 {
        // One that fails is given up, and nothing else: the engine tries again later.
        drop(machine.checkpoint(u16::try_from(step / 5 % 4).expect("small")));
    } else {
        let command = command_of(step);
        let is_receipt = matches!(command.action, Action::Receive(_));
        journal.received.1 += if is_receipt { 10 } else { 0 };
        // The step's own record, and those of deadlines that pass meanwhile.
        journal.attempted_sequence = machine.core.sequence() + 1 + u64::from(STEPS);
        let outcomes = machine.act(vec![command]).map_err(|_| ())?;
        let [Outcome::Changed { sequence, change }] = &outcomes[..] else {
            panic!("step {step} must succeed: {outcomes:?}");
        };
        journal.received.0 += if is_receipt { 10 } else { 0 };
        journal.keyed.push((step, *sequence));
        let held = change.reservation.as_ref().filter(|held| held.expires_at.is_none());
        journal.without_deadline.extend(held.map(|held| held.number));
    }
    journal.steps += 1;
    Ok(())
}

impl Journal {
    /// The same, when somebody has begun one step more since.
    pub(crate) fn with_one_more(mut self) -> Self {
        self.received.1 += 10;
        self.attempted_sequence += 1 + u64::from(STEPS);
        self
    }

    pub(crate) const fn acknowledged(&self) -> u32 {
        self.steps
    }

    /// What a start finds must be what was promised, and no more than was attempted.
    pub(crate) fn check(&self, machine: &mut Machine, place: &str) {
        self.check_promises(machine, place);
        for (step, sequence) in &self.keyed {
            let outcomes = machine.act(vec![command_of(*step)]).expect("the disk works again");
            assert!(
                matches!(&outcomes[..], [Outcome::Repeat(then)] if then == sequence),
                "{place}: key of step {step} answers {outcomes:?}, not record {sequence}"
            );
        }
    }

    /// The same without asking the keys, which writes.
    pub(crate) fn check_promises(&self, machine: &Machine, place: &str) {
        let sequence = machine.core.sequence();
        let promised = self.keyed.last().map_or(0, |(_, sequence)| *sequence);
        assert!(promised <= sequence, "{place}: {promised} acknowledged, {sequence} recovered");
        assert!(sequence <= self.attempted_sequence, "{place}: {sequence} was never attempted");
        for number in &self.without_deadline {
            let held = machine.core.stock().promises().reservation(*number);
            assert!(
                held.is_some_and(|held| held.status.is_open()),
                "{place}: reservation {number}"
            );
        }
        self.check_stock(machine, place);
    }

    /// Receipts only add and transfers only move, so all stock together is what was received.
    fn check_stock(&self, machine: &Machine, place: &str) {
        let stock = machine.core.stock();
        let mut units = Quantity::ZERO;
        for number in 0..stock.sizes().positions {
            let figures = stock.position(number).expect("no gaps").figures();
            units = units.saturating_add(figures.on_hand()).saturating_add(figures.in_transit);
        }
        let (least, most) = (Quantity::units(self.received.0), Quantity::units(self.received.1));
        assert!(least <= units && units <= most, "{place}: {units} of {least} to {most} received");
    }
}
