//! Supervision: whatever fails inside ends the engine, loudly and once.
//!
//! Memory that may be ahead of the disk is repaired by restart and replay, never by a quiet restart
//! of one part.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use onhand_storage::LogError;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::error::{Fatal, FatalCode, StartError};
use crate::gate::Gate;
use crate::ports::Ports;

/// Closes the gate and answers whoever waits.
#[derive(Clone)]
pub(crate) struct Alarm {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ports: Arc<Ports>,
}

impl Alarm {
    pub(crate) fn raise(&self, fatal: Fatal) {
        self.gate.fail(fatal);
        self.ports.fail_all();
    }

    /// Runs what must never panic; if it does, the engine ends.
    pub(crate) fn guard(&self, part: &str, run: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            self.raise_panic(part, &describe(panic.as_ref()));
        }
    }

    fn raise_panic(&self, part: &str, what: &str) {
        let message = format!(
            "{part} failed: {what}; start again: everything acknowledged is in the log. \
             Please report this with the log line of the panic"
        );
        self.raise(Fatal { code: FatalCode::CorePanicked, message });
    }
}

/// The root of all actors of one engine.
pub(crate) struct Supervisor;

impl Actor for Supervisor {
    type Msg = ();
    type State = Alarm;
    type Arguments = Alarm;

    async fn pre_start(
        &self,
        _myself: ActorRef<()>,
        alarm: Alarm,
    ) -> Result<Alarm, ActorProcessingErr> {
        Ok(alarm)
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<()>,
        event: SupervisionEvent,
        alarm: &mut Alarm,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(who, error) = event {
            let name = who.get_name().unwrap_or_else(|| "a part of the engine".to_owned());
            alarm.raise_panic(&name, &error.to_string());
        }
        Ok(())
    }
}

/// Keeps a thread of its own that does blocking work.
pub(crate) struct Keeper;

/// How a kept thread has ended.
pub(crate) enum Ended {
    /// Because it was told to.
    Done,
    /// The log can no longer be written or read.
    Log(LogError),
    /// It panicked.
    Panicked(String),
}

/// What is known about a kept thread.
pub(crate) struct Kept {
    pub(crate) name: &'static str,
    pub(crate) alarm: Alarm,
}

impl Actor for Keeper {
    type Msg = Ended;
    type State = Kept;
    type Arguments = Kept;

    async fn pre_start(
        &self,
        _myself: ActorRef<Ended>,
        kept: Kept,
    ) -> Result<Kept, ActorProcessingErr> {
        Ok(kept)
    }

    async fn handle(
        &self,
        myself: ActorRef<Ended>,
        ended: Ended,
        kept: &mut Kept,
    ) -> Result<(), ActorProcessingErr> {
        match ended {
            Ended::Done => {}
            Ended::Log(error) => kept.alarm.raise(Fatal::from(&error)),
            Ended::Panicked(what) => kept.alarm.raise_panic(kept.name, &what),
        }
        myself.stop(None);
        Ok(())
    }
}

/// Starts a keeper under the supervisor, and its thread.
pub(crate) async fn keep(
    name: &'static str,
    alarm: &Alarm,
    supervisor: ActorCell,
    work: impl FnOnce() -> Result<(), LogError> + Send + 'static,
) -> Result<JoinHandle<()>, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Thread(format!("{name}: {error}"));
    let kept = Kept { name, alarm: alarm.clone() };
    let (keeper, _) = Actor::spawn_linked(None, Keeper, kept, supervisor)
        .await
        .map_err(|error| failed(&error))?;
    let run = move || {
        let ended = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(())) => Ended::Done,
            Ok(Err(error)) => Ended::Log(error),
            Err(panic) => Ended::Panicked(describe(panic.as_ref())),
        };
        // Without a keeper the engine has ended already.
        let _ = keeper.cast(ended);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| failed(&error))
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended_by(work: impl FnOnce() -> Result<(), LogError> + Send + 'static) -> Option<FatalCode> {
        let alarm = Alarm { gate: Arc::new(Gate::default()), ports: Arc::new(Ports::default()) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (root, supervisor) = Actor::spawn(None, Supervisor, alarm.clone()).await.unwrap();
            let thread = keep("planted", &alarm, root.get_cell(), work).await.unwrap();
            thread.join().expect("the panic went no further");
            for keeper in root.get_children() {
                // The keeper hears of the end before it ends itself.
                let _ = keeper.wait(None).await;
            }
            root.stop(None);
            supervisor.await.unwrap();
        });
        alarm.gate.fatal().map(|fatal| fatal.code)
    }

    #[test]
    fn a_kept_thread_that_panics_ends_the_engine() {
        assert_eq!(ended_by(|| panic!("planted")), Some(FatalCode::CorePanicked));
        assert_eq!(ended_by(|| Ok(())), None, "one that was told to end does not");
    }
}
