//! The engine as a whole: started, used, shut down.

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use onhand_domain::stock::{Rules, Stock};
use onhand_storage::{DataDirectory, LogReader, ReadLog, SegmentedLog};
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorRef};
use tokio::sync::watch;

use crate::bell::Bell;
use crate::clock::Clock;
use crate::config::{EngineConfig, LostTail};
use crate::error::{Fatal, StartError};
use crate::gate::Gate;
use crate::history::{Archive, History, RecentRows};
use crate::hopper::{Durable, Hopper, Spacing, run_log};
use crate::outbox::Outbox;
use crate::permits::Permits;
use crate::port::{Port, Ticket};
use crate::ports::Ports;
use crate::reader::Readers;
use crate::recovery::{Recovered, recover};
use crate::release::{self, Release};
use crate::status::{Figures, LogStatus, Status};
use crate::supervisor::{Alarm, Supervisor, keep};
use crate::view::View;
use crate::writer::actor::{self, Message, Writer};
use crate::writer::core::Core;
use crate::{checkpoint, index_keeper};

/// How long a shutdown waits for commands inside to be answered.
const DRAIN_MAX: Duration = Duration::from_secs(30);
/// How often free space is looked at.
const SPACE_LOOK: Duration = Duration::from_millis(100);

/// A running engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Mutex<Option<Arc<DataDirectory>>>,
    gate: Arc<Gate>,
    ports: Arc<Ports>,
    permits: Arc<Permits>,
    bell: Arc<Bell>,
    hopper: Arc<Hopper<Ticket>>,
    view: Arc<View>,
    history: History,
    outbox: Outbox,
    figures: Arc<Figures>,
    fixed: Fixed,
    running: Mutex<Option<Running>>,
}

/// What does not change while it runs.
#[derive(Clone, Copy)]
struct Fixed {
    identity: uuid::Uuid,
    log_number: u16,
    epoch: u32,
    partitions: u16,
    replayed: u64,
    reserve_bytes: u64,
}

/// Threads and actors.
struct Running {
    stop: Vec<tokio::sync::oneshot::Sender<()>>,
    log: JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
    checkpoint: SyncSender<checkpoint::Order>,
    index: SyncSender<index_keeper::Order>,
}

impl Engine {
    /// Opens the data directory, recovers, and starts. Blocks until commands may come.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(config: &EngineConfig) -> Result<Self, StartError> {
        let directory = Arc::new(DataDirectory::open(config.storage.clone())?);
        let (log, reader) = directory.open_log()?;
        if let Some((found, expected)) = log.lost_tail() {
            if config.lost_tail == LostTail::Refuse {
                return Err(StartError::LostTail { found, expected });
            }
            tracing::warn!(found, expected, "going on without the lost end of the log");
        }
        let rules = Rules { partitions: directory.partitions(), ..config.rules };
        let stock = Stock::new(rules, RandomState::new().hash_one(directory.identity()));
        let recovered = recover(stock, &directory.checkpoints(), &reader)?;
        tracing::info!(
            sequence = recovered.sequence,
            replayed = recovered.replayed,
            epoch = directory.epoch(),
            "recovered"
        );
        let inner = Plan::new(config, &directory, &reader, &recovered)?
            .start(config, log, reader, recovered)?;
        let watch = SpaceWatch {
            directory: Arc::downgrade(&directory),
            gate: Arc::clone(&inner.gate),
            figures: Arc::clone(&inner.figures),
            reserve_bytes: inner.fixed.reserve_bytes,
        };
        watch.start()?;
        Ok(Self { inner })
    }

    /// A way in. One per thread of a door; see [`Port::driver`].
    #[must_use]
    pub fn port(&self) -> Port {
        let inner = &self.inner;
        Port {
            state: inner.ports.add(),
            permits: Arc::clone(&inner.permits),
            bell: Arc::clone(&inner.bell),
            gate: Arc::clone(&inner.gate),
        }
    }

    /// What is durable, for reading.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.inner.view
    }

    /// What has left memory, for reading.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.inner.history
    }

    /// The log, for telling others.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    /// Figures about the engine itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let (inner, fixed) = (&self.inner, &self.inner.fixed);
        let mut status = Status {
            identity: fixed.identity,
            log_number: fixed.log_number,
            epoch: fixed.epoch,
            partitions: fixed.partitions,
            log: LogStatus {
                replayed: fixed.replayed,
                reserve_bytes: fixed.reserve_bytes,
                ..LogStatus::default()
            },
            checkpoint: crate::status::CheckpointStatus::default(),
            closed: inner.gate.closed(),
            permits_used: inner.permits.used(),
            permits_limit: inner.permits.limit(),
            refusals: 0,
            panics: 0,
            open_reservations: 0,
            idempotency_keys: 0,
            sizes: onhand_domain::stock::Sizes { tenants: 0, items: 0, locations: 0, positions: 0 },
            clock_skew_seconds: 0.0,
        };
        inner.figures.fill(&mut status);
        status
    }

    /// Waits until the engine has to stop by itself. The process must end then.
    pub async fn stopped(&self) -> Fatal {
        let gate = Arc::clone(&self.inner.gate);
        gate.failed().await
    }

    /// Takes no more commands, answers those inside, writes a checkpoint, and ends all threads.
    /// Blocks. A second call does nothing.
    ///
    /// # Errors
    /// Why the engine had to stop by itself before.
    pub fn shutdown(&self) -> Result<(), Fatal> {
        self.inner.stop(Ending::Orderly);
        self.inner.gate.fatal().cloned().map_or(Ok(()), Err)
    }
}

