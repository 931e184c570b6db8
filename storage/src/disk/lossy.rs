//! A disk in memory that loses what was not synced, tears it, and fails where it is told to. Every
//! operation that changes something is counted, so that a test can crash at each of them in turn.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Background, Disk, DiskLock, Space, StorageBackend};
use crate::error::OpenError;

mod contents;
mod fault;

use contents::{Change, Contents, Random, size};
pub use fault::{Fault, Lasts, Leaves, Meets};

/// What a crash leaves of the bytes and names that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing: the power failed.
    Synced,
    /// A part that the seed decides: sectors of writes, changes of length, names up to a point.
    Torn {
        /// Where the randomness comes from.
        seed: u64,
    },
    /// Everything: the process was killed, the system went on.
    All,
}

/// Files in memory. Clones share them. Everything runs inline, so that the same calls always are
/// the same operations.
#[derive(Clone, Debug, Default)]
pub struct LossyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Raised by a restart: what was opened before is dead.
    generation: u64,
    operations: u64,
    reads: u64,
    /// How often a planned fault has struck.
    refusals: u64,
    plan: Plan,
    is_off: bool,
    is_locked: bool,
    files: Vec<Contents>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since the last sync of their directory.
    renames: Vec<NameChange>,
    space: Option<Space>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Plan {
    #[default]
    Work,
    CrashAt(u64),
    Refuse(Fault),
}

/// What one operation does to the names of a directory, in one step.
#[derive(Clone, Debug)]
struct NameChange {
    directory: PathBuf,
    entries: Vec<(PathBuf, Option<usize>)>,
}

impl State {
    fn apply_names(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
        for (path, file) in &change.entries {
            match file {
                Some(file) => names.insert(path.clone(), *file),
                None => names.remove(path),
            };
        }
    }

    fn change_names(&mut self, directory: &Path, entries: Vec<(PathBuf, Option<usize>)>) {
        let change = NameChange { directory: directory.to_owned(), entries };
        Self::apply_names(&mut self.names, &change);
        self.renames.push(change);
    }

