//! What a run has reached: every refusal, cause, outcome, fault and state, and how often.

use std::collections::BTreeMap;

use onhand_domain::change::Cause;
use onhand_domain::rejection::{Limit, Rejection};

/// How often each name was reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    counts: BTreeMap<String, u64>,
}

/// Every refusal by name. A new one does not compile until it stands here, and then must be reached.
fn rejection(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::UnknownItem(_) => "UnknownItem",
        Rejection::UnknownLocation(_) => "UnknownLocation",
        Rejection::UnknownPosition { .. } => "UnknownPosition",
        Rejection::UnknownBin { .. } => "UnknownBin",
        Rejection::UnknownReservation => "UnknownReservation",
        Rejection::UnknownTransfer => "UnknownTransfer",
        Rejection::UnknownDeadLetter => "UnknownDeadLetter",
        Rejection::LetterSettled(_) => "LetterSettled",
        Rejection::ItemArchived(_) => "ItemArchived",
        Rejection::LocationInactive(_) => "LocationInactive",
        Rejection::NotTracked(_) => "NotTracked",
        Rejection::InsufficientStock(_) => "InsufficientStock",
        Rejection::Stale { .. } => "Stale",
        Rejection::StockNotZero { .. } => "StockNotZero",
        Rejection::ReservationExpired { .. } => "ReservationExpired",
        Rejection::InvalidState(_) => "InvalidState",
        Rejection::InvalidTransferState(_) => "InvalidTransferState",
        Rejection::BelowFulfilled { .. } => "BelowFulfilled",
        Rejection::ExceedsOpen { .. } => "ExceedsOpen",
        Rejection::AmbiguousLine(_) => "AmbiguousLine",
        Rejection::UnknownLot(_) => "UnknownLot",
        Rejection::ExceedsFulfilled { .. } => "ExceedsFulfilled",
        Rejection::UnknownShipment => "UnknownShipment",
        Rejection::ShipmentUndone => "ShipmentUndone",
        Rejection::UnknownTransaction => "UnknownTransaction",
        Rejection::AlreadyReversed { .. } => "AlreadyReversed",
        Rejection::NotReversible(_) => "NotReversible",
        Rejection::KeyReused => "KeyReused",
        Rejection::TimeAhead { .. } => "TimeAhead",
        Rejection::QuantityOverflow => "QuantityOverflow",
        Rejection::LimitExceeded { what, .. } => match what {
            Limit::Lines => "LimitExceeded/Lines",
            Limit::Movements => "LimitExceeded/Movements",
            Limit::Shipments => "LimitExceeded/Shipments",
            Limit::Bins => "LimitExceeded/Bins",
            Limit::Layers => "LimitExceeded/Layers",
            Limit::Jobs => "LimitExceeded/Jobs",
            Limit::Sources => "LimitExceeded/Sources",
            Limit::Events => "LimitExceeded/Events",
            Limit::EventBytes => "LimitExceeded/EventBytes",
        },
    }
}

/// The names above, for those that were never reached.
const REJECTIONS: [&str; 39] = [
    "ExceedsFulfilled",
    "UnknownShipment",
    "ShipmentUndone",
    "UnknownTransaction",
    "AlreadyReversed",
    "NotReversible",
    "LimitExceeded/Jobs",
    "UnknownLot",
    "LimitExceeded/Layers",
    "UnknownItem",
    "UnknownLocation",
    "UnknownPosition",
    "UnknownBin",
    "UnknownReservation",
    "UnknownTransfer",
    "UnknownDeadLetter",
    "LetterSettled",
    "ItemArchived",
    "LocationInactive",
    "NotTracked",
    "InsufficientStock",
    "Stale",
    "StockNotZero",
    "ReservationExpired",
    "InvalidState",
    "InvalidTransferState",
    "BelowFulfilled",
    "ExceedsOpen",
    "AmbiguousLine",
    "KeyReused",
    "TimeAhead",
    "QuantityOverflow",
    "LimitExceeded/Lines",
    "LimitExceeded/Movements",
    "LimitExceeded/Shipments",
    "LimitExceeded/Bins",
    "LimitExceeded/Sources",
    "LimitExceeded/Events",
    "LimitExceeded/EventBytes",
];

/// What no run can reach, and why.
const UNREACHABLE: [(&str, &str); 4] = [
    ("rejection LimitExceeded/Lines", "takes 1,001 items or places; tests of the domain do it"),
    ("rejection LimitExceeded/Movements", "takes 10,001 movements in one step; likewise"),
    ("rejection LimitExceeded/Shipments", "takes 1,001 shipments of one reservation; likewise"),
    ("rejection LimitExceeded/Bins", "takes 10,001 bins of one location; likewise"),
];

