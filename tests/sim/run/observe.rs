//! What the writer has decided, against what the model decides.

use onhand_domain::change::Cause;
use onhand_domain::command::{Action, Completeness};
use onhand_domain::ids::ItemId;
use onhand_domain::rejection::{Rejection, STOCK_THERE_MAX};
use onhand_domain::stock::places::ORDERED_FROM;
use onhand_domain::time::Timestamp;
use onhand_engine::Failure;
use onhand_engine::writer::filling::{Item, Outcome};

use super::{Run, Sender, words};
use crate::check::record::{self, same_refusal};
use crate::check::{Checked, Names, promise, same};
use crate::machine::Ticket;
use crate::model::{Expected, Model};

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
        self.seen = items.len();
        self.machine().filling.items = items;
        checked?;
        let decided = self.machine().core.sequence();
        same("the last record", &decided, &self.model.sequence)
    }

    fn look(&mut self, item: &Item<Ticket>, now: Timestamp) -> Checked {
        if let Outcome::Changed { sequence, change } = &item.outcome {
            self.attempted.insert(*sequence, (**change).clone());
            self.coverage.cause(change.cause);
        }
        let Some(ticket) = item.ticket else { return self.expired(&item.outcome, now) };
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

    /// A record of the engine's own making: a deadline has passed.
    fn expired(&mut self, outcome: &Outcome, now: Timestamp) -> Checked {
        let Outcome::Changed { sequence, change } = outcome else {
            return Err(format!("nobody asked for {outcome:?}"));
        };
        same("the engine's own cause", &change.cause, &Cause::Expired)?;
        let number = change.reservation.as_ref().map_or(0, |held| held.number);
        let held = self.model.promises.get(&number);
        if held.is_none_or(|held| !held.is_due(now.millis())) {
            return Err(format!("reservation {number} is not due, and expired"));
        }
        self.coverage.hit(if self.doing == "looking at deadlines" {
            "state expired by a tick"
        } else {
            "state due hold expired by a command"
        });
        let told = self.model.expire(number, now.millis());
        self.say(|| format!("reservation {number} expires by record {sequence}"));
        self.check_record(&told, *sequence, change, now)
            .map_err(|error| format!("expiry of {number}: {error}"))
    }

    fn check_record(
        &self,
        told: &crate::model::step::Told,
        sequence: u64,
        change: &onhand_domain::change::Change,
        now: Timestamp,
    ) -> Checked {
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

    fn count_states(&mut self, told: &crate::model::step::Told) {
        if let Some(rejection) = &told.refusal {
            self.coverage.reject(rejection);
        }
        if told.cause == Some(Cause::Buried) {
            self.coverage.hit("state message that nobody can read");
        }
        if told.exceeds_shipped {
            self.coverage.hit("state more came back than was shipped");
        }
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
