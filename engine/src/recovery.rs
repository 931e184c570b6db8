//! Recovery: memory from checkpoints, then from the log. It applies; it never decides.

use std::sync::mpsc::sync_channel;

use onhand_domain::stock::Stock;
use onhand_domain::time::Timestamp;
use onhand_storage::{
    Background, CheckpointFile, CheckpointStore, DataDirectory, FrameCursor, LogError, ReadLog,
};

use crate::error::StartError;
use crate::record;
use crate::record::checkpoint::{self, Entry};

/// Memory as the log says it is.
#[derive(Debug)]
pub struct Recovered {
    /// The memory.
    pub stock: Stock,
    /// The last record.
    pub sequence: u64,
    /// Its time stamp.
    pub last: Timestamp,
    /// How many records were replayed.
    pub replayed: u64,
    /// Everything up to here is contained in every checkpoint file.
    pub checkpointed: u64,
}

/// Entries that are handed over together.
const CHUNK: usize = 1_024;
/// Chunks that are decoded ahead of memory taking them in.
const CHUNKS_AHEAD: usize = 8;

/// Memory of a data directory: from its checkpoints, or, when these are older than the kept log, from its
/// opening.
///
/// # Errors
/// A file or record cannot be read or understood.
pub(crate) fn recover_directory(
    make: impl Fn() -> Stock,
    directory: &DataDirectory,
    log: &dyn ReadLog,
) -> Result<Recovered, StartError> {
    match recover(make(), &directory.checkpoints(), log) {
        Err(error @ StartError::CheckpointGone { .. }) if directory.opening().is_some() => {
            tracing::warn!(%error, "recovering from the opening of the log");
            recover(make(), &directory.opening_state(), log)
        }
        recovered => recovered,
    }
}

/// Reads all checkpoint files, then the log behind the oldest of them.
///
/// # Errors
/// A file or record cannot be read or understood.
pub fn recover(
    stock: Stock,
    checkpoints: &CheckpointStore,
    log: &dyn ReadLog,
) -> Result<Recovered, StartError> {
    recover_to(stock, checkpoints, log, u64::MAX, &|| true)
}

/// The same, but only up to a record, and only as long as `go_on` says so.
pub(crate) fn recover_to(
    mut stock: Stock,
    checkpoints: &CheckpointStore,
    log: &dyn ReadLog,
    until: u64,
    go_on: &dyn Fn() -> bool,
) -> Result<Recovered, StartError> {
    let mut last = Timestamp::MIN;
    let mut take_in = |chunk: Vec<Entry>| {
        chunk.into_iter().for_each(|entry| put(&mut stock, &mut last, entry));
    };
    let began = match checkpoints.background() {
        Background::Inline => read_all(checkpoints, &mut take_in)?,
        Background::Threads => std::thread::scope(|scope| {
            let (chunks, inbox) = sync_channel(CHUNKS_AHEAD);
            // One thread reads and decodes, this one takes in. If nobody takes it in, this one has
            // panicked, which is what will be told.
            let mut hand_over = move |chunk| drop(chunks.send(chunk));
            let reading = scope.spawn(move || read_all(checkpoints, &mut hand_over));
            inbox.iter().for_each(take_in);
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?,
    };
    let mut recovered =
        Recovered { stock, sequence: began, last, replayed: 0, checkpointed: began };
    let (next, earliest) = (began.saturating_add(1), log.earliest_sequence());
    if next < earliest {
        return Err(StartError::CheckpointGone { began, earliest });
    }
    replay(&mut recovered, &mut log.frames_from(next), until, go_on)?;
    Ok(recovered)
}

/// Sends the entries of all files in an order in which memory can take them; returns the record behind
/// which the log must be replayed.
fn read_all(
    checkpoints: &CheckpointStore,
    to: &mut dyn FnMut(Vec<Entry>),
) -> Result<u64, StartError> {
    let slices: Vec<u16> = checkpoints.slices().collect();
    let (rest, partitions) = slices.split_last().expect("there is a slice for the rest");
    // What belongs to no partition is named by the partitions, so it comes first; reservations need
    // the items of their lines, so they come last.
    let rest = checkpoints.load(*rest)?;
    let mut began = rest.as_ref().map_or(0, CheckpointFile::began);
    send(rest.as_ref(), to, |kind| !checkpoint::is_promise(kind))?;
    for slice in partitions {
        let file = checkpoints.load(*slice)?;
        began = began.min(file.as_ref().map_or(0, CheckpointFile::began));
        send(file.as_ref(), to, |_| true)?;
    }
    send(rest.as_ref(), to, checkpoint::is_promise)?;
    Ok(began)
}

fn send(
    file: Option<&CheckpointFile>,
    to: &mut dyn FnMut(Vec<Entry>),
    wanted: impl Fn(u8) -> bool,
) -> Result<(), StartError> {
    let Some(file) = file else { return Ok(()) };
    let mut chunk = Vec::with_capacity(CHUNK);
    for stored in file.entries() {
        let stored = stored?;
        if !wanted(stored.kind) {
            continue;
        }
        let (kind, version, sequence) = (stored.kind, stored.version, stored.sequence);
        let entry = checkpoint::decode(kind, version, sequence, stored.payload)
            .map_err(|error| StartError::Undecodable { sequence: 0, what: error.to_string() })?;
        chunk.push(entry);
        if chunk.len() == CHUNK {
            to(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)));
        }
    }
    to(chunk);
    Ok(())
}

