//! Proof beside a running engine: on what is durable, in pieces, without stopping anybody.
//!
//! Memory is built a second time from the log. To compare it with the memory that decides, the writer is
//! asked for a few entries at a time, as a checkpoint asks; each portion says as of which record it is,
//! and the second memory is taken exactly that far before the two are compared.

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use onhand_domain::position::PositionNumber;
use onhand_domain::stock::Stock;
use onhand_storage::{
    ChainReport, DataDirectory, Frame, FrameCursor, Going, LogError, LogReader, Throttle,
};

use super::{Compared, Proof, Report, difference};
use crate::engine::Engine;
use crate::error::StartError;
use crate::record::checkpoint::{self, Entry, VERSION};
use crate::snapshot::Place;
use crate::writer::actor::{Message, Walked};

/// How often it is looked whether the log has come as far as memory.
const DURABLE_LOOK: Duration = Duration::from_millis(1);

/// How far a proof has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What was walked so far.
    pub chain: ChainReport,
    /// The record that was the last one when it began.
    pub until: u64,
    /// Positions that were compared with memory so far.
    pub compared: u64,
}

/// What to do besides the log and its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Nothing.
    Sums,
    /// Compare it with the memory that decides.
    Rebuild,
}

impl Engine {
    /// Walks the log from its first kept record to what is durable now, at most so many bytes a second (0: as
    /// fast as it goes), and checks the sums; compares the result with memory if that is asked for.
    /// Meanwhile no segment goes. Blocks. The data directory stays held as long as it runs, so tell it to
    /// stop before [`Engine::shutdown`]. `None`: it was told to stop, or the engine has stopped.
    ///
    /// # Errors
    /// The log cannot be read or understood.
    pub fn verify(
        &self,
        depth: Depth,
        bytes_per_second: u64,
        on_progress: &mut dyn FnMut(&Progress) -> Going,
    ) -> Result<Option<Report>, StartError> {
        let Some((directory, log, rules)) = self.log_to_verify() else { return Ok(None) };
        let _history = directory.hold_history();
        let until = log.durable_sequence();
        let mut walk = Walk {
            proof: Proof::begin(&directory, rules, &log)?,
            frames: log.frames_from(log.earliest_sequence()),
            frame: None,
            done: log.earliest_sequence().saturating_sub(1),
            progress: Progress { chain: empty(&directory, &log), until, compared: 0 },
            throttle: Throttle::new(bytes_per_second),
            on_progress,
            log,
        };
        let walked = walk.to(until).and_then(|()| {
            if depth == Depth::Rebuild { walk.compare_all(self, rules.partitions) } else { Ok(()) }
        });
        match walked {
            Ok(()) => {}
            Err(Ended::Stopped) => return Ok(None),
            Err(Ended::Failed(error)) => return Err(error),
        }
        walk.proof.check_sums();
        let status = self.status();
        let Walk { proof, progress, .. } = walk;
        Ok(Some(Report {
            chain: progress.chain,
            positions: proof.stock.sizes().positions,
            open_reservations: proof.stock.promises().open_count(),
            to_replay: status.log.decided.saturating_sub(status.checkpoint.began),
            compared: if depth == Depth::Rebuild { Compared::Memory } else { Compared::Nothing },
            findings: proof.findings,
        }))
    }
}

fn empty(directory: &DataDirectory, log: &LogReader) -> ChainReport {
    let ranges = log.segment_ranges();
    ChainReport {
        segments: u32::try_from(ranges.len()).unwrap_or(u32::MAX),
        frames: 0,
        records: 0,
        bytes: 0,
        first: ranges.first().map_or(0, |(_, first, _)| *first),
        last: 0,
        last_hash: directory.opening().map_or_else(|| log.genesis(), |opening| opening.hash),
    }
}

/// Why a walk ended early.
enum Ended {
    Stopped,
    Failed(StartError),
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        Self::Failed(error.into())
    }
}

struct Walk<'a> {
    proof: Proof,
    log: LogReader,
    frames: FrameCursor,
    /// The frame that holds the next record.
    frame: Option<Frame>,
    /// The last record in the second memory.
    done: u64,
    progress: Progress,
    throttle: Throttle,
    on_progress: &'a mut dyn FnMut(&Progress) -> Going,
}

