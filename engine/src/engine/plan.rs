//! How an engine is put together.

use std::sync::{Arc, OnceLock};

use onhand_domain::stock::Rules;
use onhand_domain::time::Timestamp;
use onhand_storage::{Background, DataDirectory, IndexStore, LogReader, ReadLog, SegmentedLog};
use parking_lot::Mutex;
use ractor::Actor;
use tokio::sync::watch;

use super::threads::{Keepers, host};
use super::{Fixed, Inner, Running};
use crate::bell::Bell;
use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::error::StartError;
use crate::gate::Gate;
use crate::history::{Archive, History};
use crate::hopper::Hopper;
use crate::outbox::Outbox;
use crate::permits::Permits;
use crate::port::Ticket;
use crate::ports::Ports;
use crate::reader::Readers;
use crate::recovery::Recovered;
use crate::release::{self, Release, Releaser};
use crate::status::Figures;
use crate::supervisor::{Alarm, Supervisor};
use crate::view::View;
use crate::writer::actor::{self, Writer};
use crate::writer::core::Core;

/// The shared parts, before anything runs.
pub(super) struct Plan {
    directory: Arc<DataDirectory>,
    alarm: Alarm,
    permits: Arc<Permits>,
    bell: Arc<Bell>,
    hopper: Arc<Hopper<Ticket>>,
    view: Arc<View>,
    pub(super) readers: Readers,
    archive: Archive,
    figures: Arc<Figures>,
    durable: watch::Sender<u64>,
    fixed: Fixed,
}

impl Plan {
    pub(super) fn new(
        config: &EngineConfig,
        directory: &Arc<DataDirectory>,
        reader: &LogReader,
        recovered: &Recovered,
        index: &IndexStore,
    ) -> Result<Self, StartError> {
        let log: Arc<dyn ReadLog> = Arc::new(reader.clone());
        let alarm = Alarm { gate: Arc::new(Gate::default()), ports: Arc::new(Ports::default()) };
        let archive = Archive::new(Arc::default(), index.reader());
        if let Some(opening) = directory.opening() {
            archive.kept.tell(opening.sequence, Timestamp::from_millis(opening.at_ms));
        }
        let figures = Arc::new(Figures::default());
        figures.start_from(recovered.sequence, recovered.checkpointed);
        let view = View::new();
        view.load(&recovered.stock, recovered.sequence, Background::Threads);
        Ok(Self {
            directory: Arc::clone(directory),
            readers: Readers::start(log, &alarm)?,
            alarm,
            permits: Arc::new(Permits::new(config.permits)),
            bell: Arc::new(Bell::default()),
            hopper: Arc::new(Hopper::new()),
            view,
            archive,
            figures,
            durable: watch::Sender::new(recovered.sequence),
            fixed: Fixed {
                identity: directory.identity(),
                log_number: directory.log_number(),
                epoch: directory.epoch(),
                partitions: directory.partitions(),
                replayed: recovered.replayed,
                reserve_bytes: directory.disk_reserve_bytes(),
                rules: config.rules,
            },
        })
    }

    fn writer_parts(&self, config: &EngineConfig, recovered: Recovered) -> actor::Parts {
        let core = Core::new(recovered.stock, recovered.sequence, config.recall_age_ms_max);
        self.figures.tell_writer(&core, recovered.last, 0.0);
        actor::Parts {
            core,
            clock: Clock::new(recovered.last),
            hopper: Arc::clone(&self.hopper),
            ports: Arc::clone(&self.alarm.ports),
            bell: Arc::clone(&self.bell),
            gate: Arc::clone(&self.alarm.gate),
            recalled: Arc::default(),
            readers: self.readers.clone(),
            archive: self.archive.clone(),
            figures: Arc::clone(&self.figures),
        }
    }

    fn release_parts(&self) -> release::Parts {
        release::Parts {
            releaser: Releaser::new(
                self.fixed.log_number,
                Arc::clone(&self.view),
                Arc::clone(&self.archive.recent),
            ),
            ports: Arc::clone(&self.alarm.ports),
            permits: Arc::clone(&self.permits),
            readers: self.readers.clone(),
            hopper: Arc::clone(&self.hopper),
            durable: self.durable.clone(),
            figures: Arc::clone(&self.figures),
        }
    }

    /// Starts all actors and threads.
    pub(super) fn start(
        self,
        config: &EngineConfig,
        (log, reader): (SegmentedLog, LogReader),
        index: IndexStore,
        recovered: Recovered,
    ) -> Result<Inner, StartError> {
        let (sequence, log_reader) = (recovered.sequence, reader.clone());
        let alarm = &self.alarm;
        let held = alarm.clone();
        let supervision = host("onhand-supervisor", alarm, async move {
            Actor::spawn(None, Supervisor, held).await.map(|(actor, _)| actor)
        })?;
        let (root, parts) = (supervision.actor.get_cell(), self.writer_parts(config, recovered));
        let writer = host("onhand-writer", alarm, async move {
            Actor::spawn_linked(None, Writer, parts, root).await.map(|(actor, _)| actor)
        })?;
        let (root, parts) = (supervision.actor.get_cell(), self.release_parts());
        let release = host("onhand-release", alarm, async move {
            Actor::spawn_linked(None, Release, parts, root).await.map(|(actor, _)| actor)
        })?;
        let root = supervision.actor.get_cell();
        let keepers = Keepers { alarm, root, runtime: &supervision.handle };
        let log = keepers.log(config, log, &self.hopper, &self.figures, release.actor.clone())?;
        let (checkpoint, checkpoint_thread) = keepers.checkpoint(
            config,
            &self.directory,
            &reader,
            &self.figures,
            writer.actor.clone(),
        )?;
        let (index, index_thread) =
            keepers.index(config, index, &self.archive, reader, &self.figures, sequence)?;
        let hosts = [writer.thread, release.thread, supervision.thread];
        let threads = [checkpoint_thread, index_thread].into_iter().chain(hosts).collect();
        let stop = vec![writer.stop, release.stop, supervision.stop];
        let writer = writer.actor;
        let running = Running { stop, log, threads, writer, checkpoint, index, retention: None };
        Ok(self.into_inner(config, log_reader, running))
    }

    fn into_inner(self, config: &EngineConfig, log: LogReader, running: Running) -> Inner {
        let outbox = Outbox { readers: self.readers.clone(), durable: self.durable.subscribe() };
        let history =
            History { view: Arc::clone(&self.view), readers: self.readers, archive: self.archive };
        Inner {
            directory: Mutex::new(Some(self.directory)),
            log: Mutex::new(Some(log)),
            rules: Rules { partitions: self.fixed.partitions, ..config.rules },
            gate: self.alarm.gate,
            ports: self.alarm.ports,
            permits: self.permits,
            source_share: Arc::default(),
            bell: self.bell,
            hopper: self.hopper,
            view: self.view,
            history,
            outbox,
            publisher: OnceLock::new(),
            figures: self.figures,
            fixed: self.fixed,
            running: Mutex::new(Some(running)),
        }
    }
}
