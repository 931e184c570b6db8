//! Servers that a comparison starts, and ends again: only its own, whatever happens.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::TempDir;

use crate::ceiling::LISTENING;
use crate::client::Client;
use crate::failure::Failure;
use crate::process::Footprint;

/// How long a server may take until it is ready: minutes, when it has tens of millions of records to
/// replay.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How long a server may take to stop in good order.
const STOP_LIMIT: Duration = Duration::from_secs(300);
/// Pause between looks at a server that starts or stops: how exact the times of both are.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// The data directory, within that of a server.
const DATA: &str = "data";
/// Where a server writes its address, within its data directory.
const SERVER_FILE: &str = "server.json";

/// Which `onhand` is started, and where its data lies.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Installation {
    /// The program `onhand`; by default the one beside this program.
    #[arg(long)]
    pub onhand_binary: Option<PathBuf>,
    /// Where its data directory is made and removed again; not a RAM disk.
    #[arg(long)]
    pub data_parent: Option<PathBuf>,
}

impl Installation {
    /// Starts it on a free port with empty data in a directory of its own, with these settings in its
    /// environment.
    ///
    /// # Errors
    /// When it does not start, or is not ready in time.
    pub fn start(&self, environment: &[(&str, String)]) -> Result<Server, Failure> {
        let binary = match &self.onhand_binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("onhand"),
        };
        Server::onhand(&binary, self.data_parent.as_deref(), environment)
    }
}

/// A running child process. It is killed when this is dropped, and its data removed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it was ready.
    pub ready_after: Duration,
    /// Of `onhand`; the ceiling has none.
    installed: Option<Installed>,
}

#[derive(Debug)]
struct Installed {
    binary: PathBuf,
    /// Removed after the process has ended.
    directory: TempDir,
}

/// Kills the process when a start fails halfway.
struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself, which is as good.
    let _ = child.kill();
    let _ = child.wait();
}

#[derive(Deserialize)]
struct ServerFile {
    listen: SocketAddr,
}

impl Server {
    /// Starts this program as the ceiling server on a free port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn ceiling() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["ceiling", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        let mut starting = Starting(Some(child));
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix(LISTENING).and_then(|text| text.parse().ok());
        match (address, starting.0.take()) {
            (Some(address), Some(child)) => {
                Ok(Self { child, address, ready_after: Duration::ZERO, installed: None })
            }
            (_, child) => {
                starting.0 = child;
                Err(Failure::Start { server: "the ceiling".into(), detail: line })
            }
        }
    }

    fn onhand(
        binary: &Path,
        data_parent: Option<&Path>,
        environment: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let directory = match data_parent {
            Some(parent) => tempfile::Builder::new().prefix("loadtest-").tempdir_in(parent)?,
            None => tempfile::Builder::new().prefix("loadtest-").tempdir()?,
        };
        serve(Installed { binary: binary.to_owned(), directory }, environment)
    }

    /// Kills it and starts `onhand serve` on the same data, with these settings in its environment.
    ///
    /// # Errors
    /// When it does not start, or is not ready in time.
    pub fn restart(mut self, environment: &[(&str, String)]) -> Result<Self, Failure> {
        end(&mut self.child);
        self.start_again(environment)
    }

    /// Stops it in good order and starts it on the same data. Also says how long the stop took.
    ///
    /// # Errors
    /// When it does not stop, does not start, or is not ready in time.
    pub fn restart_orderly(
        mut self,
        environment: &[(&str, String)],
    ) -> Result<(Self, Duration), Failure> {
        let begun = Instant::now();
        let asked = kill_process(Pid::from_child(&self.child), Signal::TERM);
        asked.map_err(std::io::Error::from)?;
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > STOP_LIMIT {
                return Err(Failure::Stalled("the server does not stop".into()));
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        let took = begun.elapsed();
        Ok((self.start_again(environment)?, took))
    }

    fn start_again(mut self, environment: &[(&str, String)]) -> Result<Self, Failure> {
        let installed = self.installed.take().expect("only the ceiling is never started again");
        // What the last process wrote is not where the new one listens.
        match std::fs::remove_file(installed.directory.path().join(DATA).join(SERVER_FILE)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause.into()),
            _ => {}
        }
        serve(installed, environment)
    }

    /// What it uses, where the system tells.
    #[must_use]
    pub fn footprint(&self) -> Option<Footprint> {
        Footprint::of(self.child.id())
    }
}

/// Starts `onhand serve` in its directory and waits until it is ready.
fn serve(installed: Installed, environment: &[(&str, String)]) -> Result<Server, Failure> {
    let (binary, directory) = (&installed.binary, installed.directory.path());
    let (data, log) = (directory.join(DATA), directory.join("onhand.log"));
    let output = File::create(&log)?;
    let begun = Instant::now();
    let child = Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .map_err(|cause| Failure::Start {
            server: binary.display().to_string(),
            detail: cause.to_string(),
        })?;
    let mut starting = Starting(Some(child));
    let address = loop {
        let ended = starting.0.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        if ended || begun.elapsed() > START_LIMIT {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(10).collect();
            let detail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(Failure::Start { server: binary.display().to_string(), detail });
        }
        if let Some(address) = listening_at(&data).filter(|address| is_ready(*address)) {
            break address;
        }
        std::thread::sleep(LOOK_PAUSE);
    };
    let child = starting.0.take().expect("taken nowhere else");
    Ok(Server { child, address, ready_after: begun.elapsed(), installed: Some(installed) })
}

/// The address in `server.json`, once it is there and whole.
fn listening_at(data: &Path) -> Option<SocketAddr> {
    let text = std::fs::read(data.join(SERVER_FILE)).ok()?;
    serde_json::from_slice::<ServerFile>(&text).ok().map(|file| file.listen)
}

fn is_ready(address: SocketAddr) -> bool {
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\n\r\n");
    matches!(Client::new(address).call(request.as_bytes()), Ok((200, _)))
}
