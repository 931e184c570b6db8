//! How far a file has come, and which of its rows were refused, from the log alone.

use onhand_domain::change::Change;
use onhand_engine::{Engine, Failure};

use super::{Lane, Refused, Stream};
use crate::http::problem::Problem;

/// Reads of the log that one look takes at most; each brings about a thousand records.
const READS_MAX: usize = 64;

/// How a file stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Up to this line everything is done; 0: nothing was ever acted on.
    pub(crate) settled: u64,
    /// Rows that were refused, as far as this look has come.
    pub(crate) refused: Vec<Refused>,
    /// Where the next look goes on; `None`: there is nothing more to see.
    pub(crate) next: Option<u64>,
    /// The record up to which the log was looked at.
    pub(crate) seen: u64,
}

/// Looks behind a record; 0: from where the file began.
///
/// # Errors
/// The log cannot be read.
pub(crate) async fn look(
    engine: &Engine,
    stream: &Stream,
    after: u64,
) -> Result<Standing, Failure> {
    let view = engine.view();
    let record =
        |lane: Lane| view.source_mark(stream.name(), lane as u32).map_or(0, |mark| mark.sequence);
    let settled = stream.line(view, Lane::Settled);
    let until = record(Lane::Stock).max(record(Lane::Refused)).max(record(Lane::Terms));
    let mut standing = Standing { settled, ..Standing::default() };
    let mut at = after.max(record(Lane::Began));
    for _ in 0..READS_MAX {
        if at >= until {
            break;
        }
        let read = engine.outbox().read(at).await?;
        let Some(last) = read.last() else { break };
        at = last.sequence;
        let found = read.iter().filter_map(|record| refused(&record.change, stream));
        standing.refused.extend(found);
    }
    standing.seen = at;
    standing.next = (at < until).then_some(at);
    Ok(standing)
}

/// What a record says of a refused row of this file.
fn refused(change: &Change, stream: &Stream) -> Option<Refused> {
    let position = &change.source.as_ref()?.position;
    if position.stream != *stream.name() {
        return None;
    }
    let problem = Problem::refused(change.refusal.as_deref()?);
    let is_booked = position.partition == Lane::Terms as u32;
    Some(Refused { is_booked, ..Refused::of(position.offset, &problem) })
}
