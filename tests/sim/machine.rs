//! The engine without its threads: writer core, lanes, log, release, view, checkpoints, index, recall
//! and recovery, all real, one call after the other, on a disk and a clock that are simulated.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use onhand_domain::decide::Recall;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;
use onhand_engine::checkpoint::SliceWriter;
use onhand_engine::clock::ClockState;
use onhand_engine::error::StartError;
use onhand_engine::history::{Archive, RecentRows};
use onhand_engine::index_keeper::Indexer;
use onhand_engine::recovery::{Recovered, recover};
use onhand_engine::release::Releaser;
use onhand_engine::snapshot::{self, Place, Portion};
use onhand_engine::verify::verify_with;
use onhand_engine::view::View;
use onhand_engine::writer::core::{Core, Envelope};
use onhand_engine::writer::filling::Filling;
use onhand_engine::writer::lanes::Lanes;
use onhand_storage::{
    Background, CheckpointStore, DataDirectory, FinishedCheckpoint, LogReader, LossyDisk,
    SegmentedLog, StorageConfig,
};

use crate::model::Model;

/// Names a call that waits for its answer.
pub(crate) type Ticket = u64;

/// Age in milliseconds above which a recall is read again: less than what has ended stays in memory.
const RECALL_AGE_MS_MAX: i64 = 200;
/// Records whose rows may wait for the index.
const INDEX_RECORDS_MAX: u64 = 40;

/// A frame, and what the world is like when it is durable.
pub(crate) struct Frame {
    pub(crate) filling: Filling<Ticket>,
    pub(crate) model: Rc<Model>,
}

/// How far the checkpoint has come.
pub(crate) enum Checkpoint {
    /// The next slice is to be begun.
    Idle,
    /// A slice is being written.
    Writing(Box<SliceWriter>, Place),
    /// A slice waits until the log knows all that it knows.
    Finished(Box<FinishedCheckpoint>),
}

pub(crate) struct Machine {
    pub(crate) core: Core,
    pub(crate) lanes: Lanes<Ticket>,
    pub(crate) log: SegmentedLog,
    pub(crate) reader: LogReader,
    pub(crate) view: Arc<View>,
    pub(crate) releaser: Releaser,
    pub(crate) archive: Archive,
    pub(crate) recent: Arc<RecentRows>,
    pub(crate) indexer: Indexer,
    /// Rows that the start found missing have been made again; recalls wait for it.
    pub(crate) is_whole: bool,
    pub(crate) clock: ClockState,
    /// The next frame, while it fills.
    pub(crate) filling: Filling<Ticket>,
    /// Closed, and not committed yet.
    pub(crate) sealed: VecDeque<Frame>,
    /// Durable, and not released yet.
    pub(crate) durable: VecDeque<Frame>,
    /// Commands that wait for something from the log.
    pub(crate) recalls: VecDeque<(Envelope<Ticket>, Recall)>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) slice: u16,
    checkpoints: CheckpointStore,
    /// What the disk had refused before this start.
    pub(crate) refusals: u64,
    /// Last: the lock goes when everything else has gone.
    directory: DataDirectory,
}

/// Small, so that runs roll segments; few partitions, so that a round of checkpoints is short.
fn config(rules: &Rules) -> StorageConfig {
    let mut config = StorageConfig::new("data");
    config.segment_bytes = 9_000;
    config.partitions = rules.partitions;
    config.cache_bytes = 1 << 20;
    config.checkpoint_bytes_per_second = 0;
    config
}

/// What `onhand verify` says about the directory.
pub(crate) fn verify(disk: &LossyDisk, rules: &Rules) -> Result<Vec<String>, String> {
    let opened = DataDirectory::open_to_verify_with(config(rules), Arc::new(disk.clone()));
    let directory = opened.map_err(|error| error.to_string())?;
    let report = verify_with(&directory, &mut |_| {}).map_err(|error| error.to_string())?;
    Ok(report.findings)
}

