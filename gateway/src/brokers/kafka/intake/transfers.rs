//! Names that others gave to transfers: the document of the command that began each.

use std::collections::{HashMap, VecDeque};

use onhand_domain::change::{Cause, Change};
use onhand_domain::ids::{Reference, TenantId};
use onhand_domain::transfer::TransferNumber;
use onhand_engine::{Engine, Names};
use parking_lot::Mutex;

/// Names that are known; the oldest is forgotten first, and is then found by nobody.
const NAMES_MAX: usize = 100_000;
/// Records that one search of the log reads, newest first.
const SEARCH_MAX: usize = 10_000;

#[derive(Debug, Default)]
struct Known {
    names: HashMap<(TenantId, Reference), TransferNumber>,
    order: VecDeque<(TenantId, Reference)>,
    /// Transfers up to this one were searched for.
    searched: TransferNumber,
}

impl Known {
    fn learn(&mut self, tenant: TenantId, name: Reference, number: TransferNumber) {
        let key = (tenant, name);
        if self.names.insert(key.clone(), number).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > NAMES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.names.remove(&oldest);
            }
        }
    }
}

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct TransferNames(Mutex<Known>);

impl TransferNames {
    /// The transfer of that name.
    pub(crate) fn find(&self, tenant: &TenantId, name: &Reference) -> Option<TransferNumber> {
        self.0.lock().names.get(&(tenant.clone(), name.clone())).copied()
    }

    /// Takes note of a transfer that a record began.
    pub(super) fn learn(&self, change: &Change, names: &dyn Names) {
        if change.cause != Cause::TransferStarted {
            return;
        }
        let document = change.detail.as_ref().and_then(|detail| detail.document.clone());
        if let (Some(transfer), Some(name)) = (&change.transfer, document) {
            let tenant = names.tenant(transfer.tenant);
            self.0.lock().learn(tenant, name, transfer.number);
        }
    }

    /// Looks for names of transfers on their way that were begun before this start, or by others.
    pub(crate) async fn search(&self, engine: &Engine) {
        let after = self.0.lock().searched;
        let open = engine.view().open_transfers(after);
        let Some(last) = open.last().copied() else { return };
        for number in open.into_iter().rev().take(SEARCH_MAX) {
            match engine.outbox().read(number - 1).await {
                Ok(records) => {
                    let found = records.iter().find(|record| record.sequence == number);
                    let names = engine.view().directory();
                    found.into_iter().for_each(|record| self.learn(&record.change, names));
                }
                Err(error) => {
                    tracing::debug!(%error, number, "a transfer cannot be read now");
                    return;
                }
            }
        }
        self.0.lock().searched = last;
    }
}
