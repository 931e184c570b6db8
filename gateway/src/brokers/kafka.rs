//! Kafka, outwards: a thread of its own follows the log and publishes what it finds.
//!
//! Before it sends anything it reads from the topics what was sent last (`fence`): when our log does not
//! contain that, records are missing and nothing may be said. Then it sends in the order of the log,
//! and begins again at the delivered watermark whenever the client fails.

mod client;
mod fault;
mod fence;
pub(crate) mod intake;
pub(crate) mod letters;
mod pass;
mod publisher;
pub(crate) mod replay;
mod resend;
mod topics;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use onhand_domain::dead_letter::Direction;
use onhand_engine::{Engine, LostTail};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::breaker::RetryPolicy;
use super::dead_letters::Keeper;
use super::figures::SinkFigures;
use super::routes::Routes;
use crate::http::events::cursor::Cursor;
use intake::{Intake, IntakeConfig};
use letters::Letters;
use publisher::Publisher;

/// Name of this sink: of its cursor, in metrics and in the API.
pub(crate) const SINK: &str = "kafka";

/// How long a start waits for the topics to be read before it serves without having seen them.
const CHECK_WAIT: Duration = Duration::from_secs(5);

/// Settings of the publisher.
#[derive(Debug, Clone)]
pub(crate) struct KafkaConfig {
    /// `host:port` of some brokers, separated by commas.
    pub(crate) brokers: String,
    /// Under which name we appear there.
    pub(crate) client_id: String,
    /// What goes where.
    pub(crate) routes: Routes,
    /// Topics that are made when they are missing.
    pub(crate) topics: TopicPlan,
    /// Retries and breaker.
    pub(crate) retry: RetryPolicy,
    /// How long the client gathers messages for one request.
    pub(crate) linger: Duration,
    /// Events that are handed to the client before deliveries are looked at.
    pub(crate) batch: usize,
    /// How long the client itself tries before a message counts as failed.
    pub(crate) delivery_timeout: Duration,
    /// Messages under way.
    pub(crate) in_flight_max: usize,
    /// Bytes of payloads under way.
    pub(crate) in_flight_bytes_max: usize,
    /// A larger message is never sent.
    pub(crate) message_bytes_max: usize,
    /// Unpublished records above which a human is called.
    pub(crate) lag_alarm: u64,
    /// What is read.
    pub(crate) intake: IntakeConfig,
    /// What to do when the topics hold what our log does not.
    pub(crate) lost_tail: LostTail,
}

/// How topics are made.
#[derive(Debug, Clone)]
pub(crate) struct TopicPlan {
    /// Whether they are.
    pub(crate) creation: Creation,
    /// Partitions of each.
    pub(crate) partitions: i32,
    /// Copies of each; -1 leaves it to the broker.
    pub(crate) replication: i32,
    /// The topic of dead letters.
    pub(crate) dead_letters: String,
}

/// Whether missing topics are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    /// By us.
    Make,
    /// By others.
    Leave,
}

/// How the look at what the topics hold ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Check {
    /// Not yet.
    Pending,
    /// Not yet, because no broker answers.
    Away,
    /// Our log contains it.
    Passed,
    /// It does not.
    Ahead(String),
}

/// The last record that was published, when there ever was a bridge.
pub(crate) fn published_before(engine: &Engine) -> Option<u64> {
    let stored = engine.cursors()?.get(SINK).ok().flatten()?;
    let delivered = publisher::decode(Some(&stored), engine.outbox().durable());
    Some(delivered.last_whole_record())
}

/// The running publisher.
pub(crate) struct Bridge {
    engine: Engine,
    config: KafkaConfig,
    figures: Arc<SinkFigures>,
    stop: watch::Sender<bool>,
    check: watch::Receiver<Check>,
    thread: Mutex<Option<JoinHandle<()>>>,
    replay: replay::Turnstile,
    intake: Intake,
    letters: Mutex<Option<JoinHandle<()>>>,
}

