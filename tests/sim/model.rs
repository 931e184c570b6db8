//! The model: what an engine must answer, and what it must hold, in plain maps.
//!
//! Written from API.md and DESIGN.md, without the rules of `engine/domain`: every step changes a copy,
//! line by line, and a step that is refused throws the copy away. It borrows nothing from the domain
//! but words (ids, commands, refusals). It is slow, and simple enough to be believed.
//! One file per noun: a new command is one more method there, and one more line in [`Step::act`].

mod catalog;
mod choice;
mod fulfil;
mod goods;
pub(crate) mod jobs;
pub(crate) mod layers;
mod life;
pub(crate) mod promise;
mod relocate;
mod reserve;
mod restock;
mod revalue;
pub(crate) mod shop;
pub(crate) mod step;
mod stock;
mod story;
mod transfers;
mod unfulfil;
pub(crate) mod upkeep;
pub(crate) mod window;
pub(crate) mod worth;

use std::collections::BTreeMap;
use std::rc::Rc;

use onhand_domain::change::{Cause, MovementPlace};
use onhand_domain::command::{Action, Command, Source};
use onhand_domain::dead_letter::{Direction, LetterStatus};
use onhand_domain::decide::OCCURRED_AHEAD_MS_MAX;
use onhand_domain::ids::{ItemId, Reference, TenantId};
use onhand_domain::layer::Area;
use onhand_domain::rejection::Rejection;
use onhand_domain::stock::{Rules, Strictness};
use onhand_domain::time::Timestamp;

use jobs::Job;
use life::Done;
use promise::{Promise, Travel};
use shop::{Key, Shop};
use step::{Booked, Step, Told};
use upkeep::{Kept, Letter, Streams};
use window::Window;
use worth::{Cost, cost_of};

/// An item of an order of a tenant.
type OrderItem = (TenantId, Reference, ItemId);

/// Everything that must be so.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) is_strict: bool,
    /// The last record.
    pub(crate) sequence: u64,
    /// By name, once a record has told of them.
    pub(crate) tenants: BTreeMap<TenantId, Shop>,
    /// All there ever were.
    pub(crate) promises: BTreeMap<u64, Rc<Promise>>,
    /// All there ever were.
    pub(crate) transfers: BTreeMap<u64, Travel>,
    /// What came back on orders.
    pub(crate) returned: BTreeMap<OrderItem, i64>,
    /// Records with movements, all there ever were.
    pub(crate) records: BTreeMap<u64, Rc<Booked>>,
    /// Movements that were undone, each with the record that did it.
    pub(crate) reversed: BTreeMap<MovementPlace, u64>,
    /// Jobs that run.
    pub(crate) jobs: BTreeMap<u64, Job>,
    pub(crate) keys: Window<Rc<Action>>,
    pub(crate) events: Window<u64>,
    pub(crate) streams: Streams,
    pub(crate) letters: BTreeMap<u64, Letter>,
    pub(crate) letters_max: usize,
    pub(crate) forgotten_keys: u64,
    nothing: Shop,
}

/// What a command must be answered.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// By a record that says this.
    Record(Box<Told>),
    /// It is so already.
    Unchanged(u64),
    /// "No", without a record.
    Refused(Rejection),
    /// By the record of then.
    Repeat(u64),
    /// A message that was acted on.
    Passed,
    /// An event that was acted on.
    Duplicate(u64),
    /// There is no room for a dead letter.
    NoRoom,
}

/// What a step has come to.
pub(crate) enum Acted {
    Told,
    Unchanged(u64),
    Repeat(u64),
    Passed,
    NoRoom,
}

/// Whether a refusal is bound to the key: one of a wish that makes no sense is not.
fn binds(rejection: &Rejection) -> bool {
    !matches!(
        rejection,
        Rejection::KeyReused
            | Rejection::TimeAhead { .. }
            | Rejection::QuantityOverflow
            | Rejection::LimitExceeded { .. }
            | Rejection::AmbiguousLine(_)
    )
}

