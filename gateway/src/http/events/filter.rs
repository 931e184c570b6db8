//! Which events a reader wants.

use onhand_domain::change::Change;
use onhand_domain::ids::TenantId;
use onhand_domain::time::Timestamp;
use onhand_engine::Names;
use onhand_engine::events::{Event, EventType};

use crate::http::answer::Look;
use crate::http::decimal::Field;
use crate::http::problem::Problem;
use crate::http::timestamp;

/// What an event must be to be told.
#[derive(Debug)]
pub(super) struct Filter {
    tenant: TenantId,
    /// `None`: all types.
    types: Option<Vec<EventType>>,
    aggregate: Option<String>,
    correlation: Option<String>,
    /// Not before this instant.
    pub(super) from: Option<Timestamp>,
    /// Before this instant.
    to: Option<Timestamp>,
}

impl Filter {
    /// Reads it from the query. A type that nobody knows fits nothing.
    ///
    /// # Errors
    /// 422 `INVALID_TIME`.
    pub(super) fn of(look: &Look<'_>) -> Result<Self, Problem> {
        let time = |name: &'static str| {
            let text = look.query.text(name);
            text.map(|text| timestamp::parse(Field::named(name), text)).transpose()
        };
        let mut words = look.query.all("type").peekable();
        let is_narrowed = words.peek().is_some();
        let types: Vec<_> = words.filter_map(EventType::parse).collect();
        Ok(Self {
            tenant: look.tenant.clone(),
            types: is_narrowed.then_some(types),
            aggregate: look.query.text("aggregateId").map(str::to_owned),
            correlation: look.query.text("correlationId").map(str::to_owned),
            from: time("from")?,
            to: time("to")?,
        })
    }

    /// Whether this record and all behind it come too late. Time never falls along the log.
    pub(super) fn is_over(&self, change: &Change) -> bool {
        self.to.is_some_and(|to| change.at >= to)
    }

    /// Whether a record can have events that fit; cheaper than making them.
    pub(super) fn may_fit(&self, change: &Change, names: &dyn Names) -> bool {
        self.from.is_none_or(|from| change.at >= from) && names.tenant(change.tenant) == self.tenant
    }

    /// Whether an event of such a record fits.
    pub(super) fn fits(&self, event: &Event) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&event.event_type))
            && self.aggregate.as_ref().is_none_or(|wanted| *wanted == event.aggregate_id)
            && self.correlation.as_ref().is_none_or(|it| it == event.trace.correlation.as_str())
    }
}
