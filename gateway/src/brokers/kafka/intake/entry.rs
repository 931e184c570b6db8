//! A message as a command.

use std::sync::Arc;

use onhand_domain::command::{Action, Command, Trace};
use onhand_domain::consumed::{ConsumedEvent, Message, Refusal, Source, SourcePosition};
use onhand_domain::dead_letter;
use onhand_domain::ids::{Reference, TenantId, Text};
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::{Bury, Upkeep};
use onhand_engine::keys::event_key;

use super::TransferNames;
use crate::brokers::consumed::Told;
use crate::dialect::intake::fault::Fault;
use crate::dialect::intake::{Act, Clock, Delivery, NamedBy, Outcome, Read, Reason, Work, read};

/// Code of a dead letter about a transfer whose name nobody knows.
const UNKNOWN_TRANSFER: &str = "UNKNOWN_TRANSFER";

/// A message as it was read.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    /// What it says, and where it lay.
    pub(super) delivery: Delivery<'a>,
    /// Its place.
    pub(super) position: &'a Arc<SourcePosition>,
}

/// What is to be done about it.
pub(super) enum Entry {
    /// To be entered.
    Enter(Command),
    /// Not for us.
    Skip(Reason),
    /// It is about a transfer of this name, which is not known, or not yet.
    Unnamed(TenantId, Reference),
}

/// CRC32C of key and payload: notices a topic that was made anew.
pub(super) fn checksum(key: Option<&[u8]>, payload: Option<&[u8]>) -> u32 {
    let of_key = crc32c::crc32c(key.unwrap_or_default());
    crc32c::crc32c_append(of_key, payload.unwrap_or_default())
}

/// Where nothing says whose data a message is about.
pub(super) fn tenant_default() -> TenantId {
    TenantId::parse("default").expect("a name that keeps the rules")
}

fn told(found: Option<&Read<'_>>, delivery: &Delivery<'_>) -> Told {
    let event_type = match found {
        Some(Read { canonical: Some(canonical), .. }) => canonical.as_str(),
        Some(_) => "other",
        None => "unreadable",
    };
    let source = found.and_then(|found| found.source.as_deref()).unwrap_or(delivery.topic);
    Told::new(event_type, source, delivery.now)
}

/// Reads a message. `transfers` is asked for names that others gave.
pub(super) fn entry(taken: &Taken<'_>, transfers: &TransferNames) -> (Entry, Told) {
    let Taken { delivery, .. } = taken;
    let intake = read(delivery);
    let mut told = told(intake.read.as_ref(), delivery);
    if tracing::enabled!(tracing::Level::DEBUG)
        && let Some(found) = &intake.read
    {
        told.name(found);
    }
    let entry = match intake.outcome {
        Outcome::Skip(reason) => Entry::Skip(reason),
        Outcome::Bury(fault) => {
            let tenant = intake.read.as_ref().map(|found| TenantId::parse(&found.tenant));
            let tenant = tenant.and_then(Result::ok).unwrap_or_else(tenant_default);
            Entry::Enter(bury(taken, tenant, letter_fault(&fault), 1, None))
        }
        Outcome::Act(act) => {
            let canonical = intake.read.and_then(|found| found.canonical);
            let canonical = canonical.expect("only known types are acted on");
            let named = named(&act);
            if matches!(act.clock, Clock::Ahead) {
                told.note_ahead();
            }
            act_on(taken, act, canonical.as_str(), transfers).map_or_else(
                || {
                    let (tenant, name) = named.expect("only a named transfer can be unknown");
                    Entry::Unnamed(tenant, name)
                },
                Entry::Enter,
            )
        }
    };
    (entry, told)
}

/// The name of the transfer that it is about, where others gave it.
fn named(act: &Act) -> Option<(TenantId, Reference)> {
    match &act.work {
        Work::ReceiveNamed { transfer, .. } => Some((act.tenant.clone(), transfer.clone())),
        Work::Do(_) => None,
    }
}

/// A message that was tried in vain. Its event stays free: it may come again.
pub(super) fn give_up(taken: &Taken<'_>, attempts: u32, since: Timestamp) -> Command {
    let tenant = match read(&taken.delivery).outcome {
        Outcome::Act(act) => act.tenant,
        _ => tenant_default(),
    };
    let error = "no transfer has this name; retry when it is known";
    let fault = dead_letter::Fault::of(UNKNOWN_TRANSFER, error);
    bury(taken, tenant, fault, attempts, Some(since))
}

fn bury(
    taken: &Taken<'_>,
    tenant: TenantId,
    fault: dead_letter::Fault,
    attempts: u32,
    first_failed_at: Option<Timestamp>,
) -> Command {
    let bury = Bury { fault, attempts, first_failed_at, unsent: None };
    let action = Action::Upkeep(Box::new(Upkeep::Bury(bury)));
    Command { tenant, key: None, source: Some(source(taken, None)), trace: None, action }
}