impl Bridge {
    /// Starts the publisher.
    ///
    /// # Errors
    /// A thread could not be started, or the cursor not be read.
    pub(crate) fn start(engine: &Engine, config: KafkaConfig) -> io::Result<Self> {
        let stopping = || io::Error::other("the engine is stopping");
        let cursors = engine.cursors().ok_or_else(stopping)?;
        let stored = cursors.get(SINK).map_err(io::Error::other)?;
        let delivered = publisher::decode(stored.as_deref(), engine.outbox().durable());
        let figures = Arc::new(SinkFigures::new(delivered.last_whole_record()));
        let stop = watch::Sender::new(false);
        let (tell, check) = watch::channel(Check::Pending);
        let publisher = Publisher {
            engine: engine.clone(),
            config: config.clone(),
            figures: Arc::clone(&figures),
            cursors: cursors.clone(),
            keeper: Keeper::new(engine.source_port()),
            stop: stop.subscribe(),
            check: tell,
        };
        let thread = std::thread::Builder::new()
            .name("onhand-publisher".to_owned())
            .spawn(move || publisher.run(delivered))?;
        let intake = Intake::start(engine, &config, &stop, &check)?;
        let letters = Letters {
            engine: engine.clone(),
            config: config.clone(),
            cursors,
            stop: stop.subscribe(),
            check: check.clone(),
        };
        let letters = std::thread::Builder::new()
            .name("onhand-letters".to_owned())
            .spawn(move || letters.run())?;
        let letters = Mutex::new(Some(letters));
        let (engine, thread) = (engine.clone(), Mutex::new(Some(thread)));
        let replay = replay::Turnstile::default();
        Ok(Self { engine, config, figures, stop, check, thread, replay, intake, letters })
    }

    /// Waits a while for the look at the topics, so that a start with an older log is refused. A broker
    /// that is away does not keep us from selling.
    ///
    /// # Errors
    /// What our log does not contain.
    pub(crate) async fn checked(&self) -> Result<(), String> {
        let mut check = self.check.clone();
        let ended = check.wait_for(|check| *check != Check::Pending);
        let ended = tokio::time::timeout(CHECK_WAIT, ended).await;
        let found = ended.ok().and_then(Result::ok).map(|check| check.clone());
        match found {
            Some(Check::Ahead(what)) => Err(what),
            Some(Check::Passed) => Ok(()),
            Some(Check::Pending | Check::Away) | None => {
                tracing::warn!(
                    brokers = self.config.brokers,
                    "no broker answers: serving without it; nothing is published before the topics \
                     were read"
                );
                Ok(())
            }
        }
    }

    /// Waits until the topics turn out to hold what our log does not; for ever when they do not.
    pub(crate) async fn ahead(&self) -> String {
        let mut check = self.check.clone();
        if let Ok(check) = check.wait_for(|check| matches!(check, Check::Ahead(_))).await
            && let Check::Ahead(what) = &*check
        {
            return what.clone();
        }
        std::future::pending().await
    }

    /// Figures of the sink.
    pub(crate) fn figures(&self) -> &SinkFigures {
        &self.figures
    }

    /// What is read.
    pub(crate) const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Settings.
    pub(crate) const fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// What goes where.
    pub(crate) const fn routes(&self) -> &Routes {
        &self.config.routes
    }

    /// Records that are durable and not published yet.
    pub(crate) fn lag(&self) -> u64 {
        self.engine.outbox().durable().saturating_sub(self.figures.delivered())
    }

    /// Dead letters of a direction that are open.
    pub(crate) fn open_letters(&self, direction: Direction) -> u64 {
        self.engine.view().dead_letters_open(direction).into()
    }

    /// The lag above which a human is called.
    pub(crate) const fn lag_alarm(&self) -> u64 {
        self.config.lag_alarm
    }

    /// Sends what is durable while that takes but a moment, keeps the watermark, and ends the thread.
    /// Blocks. To be called when no more commands come, and before the engine is shut down.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        // What was read last is published too.
        self.intake.join();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the publisher panicked");
        }
        let letters = self.letters.lock().take();
        if letters.is_some_and(|letters| letters.join().is_err()) {
            tracing::error!("what tells dead letters panicked");
        }
        self.replay.close();
    }
}

/// Bytes of a stored watermark: format, sequence, index.
const CURSOR_BYTES: usize = 13;
/// Format of a stored watermark.
const CURSOR_FORMAT: u8 = 1;

/// The watermark as it is kept: format, then sequence and index in little endian.
fn encode(cursor: Cursor) -> [u8; CURSOR_BYTES] {
    let mut bytes = [0; CURSOR_BYTES];
    bytes[0] = CURSOR_FORMAT;
    bytes[1..9].copy_from_slice(&cursor.sequence().to_le_bytes());
    bytes[9..].copy_from_slice(&cursor.index().to_le_bytes());
    bytes
}
