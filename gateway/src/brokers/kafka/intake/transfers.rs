//! Names that others gave to transfers: the document of the command that began each. The log's index
//! knows them all; what was named lately is kept here, so that it need not be asked.

use std::collections::{HashMap, VecDeque};

use onhand_domain::change::Change;
use onhand_domain::command::Action;
use onhand_domain::ids::{Reference, TenantId};
use onhand_domain::transfer::TransferNumber;
use onhand_engine::history::transfer_name;
use onhand_engine::{Engine, Names};
use parking_lot::Mutex;

/// Names that are kept; the oldest is forgotten first, and is then looked up.
const NAMES_MAX: usize = 100_000;

/// A tenant's name of a transfer.
type Name = (TenantId, Reference);

#[derive(Debug, Default)]
struct Known {
    names: HashMap<Name, TransferNumber>,
    /// As they were learned, with those that were forgotten since.
    order: VecDeque<Name>,
}

impl Known {
    fn learn(&mut self, name: Name, number: TransferNumber) {
        if self.names.insert(name.clone(), number).is_none() {
            self.order.push_back(name);
        }
        while self.names.len() > NAMES_MAX || self.order.len() > 2 * NAMES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.names.remove(&oldest);
            }
        }
    }

    fn forget(&mut self, name: &Name) {
        self.names.remove(name);
    }
}

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct TransferNames(Mutex<Known>);

impl TransferNames {
    /// The newest transfer of that name, if it was named lately.
    pub(crate) fn find(&self, tenant: &TenantId, name: &Reference) -> Option<TransferNumber> {
        self.0.lock().names.get(&(tenant.clone(), name.clone())).copied()
    }

    /// Takes note of a transfer that a record began.
    pub(super) fn learn(&self, change: &Change, names: &dyn Names) {
        if let (Some(transfer), Some(name)) = (&change.transfer, transfer_name(change)) {
            let tenant = names.tenant(transfer.tenant);
            self.0.lock().learn((tenant, name.clone()), transfer.number);
        }
    }

    /// A transfer of this name may be about to begin: what was known of the name may be of an older one.
    pub(super) fn forget(&self, tenant: &TenantId, action: &Action) {
        let Action::StartTransfer(wish) = action else { return };
        let name = wish.detail.as_ref().and_then(|detail| detail.document.clone());
        if let Some(name) = name {
            self.0.lock().forget(&(tenant.clone(), name));
        }
    }

    /// Asks the log for a name that is not known here: the transfer may be of before this start, begun by
    /// others, or long ended.
    pub(crate) async fn look_up(&self, engine: &Engine, tenant: &TenantId, name: &Reference) {
        match engine.history().transfer_named(tenant.as_str(), name).await {
            Ok(Some(number)) => self.0.lock().learn((tenant.clone(), name.clone()), number),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, name = name.as_str(), "a transfer cannot be looked up now");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_name_is_known_and_names_are_bounded() {
        let name = |number: usize| {
            let name = Reference::parse(&format!("T-{number}")).expect("valid");
            (TenantId::parse("t").expect("valid"), name)
        };
        let names = TransferNames::default();
        for (number, place) in (1..).zip([0, 1, 0]) {
            names.0.lock().learn(name(place), number);
        }
        let find = |place: usize| names.find(&name(place).0, &name(place).1);
        assert_eq!((find(0), find(1), find(2)), (Some(3), Some(2), None));
        for place in 2..NAMES_MAX + 1 {
            names.0.lock().learn(name(place), 9);
        }
        assert_eq!((find(0), find(1)), (None, Some(2)));
        names.0.lock().forget(&name(1));
        assert_eq!(find(1), None);
    }
}