fn source(taken: &Taken<'_>, event: Option<ConsumedEvent>) -> Arc<Source> {
    let message = taken.delivery.payload.map(Message::beginning_of);
    let position = Arc::clone(taken.position);
    Arc::new(Source { position, event, message, refusal: Refusal::Buried })
}

/// The fault of a dead letter in the engine's words.
pub(crate) fn letter_fault(fault: &Fault) -> dead_letter::Fault {
    let mut error: String =
        fault.error.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let mut end = error.len().min(ERROR_BYTES_MAX);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error.truncate(end);
    let words = Text::parse(error.trim()).unwrap_or_else(|_| Text::trusted("it makes no sense"));
    let code = Text::trusted(fault.code.word());
    let details = fault.details().and_then(|details| Text::parse(&details).ok());
    dead_letter::Fault { code, error: words, details }
}

/// Longest reason that a dead letter keeps.
const ERROR_BYTES_MAX: usize = 512;

/// `None`: it names a transfer that nobody knows.
fn act_on(
    taken: &Taken<'_>,
    act: Act,
    canonical: &str,
    transfers: &TransferNames,
) -> Option<Command> {
    let position = taken.position;
    let action = action_of(&act.tenant, &act.work, transfers)?;
    let event = identity(&taken.delivery, position, &act, canonical, &action, transfers);
    let source = Some(source(taken, Some(event)));
    Some(Command { tenant: act.tenant, key: None, source, trace: Some(act.trace), action })
}

/// What an event is known by.
fn identity(
    delivery: &Delivery<'_>,
    position: &SourcePosition,
    act: &Act,
    canonical: &str,
    action: &Action,
    transfers: &TransferNames,
) -> ConsumedEvent {
    // A claim that lies ahead of our clock is taken as now; what the event says stays the same.
    let said = match act.clock {
        Clock::Past => None,
        Clock::Ahead => {
            match read(&Delivery { now: Timestamp::from_millis(i64::MAX), ..*delivery }).outcome {
                Outcome::Act(act) => action_of(&act.tenant, &act.work, transfers),
                _ => None,
            }
        }
    };
    let fingerprint = said.as_ref().unwrap_or(action).fingerprint();
    // What is called by its place is another event in a topic made anew.
    let scope = match act.named_by {
        NamedBy::Producer => position.stream.as_str().to_owned(),
        NamedBy::Place => format!("{}#{}", position.stream, position.generation),
    };
    let key = event_key(act.tenant.as_str(), &scope, canonical, act.event_id.as_str());
    let event_type = Text::trusted(canonical);
    ConsumedEvent { id: act.event_id.clone(), event_type, key, fingerprint }
}

fn action_of(tenant: &TenantId, work: &Work, transfers: &TransferNames) -> Option<Action> {
    Some(match work {
        Work::Do(action) => action.clone(),
        Work::ReceiveNamed { transfer, quantity, detail } => Action::ReceiveTransfer {
            transfer: transfers.find(tenant, transfer)?,
            quantity: *quantity,
            detail: detail.clone(),
        },
    })
}

/// What a dead letter asks for when its message is read again.
pub(crate) enum Parsed {
    /// This, as this event.
    Act(Box<Action>, Arc<Trace>, ConsumedEvent),
    /// Nothing any more.
    Nothing,
    /// It names a transfer that is not known here.
    Unnamed(TenantId, Reference),
    /// It still makes no sense.
    Fault(dead_letter::Fault),
}

/// The fault of a message that names a transfer which nobody knows.
pub(crate) fn unnamed() -> dead_letter::Fault {
    dead_letter::Fault::of(UNKNOWN_TRANSFER, "no transfer has this name")
}

/// Reads the message of a dead letter again.
pub(crate) fn parse_again(
    delivery: &Delivery<'_>,
    position: &SourcePosition,
    transfers: &TransferNames,
) -> Parsed {
    let intake = read(delivery);
    let canonical = intake.read.and_then(|found| found.canonical);
    match intake.outcome {
        Outcome::Skip(_) => Parsed::Nothing,
        Outcome::Bury(fault) => Parsed::Fault(letter_fault(&fault)),
        Outcome::Act(act) => match (action_of(&act.tenant, &act.work, transfers), named(&act)) {
            (Some(action), _) => {
                let canonical = canonical.expect("only known types are acted on").as_str();
                let event = identity(delivery, position, &act, canonical, &action, transfers);
                Parsed::Act(Box::new(action), act.trace, event)
            }
            (None, Some((tenant, name))) => Parsed::Unnamed(tenant, name),
            (None, None) => Parsed::Fault(unnamed()),
        },
    }
}
