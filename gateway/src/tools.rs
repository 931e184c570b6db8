//! What the tools of the command line ask of a running server, and how long work of theirs stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use onhand_engine::SourcePort;
use onhand_storage::Going;
use parking_lot::Mutex;

use crate::exit::Stop;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};

/// How much less eager than selling a chore is: the difference of two steps of niceness is a quarter of
/// the processor.
const NICENESS: i32 = 10;

/// The server's side of the tools.
pub(crate) struct Tools {
    /// Opens what may write files; stands in `server.json`.
    pub(crate) token: String,
    /// How fast chores read and write beside selling; 0: as fast as they go.
    pub(crate) bytes_per_second: u64,
    /// The one way in of imports: slices come one after the other.
    pub(crate) import: Mutex<Option<SourcePort>>,
    /// Taking a backup.
    pub(crate) backup: Arc<Chore>,
    /// Verifying.
    pub(crate) verify: Arc<Chore>,
}

impl Tools {
    /// Nothing was asked yet.
    pub(crate) fn new(token: String, bytes_per_second: u64) -> Self {
        Self {
            token,
            bytes_per_second,
            import: Mutex::default(),
            backup: Arc::default(),
            verify: Arc::default(),
        }
    }

    /// Insists on the token of `server.json`: whoever asks may read our files.
    ///
    /// # Errors
    /// 401 `UNAUTHENTICATED`.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if given.and_then(|given| given.strip_prefix("Bearer ")) == Some(self.token.as_str()) {
            return Ok(());
        }
        let detail = "this call writes files on the server: it needs the token of `server.json`";
        Err(Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, detail))
    }

    /// Ends all chores and waits for them; nothing new may come.
    pub(crate) fn stop(&self) {
        self.backup.stop();
        self.verify.stop();
        self.import.lock().take();
    }
}

/// Work on a thread of its own, at most one of its kind at a time. The last result is kept.
#[derive(Default)]
pub(crate) struct Chore {
    state: Mutex<State>,
    is_stopped: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    number: u32,
    standing: Standing,
}

/// How a chore stands.
#[derive(Default, Clone)]
enum Standing {
    /// Nobody has asked.
    #[default]
    Never,
    Running {
        done: u64,
        total: u64,
    },
    /// Members of the answer.
    Done(Vec<u8>),
    Failed(Stop),
}

impl Chore {
    /// Tells how far it has come, and hears whether to go on.
    pub(crate) fn go_on(&self, done: u64, total: u64) -> Going {
        self.state.lock().standing = Standing::Running { done, total };
        if self.is_stopped.load(Ordering::Relaxed) { Going::Stop } else { Going::On }
    }

    /// Starts; returns the number of this run. `work` writes the members of its result.
    ///
    /// # Errors
    /// 409 `INVALID_STATE` while another one runs or the process stops; 500.
    pub(crate) fn start(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce(&Self) -> Result<Json, Stop> + Send + 'static,
    ) -> Result<u32, Problem> {
        let number = {
            let mut state = self.state.lock();
            let is_running = matches!(state.standing, Standing::Running { .. });
            if is_running || self.is_stopped.load(Ordering::Relaxed) {
                let detail = "another one is under way, or the process is stopping";
                return Err(Problem::new(StatusCode::CONFLICT, Code::InvalidState, detail));
            }
            state.standing = Standing::Running { done: 0, total: 0 };
            state.number += 1;
            state.number
        };
        let chore = Arc::clone(self);
        let run = move || {
            // Who sells goes first; if the system will not have it, the throttle still holds.
            let _ = rustix::process::nice(NICENESS);
            let ended = match work(&chore) {
                Ok(json) => Standing::Done(json.into_bytes()),
                Err(stop) => Standing::Failed(stop),
            };
            chore.state.lock().standing = ended;
        };
        match std::thread::Builder::new().name(name.to_owned()).spawn(run) {
            Ok(thread) => {
                *self.thread.lock() = Some(thread);
                Ok(number)
            }
            Err(error) => {
                self.state.lock().standing = Standing::Never;
                Err(Problem::internal(format!("a thread could not be started: {error}")))
            }
        }
    }

    /// Writes `id, status, done, total` and what came out.
    pub(crate) fn write(&self, json: &mut Json) {
        let state = self.state.lock();
        json.number("id", state.number);
        match &state.standing {
            Standing::Never => json.text("status", "never"),
            Standing::Running { done, total } => {
                json.text("status", "running");
                json.number("done", *done);
                json.number("total", *total);
            }
            Standing::Done(members) => {
                json.text("status", "done");
                json.members(members);
            }
            Standing::Failed(stop) => {
                json.text("status", "failed");
                json.number("exitCode", stop.exit.code());
                json.text("error", &stop.message);
            }
        }
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a chore panicked");
        }
    }
}
