//! What others say, in every dialect: bytes become what is to be done, or a reason why nothing is.
//!
//! In reading order: [`read`] → [`envelope`] (who, which type, which tenant) → [`in_type`] → [`goods`]
//! (members of the payload) → [`action`]. Every field of an envelope is kept as it stands until it is
//! needed, as an event that is not for us may be written in any way.

mod action;
mod envelope;
pub(crate) mod fault;
mod goods;
mod in_type;
mod instant;
mod raw;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use onhand_domain::command::{Action, Detail, Trace};
use onhand_domain::ids::{Reference, TenantId, Text};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use onhand_engine::events::SOURCE;

use envelope::Envelope;
use fault::Fault;
use goods::Goods;
pub(crate) use in_type::InType;

/// The tenant of events that name none on a topic that has none.
const TENANT_DEFAULT: &str = "default";

/// A message as a broker hands it over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    /// Where it lay.
    pub(crate) topic: &'a str,
    /// Partition of the topic.
    pub(crate) partition: u32,
    /// Place in the partition.
    pub(crate) offset: u64,
    /// Header `eventId`.
    pub(crate) event_id: Option<&'a [u8]>,
    /// Header `tenantId`.
    pub(crate) tenant: Option<&'a [u8]>,
    /// The tenant set for the topic.
    pub(crate) topic_tenant: Option<&'a TenantId>,
    /// Its payload.
    pub(crate) payload: Option<&'a [u8]>,
    /// The instant now: what happened cannot have happened later.
    pub(crate) now: Timestamp,
}

/// What a message turned out to be.
#[derive(Debug)]
pub(crate) struct Intake<'a> {
    /// What can be told about it, as it stands there; `None` when it cannot be read at all.
    pub(crate) read: Option<Read<'a>>,
    /// What is to be done.
    pub(crate) outcome: Outcome,
}

/// What an event says about itself, not checked further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read<'a> {
    /// Its id, as its producer gave it.
    pub(crate) event_id: Option<Cow<'a, str>>,
    /// Its type, as written.
    pub(crate) event_type: Cow<'a, str>,
    /// Its type, when it is one that we act on.
    pub(crate) canonical: Option<InType>,
    /// Its tenant.
    pub(crate) tenant: Cow<'a, str>,
    /// Who sent it: `source`, else `metadata.source`.
    pub(crate) source: Option<Cow<'a, str>>,
}

/// What is to be done about a message.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Something happened.
    Act(Act),
    /// It is not for us.
    Skip(Reason),
    /// Nobody can act on it as it is: a dead letter.
    Bury(Fault),
}

/// Why an event is not for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// We said it ourselves.
    Own,
    /// A type that we do not act on.
    UnknownType,
}

/// What happened, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Act {
    /// What to do; the instant at which it happened stands in its detail, unless that is now.
    pub(crate) work: Work,
    /// Whose stock.
    pub(crate) tenant: TenantId,
    /// Its id.
    pub(crate) event_id: Text,
    /// Who gave it that id.
    pub(crate) named_by: NamedBy,
    /// Who and why; the event's id is the causation.
    pub(crate) trace: Arc<Trace>,
    /// Whether it claims a time that has not come yet, which is taken as now.
    pub(crate) clock: Clock,
}

/// Who gave an event its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Its producer: the id means the same event wherever it appears.
    Producer,
    /// Nobody: it is called by its place, which a topic made anew fills with another event.
    Place,
}

/// How the time of an event stands to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Now or earlier.
    Past,
    /// Later than now.
    Ahead,
}

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// An action.
    Do(Action),
    /// A transfer has arrived that bears another's name: the document of the command that began it.
    ReceiveNamed {
        /// That name.
        transfer: Reference,
        /// How much; `None`: all that is on its way.
        quantity: Option<Quantity>,
        /// Words for the ledger.
        detail: Option<Arc<Detail>>,
    },
}

