//! The index: which records concern an order, a reservation, a reference. Rows arrive in runs while
//! a segment grows, and are merged into one file when it is sealed. Nothing is ever written in
//! random order. Everything here can be deleted: it is built again from the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use uuid::Uuid;

use crate::disk::{Disk, StorageBackend};
use crate::error::LogError;
use crate::throttle::Throttle;

mod merged;
mod read;
mod run;

use merged::Merged;
pub use read::IndexReader;
use run::Run;

/// One row: the record `sequence` concerns `key`. What kinds and keys mean belongs to the engine;
/// several rows may share both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexRow {
    /// Name space of the key.
    pub kind: u8,
    /// A number or a hash.
    pub key: u64,
    /// The record.
    pub sequence: u64,
}

/// Length of a row on disk.
const ROW_BYTES: usize = 17;
/// What is written between two syncs.
const SYNC_BYTES: u64 = 1 << 20;

/// A row as it lies on disk: bytes sort like rows.
type RowBytes = [u8; ROW_BYTES];

impl IndexRow {
    fn to_bytes(self) -> RowBytes {
        let mut bytes = [0; ROW_BYTES];
        bytes[0] = self.kind;
        bytes[1..9].copy_from_slice(&self.key.to_be_bytes());
        bytes[9..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }
}

fn sequence_of(row: &RowBytes) -> u64 {
    row.last_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Where the files lie and how they are written.
struct Place {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    identity: Uuid,
}

/// A file of the index, and the records it covers.
enum Part {
    Run(Run),
    Merged(Merged),
}

impl Part {
    fn range(&self) -> (u64, u64) {
        match self {
            Self::Run(run) => run.range,
            Self::Merged(merged) => merged.range,
        }
    }

    fn segment(&self) -> u32 {
        match self {
            Self::Run(run) => run.segment,
            Self::Merged(merged) => merged.segment,
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Run(run) => &run.path,
            Self::Merged(merged) => &merged.path,
        }
    }
}

/// All parts, in ascending order of the records they cover.
type Parts = RwLock<Vec<Arc<Part>>>;

/// Writes the index. One owner, one thread.
pub struct IndexStore {
    place: Arc<Place>,
    parts: Arc<Parts>,
    reader: IndexReader,
    throttle: Throttle,
}

impl IndexStore {
    /// Opens what there is. Files that are damaged, left over, or know of records above `log_end`
    /// are removed: what they held is built again.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        directory: PathBuf,
        identity: Uuid,
        bytes_per_second: u64,
        log_end: u64,
    ) -> Result<Self, LogError> {
        let place = Arc::new(Place { disk, directory, identity });
        let parts: Arc<Parts> = Arc::new(RwLock::new(find(&place, log_end)?));
        let reader = IndexReader::new(parts.clone(), place.clone());
        Ok(Self { place, parts, reader, throttle: Throttle::new(bytes_per_second) })
    }

    /// Rows of all records `1..=covered_to` are on disk; 0 when there are none.
    pub fn covered_to(&self) -> u64 {
        covered_to(&self.parts.read())
    }

    /// Changes the rate of what is written from now on; `None` means unlimited.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.throttle.set_rate(bytes_per_second);
    }

    /// Looks up rows, from any thread.
    pub fn reader(&self) -> IndexReader {
        self.reader.clone()
    }

    /// Writes the rows of the records `first..=last`, which lie in one segment and follow
    /// [`IndexStore::covered_to`]. The order of the rows does not matter; there may be none. May
    /// wait, to keep the rate.
    pub fn append_run(
        &mut self,
        segment: u32,
        first: u64,
        last: u64,
        mut rows: Vec<IndexRow>,
    ) -> Result<(), LogError> {
        assert_eq!(first, self.covered_to() + 1, "a run follows what is covered");
        assert!(first <= last, "a run covers a record");
        let inside = |row: &IndexRow| (first..=last).contains(&row.sequence);
        assert!(rows.iter().all(inside), "rows belong to the records of their run");
        rows.sort_unstable();
        rows.dedup();
        let label = run::Label { segment, range: (first, last) };
        let (name, count) = (run::name(label), rows.len());
        let rows = rows.iter().map(|row| Ok(row.to_bytes()));
        let run = run::write(&self.place, &name, label, count, rows, &mut self.throttle)?;
        let mut parts = self.parts.write();
        parts.push(Arc::new(Part::Run(run)));
        parts.sort_by_key(|part| part.range().0);
        Ok(())
    }