    fn is_alive(&self, generation: u64) -> io::Result<()> {
        if self.is_off || self.generation != generation {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    /// The fault that meets the next operation of this kind, which is counted.
    fn next(&mut self, meets: Meets) -> Option<Fault> {
        let count = match meets {
            Meets::Changes => &mut self.operations,
            Meets::Reads => &mut self.reads,
        };
        *count += 1;
        let Plan::Refuse(fault) = self.plan else { return None };
        let strikes = fault.strikes(meets, *count);
        self.refusals += u64::from(strikes);
        strikes.then_some(fault)
    }

    /// Counts an operation, does it, and fails it if that is planned; then `refused` tells what it
    /// leaves. A crash lets it begin: it is among what may be torn, and never known to have
    /// succeeded.
    fn operate(
        &mut self,
        generation: u64,
        operation: impl FnOnce(&mut Self),
        refused: impl FnOnce(&mut Self, Leaves),
    ) -> io::Result<()> {
        self.is_alive(generation)?;
        if let Some(fault) = self.next(Meets::Changes) {
            refused(self, fault.leaves);
            return Err(fault.kind.into());
        }
        operation(self);
        match self.plan {
            Plan::CrashAt(at) if at == self.operations => {
                self.is_off = true;
                Err(io::Error::other("the power failed"))
            }
            _ => Ok(()),
        }
    }

    /// Counts a sync. A crash comes before it does anything.
    fn operate_sync(
        &mut self,
        generation: u64,
        sync: impl FnOnce(&mut Self),
        refused: impl FnOnce(&mut Self, Leaves),
    ) -> io::Result<()> {
        let planned = matches!(self.plan, Plan::CrashAt(at) if at == self.operations + 1);
        let sync = |state: &mut Self| {
            if !planned {
                sync(state);
            }
        };
        self.operate(generation, sync, refused)
    }

    fn sync_names(&mut self, directory: &Path) {
        let (synced, rest) = std::mem::take(&mut self.renames)
            .into_iter()
            .partition::<Vec<_>, _>(|change| change.directory == directory);
        self.renames = rest;
        synced.iter().for_each(|change| Self::apply_names(&mut self.durable_names, change));
    }

    /// Names up to a point in time, which differs from directory to directory.
    fn tear_names(&mut self, random: &mut Random) {
        let changes = std::mem::take(&mut self.renames);
        let mut ended: Vec<PathBuf> = Vec::new();
        for change in changes {
            if ended.contains(&change.directory) {
                continue;
            }
            if random.coin() {
                Self::apply_names(&mut self.durable_names, &change);
            } else {
                ended.push(change.directory);
            }
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl LossyDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Operations so far that changed something: writes, syncs, changes of length and of names.
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Fails the power in the middle of the operation with this number, counted from 1.
    pub fn crash_at(&self, operation: u64) {
        self.state.lock().plan = Plan::CrashAt(operation);
    }

    /// Refuses what the fault says.
    pub fn refuse(&self, fault: Fault) {
        self.state.lock().plan = Plan::Refuse(fault);
    }

    /// Reads of files so far.
    pub fn reads(&self) -> u64 {
        self.state.lock().reads
    }

    /// How many operations were refused so far.
    pub fn refusals(&self) -> u64 {
        self.state.lock().refusals
    }

    /// Whether the planned crash has come.
    pub fn is_off(&self) -> bool {
        self.state.lock().is_off
    }

    /// Ends everything that is open, and starts again with what survives. No plan is left.
    pub fn restart(&self, survival: Survival) {
        let mut state = self.state.lock();
        let state = &mut *state;
        match survival {
            Survival::All => {}
            Survival::Synced => {
                state.renames.clear();
                state.files.iter_mut().for_each(|file| file.pending.clear());
            }
            Survival::Torn { seed } => {
                let mut random = Random(seed);
                state.tear_names(&mut random);
                state.files.iter_mut().for_each(|file| file.tear(&mut random));
            }
        }
        if survival != Survival::All {
            state.names = state.durable_names.clone();
            for file in &mut state.files {
                file.current.clone_from(&file.durable);
            }
        }
        state.generation += 1;
        state.plan = Plan::Work;
        state.is_off = false;
        state.is_locked = false;
    }

    /// Says how large the disk is; without it, there is room for everything.
    pub fn set_space(&self, space: Space) {
        self.state.lock().space = Some(space);
    }

    /// All files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.lock().names.keys().cloned().collect()
    }

    /// What is in a file, synced or not.
    pub fn contents(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state.lock();
        Ok(state.files[state.find(path)?].current.clone())
    }

    /// Replaces what is in a file, durably and uncounted: damage, or a backup. Makes it when it is
    /// absent.
    pub fn set_contents(&self, path: &Path, contents: Vec<u8>) {
        let mut state = self.state.lock();
        let contents = Contents { durable: contents.clone(), current: contents, pending: vec![] };
        match state.find(path) {
            Ok(file) => state.files[file] = contents,
            Err(_) => {
                let file = state.files.len();
                state.files.push(contents);
                state.names.insert(path.to_owned(), file);
                state.durable_names.insert(path.to_owned(), file);
            }
        }
    }

    fn open(&self, path: &Path, create: bool) -> io::Result<Box<dyn StorageBackend>> {
        let mut state = self.state.lock();
        let generation = state.generation;
        state.is_alive(generation)?;
        let file = match state.find(path) {
            Ok(file) => file,
            Err(error) if !create => return Err(error),
            Err(_) => {
                let directory = path.parent().unwrap_or(path).to_owned();
                let file = state.files.len();
                let create = |state: &mut State| {
                    state.files.push(Contents::default());
                    state.change_names(&directory, vec![(path.to_owned(), Some(file))]);
                };
                state.operate(generation, create, |_, _| {})?;
                file
            }
        };
        Ok(Box::new(LossyFile { state: self.state.clone(), generation, file }))
    }

    fn operate(&self, operation: impl FnOnce(&mut State)) -> io::Result<()> {
        let mut state = self.state.lock();
        let generation = state.generation;
        state.operate(generation, operation, |_, _| {})
    }
}

#[derive(Debug)]
struct LossyFile {
    state: Arc<Mutex<State>>,
    generation: u64,
    file: usize,
}

impl LossyFile {
    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state.lock();
        let refused = change.clone();
        state.operate(
            self.generation,
            |state| state.files[self.file].change(change),
            |state, leaves| {
                if leaves == Leaves::Half {
                    state.files[self.file].change_half(refused);
                }
            },
        )
    }
}

impl StorageBackend for LossyFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.state.lock();
        state.is_alive(self.generation)?;
        Ok(state.files[self.file].current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        state.is_alive(self.generation)?;
        if let Some(fault) = state.next(Meets::Reads) {
            return Err(fault.kind.into());
        }
        let start = size(offset);
        match state.files[self.file].current.get(start..start + out.len()) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let seed = state.operations;
        state.operate_sync(
            self.generation,
            |state| state.files[self.file].sync(),
            |state, _| state.files[self.file].tear(&mut Random(seed)),
        )
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write { offset, bytes: data.to_vec() })
    }
}

struct LossyLock {
    state: Arc<Mutex<State>>,
    generation: u64,
}

impl DiskLock for LossyLock {}

impl Drop for LossyLock {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if state.generation == self.generation {
            state.is_locked = false;
        }
    }
}

impl Disk for LossyDisk {
    fn backend(&self, path: &Path, create: bool) -> io::Result<Box<dyn StorageBackend>> {
        self.open(path, create)
    }

    fn backend_to_read(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        self.open(path, false)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, OpenError> {
        let mut state = self.state.lock();
        let generation = state.generation;
        state.is_alive(generation).map_err(|source| OpenError::io(path, source))?;
        if std::mem::replace(&mut state.is_locked, true) {
            return Err(OpenError::InUse { pid: None });
        }
        Ok(Box::new(LossyLock { state: self.state.clone(), generation }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.state.lock().find(from)?;
        let directory = to.parent().unwrap_or(to);
        self.operate(|state| {
            let entries = vec![(from.to_owned(), None), (to.to_owned(), Some(file))];
            state.change_names(directory, entries);
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state.lock().find(path)?;
        let directory = path.parent().unwrap_or(path);
        self.operate(|state| state.change_names(directory, vec![(path.to_owned(), None)]))
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        state.is_alive(state.generation)?;
        let mut names: Vec<String> = state
            .names
            .keys()
            .filter_map(|path| path.strip_prefix(directory).ok()?.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Directories are where files are; they need not be made.
    fn create_directory(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let generation = state.generation;
        state.operate_sync(generation, |state| state.sync_names(path), |_, _| {})
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let unlimited = Space { free_bytes: u64::MAX / 2, total_bytes: u64::MAX / 2 };
        Ok(self.state.lock().space.unwrap_or(unlimited))
    }

    fn background(&self) -> Background {
        Background::Inline
    }
}
