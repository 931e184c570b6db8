//! Events of the past, again.

use std::sync::Arc;

use onhand_domain::ids::TenantId;
use onhand_domain::time::Timestamp;

use super::tell;
use crate::error::Failure;
use crate::events::Event;
use crate::names::Names;
use crate::outbox::Outbox;
use crate::view::View;

/// Which events are replayed. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct ReplayOptions {
    /// Only of records behind this one.
    pub after_sequence: u64,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Only of these types, named as in the envelope; empty: all.
    pub types: Vec<String>,
    /// Only of this aggregate.
    pub aggregate_id: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
}

/// Events that match, in the order of the log, up to what was durable when it began.
pub struct Replay {
    outbox: Outbox,
    view: Arc<View>,
    log: u16,
    options: ReplayOptions,
    after: u64,
    until: u64,
    matched: u64,
    has_begun: bool,
}

impl Replay {
    pub(super) fn new(outbox: Outbox, view: Arc<View>, log: u16, options: ReplayOptions) -> Self {
        let (after, until) = (options.after_sequence, outbox.durable());
        Self { outbox, view, log, options, after, until, matched: 0, has_begun: false }
    }

    /// How many events have matched so far.
    #[must_use]
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// The next events, at least one; `None` at the end.
    ///
    /// # Errors
    /// The log could not be read; the next call reads the same again.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Failure> {
        if !self.has_begun {
            if let Some(from) = self.options.from {
                self.after = self.after.max(self.outbox.last_before(from).await?);
            }
            self.has_begun = true;
        }
        while self.after < self.until {
            let records = self.outbox.read(self.after).await?;
            let Some(last) = records.last() else { break };
            let last = last.sequence;
            let mut found = Vec::new();
            for record in records {
                // Time never falls along the log.
                let is_over = self.options.to.is_some_and(|to| record.change.at >= to);
                if is_over || record.sequence > self.until {
                    self.until = last.min(self.until);
                    break;
                }
                if self.may_match(record.change.tenant) {
                    let events = tell(self.log, &record, self.view.directory());
                    found.extend(events.into_iter().filter(|event| self.matches(event)));
                }
            }
            self.after = last;
            self.matched += found.len() as u64;
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Counts what matches, and hands out nothing.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn dry_run(mut self) -> Result<u64, Failure> {
        while self.next().await?.is_some() {}
        Ok(self.matched)
    }

    fn may_match(&self, tenant: u32) -> bool {
        let wanted = self.options.tenant.as_ref();
        wanted.is_none_or(|wanted| self.view.directory().tenant(tenant) == *wanted)
    }

    fn matches(&self, event: &Event) -> bool {
        let ReplayOptions { types, aggregate_id, .. } = &self.options;
        (types.is_empty() || types.iter().any(|wanted| wanted == event.type_name()))
            && aggregate_id.as_ref().is_none_or(|wanted| *wanted == event.aggregate_id)
    }
}