/// What a start has found.
pub(crate) struct Start {
    pub(crate) machine: Machine,
    pub(crate) sequence: u64,
    pub(crate) replayed: u64,
    pub(crate) checkpointed: u64,
    /// What the log has lost, by its own account.
    pub(crate) lost_tail: Option<(u64, u64)>,
}

impl Machine {
    pub(crate) fn start(
        disk: &LossyDisk,
        rules: Rules,
        wall_us: i64,
        tamper: impl FnOnce(Recovered, &LogReader) -> Recovered,
    ) -> Result<Start, StartError> {
        let refusals = disk.refusals();
        let directory = DataDirectory::open_with(config(&rules), Arc::new(disk.clone()))?;
        let (log, reader) = directory.open_log()?;
        let index = directory.index()?;
        let checkpoints = directory.checkpoints();
        let recovered = recover(Stock::new(rules, 7), &checkpoints, &reader)?;
        let recovered = tamper(recovered, &reader);
        let (sequence, replayed) = (recovered.sequence, recovered.replayed);
        let (checkpointed, lost_tail) = (recovered.checkpointed, log.lost_tail());
        let view = View::new();
        view.load(&recovered.stock, sequence, Background::Inline);
        let recent: Arc<RecentRows> = Arc::default();
        let archive = Archive::new(Arc::clone(&recent), index.reader());
        let clock = ClockState::new(wall_us, 0, recovered.last);
        let machine = Self {
            core: Core::new(recovered.stock, sequence, RECALL_AGE_MS_MAX),
            lanes: Lanes::default(),
            log,
            view: Arc::clone(&view),
            releaser: Releaser::new(directory.log_number(), view, Arc::clone(&recent)),
            archive,
            indexer: Indexer::new(index, Arc::clone(&recent), reader.clone(), INDEX_RECORDS_MAX),
            recent,
            reader,
            is_whole: false,
            clock,
            filling: Filling::default(),
            sealed: VecDeque::new(),
            durable: VecDeque::new(),
            recalls: VecDeque::new(),
            checkpoint: Checkpoint::Idle,
            slice: 0,
            checkpoints,
            refusals,
            directory,
        };
        Ok(Start { machine, sequence, replayed, checkpointed, lost_tail })
    }

    /// Goes on with the checkpoint by one step; `durable` is the last record that is on disk.
    pub(crate) fn write_checkpoint(
        &mut self,
        now: Timestamp,
        durable: u64,
    ) -> std::io::Result<&'static str> {
        let sequence = self.core.sequence();
        // Whatever fails, the next round begins anew.
        let before = std::mem::replace(&mut self.checkpoint, Checkpoint::Idle);
        let (next, what) = match before {
            Checkpoint::Idle => {
                let place = snapshot::begin(self.slice, self.directory.partitions());
                let (portion, place) = self.portion(place, now);
                let mut file = SliceWriter::begin(&self.checkpoints, self.slice, sequence)?;
                file.push(&portion)?;
                (Checkpoint::Writing(Box::new(file), place), "begun")
            }
            Checkpoint::Writing(file, Place::End) => {
                (Checkpoint::Finished(Box::new(file.finish()?)), "finished")
            }
            Checkpoint::Writing(mut file, place) => {
                let (portion, place) = self.portion(place, now);
                file.push(&portion)?;
                (Checkpoint::Writing(file, place), "written")
            }
            Checkpoint::Finished(file) if file.highest() > durable => {
                (Checkpoint::Finished(file), "waits for the log")
            }
            Checkpoint::Finished(file) => {
                file.install()?;
                self.slice = (self.slice + 1) % (self.directory.partitions() + 1);
                (Checkpoint::Idle, "installed")
            }
        };
        self.checkpoint = next;
        Ok(what)
    }

    fn portion(&self, place: Place, now: Timestamp) -> (Portion, Place) {
        let mut portion = Portion::default();
        let (stock, sequence) = (self.core.stock(), self.core.sequence());
        let next = snapshot::walk(stock, self.slice, place, sequence, now, &mut portion);
        (portion, next)
    }
}
