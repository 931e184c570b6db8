//! What the checkouts were told: the memory against which the audit holds the server.

use serde::Deserialize;

use crate::order::{Fate, OrderNumber};

/// Entries are kept in chunks, so that growing never copies what is there: a copy of 100 MB in
/// the middle of a run would show as latency of the server.
const CHUNK_ENTRIES: usize = 1 << 14;
/// Ids up to this length lie in the entry itself. A UUID has 36.
const SHORT_ID_BYTES: usize = 38;

/// A call in the life of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `POST /v1/reservations`
    Create,
    /// `…/extend`
    Extend,
    /// `…/confirm`
    Confirm,
    /// `…/fulfil`
    Fulfil,
    /// `…/cancel`
    Cancel,
}

/// Status of a reservation, in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Holds, with a deadline.
    Active,
    /// Holds, without one.
    Confirmed,
    /// Shipped.
    Fulfilled,
    /// Released.
    Cancelled,
    /// Released by its deadline.
    Expired,
}

/// The last thing that was acknowledged about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Sent, nothing acknowledged.
    Sent,
    /// 409: no stock.
    SoldOut,
    /// Refused for another reason, or told to come back later.
    Refused,
    /// Reserved, with the deadline it was made with.
    Active,
    /// Reserved, and the deadline moved beyond the end of the run.
    Extended,
    /// Confirmed.
    Confirmed,
    /// Shipped.
    Fulfilled,
    /// Cancelled.
    Cancelled,
}

#[derive(Clone, Debug)]
enum Id {
    Short { length: u8, bytes: [u8; SHORT_ID_BYTES] },
    Long(Box<[u8]>),
}

impl Id {
    fn new(id: &[u8]) -> Self {
        let mut bytes = [0; SHORT_ID_BYTES];
        match (bytes.get_mut(..id.len()), u8::try_from(id.len())) {
            (Some(head), Ok(length)) => {
                head.copy_from_slice(id);
                Self::Short { length, bytes }
            }
            _ => Self::Long(id.into()),
        }
    }
}

/// What is known about one order.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was acknowledged last.
    pub standing: Standing,
    /// A step whose outcome nobody told us: the connection was cut, or the answer was a 5xx.
    pub unsure: Option<Step>,
    id: Id,
}

impl Entry {
    /// Id of the reservation, once it was acknowledged.
    #[must_use]
    pub fn id(&self) -> Option<&[u8]> {
        match &self.id {
            Id::Short { length: 0, .. } => None,
            Id::Short { length, bytes } => Some(&bytes[..usize::from(*length)]),
            Id::Long(bytes) => Some(bytes),
        }
    }

    /// What the server may say about this order after the run, once short deadlines have passed.
    /// `None`: there is no such reservation. One entry, unless the outcome is unknown.
    #[must_use]
    pub fn allowed(&self, fate: Fate) -> Vec<Option<Status>> {
        let expires = fate.short_deadline_seconds().is_some();
        let active = if expires { Status::Expired } else { Status::Active };
        let known = match self.standing {
            Standing::Sent | Standing::SoldOut | Standing::Refused => None,
            Standing::Active => Some(active),
            Standing::Extended => Some(Status::Active),
            Standing::Confirmed => Some(Status::Confirmed),
            Standing::Fulfilled => Some(Status::Fulfilled),
            Standing::Cancelled => Some(Status::Cancelled),
        };
        let possible = self.unsure.map(|step| match step {
            Step::Create => active,
            Step::Extend => Status::Active,
            Step::Confirm => Status::Confirmed,
            Step::Fulfil => Status::Fulfilled,
            Step::Cancel => Status::Cancelled,
        });
        let mut allowed = vec![known];
        allowed.extend(possible.map(Some).filter(|possible| *possible != known));
        allowed
    }
}

/// The orders of one thread, by their number.
#[derive(Debug)]
pub struct Journal {
    thread: u16,
    chunks: Vec<Vec<Entry>>,
    /// Answers that said yes but could not be read: the contract was broken.
    pub unreadable: u64,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub const fn new(thread: u16) -> Self {
        Self { thread, chunks: Vec::new(), unreadable: 0 }
    }

