//! The engine as a whole: started, used, shut down.

mod backup;
mod plan;
mod space;
#[cfg(test)]
mod tests;
mod threads;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use onhand_domain::stock::{Rules, Stock};
use onhand_storage::{Cursors, DataDirectory, LogReader};
use parking_lot::Mutex;
use ractor::ActorRef;

use crate::bell::Bell;
use crate::config::{EngineConfig, LostTail};
use crate::error::{Fatal, StartError};
use crate::gate::Gate;
use crate::history::History;
use crate::hopper::Hopper;
use crate::key_window::KeyWindow;
use crate::outbox::Outbox;
use crate::permits::Permits;
use crate::port::{Port, SourcePort, SourceShare, Ticket};
use crate::ports::Ports;
use crate::publisher::Publisher;
use crate::recovery::recover_directory;
use crate::retention::{self, Retention};
use crate::status::{Figures, LogStatus, Status};
use crate::view::View;
use crate::writer::actor::Message;
use crate::{checkpoint, index_keeper};
use plan::Plan;
use space::SpaceWatch;

/// How long a shutdown waits for commands inside to be answered.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// A running engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Mutex<Option<Arc<DataDirectory>>>,
    log: Mutex<Option<LogReader>>,
    rules: Rules,
    gate: Arc<Gate>,
    ports: Arc<Ports>,
    permits: Arc<Permits>,
    source_share: Arc<SourceShare>,
    bell: Arc<Bell>,
    hopper: Arc<Hopper<Ticket>>,
    view: Arc<View>,
    history: History,
    outbox: Outbox,
    publisher: OnceLock<Publisher>,
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
    rules: Rules,
}

/// Threads and actors.
struct Running {
    stop: Vec<tokio::sync::oneshot::Sender<()>>,
    log: JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
    writer: ActorRef<Message>,
    checkpoint: SyncSender<checkpoint::Order>,
    index: SyncSender<index_keeper::Order>,
    retention: Option<SyncSender<retention::Order>>,
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
        let make = || Stock::new(rules, RandomState::new().hash_one(directory.identity()));
        let recovered = recover_directory(make, &directory, &reader)?;
        tracing::info!(
            sequence = recovered.sequence,
            replayed = recovered.replayed,
            epoch = directory.epoch(),
            "recovered"
        );
        let index = directory.index()?;
        let plan = Plan::new(config, &directory, &reader, &recovered, &index)?;
        let readers = plan.readers.clone();
        let inner = Arc::new(plan.start(config, (log, reader), index, recovered)?);
        let watch = SpaceWatch {
            directory: Arc::downgrade(&directory),
            gate: Arc::clone(&inner.gate),
            figures: Arc::clone(&inner.figures),
            reserve_bytes: inner.fixed.reserve_bytes,
            keys: KeyWindow {
                readers,
                figures: Arc::clone(&inner.figures),
                was_short: Arc::default(),
            },
        };
        watch.start()?;
        Ok(Self { inner })
    }

    /// From now on keeps history only so long. `published` tells the last record that every sink has
    /// published; what it does not contain stays. To be called once; without it everything is kept.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn keep_history(
        &self,
        keep: Duration,
        published: impl Fn() -> u64 + Send + 'static,
    ) -> Result<(), StartError> {
        let inner = &self.inner;
        let directory = inner.directory.lock().clone();
        let (Some(directory), Some(running)) = (directory, &mut *inner.running.lock()) else {
            return Ok(());
        };
        let (orders, inbox) = sync_channel(1);
        let retention = Retention {
            log: inner.log.lock().clone().ok_or_else(|| StartError::Thread("stopped".into()))?,
            directory,
            figures: Arc::clone(&inner.figures),
            view: Arc::clone(&inner.view),
            kept: Arc::clone(&inner.history.archive.kept),
            index: running.index.clone(),
            rules: Rules { partitions: inner.fixed.partitions, ..inner.fixed.rules },
            keep,
            published: Box::new(published),
        };
        let thread = std::thread::Builder::new()
            .name("onhand-retention".to_owned())
            .spawn(move || retention.run(&inbox))
            .map_err(|error| StartError::Thread(error.to_string()))?;
        running.threads.push(thread);
        running.retention = Some(orders);
        Ok(())
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

    /// A way in for a thread that reads an ordered source. One per thread.
    #[must_use]
    pub fn source_port(&self) -> SourcePort {
        SourcePort::new(self.port(), Arc::clone(&self.inner.source_share))
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

    /// Publishing and being told, for those who embed the engine.
    #[must_use]
    pub fn publisher(&self) -> &Publisher {
        let inner = &self.inner;
        inner.publisher.get_or_init(|| {
            let log = inner.fixed.log_number;
            Publisher::new(self.port(), inner.outbox.clone(), inner.history.clone(), log)
        })
    }

    /// The directory, its log and the rules, for a proof; `None` once the engine was shut down.
    pub(crate) fn log_to_verify(&self) -> Option<(Arc<DataDirectory>, LogReader, Rules)> {
        let directory = self.inner.directory.lock().as_ref().map(Arc::clone)?;
        Some((directory, self.inner.log.lock().clone()?, self.inner.rules))
    }

    /// The writer; `None` once the engine was shut down.
    pub(crate) fn writer(&self) -> Option<ActorRef<Message>> {
        self.inner.running.lock().as_ref().map(|running| running.writer.clone())
    }

    /// How far each sink has come; `None` once the engine was shut down. Whoever holds them keeps a
    /// file of the data directory open, so let go of them before [`Engine::shutdown`].
    #[must_use]
    pub fn cursors(&self) -> Option<Cursors> {
        self.inner.directory.lock().as_ref().map(|directory| directory.cursors())
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
            idempotency_window_seconds: 0.0,
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
        drop((running.checkpoint, running.index, running.retention));
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
        self.log.lock().take();
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