/// Outcomes, faults and states that must be reached besides.
const OTHERS: &[&str] = &[
    "outcome Changed",
    "outcome Unchanged",
    "outcome Refused",
    "outcome Repeat",
    "outcome Passed",
    "outcome Duplicate",
    "outcome DeadLettersFull",
    "outcome behind a message that was not acted on",
    "fault power failed while stopping",
    "fault power failed during the start",
    "fault power failed during a commit",
    "fault power failed during a checkpoint",
    "fault power failed while the index was written",
    "fault all that was not synced was lost",
    "fault a part of what was not synced was lost",
    "fault killed, and the system went on",
    "fault stopped in good order",
    "fault write or sync refused once",
    "fault writes refused for good",
    "fault disk full",
    "fault short write",
    "fault read refused",
    "fault reads refused for good",
    "fault commit failed",
    "fault start failed",
    "fault checkpoint failed",
    "fault index failed",
    "fault rows could not be made again",
    "fault recall failed",
    "fault answer dropped",
    "fault clock set forward",
    "fault clock set back",
    "fault slow sync: three frames wait",
    "state a commit that failed was there after all",
    "state a commit that failed was not there",
    "state nothing was lost by a crash",
    "state decided records were lost by a crash",
    "state retried after it was decided",
    "state retried after it was lost",
    "state recalled by rows in memory",
    "state recalled by the index",
    "state order recalled",
    "state recalled once more, because it took too long",
    "state recalled, and there was nothing",
    "state due hold expired by a command",
    "state expired by a tick",
    "state key forgotten",
    "state available below zero",
    "state low stock raised",
    "state out of stock raised",
    "state replenished raised",
    "state discrepancy raised",
    "state item with an order of choice",
    "state lot expired by a tick",
    "state due lot expired by a command",
    "state due hold expired by a job",
    "state job went on",
    "state job had to leave something",
    "state record recalled",
    "state figures of then recalled",
    "state recall waits for what is not durable yet",
    "state several layers left by one movement",
    "state late fact corrected at its count",
    "state shortage filled at another cost",
    "state layers merged",
    "state lot dropped",
    "state several reservations of an order released",
    "state reservation of a lot",
    "state average that does not follow from layers",
    "state message that nobody can read",
    "state reservation over several places",
    "state more came back than was shipped",
    "state checkpoint installed",
    "state checkpoint of a partition in several turns",
    "state more was due than one turn takes",
    "state started from a checkpoint",
    "state segment sealed",
];

impl Coverage {
    pub(crate) fn hit(&mut self, name: &str) {
        match self.counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(name.to_owned(), 1);
            }
        }
    }

    pub(crate) fn reject(&mut self, refused: &Rejection) {
        self.hit(&format!("rejection {}", rejection(refused)));
    }

    pub(crate) fn cause(&mut self, cause: Cause) {
        self.hit(&format!("cause {cause:?}"));
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// How often something that begins like this was reached.
    fn sum(&self, beginning: &str) -> u64 {
        let meant = self.counts.iter().filter(|(name, _)| name.starts_with(beginning));
        meant.map(|(_, count)| count).sum()
    }

    /// Everything that must be reached.
    fn wanted() -> Vec<String> {
        let causes = Cause::ALL.iter().map(|cause| format!("cause {cause:?}"));
        let rejections = REJECTIONS.iter().map(|name| format!("rejection {name}"));
        let others = OTHERS.iter().map(|name| (*name).to_owned());
        causes.chain(rejections).chain(others).collect()
    }

    /// What was never reached, though it can be; and what was, though it is said that it cannot be.
    pub(crate) fn missing(&self) -> Vec<String> {
        let cannot = |name: &str| UNREACHABLE.iter().any(|(it, _)| *it == name);
        let missed = Self::wanted().into_iter();
        let missed = missed.filter(|name| (self.count(name) == 0) != cannot(name));
        let unnamed = self.counts.keys().filter(|name| !Self::wanted().contains(name));
        missed.chain(unnamed.map(|name| format!("{name} (not in the list)"))).collect()
    }

    /// How much was done, and how fast.
    pub(crate) fn summary(&self, runs: u64, steps: usize, seconds: f64) -> String {
        let operations = runs * steps as u64;
        let (decided, faults) = (self.sum("outcome"), self.sum("fault"));
        let records = self.sum("cause");
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let per_second = operations as f64 / seconds;
        format!(
            "{runs} runs, {operations} operations in {seconds:.1} s ({per_second:.0} a second), \
             {decided} commands decided, {records} records, {faults} faults"
        )
    }

    /// The report.
    pub(crate) fn report(&self) -> String {
        let mut lines: Vec<String> =
            self.counts.iter().map(|(name, count)| format!("{count:>9}  {name}")).collect();
        for (name, reason) in UNREACHABLE {
            lines.push(format!("        -  {name}: {reason}"));
        }
        lines.join("\n")
    }
}
