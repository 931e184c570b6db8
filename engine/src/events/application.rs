//! Events in the words of an application.

use onhand_domain::upkeep::{ApplicationEvent, Kept};

use super::teller::{Aggregate, Teller};
use super::{Event, Payload};

/// Tells what an application has published.
pub(super) fn tell(teller: &mut Teller<'_>) {
    let Some(Kept::Published(events)) = teller.change.kept.as_deref() else { return };
    for event in events {
        let id = event.aggregate_id.as_str().to_owned();
        let aggregate = Aggregate::application(id, event.aggregate_version);
        teller.tell(aggregate, Payload::ApplicationEvent(Box::new(event.clone())));
    }
}

impl Event {
    fn application(&self) -> Option<&ApplicationEvent> {
        match &self.payload {
            Payload::ApplicationEvent(event) => Some(event),
            _ => None,
        }
    }

    /// Name of its type: the canonical one, or the application's.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.application().map_or(self.event_type.as_str(), |event| event.event_type.as_str())
    }

    /// Name of the kind of thing it happened to: the canonical one, or the application's.
    #[must_use]
    pub fn aggregate_name(&self) -> &str {
        let ours = self.aggregate_type.as_str();
        self.application().map_or(ours, |event| event.aggregate_type.as_str())
    }
}
