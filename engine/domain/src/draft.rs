//! A change in the making: figures are tried out here, while memory stays as it is.

pub(crate) mod alarms;
pub(crate) mod goods;
pub(crate) mod sums;
mod touched;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::catalog::{
    Item, ItemNumber, Location, LocationAttributes, LocationNumber, Standing, TenantNumber,
    Tracking,
};
use crate::change::{Cause, Change, Movement, MovementKind, PositionChange, Raised, Terms};
use crate::command::{Command, Detail, Place};
use crate::ids::{ItemId, LocationId, LotNumber, TenantId};
use crate::limits::MOVEMENTS_MAX;
use crate::policy::Policy;
use crate::position::{Alarms, Bucket, Figures, Position, PositionNumber};
use crate::quantity::Quantity;
use crate::rejection::{Limit, Rejection};
use crate::stock::{Stock, Strictness};
use crate::time::Timestamp;
use goods::Stirred;
use touched::Touched;

/// What to do about items and locations nobody has heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They come into being, unless the catalog is strict.
    Create,
    /// The command is refused.
    Refuse,
}

/// Whether the change is a wish that stock must allow, or a fact that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    Wish,
    Fact,
}

/// A change in the making.
pub(crate) struct Draft<'a> {
    pub(crate) stock: &'a Stock,
    pub(crate) change: Box<Change>,
    pub(crate) sequence: u64,
    pub(crate) nature: Nature,
    touched: Touched,
    stirred: Stirred,
    lot_holds: Vec<(PositionNumber, LotNumber, Quantity)>,
    opened: u32,
}

impl<'a> Draft<'a> {
    /// Begins a change of the tenant of a command; the tenant comes into being with it if needed.
    pub(crate) fn begin(
        stock: &'a Stock,
        tenant: &TenantId,
        cause: Cause,
        now: Timestamp,
        sequence: u64,
    ) -> Self {
        let known = stock.tenant_number(tenant);
        let number = known.unwrap_or_else(|| stock.tenants.len());
        let mut draft = Self::of(stock, number, cause, now, sequence);
        draft.change.tenant_opened = known.is_none().then(|| tenant.clone());
        draft
    }

    /// Begins a change of a known tenant.
    pub(crate) fn of(
        stock: &'a Stock,
        tenant: TenantNumber,
        cause: Cause,
        now: Timestamp,
        sequence: u64,
    ) -> Self {
        let change = Box::new(Change::new(cause, now, tenant));
        let touched = Touched::default();
        let (nature, stirred) = (Nature::Wish, Stirred::default());
        let lot_holds = Vec::new();
        Self { stock, change, sequence, nature, touched, stirred, lot_holds, opened: 0 }
    }

    /// Takes over who sent the command, and its place in its source.
    pub(crate) fn sign(change: &mut Change, command: &Command) {
        // The retry of a dead letter comes from no source, but may act as the event of its message.
        if let Some(source) = &command.source {
            change.source = Some(Arc::clone(source));
        }
        change.trace.clone_from(&command.trace);
        change.key = command
            .key
            .map(|key| crate::change::BoundKey { key, fingerprint: command.action.fingerprint() });
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.change.at
    }

    pub(crate) fn tell(&mut self, detail: Option<&Arc<Detail>>) {
        self.change.detail = detail.map(Arc::clone);
    }

    pub(crate) fn item(&self, number: ItemNumber) -> Option<&Item> {
        let ours = self.change.items.iter().find(|item| item.number == number);
        ours.or_else(|| self.stock.item(number))
    }

    pub(crate) fn location(&self, number: LocationNumber) -> Option<&Location> {
        let ours = self.change.locations.iter().find(|location| location.number == number);
        ours.or_else(|| self.stock.location(number))
    }

    pub(crate) fn is_tracked(&self, item: ItemNumber) -> bool {
        self.item(item).is_none_or(|item| item.tracking() == Tracking::Tracked)
    }

    fn may_create(&self, unknown: Unknown) -> bool {
        unknown == Unknown::Create && self.stock.rules.strictness == Strictness::Lenient
    }

    /// Number of an item that was heard of; wishes about archived items are refused.
    pub(crate) fn known_item(&self, id: &ItemId) -> Result<ItemNumber, Rejection> {
        if let Some(number) = self.stock.item_number(self.change.tenant, id) {
            let standing = self.stock.item(number).map(|item| item.standing);
            if standing == Some(Standing::Archived) && self.nature == Nature::Wish {
                return Err(Rejection::ItemArchived(id.clone()));
            }
            return Ok(number);
        }
        let ours = self.change.items.iter().find(|item| item.id == *id);
        ours.map(|item| item.number).ok_or_else(|| Rejection::UnknownItem(id.clone()))
    }

    /// Number of an item, which may come into being.
    pub(crate) fn find_item(
        &mut self,
        id: &ItemId,
        unknown: Unknown,
    ) -> Result<ItemNumber, Rejection> {
        match self.known_item(id) {
            Err(Rejection::UnknownItem(_)) if self.may_create(unknown) => Ok(self.create_item(id)),
            found => found,
        }
    }