    /// Merges all runs of a segment that is sealed and covered to its end. Without runs (merged
    /// before, or a segment without any) nothing happens. May wait, to keep the rate.
    pub fn merge(&mut self, segment: u32) -> Result<(), LogError> {
        let is_run =
            |part: &&Arc<Part>| part.segment() == segment && matches!(***part, Part::Run(_));
        let sources: Vec<Arc<Part>> = self.parts.read().iter().filter(is_run).cloned().collect();
        if sources.is_empty() {
            return Ok(());
        }
        let runs = sources.iter().filter_map(|part| match &**part {
            Part::Run(run) => Some(run),
            Part::Merged(_) => None,
        });
        let runs: Vec<&Run> = runs.collect();
        let merged = merged::write(&self.place, segment, &runs, &mut self.throttle)?;
        {
            let mut parts = self.parts.write();
            parts.retain(|part| !sources.iter().any(|source| Arc::ptr_eq(source, part)));
            parts.push(Arc::new(Part::Merged(merged)));
            parts.sort_by_key(|part| part.range().0);
        }
        // Readers that are at work keep the removed files open until they are done.
        for source in sources {
            self.place.remove(source.path())?;
        }
        self.place.sync_directory()
    }
}

fn covered_to(parts: &[Arc<Part>]) -> u64 {
    let mut covered = 0;
    for part in parts {
        let (first, last) = part.range();
        if first > covered + 1 {
            break;
        }
        covered = covered.max(last);
    }
    covered
}

impl Place {
    fn io(&self) -> impl Fn(std::io::Error) -> LogError + '_ {
        |source| LogError::io(&self.directory, source)
    }

    fn remove(&self, path: &Path) -> Result<(), LogError> {
        self.disk.remove(path).map_err(|source| LogError::io(path, source))
    }

    fn sync_directory(&self) -> Result<(), LogError> {
        self.disk.sync_directory(&self.directory).map_err(self.io())
    }

    fn create(&self, path: &Path) -> Result<Box<dyn StorageBackend>, LogError> {
        let io = |source| LogError::io(path, source);
        let backend = self.disk.backend(path, true).map_err(io)?;
        backend.set_len(0).map_err(io)?;
        Ok(backend)
    }
}

/// Opens the files that are of use and removes the others.
fn find(place: &Place, log_end: u64) -> Result<Vec<Arc<Part>>, LogError> {
    let mut parts: Vec<Arc<Part>> = Vec::new();
    for name in place.disk.names(&place.directory).map_err(place.io())? {
        let path = place.directory.join(&name);
        let opened = if name.ends_with(".merged") {
            merged::open(place, &path).map(Part::Merged)
        } else if name.ends_with(".run") {
            run::open(place, &path, run::name).map(Part::Run)
        } else if name.ends_with(".new") {
            place.remove(&path)?;
            continue;
        } else {
            continue;
        };
        match opened {
            Ok(part) if part.range().1 <= log_end => parts.push(Arc::new(part)),
            Ok(_) => place.remove(&path)?,
            Err(error @ LogError::Io { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the index file is removed and will be built again");
                place.remove(&path)?;
            }
        }
    }
    parts.sort_by_key(|part| (part.range().0, matches!(**part, Part::Run(_))));
    let merged: Vec<u32> = parts
        .iter()
        .filter(|part| matches!(***part, Part::Merged(_)))
        .map(|part| part.segment())
        .collect();
    let mut kept: Vec<Arc<Part>> = Vec::new();
    for part in parts {
        // A run is of use until it is merged, and while there is no gap before it.
        let is_useful = match &*part {
            Part::Merged(_) => true,
            Part::Run(run) => {
                !merged.contains(&run.segment) && run.range.0 == covered_to(&kept) + 1
            }
        };
        if is_useful {
            kept.push(part);
        } else {
            place.remove(part.path())?;
        }
    }
    place.sync_directory()?;
    Ok(kept)
}
