//! The threads of an engine: those that host an actor, and those that do blocking work.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use onhand_storage::{DataDirectory, LogReader, SegmentedLog};
use ractor::{ActorCell, ActorRef};

use crate::config::EngineConfig;
use crate::error::StartError;
use crate::history::Archive;
use crate::hopper::{Durable, Hopper, Spacing, run_log};
use crate::port::Ticket;
use crate::status::Figures;
use crate::supervisor::{Alarm, keep};
use crate::writer::actor::Message;
use crate::{checkpoint, index_keeper};

/// An actor on a thread and runtime of its own.
pub(super) struct Hosted<M: ractor::Message> {
    pub(super) actor: ActorRef<M>,
    pub(super) handle: tokio::runtime::Handle,
    pub(super) thread: JoinHandle<()>,
    pub(super) stop: tokio::sync::oneshot::Sender<()>,
}

/// Starts a thread with a runtime, and an actor on it. A panic of the actor is told by its
/// supervisor; one of the runtime under it, which takes the actor with it unheard, raises the alarm.
pub(super) fn host<M: ractor::Message>(
    name: &'static str,
    alarm: &Alarm,
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
    let alarm = alarm.clone();
    let life = async move {
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
    };
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || alarm.guard(name, || runtime.block_on(life)))
        .map_err(|error| failed(&error))?;
    let actor = start.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(Hosted { actor, handle, thread, stop })
}

/// Starts the threads that do blocking work.
pub(super) struct Keepers<'a> {
    pub(super) alarm: &'a Alarm,
    pub(super) root: ActorCell,
    pub(super) runtime: &'a tokio::runtime::Handle,
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

    pub(super) fn log(
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

    pub(super) fn checkpoint(
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

    pub(super) fn index(
        &self,
        config: &EngineConfig,
        store: onhand_storage::IndexStore,
        archive: &Archive,
        log: LogReader,
        figures: &Arc<Figures>,
        recovered: u64,
    ) -> Result<(SyncSender<index_keeper::Order>, JoinHandle<()>), StartError> {
        let (orders, inbox) = sync_channel(1);
        let recent = Arc::clone(&archive.recent);
        let indexer = index_keeper::Indexer::new(store, recent, log, config.index_records_max);
        let indexer = indexer.paced(config.storage.checkpoint_bytes_per_second);
        let keeper = index_keeper::IndexKeeper { indexer, figures: Arc::clone(figures) };
        let thread = self.keep("onhand-index", move || keeper.run(recovered, &inbox))?;
        Ok((orders, thread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FatalCode;
    use crate::gate::Gate;
    use crate::ports::Ports;
    use crate::writer::actor::Message;

    #[test]
    fn a_panic_under_an_actor_ends_the_engine() {
        let alarm = Alarm { gate: Arc::new(Gate::default()), ports: Arc::new(Ports::default()) };
        let hosted = host::<Message>("planted", &alarm, async { panic!("in the runtime") });
        assert!(hosted.is_err());
        // Who started it hears of the end before the alarm is raised.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while alarm.gate.fatal().is_none() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        let fatal = alarm.gate.fatal().expect("the alarm was raised");
        assert_eq!(fatal.code, FatalCode::CorePanicked);
        assert!(fatal.message.contains("planted failed: in the runtime"), "{}", fatal.message);
    }
}
