//! Retention: segments that nobody needs any more go, and leave an opening: the state of then, from which
//! `verify`, a start without checkpoints and a rebuilt index begin.
//!
//! A segment goes when it is complete, contained in every checkpoint, indexed, published by every sink,
//! and all of it is older than the retention; a record that an open dead letter needs holds it. The
//! opening is written first; from the moment at which the directory names it, the segments are left over.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use onhand_domain::decide::OCCURRED_AHEAD_MS_MAX;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;
use onhand_storage::{CheckpointStore, DataDirectory, LogReader, lower_priority};

use crate::error::StartError;
use crate::history::{KeptSince, latest_of};
use crate::hopper::receive_within;
use crate::index_keeper;
use crate::record::checkpoint::VERSION;
use crate::record::decode;
use crate::recovery::{Recovered, read_change, recover_to};
use crate::snapshot::{self, Place, Portion};
use crate::status::Figures;
use crate::view::View;

/// How often it is looked whether something may go.
const LOOK: Duration = Duration::from_secs(1);
/// The next look after one that failed comes so many looks later.
const LOOKS_AFTER_FAILURE: u32 = 60;

/// What is told to the thread: nothing; it ends when nobody could.
pub(crate) enum Order {}

/// Its parts.
pub(crate) struct Retention {
    pub(crate) directory: Arc<DataDirectory>,
    pub(crate) log: LogReader,
    pub(crate) figures: Arc<Figures>,
    pub(crate) view: Arc<View>,
    pub(crate) kept: Arc<KeptSince>,
    pub(crate) index: SyncSender<index_keeper::Order>,
    pub(crate) rules: Rules,
    /// Age below which everything is kept.
    pub(crate) keep: Duration,
    /// The last record that every sink has published.
    pub(crate) published: Box<dyn Fn() -> u64 + Send>,
}

impl Retention {
    /// Runs until nobody can give orders any more.
    pub(crate) fn run(self, orders: &Receiver<Order>) {
        lower_priority();
        let mut pause = 0;
        while let Ok(None) = receive_within(orders, LOOK) {
            if pause > 0 {
                pause -= 1;
                continue;
            }
            let go_on =
                || !matches!(orders.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
            if let Err(error) = self.look(&go_on) {
                tracing::warn!(%error, "old segments stay for now");
                pause = LOOKS_AFTER_FAILURE;
            }
        }
    }

    /// Lets segments go, all that may.
    fn look(&self, go_on: &dyn Fn() -> bool) -> Result<(), StartError> {
        if self.directory.is_history_held() {
            // A backup or a proof reads it; the next look will do.
            return Ok(());
        }
        let Some((segment, last, at)) = self.last_to_go()? else { return Ok(()) };
        let make = || Stock::new(self.rules, 0);
        let state = self.directory.opening_state();
        let stood = recover_to(make(), &state, &self.log, last, go_on)?;
        if stood.sequence != last {
            // It was told to end.
            return Ok(());
        }
        let (slot, next) = self.directory.next_opening_state()?;
        if !self.write(&stood, &next, go_on)? {
            return Ok(());
        }
        let told = self.latest_told(last, at)?;
        let left = self.directory.forget_up_to(&self.log, segment, slot, told.millis())?;
        let Some(opening) = left else { return Ok(()) };
        self.kept.tell(opening.sequence, told);
        // Without an index thread the next start removes its files.
        drop(self.index.send(index_keeper::Order::Forget(opening.sequence)));
        tracing::info!(segment, last, "history up to this record is not kept any more");
        Ok(())
    }

    /// The last segment that may go with all before it, its last record, and when that was decided.
    fn last_to_go(&self) -> Result<Option<(u32, u64, Timestamp)>, StartError> {
        let letter = self.view.oldest_open_letter().map_or(u64::MAX, |number| number - 1);
        let (published, indexed) = ((self.published)(), self.figures.indexed());
        let bounds = [self.figures.checkpoint_began(), published, indexed, letter];
        let bound = bounds.into_iter().min().unwrap_or(0);
        let keep_ms = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        let oldest = self.figures.now().plus_millis(keep_ms.saturating_neg());
        let ranges = self.log.segment_ranges();
        let complete = ranges.split_last().map_or(&[][..], |(_, complete)| complete);
        let mut found = None;
        for (segment, _, last) in complete.iter().take_while(|(_, _, last)| *last <= bound) {
            match read_change(&self.log, *last)? {
                Some(change) if change.at < oldest => found = Some((*segment, *last, change.at)),
                _ => break,
            }
        }
        Ok(found)
    }

    /// The latest instant that a record up to `last`, which was decided at `at`, tells of: a till's clock may
    /// have been ahead.
    fn latest_told(&self, last: u64, at: Timestamp) -> Result<Timestamp, StartError> {
        let (mut latest, mut next) = (at, last);
        loop {
            let frames = self.log.frames_back(next)?;
            if frames.is_empty() {
                return Ok(latest);
            }
            for frame in frames {
                next = frame.header().first_sequence.saturating_sub(1);
                let mut is_near = false;
                for stored in frame.records() {
                    let change =
                        decode(stored.kind, stored.version, stored.sequence, stored.payload);
                    let Ok(change) = change else { continue };
                    is_near |= change.at.plus_millis(OCCURRED_AHEAD_MS_MAX) > at;
                    latest = latest.max(latest_of(&change));
                }
                if !is_near {
                    return Ok(latest);
                }
            }
        }
    }

    /// Writes the state, slice by slice; false when it was told to end.
    fn write(
        &self,
        stood: &Recovered,
        store: &CheckpointStore,
        go_on: &dyn Fn() -> bool,
    ) -> Result<bool, StartError> {
        for slice in store.slices() {
            let mut file = store.begin(slice, stood.sequence)?;
            let mut place = snapshot::begin(slice, self.rules.partitions);
            while place != Place::End {
                if !go_on() {
                    return Ok(false);
                }
                let mut portion = Portion::default();
                let (sequence, at) = (stood.sequence, stood.last);
                place = snapshot::walk(&stood.stock, slice, place, sequence, at, &mut portion);
                let mut start = 0;
                for entry in &portion.entries {
                    let payload = &portion.bytes[start..entry.end];
                    file.push(entry.kind, VERSION, entry.sequence, payload)?;
                    start = entry.end;
                }
            }
            file.finish()?.install()?;
        }
        Ok(true)
    }
}
