//! How the process learns that it should end.

use std::io;

use onhand_engine::{Engine, Fatal};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::brokers::kafka::Bridge;
use crate::exit::Exit;

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// Why a running server ends.
#[derive(Debug)]
pub(crate) enum End {
    /// Somebody asked for it.
    Asked,
    /// The engine had to stop by itself.
    Failed(Fatal),
    /// The broker holds what our log does not.
    LostTail(String),
}

impl Signals {
    /// From now on the signals come here. Must be called inside a runtime.
    ///
    /// # Errors
    /// What the operating system said.
    pub(crate) fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal, as the code of a process that it ends at once.
    pub(crate) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.interrupt.recv() => Exit::Interrupted,
        }
    }

    /// Waits for the end of a running server.
    pub(crate) async fn end(&mut self, engine: &Engine, bridge: Option<&Bridge>) -> End {
        let ahead = async {
            match bridge {
                Some(bridge) => bridge.ahead().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            signal = self.next() => {
                tracing::info!(?signal, "stopping");
                End::Asked
            }
            fatal = engine.stopped() => End::Failed(fatal),
            what = ahead => End::LostTail(what),
        }
    }
}