impl Walk<'_> {
    /// Takes the second memory on to a record, and waits until that is durable.
    fn to(&mut self, sequence: u64) -> Result<(), Ended> {
        while self.done < sequence {
            let mut last = self.done;
            if let Some(frame) = &self.frame {
                last = frame.header().last_sequence();
                for stored in frame.records() {
                    if stored.sequence > self.done && stored.sequence <= sequence {
                        self.proof.take(&stored).map_err(Ended::Failed)?;
                    }
                }
            }
            self.done = last.min(sequence).max(self.done);
            if self.done < sequence {
                self.next_frame()?;
            }
        }
        Ok(())
    }

    fn next_frame(&mut self) -> Result<(), Ended> {
        loop {
            if let Some(frame) = self.frames.next_frame()? {
                let (header, bytes) = (frame.header(), frame.bytes().len() as u64);
                let chain = &mut self.progress.chain;
                chain.frames += 1;
                chain.records += u64::from(header.count);
                chain.bytes += bytes;
                chain.last = header.last_sequence();
                chain.last_hash = header.hash;
                self.frame = Some(frame);
                let Self { throttle, progress, on_progress, .. } = self;
                return match throttle.spend_asking(bytes, &mut || on_progress(progress)) {
                    Going::On => Ok(()),
                    Going::Stop => Err(Ended::Stopped),
                };
            }
            if (self.on_progress)(&self.progress) == Going::Stop {
                return Err(Ended::Stopped);
            }
            std::thread::sleep(DURABLE_LOOK);
        }
    }

    fn compare_all(&mut self, engine: &Engine, partitions: u16) -> Result<(), Ended> {
        for slice in 0..=partitions {
            self.compare_slice(engine, slice)?;
        }
        Ok(())
    }

    fn compare_slice(&mut self, engine: &Engine, slice: u16) -> Result<(), Ended> {
        let mut walked = self.portion(engine, slice, None)?;
        // What was there when the slice was begun must be found in it.
        let positions = self.proof.stock.sizes().positions;
        let mut seen = HashSet::new();
        loop {
            let mut start = 0;
            for stored in &walked.portion.entries {
                let payload = &walked.portion.bytes[start..stored.end];
                start = stored.end;
                let entry = checkpoint::decode(stored.kind, VERSION, stored.sequence, payload);
                let entry = entry.map_err(|error| {
                    Ended::Failed(StartError::Undecodable { sequence: 0, what: error.to_string() })
                })?;
                if let Entry::Position { number, .. } = &entry {
                    seen.insert(*number);
                    self.progress.compared += 1;
                }
                self.proof.compare_entry(&entry);
            }
            if walked.next == Place::End {
                break;
            }
            walked = self.portion(engine, slice, Some(walked.next))?;
        }
        self.proof.find_missing(slice, positions, &seen);
        Ok(())
    }

    /// The next entries of the memory that decides, with the second memory as of the same record.
    fn portion(
        &mut self,
        engine: &Engine,
        slice: u16,
        place: Option<Place>,
    ) -> Result<Walked, Ended> {
        let (reply, answer) = sync_channel(1);
        let writer = engine.writer().ok_or(Ended::Stopped)?;
        writer.cast(Message::Portion { slice, place, reply }).map_err(|_| Ended::Stopped)?;
        let walked = answer.recv().map_err(|_| Ended::Stopped)?;
        // What was decided last may not be durable yet.
        while self.log.durable_sequence() < walked.sequence {
            if (self.on_progress)(&self.progress) == Going::Stop {
                return Err(Ended::Stopped);
            }
            std::thread::sleep(DURABLE_LOOK);
        }
        self.to(walked.sequence)?;
        Ok(walked)
    }
}

impl Proof {
    /// Compares one thing in memory with what the log says it is.
    fn compare_entry(&mut self, entry: &Entry) {
        const WHOSE: &str = "memory";
        let stock = &self.stock;
        let (is_same, what) = match entry {
            Entry::Position { number, position } => {
                let ours = stock.position(*number);
                for found in difference::of_positions(ours, Some(position), WHOSE) {
                    let name = difference::name_of(&self.stock, *number);
                    self.find(|| format!("{name}: {found}"));
                }
                return;
            }
            Entry::Tenant { number, id } => {
                (stock.tenant(*number) == Some(id), format!("tenant {id}"))
            }
            Entry::Item(item) => {
                (stock.item(item.number) == Some(item), format!("item {}", item.id))
            }
            Entry::Location { location, bins } => {
                let number = location.number;
                let is_same =
                    stock.location(number) == Some(location) && stock.bins(number) == &bins[..];
                (is_same, format!("location {}", location.id))
            }
            Entry::Reservation(held) if held.status.is_open() => {
                let ours = stock.promises().reservation(held.number);
                (ours == Some(held), format!("reservation {}", held.number))
            }
            Entry::Transfer(held) if !held.open().is_zero() => {
                let ours = stock.promises().transfer(held.number);
                (ours == Some(held), format!("transfer {}", held.number))
            }
            Entry::Source(mark) => {
                let ours = stock.sources().mark(&mark.last.stream, mark.last.partition);
                (ours == Some(mark), format!("source {}", mark.last.stream))
            }
            Entry::Stream { name, generation, .. } => {
                (stock.sources().generation(name) == *generation, format!("source {name}"))
            }
            Entry::Letter(letter) => {
                let ours = stock.letters().get(letter.number);
                (ours == Some(letter), format!("dead letter {}", letter.number))
            }
            Entry::Job(job) => {
                let ours = stock.jobs().get(job.number);
                (ours == Some(job), format!("job {}", job.number))
            }
            // What has ended leaves memory when its time has come, keys when newer ones push them out.
            Entry::Reservation(_)
            | Entry::Transfer(_)
            | Entry::Keys(_)
            | Entry::Events(_)
            | Entry::Clock { .. } => return,
        };
        if !is_same {
            self.find(|| format!("{what} differs between the log and memory"));
        }
    }

