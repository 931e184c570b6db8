//! The reader threads: whatever must be read from the log is read here, never by the writer.
//!
//! What commands wait for has threads of its own; the ledger, which reads much at a time, has another
//! one that gives way to all others.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use onhand_storage::{LogError, ReadLog, lower_priority};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::error::{Failure, StartError};
use crate::supervisor::Alarm;

/// Something to be done by a reader thread.
type Job = Box<dyn FnOnce(&dyn ReadLog) + Send>;

/// Reads that may wait for a thread, beyond those of commands (which hold permits).
const JOBS_MAX: usize = 4_096;
/// Reader threads.
const THREADS: usize = 2;
/// Reads of the ledger that may wait for its thread; beyond it they are refused as overload.
const LEDGER_JOBS_MAX: usize = 256;

/// The way to the reader threads.
#[derive(Clone)]
pub(crate) struct Readers {
    jobs: SyncSender<Job>,
    ledger: SyncSender<Job>,
    log: Arc<Shared>,
}

/// The log, until it is closed: whoever still holds a way to the readers must not keep files open.
type Shared = RwLock<Option<Arc<dyn ReadLog>>>;

impl Readers {
    /// Starts the threads; they end when every way to them is gone. A job that panics ends the
    /// engine: whoever waits for its answer would wait forever.
    pub(crate) fn start(log: Arc<dyn ReadLog>, alarm: &Alarm) -> Result<Self, StartError> {
        let log: Arc<Shared> = Arc::new(RwLock::new(Some(log)));
        let (jobs, inbox) = sync_channel::<Job>(JOBS_MAX);
        let inbox = Arc::new(Mutex::new(inbox));
        for number in 0..THREADS {
            let (inbox, log) = (Arc::clone(&inbox), Arc::clone(&log));
            let (name, alarm) = (format!("onhand-reader-{number}"), alarm.clone());
            std::thread::Builder::new()
                .name(name.clone())
                .spawn(move || alarm.guard(&name, || run(&inbox, &log)))
                .map_err(|error| StartError::Thread(error.to_string()))?;
        }
        let (ledger, inbox) = sync_channel::<Job>(LEDGER_JOBS_MAX);
        let of_ledger = Arc::clone(&log);
        let (name, alarm) = ("onhand-ledger", alarm.clone());
        let run_ledger = move || {
            lower_priority();
            alarm.guard(name, || run(&Mutex::new(inbox), &of_ledger));
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run_ledger)
            .map_err(|error| StartError::Thread(error.to_string()))?;
        Ok(Self { jobs, ledger, log })
    }

    /// Lets go of the log; reads that come later are dropped. Waits for those that are running.
    pub(crate) fn close(&self) {
        self.log.write().take();
    }

    /// Hands a job over; gives it back when too many are waiting.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Job> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }

    /// Reads something and waits for it.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn ReadLog) -> Result<R, LogError> + Send + 'static,
    ) -> Result<R, Failure> {
        wait_for(&self.jobs, read).await
    }

    /// Reads something that may take long, beside all that commands wait for.
    pub(crate) async fn read_ledger<R: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn ReadLog) -> Result<R, LogError> + Send + 'static,
    ) -> Result<R, Failure> {
        wait_for(&self.ledger, read).await
    }
}

async fn wait_for<R: Send + 'static>(
    jobs: &SyncSender<Job>,
    read: impl FnOnce(&dyn ReadLog) -> Result<R, LogError> + Send + 'static,
) -> Result<R, Failure> {
    let (sender, receiver) = oneshot::channel();
    let job: Job = Box::new(move |log| {
        // Whoever asked may be gone; then nobody needs the answer.
        if !sender.is_closed() {
            let _ = sender.send(read(log));
        }
    });
    jobs.try_send(job).map_err(|_| Failure::Overloaded)?;
    match receiver.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(%error, "the log cannot be read; run `onhand verify`");
            Err(Failure::Internal)
        }
        Err(_) => Err(Failure::Stopping),
    }
}

fn run(inbox: &Mutex<Receiver<Job>>, log: &Shared) {
    loop {
        let job = inbox.lock().recv();
        let Ok(job) = job else { return };
        if let Some(log) = log.read().as_ref() {
            job(log.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use onhand_storage::MemoryLog;

    use super::*;
    use crate::error::FatalCode;
    use crate::gate::Gate;
    use crate::ports::Ports;

    #[test]
    fn a_job_that_panics_ends_the_engine() {
        let alarm = Alarm { gate: Arc::new(Gate::default()), ports: Arc::new(Ports::default()) };
        let log = Arc::new(MemoryLog::new().reader());
        let readers = Readers::start(log, &alarm).expect("threads start");
        assert!(readers.submit(Box::new(|_| panic!("a planted fault"))).is_ok());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let fatal = runtime.block_on(alarm.gate.failed());
        assert_eq!(fatal.code, FatalCode::CorePanicked);
        assert!(fatal.message.contains("onhand-reader-"), "{}", fatal.message);
        assert!(fatal.message.contains("a planted fault"), "{}", fatal.message);
    }
}
