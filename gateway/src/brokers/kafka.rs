//! Kafka, outwards: a thread of its own for each topic follows the log and publishes what it finds.
//!
//! Before it sends anything it reads from the topics what was sent last (`fence`): when our log does not
//! contain that, records are missing and nothing may be said. Then each topic is sent to in the order of
//! the log, and begun again at its delivered watermark whenever its client fails.

mod client;
mod connection;
mod fault;
mod fence;
mod follower;
pub(crate) mod intake;
pub(crate) mod letters;
mod pass;
mod publisher;
mod read_ahead;
pub(crate) mod replay;
mod resend;
mod setback;
mod topics;
mod upcoming;
mod watermark;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use onhand_domain::dead_letter::Direction;
use onhand_engine::{Engine, LostTail};
use onhand_storage::Cursors;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::breaker::RetryPolicy;
use super::dead_letters::Keeper;
use super::figures::TopicFigures;
use super::routes::Routes;
use super::sink::SinkFigures;
pub(crate) use connection::Connection;
use follower::Follower;
use intake::{Intake, IntakeConfig};
use letters::Letters;
use publisher::Publisher;
pub(crate) use watermark::PublishFrom;

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
    /// How we make ourselves known there.
    pub(crate) connection: Connection,
    /// What goes where.
    pub(crate) routes: Routes,
    /// Where a topic begins that nothing was published to.
    pub(crate) publish_from: PublishFrom,
    /// Topics that are made when they are missing.
    pub(crate) topics: TopicPlan,
    /// Retries and breaker.
    pub(crate) retry: RetryPolicy,
    /// How long the client gathers messages for one request.
    pub(crate) linger: Duration,
    /// How requests are compressed.
    pub(crate) compression: Compression,
    /// Events that are handed to the client before deliveries are looked at.
    pub(crate) batch: usize,
    /// How long the client itself tries before a message counts as failed.
    pub(crate) delivery_timeout: Duration,
    /// Messages under way to one topic.
    pub(crate) in_flight_max: usize,
    /// Bytes of payloads under way to one topic.
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

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    /// Not at all.
    None,
    /// LZ4.
    Lz4,
    /// Snappy.
    Snappy,
}

impl Compression {
    /// Its word in settings, ours and the client's.
    const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
        }
    }
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

/// The last record that was published to every topic, when there ever was a bridge.
pub(crate) fn published_before(engine: &Engine) -> Option<u64> {
    watermark::least(&engine.cursors()?.list().ok()?, engine.outbox().durable())
}

/// The running publisher.
pub(crate) struct Bridge {
    engine: Engine,
    config: KafkaConfig,
    figures: SinkFigures,
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
        let stop = watch::Sender::new(false);
        let (tell, check) = watch::channel(Check::Pending);
        let followers = followers(engine, &config, &cursors, &stop)?;
        let topics = followers.iter().map(|follower| Arc::clone(&follower.figures)).collect();
        let figures = SinkFigures::new(topics);
        let publisher = Publisher {
            engine: engine.clone(),
            config: config.clone(),
            figures: figures.clone(),
            cursors: cursors.clone(),
            stop: stop.subscribe(),
            check: tell,
        };
        let thread = std::thread::Builder::new()
            .name("onhand-publisher".to_owned())
            .spawn(move || publisher.run(followers))?;
        let intake = Intake::start(engine, &config, &cursors, &stop, &check)?;
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

    /// The last record of which every event has reached every topic it belongs to.
    pub(crate) fn delivered(&self) -> u64 {
        let durable = self.engine.outbox().durable();
        self.figures.hindmost().map_or(durable, TopicFigures::delivered)
    }

    /// Records that are durable and not published yet, to the topic that is furthest behind.
    pub(crate) fn lag(&self) -> u64 {
        self.lag_behind(self.delivered())
    }

    /// Records that are durable and lie behind this one.
    pub(crate) fn lag_behind(&self, delivered: u64) -> u64 {
        self.engine.outbox().durable().saturating_sub(delivered)
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

/// One for each topic, at its watermark. A topic that has none begins where the setting says, for good.
fn followers(
    engine: &Engine,
    config: &KafkaConfig,
    cursors: &Cursors,
    stop: &watch::Sender<bool>,
) -> io::Result<Vec<Follower>> {
    let keeper = Arc::new(Keeper::new(engine.source_port()));
    let durable = engine.outbox().durable();
    let follower = |topic: &str| {
        let name = watermark::name(topic);
        let began = match cursors.get(&name).map_err(io::Error::other)? {
            Some(bytes) => watermark::decode(&bytes, durable),
            None => {
                let place = config.publish_from.place(durable);
                cursors.put(&name, &watermark::encode(place)).map_err(io::Error::other)?;
                place
            }
        };
        let routes = config.routes.only(Some(topic), None);
        Ok(Follower {
            engine: engine.clone(),
            config: KafkaConfig { routes, ..config.clone() },
            figures: Arc::new(TopicFigures::new(topic, began.last_whole_record())),
            cursors: cursors.clone(),
            keeper: Arc::clone(&keeper),
            stop: stop.subscribe(),
            began,
        })
    };
    config.routes.topics().into_iter().map(follower).collect()
}