/// How an engine ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Drained and written down.
    Orderly,
    /// Dropped: threads end, the next start replays.
    Dropped,
}

impl Inner {
    fn stop(&self, ending: Ending) {
        self.gate.stop();
        let Some(running) = self.running.lock().take() else { return };
        if ending == Ending::Orderly && self.gate.fatal().is_none() {
            self.drain();
            write_down(&running);
        }
        self.hopper.close();
        if running.log.join().is_err() {
            tracing::error!("the log thread panicked");
        }
        drop((running.checkpoint, running.index));
        for stop in running.stop {
            // A runtime that has ended needs no word.
            let _ = stop.send(());
        }
        for thread in running.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
        self.history.readers.close();
        self.directory.lock().take();
    }

    fn drain(&self) {
        let deadline = Instant::now() + DRAIN_MAX;
        while self.permits.used() > 0 && self.gate.fatal().is_none() {
            if Instant::now() > deadline {
                tracing::warn!(
                    left = self.permits.used(),
                    "commands inside were not answered in time"
                );
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop(Ending::Dropped);
    }
}

fn write_down(running: &Running) {
    let (done, finished) = sync_channel(1);
    if running.checkpoint.send(checkpoint::Order::Round(done)).is_ok() {
        match finished.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error, "no checkpoint at the end; the next start replays")
            }
            Err(_) => tracing::warn!("no checkpoint at the end; the next start replays"),
        }
    }
    let (done, finished) = sync_channel(1);
    if running.index.send(index_keeper::Order::Flush(done)).is_ok() {
        // A failure was logged; the next start makes the rows again.
        let _ = finished.recv();
    }
}

/// The shared parts, before anything runs.
struct Plan {
    directory: Arc<DataDirectory>,
    alarm: Alarm,
    permits: Arc<Permits>,
    bell: Arc<Bell>,
    hopper: Arc<Hopper<Ticket>>,
    view: Arc<View>,
    readers: Readers,
    archive: Archive,
    index: onhand_storage::IndexStore,
    figures: Arc<Figures>,
    durable: watch::Sender<u64>,
    fixed: Fixed,
}

impl Plan {
    fn new(
        config: &EngineConfig,
        directory: &Arc<DataDirectory>,
        reader: &LogReader,
        recovered: &Recovered,
    ) -> Result<Self, StartError> {
        let log: Arc<dyn ReadLog> = Arc::new(reader.clone());
        let index = directory.index()?;
        let archive = Archive { recent: Arc::new(RecentRows::default()), index: index.reader() };
        let figures = Arc::new(Figures::default());
        figures.start_from(recovered.sequence, recovered.checkpointed);
        let view = View::new();
        view.load(&recovered.stock, recovered.sequence);
        Ok(Self {
            directory: Arc::clone(directory),
            alarm: Alarm { gate: Arc::new(Gate::default()), ports: Arc::new(Ports::default()) },
            permits: Arc::new(Permits::new(config.permits)),
            bell: Arc::new(Bell::default()),
            hopper: Arc::new(Hopper::new()),
            view,
            readers: Readers::start(log)?,
            archive,
            index,
            figures,
            durable: watch::Sender::new(recovered.sequence),
            fixed: Fixed {
                identity: directory.identity(),
                log_number: directory.log_number(),
                epoch: directory.epoch(),
                partitions: directory.partitions(),
                replayed: recovered.replayed,
                reserve_bytes: directory.disk_reserve_bytes(),
            },
        })
    }

