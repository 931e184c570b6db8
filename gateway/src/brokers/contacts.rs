//! Which partitions know our client. Pure; time is given.
//!
//! A broker tells by its sequence that a request is missing, but only where it knows the client: from one
//! that it does not know in a partition it takes whatever comes first. Were the first request there
//! refused, and a second one already under way, the second would be taken, and what it tells would
//! overtake what was refused. So the first event in a partition goes alone, and what is behind it waits.

use std::time::Duration;

/// How long a partition is counted on to know a client that is silent. Brokers forget one after a day
/// (`producer.id.expiration.ms`), and may be told to forget it sooner.
const KNOWN_FOR: Duration = Duration::from_secs(600);

/// How we stand with a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contact {
    /// It may not know the client.
    None,
    /// The first event is under way.
    Asked,
    /// Something has arrived there, last at this instant.
    Made(Duration),
}

/// See the module. One for each client; instants are spans since any fixed one.
#[derive(Debug, Default)]
pub(super) struct Contacts(Vec<Contact>);

impl Contacts {
    /// How many partitions there are; 0 as long as nobody has looked.
    pub(super) fn partitions(&self) -> u32 {
        u32::try_from(self.0.len()).expect("partitions are counted with 32 bits")
    }

    /// There are so many; new ones do not know the client.
    pub(super) fn resize(&mut self, partitions: u32) {
        self.0.resize(partitions as usize, Contact::None);
    }

    /// Whether the next event of a partition may be sent now; if so, it is taken to be.
    pub(super) fn ask(&mut self, partition: u32, now: Duration) -> bool {
        let Some(contact) = self.0.get_mut(partition as usize) else { return false };
        match *contact {
            Contact::Made(at) if now.saturating_sub(at) <= KNOWN_FOR => return true,
            Contact::Asked => return false,
            Contact::None | Contact::Made(_) => {}
        }
        *contact = Contact::Asked;
        true
    }

    /// An event has arrived in a partition.
    pub(super) fn make(&mut self, partition: u32, now: Duration) {
        if let Some(contact) = self.0.get_mut(partition as usize) {
            *contact = Contact::Made(now);
        }
    }

    /// An event that was to be the first in a partition is not under way any more.
    pub(super) fn drop(&mut self, partition: u32) {
        if let Some(contact) = self.0.get_mut(partition as usize)
            && *contact == Contact::Asked
        {
            *contact = Contact::None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    fn contacts(partitions: u32) -> Contacts {
        let mut contacts = Contacts::default();
        contacts.resize(partitions);
        contacts
    }

    #[test]
    fn the_first_event_of_a_partition_goes_alone() {
        let mut contacts = contacts(2);
        assert!(contacts.ask(0, NOW));
        assert!(!contacts.ask(0, NOW), "it waits for the first one");
        assert!(contacts.ask(1, NOW), "another partition has its own");
        contacts.make(0, NOW);
        assert!(contacts.ask(0, NOW) && contacts.ask(0, NOW), "now it is known");
        assert!(!contacts.ask(1, NOW));
    }

    #[test]
    fn who_was_silent_for_long_begins_anew() {
        let mut contacts = contacts(1);
        contacts.ask(0, NOW);
        contacts.make(0, NOW);
        assert!(contacts.ask(0, NOW + KNOWN_FOR) && contacts.ask(0, NOW + KNOWN_FOR));
        let later = NOW + KNOWN_FOR + Duration::from_millis(1);
        assert!(contacts.ask(0, later) && !contacts.ask(0, later));
        contacts.make(0, later);
        assert!(contacts.ask(0, later) && contacts.ask(0, later));
    }

    #[test]
    fn partitions_that_are_added_are_strangers_and_the_others_stay() {
        let mut contacts = contacts(1);
        assert!(!contacts.ask(1, NOW), "there is none");
        contacts.ask(0, NOW);
        contacts.make(0, NOW);
        contacts.resize(2);
        assert_eq!(contacts.partitions(), 2);
        assert!(contacts.ask(0, NOW) && contacts.ask(0, NOW));
        assert!(contacts.ask(1, NOW) && !contacts.ask(1, NOW));
    }

    #[test]
    fn a_first_event_that_is_given_up_lets_the_next_one_be_the_first() {
        let mut contacts = contacts(1);
        contacts.ask(0, NOW);
        contacts.drop(0);
        assert!(contacts.ask(0, NOW) && !contacts.ask(0, NOW));
        contacts.make(0, NOW);
        contacts.drop(0);
        assert!(contacts.ask(0, NOW) && contacts.ask(0, NOW), "it is known all the same");
    }
}
