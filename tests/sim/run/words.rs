//! What happens, in a few words, for the tale of a run that failed.

use onhand_domain::command::Command;
use onhand_engine::writer::filling::Outcome;

use super::Sender;

/// Longer ones are cut.
const WORDS_MAX: usize = 400;

fn short(mut text: String) -> String {
    if text.len() > WORDS_MAX {
        text = text.chars().take(WORDS_MAX).collect();
        text.push('…');
    }
    text.replace(
        "reference: None, reference_type: None, note: None, occurred_at: None, document: None, \
         order: None, rma: None, lot: None, expiry: None, unit_cost: None, amount: None, \
         condition: None",
        "..",
    )
}

pub(super) fn command(command: &Command, sender: Sender) -> String {
    let key = command.key.map(|key| format!(" key {:02x}{:02x}", key[0], key[1]));
    let at = command.source.as_ref().map(|source| format!(" {:?}", source.position));
    let (key, at) = (key.unwrap_or_default(), at.unwrap_or_default());
    short(format!("{sender:?}{key}{at} {} {:?}", command.tenant, command.action))
}

pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Changed { sequence, change } => {
            let refusal = change.refusal.as_ref().map(|refusal| format!(" {refusal:?}"));
            let refusal = refusal.unwrap_or_default();
            short(format!(
                "record {sequence} at {}: {:?}{refusal}",
                change.at.millis(),
                change.cause
            ))
        }
        Outcome::Unchanged(held) => format!("reservation {} is so already", held.number),
        other => short(format!("{other:?}")),
    }
}