    fn start(
        self,
        config: &EngineConfig,
        log: SegmentedLog,
        reader: LogReader,
        recovered: Recovered,
    ) -> Result<Arc<Inner>, StartError> {
        let (sequence, last) = (recovered.sequence, recovered.last);
        let core = Core::new(recovered.stock, sequence, config.recall_age_ms_max);
        let outbox = Outbox { readers: self.readers.clone(), durable: self.durable.subscribe() };
        let history = History {
            view: Arc::clone(&self.view),
            readers: self.readers.clone(),
            archive: self.archive.clone(),
        };
        let writer_parts = actor::Parts {
            core,
            clock: Clock::new(last),
            hopper: Arc::clone(&self.hopper),
            ports: Arc::clone(&self.alarm.ports),
            bell: Arc::clone(&self.bell),
            gate: Arc::clone(&self.alarm.gate),
            recalled: Arc::default(),
            readers: self.readers.clone(),
            archive: self.archive.clone(),
            figures: Arc::clone(&self.figures),
        };
        let release_parts = release::Parts {
            log: self.fixed.log_number,
            view: Arc::clone(&self.view),
            ports: Arc::clone(&self.alarm.ports),
            permits: Arc::clone(&self.permits),
            readers: self.readers,
            recent: Arc::clone(&self.archive.recent),
            hopper: Arc::clone(&self.hopper),
            durable: self.durable,
            figures: Arc::clone(&self.figures),
        };
        let alarm = &self.alarm;
        let supervision = host("onhand-supervisor", {
            let alarm = alarm.clone();
            async move { Actor::spawn(None, Supervisor, alarm).await.map(|(actor, _)| actor) }
        })?;
        let root = supervision.actor.get_cell();
        let writer = host("onhand-writer", {
            let root = root.clone();
            async move {
                Actor::spawn_linked(None, Writer, writer_parts, root).await.map(|(actor, _)| actor)
            }
        })?;
        let release = host("onhand-release", {
            let root = root.clone();
            async move {
                Actor::spawn_linked(None, Release, release_parts, root)
                    .await
                    .map(|(actor, _)| actor)
            }
        })?;
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
            keepers.index(config, self.index, &self.archive, reader, &self.figures, sequence)?;
        let running = Running {
            stop: vec![writer.stop, release.stop, supervision.stop],
            log,
            threads: vec![
                checkpoint_thread,
                index_thread,
                writer.thread,
                release.thread,
                supervision.thread,
            ],
            checkpoint,
            index,
        };
        Ok(Arc::new(Inner {
            directory: Mutex::new(Some(self.directory)),
            gate: self.alarm.gate,
            ports: self.alarm.ports,
            permits: self.permits,
            bell: self.bell,
            hopper: self.hopper,
            view: self.view,
            history,
            outbox,
            figures: self.figures,
            fixed: self.fixed,
            running: Mutex::new(Some(running)),
        }))
    }
}

/// An actor on a thread and runtime of its own.
struct Hosted<M: ractor::Message> {
    actor: ActorRef<M>,
    handle: tokio::runtime::Handle,
    thread: JoinHandle<()>,
    stop: tokio::sync::oneshot::Sender<()>,
}

/// Starts a thread with a runtime, and an actor on it.
fn host<M: ractor::Message>(
    name: &'static str,
    spawn: impl Future<Output = Result<ActorRef<M>, ractor::SpawnErr>> + Send + 'static,
) -> Result<Hosted<M>, StartError> {
    let failed =
        move |error: &dyn std::fmt::Display| StartError::Thread(format!("{name}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| failed(&error))?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let (started, start) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                let actor = spawn.await;
                let held = actor.as_ref().ok().cloned();
                // Who started us waits for this word.
                let _ = started.send(actor);
                // The sender may be dropped instead of used; both mean the end.
                let _ = stopped.await;
                if let Some(actor) = held {
                    // It ends with its runtime; nothing it holds is needed any more.
                    let _ = actor.stop_and_wait(None, None).await;
                }
            });
        })
        .map_err(|error| failed(&error))?;
    let actor = start.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(Hosted { actor, handle, thread, stop })
}