impl Model {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            is_strict: rules.strictness == Strictness::Strict,
            sequence: 0,
            tenants: BTreeMap::new(),
            promises: BTreeMap::new(),
            transfers: BTreeMap::new(),
            returned: BTreeMap::new(),
            records: BTreeMap::new(),
            reversed: BTreeMap::new(),
            jobs: BTreeMap::new(),
            keys: Window::new(rules.key_window),
            events: Window::new(rules.event_window),
            streams: Streams::default(),
            letters: BTreeMap::new(),
            letters_max: rules.dead_letters_max as usize,
            forgotten_keys: 0,
            nothing: Shop::default(),
        }
    }

    pub(crate) fn shop(&self, tenant: &TenantId) -> &Shop {
        self.tenants.get(tenant).unwrap_or(&self.nothing)
    }

    pub(crate) fn item_count(&self) -> usize {
        self.tenants.values().map(|shop| shop.items.len()).sum()
    }

    fn letters_are_full(&self) -> bool {
        let open = self.letters.values().filter(|held| held.status == LetterStatus::Open);
        open.count() >= self.letters_max
    }

    /// Lines of an item on an order.
    fn ordered(&self, (tenant, order, item): &OrderItem) -> Vec<&promise::Line> {
        let of_order = self
            .promises
            .values()
            .filter(|held| held.tenant == *tenant && held.order.as_ref() == Some(order));
        of_order.flat_map(|held| &held.lines).filter(|line| line.item == *item).collect()
    }

    /// What was shipped of an item on an order.
    fn shipped(&self, of: &OrderItem) -> i64 {
        self.ordered(of).iter().map(|line| line.fulfilled).fold(0_i64, i64::saturating_add)
    }

    /// What a unit of it cost when it left; nothing, when it was worth nothing.
    fn shipped_at(&self, of: &OrderItem) -> Result<Cost, Rejection> {
        let value: i128 = self.ordered(of).iter().map(|line| i128::from(line.worth)).sum();
        if value == 0 { Ok(None) } else { cost_of(value, self.shipped(of)) }
    }

    /// Positions with goods on the shelf whose last day is over.
    pub(crate) fn over(&self, now: i64) -> impl Iterator<Item = (&TenantId, &Key)> {
        let of_shop = move |(tenant, shop)| {
            let shop: &Shop = shop;
            let held = shop.positions.iter();
            let over = held.filter(move |(_, held)| {
                let mut shelf = held.layers.of(Area::Shelf);
                shelf.any(|layer| layers::is_over(&layer.origin, now))
            });
            over.map(move |(key, _)| (tenant, key))
        };
        self.tenants.iter().flat_map(of_shop)
    }

    /// The last day of lots is over.
    pub(crate) fn expire_lots(&mut self, tenant: &TenantId, key: &Key, now: i64) -> Told {
        let mut step = Step::of(self, tenant, now);
        step.expire_lots(key).expect("goods that are there fit");
        self.take(step)
    }

    /// Reservations whose deadline has passed, and that hold something all the same.
    pub(crate) fn due(&self, now: i64) -> impl Iterator<Item = &Rc<Promise>> {
        self.promises.values().filter(move |held| held.is_due(now))
    }

    /// A reservation ends because its deadline has passed.
    pub(crate) fn expire(&mut self, number: u64, now: i64) -> Told {
        let tenant = self.promises[&number].tenant.clone();
        let mut step = Step::of(self, &tenant, now);
        step.expire(number);
        self.take(step)
    }

    fn take(&mut self, step: Step) -> Told {
        let (sequence, tenant) = (step.sequence, step.tenant.clone());
        let (next, told) = step.finish();
        *self = next;
        self.sequence = sequence;
        let has_positions = !told.touched.is_empty();
        if has_positions || !told.shipped.is_empty() {
            let (moves, shipped, order) =
                (told.moves.clone(), told.shipped.clone(), told.order.clone());
            let booked = Booked { tenant, moves, shipped, order, has_positions };
            self.records.insert(sequence, Rc::new(booked));
        }
        told
    }

    /// What a command must be answered now; takes it in.
    pub(crate) fn decide(&mut self, command: &Command, now: i64) -> Expected {
        let mut step = Step::of(self, &command.tenant, now);
        step.told.cause = Some(command.action.cause());
        if let Some(source) = command.source.as_deref()
            && let Some(expected) = self.met_before(source)
        {
            return expected.unwrap_or_else(|()| self.bury(command, now, None));
        }
        if let Some((action, sequence)) = command.key.and_then(|key| self.keys.find(&key)) {
            if **action == command.action {
                return Expected::Repeat(sequence);
            }
            return self.refuse(command, Rejection::KeyReused, now);
        }
        let is_recorded = command.key.is_some() || command.source.is_some();
        match step.act(&command.action) {
            Ok(Acted::Told) => self.sign(step, command, command.key.is_some()),
            Ok(Acted::Unchanged(number)) if is_recorded => {
                step.told.cause = Some(Cause::Unchanged);
                step.told.reservation = Some(number);
                self.sign(step, command, true)
            }
            Ok(Acted::Unchanged(number)) => Expected::Unchanged(number),
            // A message that tells a shipment once more is skipped.
            Ok(Acted::Repeat(sequence)) if command.source.is_some() => {
                Expected::Duplicate(sequence)
            }
            Ok(Acted::Repeat(sequence)) => Expected::Repeat(sequence),
            Ok(Acted::Passed) => Expected::Passed,
            Ok(Acted::NoRoom) => Expected::NoRoom,
            Err(rejection) => self.refuse(command, rejection, now),
        }
    }

    /// What its source alone says of a message; `Err`: its event was told with other content.
    fn met_before(&self, source: &Source) -> Option<Result<Expected, ()>> {
        if self.streams.has_passed(&source.position) {
            return Some(Ok(Expected::Passed));
        }
        let event = source.event.as_ref()?;
        let (content, sequence) = self.events.find(&event.key)?;
        let is_same = *content == event.fingerprint;
        Some(if is_same { Ok(Expected::Duplicate(sequence)) } else { Err(()) })
    }

    /// A refusal that binds a key or moves a source is a record.
    fn refuse(&mut self, command: &Command, rejection: Rejection, now: i64) -> Expected {
        let is_bound = command.key.is_some() && binds(&rejection);
        if !is_bound && command.source.is_none() {
            return Expected::Refused(rejection);
        }
        let is_told =
            matches!(command.action, Action::Reserve(_)) && rejection != Rejection::KeyReused;
        if command.source.is_some() && !is_told {
            return self.bury(command, now, Some((rejection, is_bound)));
        }
        let mut step = Step::of(self, &command.tenant, now);
        step.told.cause = Some(Cause::Refused);
        step.told.refusal = Some(rejection);
        step.told.refused = Some(command.action.cause());
        self.sign(step, command, is_bound)
    }

    /// A message that cannot be acted on becomes a dead letter.
    fn bury(
        &mut self,
        command: &Command,
        now: i64,
        refusal: Option<(Rejection, bool)>,
    ) -> Expected {
        let mut step = Step::of(self, &command.tenant, now);
        step.told.cause = Some(Cause::Refused);
        step.told.refused = Some(command.action.cause());
        let is_bound = refusal.as_ref().is_some_and(|(_, is_bound)| *is_bound);
        step.told.refusal = refusal.map(|(rejection, _)| rejection);
        if matches!(step.bury(1, Direction::In), Kept::NoRoom) {
            return Expected::NoRoom;
        }
        self.sign(step, command, is_bound)
    }

    /// The record is made: its key, its message and its event have been acted on.
    fn sign(&mut self, mut step: Step, command: &Command, is_bound: bool) -> Expected {
        step.model.tenants.entry(step.tenant.clone()).or_default();
        let sequence = step.sequence;
        if let Some(key) = command.key.filter(|_| is_bound) {
            let action = Rc::new(command.action.clone());
            let forgotten = step.model.keys.enter(key, action, sequence);
            step.model.forgotten_keys += u64::from(forgotten);
        }
        if let Some(source) = &command.source {
            step.model.streams.advance(&source.position, sequence);
            if let Some(event) = &source.event {
                step.model.events.enter(event.key, event.fingerprint, sequence);
            }
        }
        Expected::Record(Box::new(self.take(step)))
    }
}

