//! The engine without its threads: core, log, checkpoints and recovery, one call after the other.

use std::sync::Arc;

use onhand_domain::command::Command;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;
use onhand_engine::error::StartError;
use onhand_engine::record;
use onhand_engine::recovery::recover;
use onhand_engine::snapshot::{self, Place, Portion};
use onhand_engine::verify::verify_with;
use onhand_engine::writer::core::{Core, Envelope};
use onhand_engine::writer::filling::{Filling, Outcome};
use onhand_storage::{DataDirectory, Log, LogError, LossyDisk, SegmentedLog, StorageConfig};

/// Small, so that the workload rolls segments; few partitions, so that a round is short.
fn config() -> StorageConfig {
    let mut config = StorageConfig::new("data");
    config.segment_bytes = 6_000;
    config.partitions = 3;
    config.checkpoint_bytes_per_second = 0;
    config
}

const RULES: Rules = Rules {
    partitions: 3,
    strictness: onhand_domain::stock::Strictness::Lenient,
    key_window: 1_000,
    ended_kept_ms: 1_000,
    event_window: 1_000,
    dead_letters_max: 100,
};

pub(crate) struct Machine {
    pub(crate) core: Core,
    pub(crate) now: Timestamp,
    log: SegmentedLog,
    directory: DataDirectory,
}

impl Machine {
    pub(crate) fn start(disk: &LossyDisk) -> Result<Self, StartError> {
        let directory = DataDirectory::open_with(config(), Arc::new(disk.clone()))?;
        let (log, reader) = directory.open_log()?;
        assert_eq!(log.lost_tail(), None, "a crash loses nothing that was durable");
        let recovered = recover(Stock::new(RULES, 7), &directory.checkpoints(), &reader)?;
        let now = recovered.last.max(Timestamp::from_millis(1_800_000_000_000));
        let core = Core::new(recovered.stock, recovered.sequence, 5_000);
        Ok(Self { core, now, log, directory })
    }

    /// Decides commands and makes them durable in one commit. What comes back may be acknowledged.
    pub(crate) fn act(&mut self, commands: Vec<Command>) -> Result<Vec<Outcome>, LogError> {
        let mut filling = Filling::default();
        self.core.expire_due(self.now, &mut filling);
        for command in commands {
            let envelope = Envelope { command: command.into(), ticket: (), searched: None };
            let recall = self.core.handle(envelope, self.now, &mut filling);
            assert!(recall.is_none(), "the workload asks only for what is in memory");
        }
        if !filling.batch.is_empty() {
            self.log.commit(&filling.batch)?;
        }
        let answered = filling.items.into_iter().filter(|item| item.ticket.is_some());
        Ok(answered.map(|item| item.outcome).collect())
    }

    /// Writes one slice of a checkpoint. The log is durable up to here, so it may be installed.
    pub(crate) fn checkpoint(&mut self, slice: u16) -> std::io::Result<()> {
        let began = self.core.sequence();
        let mut file = self.directory.checkpoints().begin(slice, began)?;
        let mut place = snapshot::begin(slice, RULES.partitions);
        while place != Place::End {
            let mut portion = Portion::default();
            place = snapshot::walk(self.core.stock(), slice, place, began, self.now, &mut portion);
            let mut start = 0;
            for entry in &portion.entries {
                let payload = &portion.bytes[start..entry.end];
                file.push(entry.kind, record::checkpoint::VERSION, entry.sequence, payload)?;
                start = entry.end;
            }
        }
        file.finish()?.install()
    }
}

/// The whole proof of `onhand verify`, on what is there now.
pub(crate) fn verify(disk: &LossyDisk, place: &str) {
    let directory = DataDirectory::open_to_verify_with(config(), Arc::new(disk.clone()))
        .unwrap_or_else(|error| panic!("{place}: {error}"));
    let report =
        verify_with(&directory, &mut |_| {}).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(report.findings, Vec::<String>::new(), "{place}");
}
