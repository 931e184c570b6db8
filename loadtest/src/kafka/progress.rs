//! How far Onhand is, as it says over HTTP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::request::{Requests, Target};

/// How long it may stand still.
const STANDSTILL_LIMIT: Duration = Duration::from_secs(60);
/// Pause between looks: what the looking may add to a measured time, and costs beside it.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// State of a source that waits for a human. Others (not looked at yet, no permits) pass.
const STOPPED: &str = "stopped";

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Source {
    topic: String,
    state: String,
    #[serde(default)]
    reason: Option<String>,
    partitions: Vec<Mark>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    next_offset: u64,
}

#[derive(Deserialize)]
struct Publisher {
    state: String,
    sinks: Vec<Sink>,
}

#[derive(Deserialize)]
struct Sink {
    lag: u64,
    failed: u64,
}

/// Asks one server.
pub struct Progress {
    client: Client,
    requests: Requests,
    topic: String,
}

impl Progress {
    /// Of the server at `address`, which reads `topic`.
    #[must_use]
    pub fn new(address: SocketAddr, target: &Target, topic: &str) -> Self {
        let requests = Requests::new(target.clone());
        Self { client: Client::new(address), requests, topic: topic.to_owned() }
    }

    /// Messages of the topic that were acted on: the offsets that come next, of a topic whose first
    /// offset is 0.
    ///
    /// # Errors
    /// When the server does not read the topic.
    pub fn applied(&mut self) -> Result<u64, Failure> {
        let sources: Items<Source> = self.get("/v1/admin/sources")?;
        let found = sources.items.into_iter().find(|source| source.topic == self.topic);
        let source = found.ok_or_else(|| Failure::Contract {
            call: "GET /v1/admin/sources".into(),
            detail: format!("{} is not among them", self.topic),
        })?;
        if source.state == STOPPED {
            let reason = source.reason.unwrap_or_default();
            return Err(Failure::Stalled(format!("the source is {STOPPED}: {reason}")));
        }
        Ok(source.partitions.iter().map(|mark| mark.next_offset).sum())
    }

    /// Records that are not published yet.
    ///
    /// # Errors
    /// When something was set aside as unsendable, or nothing is published at all.
    pub fn lag(&mut self) -> Result<u64, Failure> {
        let publisher: Publisher = self.get("/v1/admin/publisher")?;
        match publisher.sinks.as_slice() {
            [sink] if sink.failed == 0 => Ok(sink.lag),
            [sink] => Err(Failure::Stalled(format!("{} events could not be sent", sink.failed))),
            _ => Err(Failure::Stalled(format!("publishing is {}", publisher.state))),
        }
    }

    /// Dead letters.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn dead_letters(&mut self) -> Result<u64, Failure> {
        let letters: Items<serde::de::IgnoredAny> = self.get("/v1/admin/failed-events")?;
        Ok(u64::try_from(letters.items.len()).unwrap_or(u64::MAX))
    }

    /// Looks until `left` says 0. Returns how long that took.
    ///
    /// # Errors
    /// When it does not change for a minute.
    pub fn until_none_left(
        &mut self,
        what: &str,
        since: Instant,
        mut left: impl FnMut(&mut Self) -> Result<u64, Failure>,
    ) -> Result<Duration, Failure> {
        let mut moved = (left(self)?, Instant::now());
        while moved.0 > 0 {
            std::thread::sleep(LOOK_PAUSE);
            let now = left(self)?;
            if now != moved.0 {
                moved = (now, Instant::now());
            } else if moved.1.elapsed() > STANDSTILL_LIMIT {
                return Err(Failure::Stalled(format!("{now} {what} are left and nothing moves")));
            }
        }
        Ok(since.elapsed())
    }

    /// All metrics, as text.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn metrics(&mut self) -> Result<String, Failure> {
        self.read("/metrics").map(|body| String::from_utf8_lossy(body).into_owned())
    }

    fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        let body = self.read(path)?;
        serde_json::from_slice(body).map_err(|wrong| Failure::Contract {
            call: format!("GET {path}"),
            detail: format!("{wrong}: {}", excerpt(body)),
        })
    }

    fn read(&mut self, path: &str) -> Result<&[u8], Failure> {
        let mut request = Vec::new();
        self.requests.get(path, &mut request);
        let (status, body) = self.client.call(&request)?;
        if status != 200 {
            let call = format!("GET {path}");
            return Err(Failure::Refused { call, status, body: excerpt(body) });
        }
        Ok(body)
    }
}