    pub(crate) fn create_item(&mut self, id: &ItemId) -> ItemNumber {
        let mut number = self.stock.items.len();
        let newest = self.change.items.iter().map(|item| item.number).max();
        number = number.max(newest.map_or(0, |newest| newest.saturating_add(1)));
        self.change.items.push(Item {
            number,
            tenant: self.change.tenant,
            id: id.clone(),
            attributes: None,
            standing: Standing::Current,
            version: 1,
            created_at: self.now(),
            updated_at: self.now(),
        });
        number
    }

    /// Number of a location that is in use; one that was removed counts as unknown.
    pub(crate) fn known_location(&self, id: &LocationId) -> Result<LocationNumber, Rejection> {
        let ours = self.change.locations.iter().find(|location| location.id == *id);
        if let Some(location) = ours {
            return Ok(location.number);
        }
        let known = self.stock.location_number(self.change.tenant, id);
        let held = known.and_then(|number| self.stock.location(number));
        let held = held.filter(|location| location.standing == Standing::Current);
        held.map(|location| location.number).ok_or_else(|| Rejection::UnknownLocation(id.clone()))
    }

    /// Number of a location, which may come into being; one that was removed is revived by that.
    pub(crate) fn find_location(
        &mut self,
        id: &LocationId,
        unknown: Unknown,
    ) -> Result<LocationNumber, Rejection> {
        match self.known_location(id) {
            Err(Rejection::UnknownLocation(_)) if self.may_create(unknown) => {
                Ok(self.put_location(id, LocationAttributes::default()))
            }
            found => found,
        }
    }

    /// Creates, replaces or revives a location.
    pub(crate) fn put_location(
        &mut self,
        id: &LocationId,
        attributes: LocationAttributes,
    ) -> LocationNumber {
        let known = self.stock.location_number(self.change.tenant, id);
        let held = known.and_then(|number| self.stock.location(number));
        let newest = self.change.locations.iter().map(|location| location.number).max();
        let next =
            newest.map_or(0, |newest| newest.saturating_add(1)).max(self.stock.locations.len());
        let number = held.map_or(next, |location| location.number);
        self.change.locations.push(Location {
            number,
            tenant: self.change.tenant,
            id: id.clone(),
            attributes,
            standing: Standing::Current,
            version: held.map_or(1, |location| location.version.saturating_add(1)),
            created_at: held.map_or(self.change.at, |location| location.created_at),
            updated_at: self.change.at,
        });
        number
    }

    /// The position of a place, opened if needed; returns its place in the change.
    pub(crate) fn find_place(
        &mut self,
        place: &Place,
        unknown: Unknown,
    ) -> Result<usize, Rejection> {
        let item = self.find_item(&place.item, unknown)?;
        let location = self.find_location(&place.location, unknown)?;
        Ok(self.open_at(item, location))
    }

    /// The position of an item at a location, opened if needed.
    pub(crate) fn open_at(&mut self, item: ItemNumber, location: LocationNumber) -> usize {
        if let Some(number) = self.stock.position_number(item, location) {
            return self.touch(number);
        }
        let opened = Some((item, location));
        if let Some(at) = self.touched.find_opened(&self.change.positions, (item, location)) {
            return at;
        }
        let number = self.stock.positions.len().saturating_add(self.opened);
        self.opened = self.opened.saturating_add(1);
        self.add(number, opened, Figures::default())
    }

    /// A known position; returns its place in the change.
    pub(crate) fn touch(&mut self, number: PositionNumber) -> usize {
        if let Some(at) = self.touched.find(&self.change.positions, number) {
            return at;
        }
        let figures = self.stock.position(number).map(Position::figures);
        self.add(number, None, figures.unwrap_or_default())
    }

    fn add(
        &mut self,
        position: PositionNumber,
        opened: Option<(ItemNumber, LocationNumber)>,
        figures: Figures,
    ) -> usize {
        let at = self.change.positions.len();
        if at == 0 {
            self.change.positions.reserve_exact(1); // most changes have one
        }
        self.change.positions.push(PositionChange {
            position,
            opened,
            version: 0,
            previous: 0,
            figures,
            average: None,
            sellable: None,
            alarms: Alarms::default(),
            raised: Raised::default(),
            threshold: None,
            terms: None,
        });
        let stock = self.stock;
        self.touched.add(&self.change.positions, |held| place_of(stock, held));
        at
    }

    /// Figures of a position as this change leaves them so far.
    pub(crate) fn figures(&self, at: usize) -> Figures {
        self.change.positions.get(at).map_or_else(Figures::default, |held| held.figures)
    }

    /// What is free at a position, touched or not.
    pub(crate) fn available(&self, number: PositionNumber) -> Quantity {
        match self.touched.find(&self.change.positions, number) {
            Some(at) => self.figures(at).available,
            None => self.stock.position(number).map_or(Quantity::ZERO, Position::available),
        }
    }