/// Starts the threads that do blocking work.
struct Keepers<'a> {
    alarm: &'a Alarm,
    root: ActorCell,
    runtime: &'a tokio::runtime::Handle,
}

impl Keepers<'_> {
    fn keep(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), onhand_storage::LogError> + Send + 'static,
    ) -> Result<JoinHandle<()>, StartError> {
        let (alarm, root) = (self.alarm.clone(), self.root.clone());
        let (kept, thread) = sync_channel(1);
        self.runtime.spawn(async move {
            // Who started us waits for this word.
            let _ = kept.send(keep(name, &alarm, root, work).await);
        });
        thread.recv().map_err(|error| StartError::Thread(error.to_string()))?
    }

    fn log(
        &self,
        config: &EngineConfig,
        mut log: SegmentedLog,
        hopper: &Arc<Hopper<Ticket>>,
        figures: &Arc<Figures>,
        release: ActorRef<Durable<Ticket>>,
    ) -> Result<JoinHandle<()>, StartError> {
        let spacing = Spacing {
            at_once_max: config.commit_at_once_max as usize,
            apart: config.commit_spacing,
        };
        let (hopper, figures) = (Arc::clone(hopper), Arc::clone(figures));
        self.keep("onhand-log", move || {
            let send = |durable| {
                // Without a release stage the alarm has been raised already.
                let _ = release.cast(durable);
            };
            run_log(&hopper, &mut log, spacing, send, &figures.commits)
        })
    }

    fn checkpoint(
        &self,
        config: &EngineConfig,
        directory: &DataDirectory,
        reader: &LogReader,
        figures: &Arc<Figures>,
        writer: ActorRef<Message>,
    ) -> Result<(SyncSender<checkpoint::Order>, JoinHandle<()>), StartError> {
        let (orders, inbox) = sync_channel(1);
        let checkpointer = checkpoint::Checkpointer {
            store: directory.checkpoints(),
            writer,
            log: Arc::new(reader.clone()),
            figures: Arc::clone(figures),
            gate: Arc::clone(&self.alarm.gate),
            every_records: config.checkpoint_records,
            replay_records_max: config.replay_records_max,
            bytes_per_second: config.storage.checkpoint_bytes_per_second,
        };
        let thread = self.keep("onhand-checkpoint", move || {
            checkpointer.run(&inbox);
            Ok(())
        })?;
        Ok((orders, thread))
    }

    fn index(
        &self,
        config: &EngineConfig,
        store: onhand_storage::IndexStore,
        archive: &Archive,
        log: LogReader,
        figures: &Arc<Figures>,
        recovered: u64,
    ) -> Result<(SyncSender<index_keeper::Order>, JoinHandle<()>), StartError> {
        let (orders, inbox) = sync_channel(1);
        let keeper = index_keeper::IndexKeeper {
            store,
            recent: Arc::clone(&archive.recent),
            log,
            figures: Arc::clone(figures),
            records_max: config.index_records_max,
        };
        let thread = self.keep("onhand-index", move || {
            keeper.run(recovered, &inbox);
            Ok(())
        })?;
        Ok((orders, thread))
    }
}

/// Looks after free space: below the reserve, writes are refused; above it they are taken again.
struct SpaceWatch {
    directory: Weak<DataDirectory>,
    gate: Arc<Gate>,
    figures: Arc<Figures>,
    reserve_bytes: u64,
}

impl SpaceWatch {
    /// Looks once, then every [`SPACE_LOOK`] until the engine has let go of the directory.
    fn start(self) -> Result<(), StartError> {
        self.look();
        let watch = move || {
            while self.look() {
                std::thread::sleep(SPACE_LOOK);
            }
        };
        let thread = std::thread::Builder::new().name("onhand-space".to_owned()).spawn(watch);
        thread.map(|_| ()).map_err(|error| StartError::Thread(error.to_string()))
    }

    fn look(&self) -> bool {
        let Some(directory) = self.directory.upgrade() else { return false };
        match directory.free_bytes() {
            Ok(free) => {
                self.figures.tell_free(free);
                self.gate.set_storage_full(free < self.reserve_bytes);
            }
            Err(error) => tracing::warn!(%error, "free space is not known"),
        }
        true
    }
}
