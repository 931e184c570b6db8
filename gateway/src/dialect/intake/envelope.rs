//! What stands around a payload, in all dialects at once.

use std::borrow::Cow;

use serde::Deserialize;

use super::fault::Fault;
use super::in_type::Form;
use super::raw::Raw;
use crate::http::body::Object;

/// The major version of an event that names none, and the only one there is.
const MAJOR: &str = "1";

/// Members of an envelope. Those of CloudEvents have common names and count only beside `specversion`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Envelope<'a> {
    event_id: Option<Raw<'a>>,
    #[serde(rename = "event_id")]
    event_id_snake: Option<Raw<'a>>,
    #[serde(rename = "message_id")]
    message_id: Option<Raw<'a>>,
    event_type: Option<Raw<'a>>,
    event: Option<Raw<'a>>,
    tenant_id: Option<Raw<'a>>,
    #[serde(rename = "organization_id")]
    organization_id: Option<Raw<'a>>,
    timestamp: Option<Raw<'a>>,
    version: Option<Raw<'a>>,
    source: Option<Raw<'a>>,
    metadata: Option<Raw<'a>>,
    correlation_id: Option<Raw<'a>>,
    #[serde(rename = "correlation_id")]
    correlation_id_snake: Option<Raw<'a>>,
    payload: Option<Raw<'a>>,
    data: Option<Raw<'a>>,
    specversion: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    #[serde(rename = "type")]
    kind: Option<Raw<'a>>,
    time: Option<Raw<'a>>,
    tenantid: Option<Raw<'a>>,
    userid: Option<Raw<'a>>,
    correlationid: Option<Raw<'a>>,
}

/// `metadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Metadata<'a> {
    source: Option<Raw<'a>>,
    #[serde(alias = "user_id")]
    user_id: Option<Raw<'a>>,
    #[serde(alias = "correlation_id")]
    correlation_id: Option<Raw<'a>>,
}

impl<'a> Envelope<'a> {
    /// Reads the outer object.
    ///
    /// # Errors
    /// `UNREADABLE`.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.is_empty() {
            return Err(Fault::unreadable("the message is empty"));
        }
        serde_json::from_slice(bytes)
            .map(|Object(envelope)| envelope)
            .map_err(|error| Fault::unreadable(format!("the message is no event: {error}")))
    }

    /// The type, as written.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn event_type(&self) -> Result<Cow<'a, str>, Fault> {
        let named = [("eventType", self.event_type), ("event", self.event)];
        let named = named.into_iter().find_map(|(field, raw)| Some((field, raw?)));
        let named = named.or_else(|| Some(("type", self.cloudevents(self.kind)?)));
        let Some((field, raw)) = named else { return Err(Fault::missing("eventType")) };
        raw.text_if(field)?.ok_or_else(|| Fault::missing(field))
    }

    /// How the type may be written.
    pub(super) fn form(&self) -> Form {
        let named = self.event_type.or(self.event);
        if named.is_none() { Form::Prefixed } else { Form::Bare }
    }

    /// The id that the producer gave.
    pub(super) fn event_id(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        first([
            ("eventId", self.event_id),
            ("event_id", self.event_id_snake),
            ("message_id", self.message_id),
            ("id", self.cloudevents(self.id)),
        ])
    }

    /// The tenant that the body names.
    pub(super) fn tenant(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        first([
            ("tenantId", self.tenant_id),
            ("organization_id", self.organization_id),
            ("tenantid", self.cloudevents(self.tenantid)),
        ])
    }

    /// When it was said, with the name of the member.
    pub(super) fn timestamp(&self) -> Option<(&'static str, Raw<'a>)> {
        let own = self.timestamp.map(|raw| ("timestamp", raw));
        own.or_else(|| Some(("time", self.cloudevents(self.time)?)))
    }

    /// Who sent it.
    pub(super) fn source(&self) -> Option<Cow<'a, str>> {
        self.sources().into_iter().flatten().next()
    }

    /// Whether it says that it comes from there.
    pub(super) fn is_from(&self, source: &str) -> bool {
        self.sources().into_iter().flatten().any(|named| named == source)
    }

    /// The user.
    pub(super) fn user(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        let metadata = self.metadata()?;
        first([("userId", metadata.user_id), ("userid", self.cloudevents(self.userid))])
    }

    /// What ties it to others.
    pub(super) fn correlation(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        let metadata = self.metadata()?;
        first([
            ("correlationId", metadata.correlation_id),
            ("correlationId", self.correlation_id),
            ("correlation_id", self.correlation_id_snake),
            ("correlationid", self.cloudevents(self.correlationid)),
        ])
    }

    /// What it says.
    ///
    /// # Errors
    /// Nothing.
    pub(super) fn payload(&self) -> Result<Raw<'a>, Fault> {
        self.payload.or(self.data).ok_or_else(|| Fault::missing("payload"))
    }

    /// Checks the major version: a number, or a text such as `1.0`.
    ///
    /// # Errors
    /// `UNKNOWN_VERSION`.
    pub(super) fn check_version(&self) -> Result<(), Fault> {
        let Some(raw) = self.version else { return Ok(()) };
        let text = raw.as_str().trim_matches('"');
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let major = text.split('.').next().unwrap_or_default();
        if is_plain && major == MAJOR {
            return Ok(());
        }
        Err(Fault::version(format!("{} is not one that is known here: {MAJOR}", raw.as_str())))
    }

    fn sources(&self) -> [Option<Cow<'a, str>>; 2] {
        let named = |raw: Option<Raw<'a>>| raw.and_then(|raw| raw.text_if("source").ok().flatten());
        let metadata = self.metadata().unwrap_or_default();
        [named(self.source), named(metadata.source)]
    }

    fn metadata(&self) -> Result<Metadata<'a>, Fault> {
        let Some(raw) = self.metadata else { return Ok(Metadata::default()) };
        serde_json::from_str(raw.as_str())
            .map(|Object(metadata)| metadata)
            .map_err(|error| Fault::invalid("metadata", error))
    }

    fn cloudevents(&self, raw: Option<Raw<'a>>) -> Option<Raw<'a>> {
        raw.filter(|_| self.specversion.is_some())
    }
}

/// The first text that is there; an empty one is not.
fn first<'a, const N: usize>(
    named: [(&'static str, Option<Raw<'a>>); N],
) -> Result<Option<Cow<'a, str>>, Fault> {
    for (field, raw) in named {
        if let Some(text) = raw.map(|raw| raw.text_if(field)).transpose()?.flatten() {
            return Ok(Some(text));
        }
    }
    Ok(None)
}