    /// Positions of a partition that memory lacks.
    fn find_missing(&mut self, slice: u16, below: PositionNumber, seen: &HashSet<PositionNumber>) {
        if slice >= self.stock.rules().partitions {
            return;
        }
        let missing = |stock: &Stock| -> Vec<PositionNumber> {
            let items = stock.partition_items(slice).iter();
            let positions = items.flat_map(|item| stock.item_positions(*item));
            positions.filter(|number| *number < below && !seen.contains(number)).collect()
        };
        for number in missing(&self.stock) {
            let name = difference::name_of(&self.stock, number);
            self.find(|| format!("{name}: is in the log and not in memory"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_domain::catalog::{Item, Location, LocationAttributes, Standing};
    use onhand_domain::change::PositionChange;
    use onhand_domain::ids::{ItemId, LocationId, TenantId};
    use onhand_domain::position::{Alarms, Figures, Position};
    use onhand_domain::quantity::Quantity;
    use onhand_domain::stock::Rules;
    use onhand_domain::time::Timestamp;

    const AT: Timestamp = Timestamp::from_millis(0);

    fn item() -> Item {
        let id = ItemId::parse("tea").expect("valid");
        let (standing, attributes) = (Standing::Current, None);
        let (created_at, updated_at) = (AT, AT);
        Item { number: 0, tenant: 0, id, attributes, standing, version: 1, created_at, updated_at }
    }

    fn location() -> Location {
        Location {
            number: 0,
            tenant: 0,
            id: LocationId::parse("north").expect("valid"),
            attributes: LocationAttributes::default(),
            standing: Standing::Current,
            version: 1,
            created_at: AT,
            updated_at: AT,
        }
    }

    fn position(available: i64, version: u32) -> Position {
        let mut position = Position::new(0, 0, AT);
        let figures = Figures { available: Quantity::units(available), ..Figures::default() };
        let change = PositionChange {
            position: 0,
            opened: None,
            version,
            previous: 0,
            figures,
            average: None,
            sellable: None,
            alarms: Alarms::default(),
            raised: onhand_domain::change::Raised::default(),
            threshold: None,
            terms: None,
        };
        position.take(&change, std::iter::empty(), AT, 7);
        position
    }

    fn proof() -> Proof {
        let mut proof = Proof::new(Rules::default());
        proof.stock.restore_tenant(0, &TenantId::parse("shop").expect("valid"));
        proof.stock.restore_item(&item());
        proof.stock.restore_location(&location(), Vec::new());
        proof.stock.restore_position(0, position(9, 3));
        proof
    }

    fn findings(entry: &Entry) -> Vec<String> {
        let mut proof = proof();
        proof.compare_entry(entry);
        proof.findings
    }

    #[test]
    fn a_position_that_differs_is_named_with_both_figures() {
        let entry = |position| Entry::Position { number: 0, position };
        assert_eq!(findings(&entry(position(9, 3))), [""; 0]);
        let name = "position shop/tea@north (0)";
        let expected = [
            format!("{name}: available is 9 in the log and 6 in memory"),
            format!("{name}: version is 3 in the log and 4 in memory"),
        ];
        assert_eq!(findings(&entry(position(6, 4))), expected);
        let unknown = Entry::Position { number: 1, position: position(1, 1) };
        assert_eq!(findings(&unknown), ["position 1: is in memory and not in the log"]);
    }

    #[test]
    fn other_things_that_differ_are_named() {
        assert_eq!(findings(&Entry::Item(item())), [""; 0]);
        let changed = Entry::Item(Item { version: 2, ..item() });
        assert_eq!(findings(&changed), ["item tea differs between the log and memory"]);
        let id = TenantId::parse("other").expect("valid");
        let tenant = Entry::Tenant { number: 0, id };
        assert_eq!(findings(&tenant), ["tenant other differs between the log and memory"]);
    }

    #[test]
    fn what_memory_lacks_is_named_unless_it_came_later() {
        let slices = |below, seen: &[u32]| {
            let mut proof = proof();
            let seen = seen.iter().copied().collect();
            (0..Rules::default().partitions).for_each(|at| proof.find_missing(at, below, &seen));
            proof.findings
        };
        assert_eq!(slices(1, &[0]), [""; 0]);
        assert_eq!(slices(0, &[]), [""; 0], "it was opened after the walk had begun");
        assert_eq!(
            slices(1, &[]),
            ["position shop/tea@north (0): is in the log and not in memory"]
        );
    }
}
