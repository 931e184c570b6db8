//! Random histories over a small world: few items, locations and orders, so that everything meets.

use alloc::sync::Arc;
use std::format;
use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::actions::*;
use super::world::{Answer, World};
use crate::catalog::{Activity, Tracking};
use crate::command::{
    Action, Adjust, Backorder, Command, Completeness, Condition, Count, Detail, Force, MoveStock,
    Rest, Revalue, Source, SourcePosition, StartTransfer, StockEntry, WishedTask,
};
use crate::consumed::ConsumedEvent;
use crate::dead_letter::Fault;
use crate::ids::{LotNumber, Text};
use crate::position::Bucket::{Available, Damaged, QualityHold};
use crate::rejection::Rejection;
use crate::stock::Rules;
use crate::time::{Day, Timestamp};
use crate::upkeep::{Bury, Retry, Upkeep};

/// Dice for one step; what they mean depends on the world when it is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    kind: u8,
    item: u8,
    place: u8,
    other: u8,
    quantity: u8,
    pick: u8,
    flags: u8,
}

pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<[u8; 7]>()).prop_map(|[kind, item, place, other, quantity, pick, flags]| {
        Step { kind, item, place, other, quantity, pick, flags }
    });
    proptest::collection::vec(step, 1..most)
}

/// Small windows, so that things fall out of them.
pub(super) fn rules() -> Rules {
    Rules {
        partitions: 4,
        key_window: 6,
        event_window: 5,
        dead_letters_max: 3,
        ended_kept_ms: 2_000,
        ..Rules::default()
    }
}

const ITEMS: [&str; 4] = ["tea", "pot", "cup", "card"];
/// More than an item needs to keep its order of choice.
const PLACES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const ORDERS: [&str; 3] = ["O-1", "O-2", "O-3"];
/// The last one is what a caller may send at most: a few of them do not fit.
const QUANTITIES: [&str; 8] = ["1", "2", "3", "5", "0.5", "10", "0.000001", "1000000000000"];

fn of<T: Copy>(all: &[T], dice: u8) -> T {
    all[usize::from(dice) % all.len()]
}

