//! What stands around a payload, in all dialects at once.

use std::borrow::Cow;

use serde::Deserialize;

use super::fault::Fault;
use super::in_type::Form;
use super::raw::Raw;
use crate::http::body::Object;

/// The major version of an event that names none, and the only one there is.
const MAJOR: &str = "1";

/// An envelope, and the metadata in it.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    members: Members<'a>,
    metadata: Result<Metadata<'a>, Fault>,
}

/// Members of an envelope. Those of CloudEvents have common names and count only beside `specversion`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Members<'a> {
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
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Metadata<'a> {
    source: Option<Raw<'a>>,
    #[serde(alias = "user_id")]
    user_id: Option<Raw<'a>>,
    #[serde(alias = "correlation_id")]
    correlation_id: Option<Raw<'a>>,
}

impl<'a> Metadata<'a> {
    fn parse(raw: Raw<'a>) -> Result<Self, Fault> {
        serde_json::from_str(raw.as_str())
            .map(|Object(metadata)| metadata)
            .map_err(|error| Fault::invalid("metadata", error))
    }
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
        let Object(members): Object<Members<'a>> = serde_json::from_slice(bytes)
            .map_err(|error| Fault::unreadable(format!("the message is no event: {error}")))?;
        let metadata = members.metadata.map_or_else(|| Ok(Metadata::default()), Metadata::parse);
        Ok(Self { members, metadata })
    }

    /// The type, as written.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn event_type(&self) -> Result<Cow<'a, str>, Fault> {
        let named = [("eventType", self.members.event_type), ("event", self.members.event)];
        let named = named.into_iter().find_map(|(field, raw)| Some((field, raw?)));
        let named = named.or_else(|| Some(("type", self.cloudevents(self.members.kind)?)));
        let Some((field, raw)) = named else { return Err(Fault::missing("eventType")) };
        raw.text_if(field)?.ok_or_else(|| Fault::missing(field))
    }

    /// How the type may be written.
    pub(super) fn form(&self) -> Form {
        let named = self.members.event_type.or(self.members.event);
        if named.is_none() { Form::Prefixed } else { Form::Bare }
    }

    /// The id that the producer gave.
    pub(super) fn event_id(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        first([
            ("eventId", self.members.event_id),
            ("event_id", self.members.event_id_snake),
            ("message_id", self.members.message_id),
            ("id", self.cloudevents(self.members.id)),
        ])
    }

    /// The tenant that the body names.
    pub(super) fn tenant(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        first([
            ("tenantId", self.members.tenant_id),
            ("organization_id", self.members.organization_id),
            ("tenantid", self.cloudevents(self.members.tenantid)),
        ])
    }

    /// When it was said, with the name of the member.
    pub(super) fn timestamp(&self) -> Option<(&'static str, Raw<'a>)> {
        let own = self.members.timestamp.map(|raw| ("timestamp", raw));
        own.or_else(|| Some(("time", self.cloudevents(self.members.time)?)))
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
        first([("userId", metadata.user_id), ("userid", self.cloudevents(self.members.userid))])
    }

    /// What ties it to others.
    pub(super) fn correlation(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        let metadata = self.metadata()?;
        first([
            ("correlationId", metadata.correlation_id),
            ("correlationId", self.members.correlation_id),
            ("correlation_id", self.members.correlation_id_snake),
            ("correlationid", self.cloudevents(self.members.correlationid)),
        ])
    }

    /// What it says.
    ///
    /// # Errors
    /// Nothing.
    pub(super) fn payload(&self) -> Result<Raw<'a>, Fault> {
        self.members.payload.or(self.members.data).ok_or_else(|| Fault::missing("payload"))
    }

    /// Checks the major version: a number, or a text such as `1.0`.
    ///
    /// # Errors
    /// `UNKNOWN_VERSION`.
    pub(super) fn check_version(&self) -> Result<(), Fault> {
        let Some(raw) = self.members.version else { return Ok(()) };
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
        [named(self.members.source), named(self.metadata.as_ref().ok().and_then(|it| it.source))]
    }

    fn metadata(&self) -> Result<Metadata<'a>, Fault> {
        self.metadata.as_ref().copied().map_err(Fault::clone)
    }

    fn cloudevents(&self, raw: Option<Raw<'a>>) -> Option<Raw<'a>> {
        raw.filter(|_| self.members.specversion.is_some())
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
