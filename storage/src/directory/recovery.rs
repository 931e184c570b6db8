//! Finding the log again: which segments there are, where the log ends, and whether every segment
//! continues the one before it.

use std::sync::Arc;

use crate::append::{LogEnd, Recovered};
use crate::error::LogError;
use crate::log::FrameSource;
use crate::opening::Opening;
use crate::read::Segments;
use crate::segment::{self, Ends, Purpose, Segment};

/// What the files say.
struct Found {
    end: LogEnd,
    /// The newest segment with records, and the offset of its first row.
    newest: Option<(Arc<Segment>, u64)>,
    /// A segment after it that has none.
    spare: Option<Arc<Segment>>,
    /// Epoch of the newest frame; 0 in an empty log.
    epoch: u32,
}

/// Enters all segments into `segments`, for readers only.
pub(super) fn find_to_read(segments: &Segments, opening: Option<&Opening>) -> Result<(), LogError> {
    find(segments, opening).map(drop)
}

/// Enters all segments into `segments` and opens the one that is written next. Makes the first
/// segment of a new log.
pub(super) fn find_to_write(
    segments: &Segments,
    opening: Option<&Opening>,
) -> Result<Recovered, LogError> {
    // A process that was killed between giving a segment its name and making the name durable has
    // left a file that is found and may be gone after a power cut, with all that it was given since.
    let synced = segments.disk.sync_directory(&segments.directory);
    synced.map_err(|source| LogError::io(&segments.directory, source))?;
    let Found { end, newest, spare, epoch } = find(segments, opening)?;
    let (active, active_start, spare) = match (newest, spare) {
        (Some((newest, start)), spare) => (newest, start, spare),
        (None, Some(first)) => (first, end.offset, None),
        (None, None) => {
            let disk = segments.disk.as_ref();
            let label = segments.label(opening.map_or(0, |opening| opening.segment) + 1);
            let first = Segment::create(disk, &segments.directory, label, segments.cache_bytes)?;
            (Arc::new(first), end.offset, None)
        }
    };
    active.open_for_writing(segments.disk.as_ref(), segments.cache_bytes)?;
    Ok(Recovered { active, active_start, end, spare, epoch })
}

fn find(segments: &Segments, opening: Option<&Opening>) -> Result<Found, LogError> {
    let gone = opening.map_or(0, |opening| opening.segment);
    if let Some(opening) = opening {
        segments.begin_at(opening);
    }
    let numbers = numbers(segments, gone)?;
    let start = segments.start();
    let end =
        LogEnd { next_sequence: start.sequence + 1, offset: start.end_offset, hash: start.hash };
    let mut found = Found { end, newest: None, spare: None, epoch: start.epoch };
    for (number, expected) in numbers.iter().zip(gone + 1..) {
        let segment = Arc::new(Segment::existing(&segments.directory, *number));
        let damaged = |what: &str| LogError::damaged(segment.path(), found.end.next_sequence, what);
        if *number != expected {
            return Err(damaged("a segment before this one is missing"));
        }
        if found.spare.is_some() {
            return Err(damaged("an empty segment lies before this one"));
        }
        segments.open(&segment)?;
        segment.check_label(segments.label(*number))?;
        match segment.ends()? {
            Some(ends) => enter(segments, &mut found, segment, &ends)?,
            None => found.spare = Some(segment),
        }
    }
    segments.set_durable(found.end.next_sequence - 1);
    Ok(found)
}

/// Takes a segment with records, if it continues what was found before it.
fn enter(
    segments: &Segments,
    found: &mut Found,
    segment: Arc<Segment>,
    ends: &Ends,
) -> Result<(), LogError> {
    let (first, last, end) = (&ends.first, &ends.last, &found.end);
    let continues = first.first_sequence == end.next_sequence
        && first.offset == end.offset
        && first.previous_hash == end.hash
        && first.log_number == segments.log_number;
    if !continues {
        let what = "the segment does not continue the one before it";
        return Err(LogError::damaged(segment.path(), end.next_sequence, what));
    }
    if last.first_sequence < first.first_sequence || last.offset < first.offset {
        let what = "the last frame lies before the first";
        return Err(LogError::damaged(segment.path(), last.first_sequence, what));
    }
    segment.grow(first.first_sequence, last.last_sequence());
    found.end = LogEnd {
        next_sequence: last.last_sequence() + 1,
        offset: last.offset + ends.last_row_bytes,
        hash: ends.last_hash,
    };
    found.epoch = last.epoch;
    segments.push(segment.clone());
    found.newest = Some((segment, first.offset));
    Ok(())
}

/// Numbers of the segment files behind `gone`. Unfinished ones, and those up to `gone` that are still
/// there, were left by a crash and are removed.
fn numbers(segments: &Segments, gone: u32) -> Result<Vec<u32>, LogError> {
    let io = |source| LogError::io(&segments.directory, source);
    let mut numbers = Vec::new();
    for name in segments.disk.names(&segments.directory).map_err(io)? {
        if name.ends_with(".new") && segments.purpose == Purpose::Serve {
            segments.disk.remove(&segments.directory.join(&name)).map_err(io)?;
        }
        let number = name.strip_suffix(".redb").and_then(|digits| digits.parse().ok());
        match number.filter(|number| segment::file_name(*number) == name) {
            Some(number) if number > gone => numbers.push(number),
            Some(_) if segments.purpose == Purpose::Serve => {
                segments.disk.remove(&segments.directory.join(&name)).map_err(io)?;
            }
            _ => {}
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
