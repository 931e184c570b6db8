//! What the writer has decided, against what the model decides.

use std::collections::BTreeSet;

use onhand_domain::change::{Cause, Change, MovementKind};
use onhand_domain::command::{Action, Completeness};
use onhand_domain::ids::{ItemId, TenantId};
use onhand_domain::job::JobChange;
use onhand_domain::layer::Area;
use onhand_domain::position::Bucket;
use onhand_domain::rejection::{Rejection, STOCK_THERE_MAX};
use onhand_domain::stock::places::ORDERED_FROM;
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::Kept;
use onhand_engine::Failure;
use onhand_engine::writer::filling::{Item, Outcome};

use super::{Run, Sender, words};
use crate::check::record::{self, same_refusal};
use crate::check::{Checked, Names, memory, promise, same};
use crate::machine::Ticket;
use crate::model::shop::Key;
use crate::model::step::{Move, Told};
use crate::model::{Expected, Model};

/// What is over is not sold, promised or sent: it is held before that.
fn check_over(over: &[(TenantId, Key)], told: &Told, tenant: &TenantId) -> Checked {
    let takes = |it: &&Move| it.from.map(Bucket::area) == Some(Area::Shelf) && it.to != it.from;
    let taken =
        told.moves.iter().filter(takes).map(|it| (it.kind, (tenant.clone(), it.key.clone())));
    let mut taken = taken.filter(|(kind, _)| {
        !matches!(kind, MovementKind::Release | MovementKind::Expired | MovementKind::Confirm)
    });
    match taken.find(|(_, place)| over.contains(place)) {
        Some((kind, (_, key))) => {
            Err(format!("{kind:?} takes from {}@{}, where a lot is over", key.0, key.1))
        }
        None => Ok(()),
    }
}