    /// What is free at a position that this change opens, if it does.
    pub(crate) fn available_at_opened(
        &self,
        item: ItemNumber,
        location: LocationNumber,
    ) -> Quantity {
        let at = self.touched.find_opened(&self.change.positions, (item, location));
        at.map_or(Quantity::ZERO, |at| self.figures(at).available)
    }

    /// Whether this change holds a position of an item already.
    pub(crate) fn holds_item(&self, item: ItemNumber) -> bool {
        let place_of = |held: &PositionChange| place_of(self.stock, held);
        self.touched.holds_item(&self.change.positions, item, place_of)
    }

    /// Item and location of a position in the change.
    pub(crate) fn place_of(&self, at: usize) -> (ItemNumber, LocationNumber) {
        let held = self.change.positions.get(at).expect("a place in this change");
        place_of(self.stock, held)
    }

    /// The policy that holds at a position in the change.
    pub(crate) fn policy(&self, at: usize) -> Policy {
        let (item, _) = self.place_of(at);
        let of_item = self.item(item).map_or_else(Policy::default, Item::policy);
        let held = self.change.positions.get(at);
        let own = match held.and_then(|held| held.terms.as_ref()) {
            Some(terms) => terms.own,
            None => held
                .and_then(|held| self.stock.position(held.position))
                .map_or_else(Policy::default, Position::policy),
        };
        own.or(of_item)
    }

    /// Books a movement and its effect.
    pub(crate) fn book(
        &mut self,
        at: usize,
        kind: MovementKind,
        from: Option<Bucket>,
        to: Option<Bucket>,
        quantity: Quantity,
    ) -> Result<(), Rejection> {
        assert!(!quantity.is_negative(), "quantities are checked at the door");
        if self.change.movements.len() >= MOVEMENTS_MAX as usize {
            return Err(Rejection::LimitExceeded { what: Limit::Movements, limit: MOVEMENTS_MAX });
        }
        let held = self.change.positions.get_mut(at).expect("booked at a position of this change");
        let figures = held.figures.moved(from, to, quantity).ok_or(Rejection::QuantityOverflow)?;
        assert!(figures.only_available_is_negative(), "only `available` may be below zero");
        held.figures = figures;
        let position = u32::try_from(at).expect("a change has fewer positions");
        if self.change.movements.is_empty() {
            self.change.movements.reserve_exact(1); // most changes have one
        }
        self.change.movements.push(Movement::plain(position, kind, from, to, quantity));
        Ok(())
    }

    /// Attaches the terms of a position, because the answer shows them.
    pub(crate) fn show(&mut self, at: usize) {
        let (item, _) = self.place_of(at);
        let effective = self.policy(at);
        let tracking = if self.is_tracked(item) { Tracking::Tracked } else { Tracking::Untracked };
        let now = self.now();
        let Some(held) = self.change.positions.get_mut(at) else { return };
        if held.terms.is_some() {
            return;
        }
        let position = self.stock.position(held.position);
        held.terms = Some(Arc::new(Terms {
            own: position.map_or_else(Policy::default, Position::policy),
            effective,
            bin: position.and_then(|position| position.bin().cloned()),
            created_at: position.map_or(now, |position| position.created_at),
            tracking,
        }));
    }

    /// Ends the change: versions, what may be sold, alarms.
    pub(crate) fn finish(mut self) -> Box<Change> {
        self.settle_averages();
        for at in 0..self.change.positions.len() {
            let policy = self.policy(at);
            let (item, location) = self.place_of(at);
            let item = self.item(item);
            let tracked = item.is_none_or(|item| item.tracking() == Tracking::Tracked);
            let is_current = item.is_none_or(|item| item.standing == Standing::Current);
            let is_selling =
                is_current && self.location(location).is_some_and(Location::is_selling);
            let Some(held) = self.change.positions.get_mut(at) else { continue };
            let before = self.stock.position(held.position);
            held.version = before.map_or(1, |before| before.version.saturating_add(1));
            held.previous = before.map_or(0, |before| before.sequence);
            held.sellable = match (is_selling, tracked) {
                (false, _) => Some(Quantity::ZERO),
                (true, false) => None,
                (true, true) => policy.sellable(held.figures.available),
            };
            if tracked {
                alarms::raise(held, before, &policy, self.nature);
            }
        }
        self.change
    }

    /// Numbers of positions in the change, for a caller that must name them.
    pub(crate) fn number(&self, at: usize) -> PositionNumber {
        self.change.positions.get(at).map_or(PositionNumber::MAX, |held| held.position)
    }
}

/// Item and location of a position in a change.
fn place_of(stock: &Stock, held: &PositionChange) -> (ItemNumber, LocationNumber) {
    held.opened.unwrap_or_else(|| {
        let position = stock.position(held.position);
        position.map(|position| (position.item, position.location)).expect("known or opened here")
    })
}