impl Step {
    /// Does what is asked, on the copy.
    pub(crate) fn act(&mut self, action: &Action) -> Result<Acted, Rejection> {
        let latest = Timestamp::from_millis(self.now).plus_millis(OCCURRED_AHEAD_MS_MAX);
        let occurred = action.detail().and_then(|detail| detail.occurred_at);
        if occurred.is_some_and(|at| at > latest) {
            return Err(Rejection::TimeAhead { latest });
        }
        self.occurred = occurred.map_or(self.now, Timestamp::millis);
        match action {
            Action::PutItem { item, attributes } => self.put_item(item, attributes)?,
            Action::ArchiveItem { item } => self.archive_item(item)?,
            Action::PutLocation { location, attributes } => {
                let was_selling = self.shop().sells(location);
                self.put_location(location, attributes.clone());
                if !was_selling && self.shop().sells(location) {
                    self.open_for_selling(location)?;
                }
            }
            Action::RemoveLocation { location } => self.remove_location(location)?,
            Action::PutBin { location, bin, name } => {
                self.put_bin(location, bin, name.as_ref())?;
            }
            Action::AssignBin { place, bin } => self.assign_bin(place, bin)?,
            Action::SetPolicy { place, policy } => self.set_policy(place, *policy)?,
            Action::Receive(entry) => self.receive(entry)?,
            Action::Sell(entry) => self.sell(entry)?,
            Action::Return(entry) => self.take_back(entry)?,
            Action::Adjust(wish) => self.adjust(wish)?,
            Action::Move(wish) => self.shift(wish)?,
            Action::Count(count) => self.count(count)?,
            Action::StartTransfer(start) => self.start_transfer(start)?,
            Action::ReceiveTransfer { transfer, quantity, detail } => {
                self.receive_transfer(*transfer, *quantity, detail.as_ref())?;
            }
            Action::CancelTransfer { transfer, .. } => self.cancel_transfer(*transfer)?,
            Action::Reserve(wish) => self.reserve(wish)?,
            Action::Confirm { reservation }
            | Action::Extend { reservation, .. }
            | Action::SetLines { reservation, .. }
            | Action::Relocate { reservation, .. }
            | Action::Cancel { reservation, .. } => return self.promised(*reservation, action),
            Action::Fulfil(wish) => return self.promised(wish.reservation, action),
            Action::Unfulfil(wish) => return self.promised(wish.reservation, action),
            Action::Revalue(wish) => self.revalue(wish)?,
            Action::CancelOrder { order, .. } => self.cancel_order(order)?,
            Action::StartJob(wish) => self.start_job(wish)?,
            Action::Reverse(wish) => self.reverse(wish)?,
            Action::Upkeep(wish) => {
                return Ok(match self.keep(wish)? {
                    Kept::Told => Acted::Told,
                    Kept::Passed => Acted::Passed,
                    Kept::NoRoom => Acted::NoRoom,
                });
            }
        }
        Ok(Acted::Told)
    }

    fn promised(&mut self, number: u64, action: &Action) -> Result<Acted, Rejection> {
        Ok(match self.on_reservation(number, action)? {
            Done::Told => Acted::Told,
            Done::Unchanged(number) => Acted::Unchanged(number),
            Done::Repeat(sequence) => Acted::Repeat(sequence),
        })
    }
}