impl Step {
    fn item(self) -> &'static str {
        // Most is about one item, so that it is at many places.
        if self.item < 128 { ITEMS[0] } else { of(&ITEMS, self.item) }
    }

    fn place(self) -> String {
        format!("{}@{}", self.item(), of(&PLACES, self.place))
    }

    fn quantity(self) -> &'static str {
        // Seldom the largest.
        if self.quantity >= 250 { QUANTITIES[7] } else { of(&QUANTITIES[..7], self.quantity) }
    }

    /// The same with the largest quantity, and at fewer places.
    pub(super) fn largest(self) -> Self {
        Self { quantity: u8::MAX, place: self.place % 2, ..self }
    }

    fn flag(self, bit: u8) -> bool {
        self.flags & (1 << bit) != 0
    }

    fn lines(self) -> String {
        let one = |item: &str, dice: u8, quantity: &str| match dice % 4 {
            0 => format!("{item}@{} {quantity}", of(&PLACES, dice / 4)),
            1 => format!("{item}>{} {quantity}", of(&PLACES, dice / 4)),
            _ => format!("{item} {quantity}"),
        };
        let first = one(self.item(), self.place, self.quantity());
        if self.flag(7) {
            let second = one(of(&ITEMS, self.other), self.other, of(&QUANTITIES[..6], self.pick));
            format!("{first}, {second}")
        } else {
            first
        }
    }

    /// An open reservation, or any that was ever made: it may have left memory.
    fn reservation(self, world: &World) -> u64 {
        let held = world.stock.promises().slots_from(0).map(|(_, held)| held);
        let mut all: Vec<u64> =
            held.filter(|held| held.status.is_open()).map(|held| held.number).collect();
        if all.is_empty() || self.flag(6) {
            let made = world.records.iter().filter_map(|record| record.reservation.as_ref());
            all = made.map(|held| held.number).collect();
        }
        all.get(usize::from(self.pick) % all.len().max(1)).copied().unwrap_or(1)
    }

    fn transfer(self, world: &World) -> u64 {
        let made = world.records.iter().filter_map(|record| record.transfer.as_ref());
        let made: Vec<u64> = made.map(|held| held.number).collect();
        made.get(usize::from(self.pick) % made.len().max(1)).copied().unwrap_or(1)
    }

    pub(super) fn force(self) -> Force {
        if self.flag(0) { Force::Fact } else { Force::Wish }
    }

    /// Words about the goods: lot, expiry, cost, when it happened.
    fn goods(self, world: &World) -> Detail {
        let lot = self.flag(0).then(|| of(&["L-1", "L-2", "L-3"], self.pick));
        let days = [-1, 0, 1, 2];
        let costs = ["1", "2", "0.333333", "10", "100", "7.5"];
        Detail {
            lot: lot.map(|lot| LotNumber::parse(lot).expect("valid")),
            expiry: self.flag(1).then(|| Day::from_days(of(&days, self.other))),
            unit_cost: self.flag(2).then(|| super::text::money(of(&costs, self.quantity))),
            occurred_at: self.flag(3).then(|| {
                let ago = i64::from(self.pick) * 16;
                Timestamp::from_millis(world.now().millis() - ago)
            }),
            condition: self.flag(4).then_some(Condition::Good),
            order: self.flag(5).then(|| reference(of(&ORDERS, self.other))),
            reference: self.flag(6).then(|| reference(of(&["S-1", "S-2"], self.item))),
            ..Detail::default()
        }
    }

    /// The same, with words about the goods where they are picked or put.
    fn told(self, action: Action, world: &World) -> Action {
        if self.flags.is_multiple_of(3) {
            return action;
        }
        let words = || Some(Arc::new(self.goods(world)));
        match action {
            Action::Receive(entry) => Action::Receive(StockEntry { detail: words(), ..entry }),
            Action::Sell(entry) => Action::Sell(StockEntry { detail: words(), ..entry }),
            Action::Return(entry) => Action::Return(StockEntry { detail: words(), ..entry }),
            Action::Adjust(wish) => Action::Adjust(Adjust { detail: words(), ..wish }),
            Action::Move(wish) => Action::Move(MoveStock { detail: words(), ..wish }),
            Action::Count(wish) => Action::Count(Count { detail: words(), ..wish }),
            Action::StartTransfer(wish) => {
                Action::StartTransfer(StartTransfer { detail: words(), ..*wish }.into())
            }
            other => other,
        }
    }

    fn revaluation(self) -> Action {
        let lot = self.flag(0).then(|| LotNumber::parse("L-1").expect("valid"));
        let unit_cost = super::text::money(of(&["3", "0.1", "12.345678"], self.other));
        let place = super::text::place(&self.place());
        Action::Revalue(Revalue { place, lot, unit_cost, detail: None })
    }

    fn stock_action(self, world: &World) -> Action {
        if self.kind.is_multiple_of(23) {
            return self.revaluation();
        }
        let (place, quantity) = (self.place(), self.quantity());
        let buckets = [Available, Damaged, QualityHold];
        let (from, to) = (of(&buckets, self.other), of(&buckets, self.pick));
        match self.kind % 16 {
            0..=4 => receive(&place, quantity),
            5 => sell(&place, quantity),
            6 => count(&place, quantity),
            7 => set_to(&place, quantity),
            8 => set_bucket(&place, from, quantity),
            9 if self.flag(5) => self.reversal(world),
            9 => adjust(&place, from, &format!("-{quantity}")),
            10 => force(&place, from, &format!("-{quantity}")),
            11 if from != to => shift(&place, quantity, from, to),
            11 => adjust(&place, from, quantity),
            12 => give_back_of(&place, quantity, of(&ORDERS, self.other)),
            13 => give_back(&place, quantity, Some(Condition::Damaged)),
            _ => {
                let (start, end) = (self.place, self.place.wrapping_add(1 + self.other % 9));
                let (start, end) = (of(&PLACES, start % 10), of(&PLACES, end % 10));
                transfer_with(self.item(), start, end, quantity, self.force())
            }
        }
    }

    /// Something about stock alone, with words about the goods.
    pub(super) fn plain_action(self, world: &World) -> Action {
        self.told(self.stock_action(world), world)
    }

    fn reserve(self) -> Action {
        reserve_with(&self.lines(), |wish| {
            wish.order = self.flag(1).then(|| reference(of(&ORDERS, self.pick)));
            wish.ttl_ms = self.flag(2).then(|| 500 + i64::from(self.other) * 10);
            if self.flag(5)
                && let Some(line) = wish.lines.first_mut()
            {
                line.lot = Some(LotNumber::parse(of(&["L-1", "L-2"], self.item)).expect("valid"));
            }
            wish.max_splits = self.flag(3).then(|| u32::from(self.flags % 4));
            if self.flag(4) {
                wish.completeness = Completeness::Partial;
            }
            wish.backorder = match self.flags % 5 {
                0 => Backorder::Always,
                1 => Backorder::Never,
                _ => Backorder::Policy,
            };
        })
    }

    fn promise_action(self, world: &World) -> Action {
        let number = self.reservation(world);
        let lines = || format!("{} {}", self.place(), self.quantity());
        match self.kind % 16 {
            0..=6 => self.reserve(),
            7 => confirm(number),
            8 => extend(number, 1 + i64::from(self.other) * 10),
            9 => set_lines(number, &self.lines()),
            10 => cancel(number),
            11 => cancel_lines(number, &lines()),
            12 if self.flag(5) => receive_transfer(self.transfer(world), None),
            12 if self.flag(6) => receive_transfer(self.transfer(world), Some(self.quantity())),
            12 => cancel_transfer(self.transfer(world)),
            13 | 14 if self.flag(5) => self.correction(number, world),
            14 => self.unship(number, world),
            _ => fulfil_with(number, |wish| {
                wish.force = self.force();
                wish.lines = self.flag(1).then(|| super::text::shipped(&lines()));
                if self.flag(4)
                    && let Some(line) = wish.lines.iter_mut().flatten().next()
                {
                    line.lot = Some(LotNumber::parse("L-1").expect("valid"));
                }
                wish.rest = if self.flag(2) { Rest::Close } else { Rest::Keep };
                wish.shipment = self.flag(3).then(|| reference(of(&ORDERS, self.other)));
            }),
        }
    }

    /// Where the first line of a reservation is held.
    fn held_at(self, number: u64, world: &World) -> Option<String> {
        let held = world.stock.promises().reservation(number)?;
        Some(super::text::position(&world.stock, held.lines.first()?.position?))
    }

    /// A shipment, by its name or by the first line.
    fn unship(self, number: u64, world: &World) -> Action {
        if self.flag(0) {
            return take_back(number, of(&ORDERS, self.other));
        }
        let place = self.held_at(number, world).unwrap_or_else(|| self.place());
        unship(number, &format!("{place} {}", self.quantity()))
    }

    /// Some record, mostly a late one.
    fn reversal(self, world: &World) -> Action {
        let back = u64::from(self.other % 16);
        reverse(world.sequence.saturating_sub(back), u32::from(self.pick % 32 == 1))
    }

    fn correction(self, number: u64, world: &World) -> Action {
        let location = |dice: u8| of(&PLACES, dice);
        match self.other % 6 {
            0..=2 => {
                let from = self.held_at(number, world).unwrap_or_else(|| self.place());
                let (item, from) = from.split_once('@').expect("a place");
                let much = if self.flag(0) { "all" } else { self.quantity() };
                relocate(number, &format!("{item} {from}>{} {much}", location(self.pick)))
            }
            3 => cancel_order(of(&ORDERS, self.pick)),
            4 if self.flag(0) => {
                let at = super::text::location(location(self.place));
                start_job(WishedTask::CancelLocation(at), "closed")
            }
            4 => start_job(WishedTask::CancelItem(super::text::item(self.item())), "recalled"),
            _ => start_job(WishedTask::ArchiveProduct(reference("P-1")), "given up"),
        }
    }

    fn catalog_action(self) -> Action {
        let terms = [
            "",
            "safety 1",
            "backorder 3",
            "backorder unlimited",
            "threshold 4",
            "min 2",
            "safety 2, backorder 5",
            "threshold 9, safety 0",
        ];
        let (item, place) = (self.item(), of(&PLACES, self.place));
        let terms = policy(of(&terms, self.other));
        match self.kind % 8 {
            0 | 1 => set_policy(&self.place(), terms),
            2 => put_item(of(&ITEMS, self.item), |attributes| {
                attributes.policy = terms;
                attributes.product = self.flag(1).then(|| reference("P-1"));
                if of(&ITEMS, self.item) == "card" || self.flags.is_multiple_of(16) {
                    attributes.tracking = Tracking::Untracked;
                }
            }),
            3 | 4 => put_location(place, |attributes| {
                attributes.priority = i32::from(self.pick % 3);
                if self.flag(0) && self.flag(1) {
                    attributes.activity = Activity::Inactive;
                }
            }),
            5 => put_bin(of(&PLACES[..2], self.place), of(&["B-1", "B-2"], self.other), None),
            6 if self.flag(0) => {
                let place = format!("{item}@{}", of(&PLACES[..2], self.place));
                assign_bin(&place, of(&["B-1", "B-2"], self.other))
            }
            6 => archive(of(&ITEMS, self.other)),
            _ => remove(place),
        }
    }

    fn upkeep_action(self, world: &World) -> Action {
        let letters = world.stock.letters().behind(0).map(|letter| letter.number);
        let letters: Vec<u64> = letters.collect();
        let letter = letters.get(usize::from(self.pick) % letters.len().max(1)).copied();
        let letter = letter.unwrap_or(1);
        let stream = Text::parse(of(&["sales", "orders"], self.item)).expect("valid");
        let fault = Fault::of("UNREADABLE", "no JSON");
        Action::Upkeep(std::boxed::Box::new(match self.kind % 16 {
            0 if self.flag(0) => Upkeep::ResetSource { stream, reason: None },
            0 | 1 => {
                let next_offset = world.sequence.saturating_sub(u64::from(self.other % 4));
                Upkeep::SkipSource { stream, partition: 0, next_offset, reason: None }
            }
            2 => Upkeep::Advance(std::vec![self.source(world).position]),
            3..=6 => {
                let action = std::boxed::Box::new(self.told(self.stock_action(world), world));
                Upkeep::Retry { letter, with: Retry::Act(action, None) }
            }
            7 => Upkeep::Retry { letter, with: Retry::Failed(fault) },
            8 => Upkeep::Retry { letter, with: Retry::Done },
            9 => Upkeep::Publish(std::vec![]),
            10 => Upkeep::Discard { letter, reason: None },
            _ => {
                let (attempts, first_failed_at) = (3, Some(world.now()));
                Upkeep::Bury(Bury { fault, attempts, first_failed_at, unsent: None })
            }
        }))
    }

    fn source(self, world: &World) -> Source {
        let stream = Text::parse(of(&["sales", "orders"], self.item)).expect("valid");
        let generation = world.stock.sources().generation(&stream);
        let offset = world.sequence.saturating_sub(u64::from(self.other % 4));
        let checksum = Some(0);
        let place = SourcePosition { stream, partition: 0, generation, offset, checksum };
        let event = self.flag(5).then(|| ConsumedEvent {
            id: Text::parse("event").expect("valid"),
            event_type: Text::parse("SALE_COMPLETED").expect("valid"),
            key: [self.pick % 8; 16],
            fingerprint: u64::from(self.other % 2),
        });
        Source { event, ..Source::at(place) }
    }

    pub(super) fn action(self, world: &World) -> Action {
        if self.pick.is_multiple_of(8) {
            return self.upkeep_action(world);
        }
        match self.kind / 16 {
            0..=5 => self.told(self.stock_action(world), world),
            6..=12 => self.promise_action(world),
            _ => self.catalog_action(),
        }
    }

    /// The command of this step: some have a key, some come from a source.
    pub(super) fn command(self, world: &World) -> Command {
        let key = (self.flags % 8 == 7).then_some([self.other % 8; 16]);
        let action = self.action(world);
        let has_source = match &action {
            Action::Upkeep(upkeep) => matches!(**upkeep, Upkeep::Bury(_)),
            _ => self.flags % 8 == 2,
        };
        let source = has_source.then(|| Arc::new(self.source(world)));
        Command { key, source, ..World::command(action) }
    }

    /// Lets time pass, sends the command, and sometimes lets the timer and the broom run.
    pub(super) fn take(self, world: &mut World) -> (Command, Result<Answer, Rejection>) {
        world.now += i64::from(self.other) * 2;
        if self.quantity == 249 {
            world.now += 24 * 60 * 60 * 1000; // lots expire at midnight
        }
        let command = self.command(world);
        let answer = world.send(&command);
        if self.kind.is_multiple_of(8) {
            world.expire_due();
        }
        if self.kind % 4 == 2 {
            world.work(usize::from(self.pick));
        }
        if self.kind % 8 == 1 {
            let now = world.now();
            world.stock.forget(now, usize::from(self.pick), u64::MAX);
        }
        (command, answer)
    }
}

/// The world after a history.
pub(super) fn lived(steps: &[Step]) -> World {
    let mut world = World::with(rules());
    for step in steps {
        let _ = step.take(&mut world);
    }
    world
}
