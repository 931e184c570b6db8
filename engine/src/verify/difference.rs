//! How two pictures of the same thing differ, field by field.

use std::fmt::Debug;

use onhand_domain::position::{Bucket, Position, PositionNumber};
use onhand_domain::stock::Stock;

/// What a position is called: tenant, item and location.
pub(super) fn name_of(stock: &Stock, number: PositionNumber) -> String {
    let named = || {
        let position = stock.position(number)?;
        let item = stock.item(position.item)?;
        let tenant = stock.tenant(item.tenant)?;
        let location = stock.location(position.location)?;
        Some(format!("position {tenant}/{}@{} ({number})", item.id, location.id))
    };
    named().unwrap_or_else(|| format!("position {number}"))
}

/// Every field in which two pictures of a position differ, with both figures. `ours` is what the log
/// says, `theirs` what `whose` says; `None`: it is not there.
pub(super) fn of_positions(
    ours: Option<&Position>,
    theirs: Option<&Position>,
    whose: &str,
) -> Vec<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (None, None) => return Vec::new(),
        (Some(_), None) => return vec![format!("is in the log and not in {whose}")],
        (None, Some(_)) => return vec![format!("is in {whose} and not in the log")],
    };
    if ours == theirs {
        return Vec::new();
    }
    let mut differences = Vec::new();
    let mut look = |field: &str, log: String, other: String| {
        if log != other {
            differences.push(format!("{field} is {log} in the log and {other} in {whose}"));
        }
    };
    let (mine, others) = (ours.figures(), theirs.figures());
    for bucket in Bucket::ALL {
        look(field_of(bucket), mine.get(bucket).to_string(), others.get(bucket).to_string());
    }
    look("version", ours.version.to_string(), theirs.version.to_string());
    look("sequence", ours.sequence.to_string(), theirs.sequence.to_string());
    look("policy", shown(&ours.policy()), shown(&theirs.policy()));
    look("home bin", shown(&ours.bin()), shown(&theirs.bin()));
    look("alarms", shown(&ours.alarms), shown(&theirs.alarms));
    look("createdAt", shown(&ours.created_at), shown(&theirs.created_at));
    look("updatedAt", shown(&ours.updated_at), shown(&theirs.updated_at));
    if differences.is_empty() {
        differences.push(format!("it is {ours:?} in the log and {theirs:?} in {whose}"));
    }
    differences
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

/// The name of a bucket in the contract.
const fn field_of(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Available => "available",
        Bucket::Reserved => "reserved",
        Bucket::Committed => "committed",
        Bucket::Damaged => "damaged",
        Bucket::QualityHold => "qualityHold",
        Bucket::InTransit => "inTransit",
    }
}
