//! Which events a reader wants.

use onhand_domain::change::Change;
use onhand_domain::ids::TenantId;
use onhand_domain::time::Timestamp;
use onhand_engine::Names;
use onhand_engine::events::Event;

use crate::http::answer::Look;
use crate::http::decimal::Field;
use crate::http::problem::Problem;
use crate::http::timestamp;

/// What an event must be to be told.
#[derive(Debug)]
pub(super) struct Filter {
    tenant: TenantId,
    /// Canonical types, and those of applications; `None`: all.
    types: Option<Vec<String>>,
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
        let types: Vec<_> = look.query.all("type").map(str::to_owned).collect();
        Ok(Self {
            tenant: look.tenant.clone(),
            types: (!types.is_empty()).then_some(types),
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
        self.types.as_ref().is_none_or(|types| is_one_of(types, event))
            && self.aggregate.as_ref().is_none_or(|wanted| *wanted == event.aggregate_id)
            && self.correlation.as_ref().is_none_or(|it| it == event.trace.correlation.as_str())
    }
}

/// An event of an application is known by its own type, and by that of all of them.
fn is_one_of(types: &[String], event: &Event) -> bool {
    types.iter().any(|it| *it == event.type_name() || *it == event.event_type.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::samples::sample;
    use onhand_engine::events::EventType;

    #[test]
    fn types_of_applications_are_types_too() {
        let check = |event_type: EventType, wanted: &str, expected: bool| {
            let event = sample(event_type);
            assert_eq!(is_one_of(&[wanted.to_owned()], &event), expected, "{wanted}");
        };
        let own = sample(EventType::ApplicationEvent);
        check(EventType::ApplicationEvent, own.type_name(), true);
        check(EventType::ApplicationEvent, "ApplicationEvent", true);
        check(EventType::ApplicationEvent, "StockedOut", false);
        check(EventType::StockedOut, "StockedOut", true);
        check(EventType::StockedOut, own.type_name(), false);
        check(EventType::StockedOut, "", false);
    }
}