fn put(stock: &mut Stock, last: &mut Timestamp, entry: Entry) {
    match entry {
        Entry::Tenant { number, id } => stock.restore_tenant(number, &id),
        Entry::Item(item) => stock.restore_item(&item),
        Entry::Location { location, bins } => stock.restore_location(&location, bins),
        Entry::Position { number, position } => stock.restore_position(number, position),
        Entry::Reservation(reservation) => stock.restore_reservation(&reservation),
        Entry::Transfer(transfer) => stock.restore_transfer(transfer),
        Entry::Keys(keys) => keys.into_iter().for_each(|key| stock.restore_key(key)),
        Entry::Source(mark) => stock.restore_source(&mark.last, mark.sequence),
        Entry::Stream { name, generation, sequence } => {
            stock.restore_stream(&name, generation, sequence);
        }
        Entry::Letter(letter) => stock.restore_letter(&letter),
        Entry::Job(job) => stock.restore_job(*job),
        Entry::Events(events) => events.into_iter().for_each(|event| stock.restore_event(event)),
        Entry::Clock { at, .. } => *last = at.max(*last),
    }
}

/// Applies all records from where the cursor stands up to `until`.
fn replay(
    recovered: &mut Recovered,
    cursor: &mut FrameCursor,
    until: u64,
    go_on: &dyn Fn() -> bool,
) -> Result<(), StartError> {
    while cursor.next_sequence() <= until
        && go_on()
        && let Some(frame) = cursor.next_frame()?
    {
        for stored in frame.records().take_while(|stored| stored.sequence <= until) {
            let change =
                record::decode(stored.kind, stored.version, stored.sequence, stored.payload)
                    .map_err(|error| StartError::Undecodable {
                        sequence: stored.sequence,
                        what: error.to_string(),
                    })?;
            recovered.stock.apply(&change, stored.sequence);
            recovered.last = change.at.max(recovered.last);
            recovered.sequence = stored.sequence;
            recovered.replayed = recovered.replayed.saturating_add(1);
        }
        recovered.stock.forget(recovered.last, usize::MAX, u64::MAX);
    }
    Ok(())
}

/// Reads and decodes one record.
///
/// # Errors
/// The record cannot be read or understood.
pub(crate) fn read_change(
    log: &dyn ReadLog,
    sequence: u64,
) -> Result<Option<onhand_domain::change::Change>, LogError> {
    let Some(stored) = log.record(sequence)? else { return Ok(None) };
    record::decode(stored.kind, stored.version, stored.sequence, &stored.payload).map(Some).map_err(
        |error| LogError::Damaged {
            file: std::path::PathBuf::new(),
            sequence,
            what: error.to_string(),
        },
    )
}
