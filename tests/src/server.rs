//! A running server on a data directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Client, Exit, Fault, Json, Process, Shop, onhand_binary};

/// How long a start may take before the test fails.
const START_WAIT: Duration = Duration::from_secs(300);

/// How often a starting server is asked whether it is ready.
const POLL: Duration = Duration::from_millis(5);

/// `onhand serve` on a free port of the loopback address. Dropping it kills the server and removes
/// its directory.
pub struct Server {
    process: Process,
    address: String,
    settings: Settings,
    directory: TempDir,
}

/// `ONHAND_…` variables and their values.
type Settings = Vec<(String, String)>;

impl Server {
    /// Starts a server with default settings on an empty directory.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these `ONHAND_…` variables on an empty directory.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        // Built before there is anything to clean up.
        onhand_binary();
        Self::start_in(tempfile::tempdir().expect("a temporary directory can be made"), settings)
    }

    /// Starts a server whose data lie in this temporary directory.
    pub fn start_in(directory: TempDir, settings: &[(&str, &str)]) -> Self {
        let settings = owned(settings);
        let (process, address) = started(serve(directory.path(), &settings));
        Self { process, address, settings, directory }
    }

    /// The server that tests share, each as a tenant of its own. Started by the first that asks.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Where it listens, `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        data_in(self.directory.path())
    }

    /// The process itself.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What it has printed since its last start.
    pub fn printed(&self) -> String {
        self.process.printed()
    }

    /// A tenant's calls.
    pub fn shop(&self, tenant: &str) -> Shop {
        Shop::new(Client::new(&self.address, Some(tenant)))
    }

    /// A client that names no tenant.
    pub fn client(&self) -> Client {
        Client::new(&self.address, None)
    }

    /// Kills it as by `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it with SIGTERM and waits for its end.
    pub fn stop(&mut self) -> Exit {
        self.process.terminate();
        self.process.wait()
    }

    /// Starts it again on the same directory with the same settings, on another port.
    pub fn restart(&mut self) {
        assert!(self.process.ended().is_some(), "it still runs");
        (self.process, self.address) = started(serve(self.directory.path(), &self.settings));
    }

    /// Starts it again, this once with a fault besides these `ONHAND_…` variables, and tells how it
    /// ended when it never became ready.
    pub fn restart_with_fault(
        &mut self,
        settings: &[(&str, &str)],
        fault: Fault,
    ) -> Result<(), Exit> {
        assert!(self.process.ended().is_some(), "it still runs");
        self.settings = owned(settings);
        let variables = fault.variables(settings);
        (self.process, self.address) = serve(self.directory.path(), &variables)?;
        Ok(())
    }

    /// How it ended; it must end by itself.
    pub fn wait(&mut self) -> Exit {
        self.process.wait()
    }

    /// Starts it again on the same directory with these `ONHAND_…` variables from now on.
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings = owned(settings);
        self.restart();
    }

    /// Tries to start another server on the same directory and tells how it ended.
    pub fn second_start(&self, settings: &[(&str, &str)]) -> Exit {
        let data = self.data();
        let data = data.to_str().expect("temporary paths are UTF-8");
        Process::run(&["serve", "--data", data, "--listen", "127.0.0.1:0"], settings)
    }

    /// Runs `onhand verify` on the data directory.
    pub fn verify(&self) -> Exit {
        let data = self.data();
        Process::run(&["verify", "--data", data.to_str().expect("temporary paths are UTF-8")], &[])
    }
}

fn data_in(directory: &Path) -> PathBuf {
    directory.join("data")
}

fn owned(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn started<T>(start: Result<T, Exit>) -> T {
    start.unwrap_or_else(|exit| panic!("the server did not start: {exit:?}"))
}

fn serve(directory: &Path, settings: &Settings) -> Result<(Process, String), Exit> {
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let data = data_in(directory);
    let arguments = ["serve", "--data", data.to_str().expect("temporary paths are UTF-8")];
    let arguments = [&arguments[..], &["--listen", "127.0.0.1:0"]].concat();
    let mut process = Process::spawn(&arguments, &settings, &directory.join("output"), directory);
    let deadline = Instant::now() + START_WAIT;
    let mut address = None;
    loop {
        if let Some(exit) = process.ended() {
            return Err(exit);
        }
        address = address.or_else(|| listen_address(&data, process.id()));
        if let Some(address) = address.take_if(|address| is_ready(address)) {
            return Ok((process, address));
        }
        assert!(Instant::now() < deadline, "not ready in time: {}", process.printed());
        thread::sleep(POLL);
    }
}

/// Reads `server.json`, which tells where the server listens. An earlier run may have left its own.
fn listen_address(data: &Path, id: u32) -> Option<String> {
    let told = Json::new(fs::read_to_string(data.join("server.json")).ok()?);
    let is_ours = told.find("pid")?.as_text() == id.to_string();
    is_ours.then(|| told.text("listen"))
}

fn is_ready(address: &str) -> bool {
    let request = crate::Request::get("/health/ready");
    Client::new(address, None).try_send(&request).is_ok_and(|answer| answer.status() == 200)
}