impl Run<'_> {
    /// Looks at everything that was decided since the last look.
    pub(super) fn observe(&mut self, now: Timestamp) -> Checked {
        let machine = self.machine();
        same("commands whose deciding panicked", &machine.core.panics(), &0)?;
        let items = std::mem::take(&mut machine.filling.items);
        let mut checked = Ok(());
        for item in items.iter().skip(self.seen) {
            checked = self.look(item, now);
            if checked.is_err() {
                break;
            }
        }
        let mut changed = BTreeSet::new();
        for item in items.iter().skip(self.seen) {
            if let Outcome::Changed { change, .. } = &item.outcome {
                let positions = change.positions.iter();
                changed.extend(positions.map(|held| (change.tenant, held.position)));
            }
        }
        self.seen = items.len();
        self.machine().filling.items = items;
        checked?;
        let decided = self.machine().core.sequence();
        same("the last record", &decided, &self.model.sequence)?;
        self.check_changed(&changed)
    }

    /// What was changed lies in memory as the model says.
    fn check_changed(&mut self, changed: &BTreeSet<(u32, u32)>) -> Checked {
        let machine = self.machine.as_ref().expect("an engine runs between two operations");
        let names = Names(machine.core.stock());
        for (tenant, position) in changed {
            let id = names.0.tenant(*tenant).ok_or("a record of no tenant")?;
            let (shop, key) = (self.model.shop(id), names.place(*position));
            memory::position(names.0, *tenant, shop, &key)?;
        }
        Ok(())
    }

    fn look(&mut self, item: &Item<Ticket>, now: Timestamp) -> Checked {
        if let Outcome::Changed { sequence, change } = &item.outcome {
            self.attempted.insert(*sequence, (**change).clone());
            self.coverage.cause(change.cause);
        }
        let Some(ticket) = item.ticket else { return self.own(&item.outcome, now) };
        let call = self.calls.get_mut(&ticket).ok_or("an answer to a call nobody made")?;
        let (command, sender) = (call.command.clone(), call.sender);
        if let (Outcome::Failed(Failure::Overloaded), Sender::Message(topic, partition, offset)) =
            (&item.outcome, sender)
        {
            // Behind one that was not acted on: it must not be acted on before that one.
            call.rests_on = Some(self.model.sequence);
            let settled = self.topics[topic].partitions[partition].settled;
            let is_behind = offset > settled || self.topics[topic].is_remade;
            self.coverage.hit("outcome behind a message that was not acted on");
            self.say(|| format!("#{ticket} waits for {settled}"));
            return if is_behind { Ok(()) } else { Err(format!("message {offset} was held back")) };
        }
        let forgotten = self.model.forgotten_keys;
        let due_before = self.model.due(now.millis()).count();
        let over = self.model.over(now.millis()).map(|(tenant, key)| (tenant.clone(), key.clone()));
        let over: Vec<(TenantId, Key)> = over.collect();
        let expected = self.model.decide(&command, now.millis());
        if let Some(call) = self.calls.get_mut(&ticket) {
            call.rests_on = Some(self.model.sequence);
        }
        self.say(|| format!("#{ticket} -> {}", words::outcome(&item.outcome)));
        self.compare_outcome(&expected, &item.outcome, &command, now)
            .map_err(|error| format!("#{ticket}: {error}"))?;
        if self.model.forgotten_keys > forgotten {
            self.coverage.hit("state key forgotten");
        }
        if let Expected::Record(told) = &expected {
            check_over(&over, told, &command.tenant)?;
        }
        if due_before > 0 {
            self.check_due(&expected, &command, now)?;
        }
        let position = command.source.as_ref().map(|source| source.position.clone());
        if let (Sender::Message(topic, partition, offset), Some(position)) = (sender, position)
            && !matches!(item.outcome, Outcome::Failed(_) | Outcome::Refused(_))
        {
            self.message_decided((topic, partition, offset), position.generation)?;
        }
        Ok(())
    }

    /// A record of the engine's own making: something was due, or a job goes on.
    fn own(&mut self, outcome: &Outcome, now: Timestamp) -> Checked {
        let Outcome::Changed { sequence, change } = outcome else {
            return Err(format!("nobody asked for {outcome:?}"));
        };
        let words = words::outcome(outcome);
        self.say(|| format!("by itself: {words}"));
        let told = match (change.cause, change.kept.as_deref()) {
            (_, Some(Kept::Job(job))) => self.job(job, change, now)?,
            (Cause::LotExpired, _) => self.lots_expire(change, now)?,
            (cause, _) => {
                same("the engine's own cause", &cause, &Cause::Expired)?;
                self.expires(change, now)?
            }
        };
        self.check_record(&told, *sequence, change, now)
            .map_err(|error| format!("{:?} by itself: {error}", change.cause))
    }

    /// A deadline has passed.
    fn expires(&mut self, change: &Change, now: Timestamp) -> Result<Told, String> {
        let number = change.reservation.as_ref().map_or(0, |held| held.number);
        let held = self.model.promises.get(&number);
        if held.is_none_or(|held| !held.is_due(now.millis())) {
            return Err(format!("reservation {number} is not due, and expired"));
        }
        self.coverage.hit(match self.doing {
            "looking at deadlines" => "state expired by a tick",
            "working" => "state due hold expired by a job",
            _ => "state due hold expired by a command",
        });
        Ok(self.model.expire(number, now.millis()))
    }

    /// The last day of lots of a position is over.
    fn lots_expire(&mut self, change: &Change, now: Timestamp) -> Result<Told, String> {
        let names = Names(self.machine().core.stock());
        let (tenant, held) = (names.0.tenant(change.tenant).cloned(), change.positions.first());
        let place = tenant.zip(held.map(|held| names.place(held.position)));
        let (tenant, key) = place.ok_or("lots of no position expired")?;
        if !self.model.over(now.millis()).any(|over| over == (&tenant, &key)) {
            return Err(format!("lots of {}@{} are not due, and expired", key.0, key.1));
        }
        self.coverage.hit(if self.doing == "looking at deadlines" {
            "state lot expired by a tick"
        } else {
            "state due lot expired by a command"
        });
        Ok(self.model.expire_lots(&tenant, &key, now.millis()))
    }

    /// The oldest job goes on by a step, or comes to its end.
    fn job(&mut self, job: &JobChange, change: &Change, now: Timestamp) -> Result<Told, String> {
        let (number, now) = (job.number, now.millis());
        self.coverage.hit("state job went on");
        let held = change.reservation.as_ref().map_or(0, |held| held.number);
        match change.cause {
            Cause::Cancelled => self.model.job_cancels(number, held, now),
            Cause::ItemArchived => {
                let item = change.items.first().ok_or("a job archives nothing")?;
                self.model.job_archives(number, &item.id, now)
            }
            Cause::PositionsOpened => {
                let names = Names(self.machine().core.stock());
                let keys = change.positions.iter().map(|held| names.place(held.position)).collect();
                self.model.job_opens(number, &keys, now)
            }
            Cause::JobEnded => {
                if job.progress.left > 0 {
                    self.coverage.hit("state job had to leave something");
                }
                self.model.job_ends(number, job.progress.left, now)
            }
            other => Err(format!("no job does {other:?}")),
        }
    }

    fn check_record(&self, told: &Told, sequence: u64, change: &Change, now: Timestamp) -> Checked {
        let machine = self.machine.as_ref().expect("an engine runs between two operations");
        let names = Names(machine.core.stock());
        let tenant = names.0.tenant(change.tenant).ok_or("a record of no tenant")?;
        record::check(told, &self.model, tenant, (sequence, change), (now.millis(), names))
    }

    fn compare_outcome(
        &mut self,
        expected: &Expected,
        outcome: &Outcome,
        command: &onhand_domain::command::Command,
        now: Timestamp,
    ) -> Checked {
        let name = match (expected, outcome) {
            (Expected::Record(told), Outcome::Changed { sequence, change }) => {
                let tenant = command.tenant.clone();
                let names = Names(self.machine().core.stock()).0.tenant(change.tenant).cloned();
                same("tenant", &names, &Some(tenant))?;
                self.check_record(told, *sequence, change, now)?;
                self.count_states(told);
                "outcome Changed"
            }
            (Expected::Unchanged(number), Outcome::Unchanged(held)) => {
                let held = promise(held, Names(self.machine().core.stock()));
                same("the reservation", &held, &*self.model.promises[number])?;
                "outcome Unchanged"
            }
            (Expected::Refused(must), Outcome::Refused(is)) => {
                same_refusal(Some(is), Some(must))?;
                self.coverage.reject(is);
                "outcome Refused"
            }
            (Expected::Repeat(must), Outcome::Repeat(is)) => {
                same("the record of then", is, must)?;
                "outcome Repeat"
            }
            (Expected::Passed, Outcome::Passed) => "outcome Passed",
            (Expected::Duplicate(must), Outcome::Duplicate(is)) => {
                same("the record of then", is, must)?;
                "outcome Duplicate"
            }
            (Expected::NoRoom, Outcome::Failed(Failure::DeadLettersFull)) => {
                "outcome DeadLettersFull"
            }
            (must, is) => {
                let is = words::outcome(is);
                return Err(format!("is {is}, must be {must:?}"));
            }
        };
        self.coverage.hit(name);
        Ok(())
    }

    fn count_states(&mut self, told: &Told) {
        if let Some(rejection) = &told.refusal {
            self.coverage.reject(rejection);
        }
        if told.cause == Some(Cause::Buried) {
            self.coverage.hit("state message that nobody can read");
        }
        if told.exceeds_shipped {
            self.coverage.hit("state more came back than was shipped");
        }
        self.count_goods(told);
        let is_split = |model: &Model, number: u64| {
            let lines = &model.promises[&number].lines;
            lines.iter().any(|line| lines.iter().any(|it| it.item == line.item && it != line))
        };
        if told.cause == Some(Cause::Reserved)
            && told.reservation.is_some_and(|number| is_split(&self.model, number))
        {
            self.coverage.hit("state reservation over several places");
        }
        let names = [
            "state low stock raised",
            "state out of stock raised",
            "state replenished raised",
            "state discrepancy raised",
        ];
        for raised in told.raised.values() {
            for (name, is_raised) in names.into_iter().zip(raised) {
                if *is_raised {
                    self.coverage.hit(name);
                }
            }
        }
        let shops = self.model.tenants.values();
        let places = |number: u64| {
            let promise = &self.model.promises[&number];
            let shop = self.model.shop(&promise.tenant);
            let counts = promise.lines.iter().map(|line| shop.positions_of(&line.item).len());
            counts.max().unwrap_or(0)
        };
        if told.reservation.is_some_and(|number| places(number) >= ORDERED_FROM) {
            self.coverage.hit("state item with an order of choice");
        }
        let below = |key| shops.clone().filter_map(move |it| it.positions.get(key));
        if told.touched.iter().any(|key| below(key).any(|held| held.available() < 0)) {
            self.coverage.hit("state available below zero");
        }
    }

    /// States of goods.
    fn count_goods(&mut self, told: &Told) {
        let mut hit = |name: &str, is_reached: bool| {
            if is_reached {
                self.coverage.hit(name);
            }
        };
        let moves = &told.moves;
        let gone = |it: &&Move| it.to.is_none() && it.from.is_some();
        hit(
            "state several layers left by one movement",
            moves.iter().filter(gone).any(|it| it.picks.len() > 1),
        );
        hit(
            "state late fact corrected at its count",
            moves.iter().any(|it| it.occurred_at.is_some()),
        );
        let is_filled = |it: &Move| it.kind == MovementKind::Revaluation && it.from.is_none();
        hit(
            "state shortage filled at another cost",
            moves.iter().any(|it| is_filled(it) && it.value.millionths() != 0),
        );
        let is_merged = told.cause != Some(Cause::Revalued);
        hit(
            "state layers merged",
            is_merged
                && moves.iter().any(|it| it.kind == MovementKind::Revaluation && it.from.is_some()),
        );
        hit("state lot dropped", told.lot_dropped);
        hit("state several reservations of an order released", told.withdrawn.len() > 1);
        let of_lot = told.reservation.map(|number| &self.model.promises[&number].lines);
        hit(
            "state reservation of a lot",
            of_lot.is_some_and(|lines| lines.iter().any(|line| line.lot.is_some())),
        );
        let all = self.model.tenants.values();
        let mut held = told
            .touched
            .iter()
            .flat_map(|key| all.clone().filter_map(|shop| shop.positions.get(key)));
        hit("state average that does not follow from layers", held.any(|it| it.average.is_some()));
    }

    /// What has expired is sellable at that instant: nobody is refused, or served less, because of it.
    fn check_due(
        &mut self,
        expected: &Expected,
        command: &onhand_domain::command::Command,
        now: Timestamp,
    ) -> Checked {
        let refusal = match expected {
            Expected::Refused(rejection) => Some(rejection),
            Expected::Record(told) => told.refusal.as_ref(),
            _ => None,
        };
        let mut items: Vec<ItemId> = match refusal {
            Some(Rejection::InsufficientStock(shortages)) => {
                shortages.iter().map(|shortage| shortage.item.clone()).collect()
            }
            // Where more stands in the way than is told, what is told is enough.
            Some(Rejection::StockNotZero { places }) if places.len() <= STOCK_THERE_MAX => {
                places.iter().map(|there| there.item.clone()).collect()
            }
            _ => Vec::new(),
        };
        if let (Expected::Record(told), Action::Reserve(wish)) = (expected, &command.action)
            && wish.completeness == Completeness::Partial
            && let Some(promise) = told.reservation.and_then(|it| self.model.promises.get(&it))
        {
            let asked = wish.lines.iter().map(|line| line.quantity.millionths());
            let held = promise.lines.iter().map(|line| line.quantity);
            if held.fold(0, i64::saturating_add) < asked.fold(0, i64::saturating_add) {
                items.extend(promise.lines.iter().map(|line| line.item.clone()));
            }
        }
        let in_the_way = self.model.due(now.millis()).find(|held| {
            held.tenant == command.tenant
                && held.lines.iter().any(|line| line.open() != 0 && items.contains(&line.item))
        });
        match in_the_way {
            Some(held) => {
                let number = held.number;
                Err(format!("{:?}: reservation {number} is due, and in the way", command.action))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use onhand_domain::ids::LocationId;
    use onhand_domain::quantity::Money;

    use super::*;

    /// No fault around the engine makes it sell what is over, so the check is shown by itself.
    #[test]
    fn a_sale_where_a_lot_is_over_is_found() {
        let tenant = TenantId::trusted("default");
        let key: Key = (ItemId::trusted("tea"), LocationId::trusted("north"));
        let moved = |kind, from, to| Move {
            key: key.clone(),
            kind,
            from: Some(from),
            to,
            amount: 1,
            value: Money::ZERO,
            picks: Vec::new(),
            occurred_at: None,
        };
        let sale = moved(MovementKind::Sale, Bucket::Available, None);
        let held = moved(MovementKind::Expired, Bucket::Available, Some(Bucket::QualityHold));
        let released = moved(MovementKind::Release, Bucket::Reserved, Some(Bucket::Available));
        let over = [(tenant.clone(), key.clone())];
        for (booked, is_fine) in [(&sale, false), (&held, true), (&released, true)] {
            let told = Told { moves: vec![booked.clone()], ..Told::default() };
            assert_eq!(check_over(&over, &told, &tenant).is_ok(), is_fine, "{booked:?}");
            assert!(check_over(&[], &told, &tenant).is_ok());
        }
    }
}