/// Reads a message. Never fails: what cannot be read is to be buried.
pub(crate) fn read<'a>(delivery: &Delivery<'a>) -> Intake<'a> {
    let parsed = Envelope::parse(delivery.payload.unwrap_or_default());
    let (envelope, event_type) = match parsed.and_then(|envelope| {
        let event_type = envelope.event_type()?;
        Ok((envelope, event_type))
    }) {
        Ok(parsed) => parsed,
        Err(fault) => return Intake { read: None, outcome: Outcome::Bury(fault) },
    };
    let read = Read {
        event_id: event_id(delivery, &envelope).ok().flatten(),
        canonical: InType::parse(&event_type, envelope.form()),
        event_type,
        tenant: tenant(delivery, &envelope).unwrap_or(Cow::Borrowed(TENANT_DEFAULT)),
        source: envelope.source(),
    };
    let outcome = if envelope.is_from(SOURCE) {
        Outcome::Skip(Reason::Own)
    } else if let Some(canonical) = read.canonical {
        act(delivery, &envelope, canonical).map_or_else(Outcome::Bury, Outcome::Act)
    } else {
        Outcome::Skip(Reason::UnknownType)
    };
    Intake { read: Some(read), outcome }
}

fn act(delivery: &Delivery<'_>, envelope: &Envelope<'_>, canonical: InType) -> Result<Act, Fault> {
    envelope.check_version()?;
    let tenant = tenant(delivery, envelope)?;
    let tenant = TenantId::parse(&tenant).map_err(|error| Fault::id("tenantId", error))?;
    let (event_id, named_by) = match event_id(delivery, envelope)? {
        Some(id) => (Text::parse(&id), NamedBy::Producer),
        None => {
            let Delivery { topic, partition, offset, .. } = delivery;
            (Text::parse(&format!("{topic}-{partition}-{offset}")), NamedBy::Place)
        }
    };
    let event_id = event_id.map_err(|error| Fault::id("eventId", error))?;
    let goods = Goods::parse(envelope.payload()?)?;
    let happened = instant::of(&goods, envelope)?;
    let clock = match happened {
        Some(time) if time > delivery.now => Clock::Ahead,
        _ => Clock::Past,
    };
    let occurred_at = happened.filter(|_| clock == Clock::Past);
    let trace = Arc::new(Trace {
        user: match envelope.user()? {
            Some(user) => Some(text("userId", &user)?),
            None => goods.actor()?.map(|(key, user)| text(key.name(), &user)).transpose()?,
        },
        correlation: envelope.correlation()?.map(|id| text("correlationId", &id)).transpose()?,
        causation: Some(event_id.clone()),
    });
    let work = action::of(canonical, &goods, occurred_at)?;
    Ok(Act { work, tenant, event_id, named_by, trace, clock })
}

fn text(field: &'static str, text: &str) -> Result<Text, Fault> {
    Text::parse(text).map_err(|error| Fault::id(field, error))
}

/// The header, else what the body has; an empty one is none.
fn event_id<'a>(
    delivery: &Delivery<'a>,
    envelope: &Envelope<'a>,
) -> Result<Option<Cow<'a, str>>, Fault> {
    match header("eventId", delivery.event_id)? {
        Some(id) => Ok(Some(id)),
        None => envelope.event_id(),
    }
}

/// The header, else what the body has, else the topic's, else the default.
fn tenant<'a>(delivery: &Delivery<'a>, envelope: &Envelope<'a>) -> Result<Cow<'a, str>, Fault> {
    let told = match header("tenantId", delivery.tenant)? {
        Some(tenant) => Some(tenant),
        None => envelope.tenant()?,
    };
    let of_topic = || delivery.topic_tenant.map_or(TENANT_DEFAULT, TenantId::as_str);
    Ok(told.unwrap_or_else(|| Cow::Borrowed(of_topic())))
}

fn header<'a>(name: &'static str, bytes: Option<&'a [u8]>) -> Result<Option<Cow<'a, str>>, Fault> {
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
    let text = std::str::from_utf8(bytes);
    text.map(|text| Some(Cow::Borrowed(text))).map_err(|_| Fault::id(name, "is not UTF-8"))
}