    /// Notes that the next order is about to be sent, and numbers it.
    pub fn open(&mut self) -> OrderNumber {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_ENTRIES) {
            self.chunks.push(Vec::with_capacity(CHUNK_ENTRIES));
        }
        let full = self.chunks.len() - 1;
        let chunk = &mut self.chunks[full];
        let sequence = u64::try_from(full * CHUNK_ENTRIES + chunk.len()).expect("fits in memory");
        chunk.push(Entry {
            standing: Standing::Sent,
            unsure: Some(Step::Create),
            id: Id::new(b""),
        });
        OrderNumber { thread: self.thread, sequence }
    }

    /// Notes what was acknowledged.
    pub fn acknowledge(&mut self, sequence: u64, standing: Standing) {
        let entry = self.entry_mut(sequence);
        entry.standing = standing;
        entry.unsure = None;
    }

    /// Notes the id of a reservation that was made.
    pub fn reserved(&mut self, sequence: u64, id: &[u8]) {
        let entry = self.entry_mut(sequence);
        entry.standing = Standing::Active;
        entry.unsure = None;
        entry.id = Id::new(id);
    }

    /// Notes that nobody knows whether the step was taken.
    pub fn doubt(&mut self, sequence: u64, step: Step) {
        self.entry_mut(sequence).unsure = Some(step);
    }

    /// What is known about an order.
    ///
    /// # Panics
    /// When no such order was opened.
    #[must_use]
    pub fn entry(&self, sequence: u64) -> &Entry {
        let place = usize::try_from(sequence).expect("orders fit in memory");
        &self.chunks[place / CHUNK_ENTRIES][place % CHUNK_ENTRIES]
    }

    fn entry_mut(&mut self, sequence: u64) -> &mut Entry {
        let place = usize::try_from(sequence).expect("orders fit in memory");
        &mut self.chunks[place / CHUNK_ENTRIES][place % CHUNK_ENTRIES]
    }

    /// Number of orders.
    #[must_use]
    pub fn orders(&self) -> u64 {
        let full = self.chunks.len().saturating_sub(1) * CHUNK_ENTRIES;
        u64::try_from(full + self.chunks.last().map_or(0, Vec::len)).expect("fits in memory")
    }

    /// All orders, in the order of their numbers.
    pub fn entries(&self) -> impl Iterator<Item = (OrderNumber, &Entry)> {
        self.chunks.iter().flatten().zip(0..).map(|(entry, sequence)| {
            let number = OrderNumber { thread: self.thread, sequence };
            (number, entry)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_number_across_chunks() {
        let mut journal = Journal::new(3);
        for expected in 0..40_000 {
            assert_eq!(journal.open(), OrderNumber { thread: 3, sequence: expected });
            let id = if expected % 2 == 0 { format!("r-{expected}") } else { "x".repeat(128) };
            journal.reserved(expected, id.as_bytes());
        }
        assert_eq!(journal.entry(39_998).id(), Some(&b"r-39998"[..]));
        assert_eq!(journal.entry(39_999).id().map(<[u8]>::len), Some(128));
        assert_eq!((journal.entries().count(), journal.orders()), (40_000, 40_000));
        assert!(journal.entries().all(|(number, entry)| {
            number.sequence % 2 == 1
                || entry.id() == Some(format!("r-{}", number.sequence).as_bytes())
        }));
    }

    #[test]
    fn what_is_allowed_follows_from_what_was_said() {
        use Standing as Known;
        let (none, some) = (None::<Status>, Some::<Status>);
        for (standing, unsure, fate, expected) in [
            (Known::Sent, Some(Step::Create), Fate::Keep, vec![none, some(Status::Active)]),
            (Known::Sent, Some(Step::Create), Fate::Expire, vec![none, some(Status::Expired)]),
            (Known::SoldOut, None, Fate::Keep, vec![none]),
            (Known::Refused, None, Fate::Keep, vec![none]),
            (Known::Active, None, Fate::Keep, vec![some(Status::Active)]),
            (Known::Active, None, Fate::Expire, vec![some(Status::Expired)]),
            (
                Known::Active,
                Some(Step::Extend),
                Fate::ExtendAndFulfil,
                vec![some(Status::Expired), some(Status::Active)],
            ),
            (Known::Extended, None, Fate::ExtendAndFulfil, vec![some(Status::Active)]),
            (
                Known::Confirmed,
                Some(Step::Fulfil),
                Fate::Fulfil,
                vec![some(Status::Confirmed), some(Status::Fulfilled)],
            ),
            (Known::Cancelled, None, Fate::Cancel, vec![some(Status::Cancelled)]),
        ] {
            let entry = Entry { standing, unsure, id: Id::new(b"r") };
            assert_eq!(entry.allowed(fate), expected, "{standing:?} {unsure:?} {fate:?}");
        }
    }

    #[test]
    fn a_sent_order_is_unsure_until_it_is_answered() {
        let mut journal = Journal::new(0);
        let number = journal.open();
        assert_eq!(journal.entry(number.sequence).allowed(Fate::Keep).len(), 2);
        journal.reserved(number.sequence, b"r-1");
        assert_eq!(journal.entry(number.sequence).allowed(Fate::Keep).len(), 1);
        journal.doubt(number.sequence, Step::Confirm);
        assert_eq!(journal.entry(number.sequence).allowed(Fate::Keep).len(), 2);
        journal.acknowledge(number.sequence, Standing::Confirmed);
        assert_eq!(journal.entry(number.sequence).allowed(Fate::Keep).len(), 1);
    }
}
