//! One Kafka broker with a directory and ports of its own.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tempfile::TempDir;

use super::node::{Home, Node, Purpose};
use super::topics::Topics;
use super::{Skip, jars, port};

/// How long a start may take before the test fails; two seconds on an idle machine.
const START_WAIT: Duration = Duration::from_secs(120);
const ASK_WAIT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(20);

/// Another program may take a port between its choice and the start.
const STARTS_MAX: usize = 3;

/// An Apache Kafka broker (KRaft, single node) on free ports of the loopback address, without
/// automatic creation of topics. Dropping it kills it and removes its directory.
pub struct Broker {
    node: Option<Node>,
    home: Home,
    /// Name and password of clients, where it wants them.
    names: Option<(&'static str, &'static str)>,
    /// Removed with the broker, so it comes last.
    _directory: TempDir,
}

impl Broker {
    /// Starts an empty broker; ready when it answers a metadata request.
    ///
    /// # Errors
    /// What this machine lacks.
    pub fn start() -> Result<Self, Skip> {
        Self::start_with(&[])
    }

    /// As [`Broker::start`], with these lines added to `server.properties`.
    ///
    /// # Errors
    /// What this machine lacks.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, Skip> {
        Self::start_for(Purpose::Test, settings, None)
    }

    /// As [`Broker::start`], for a program that loads it for minutes: with the compiler and the
    /// collector that a broker has in production.
    ///
    /// # Errors
    /// What this machine lacks.
    pub fn start_for_load() -> Result<Self, Skip> {
        Self::start_for(Purpose::Load, &[], None)
    }

    /// A broker of the running test's own that wants every client to name itself (SASL, PLAIN), and knows
    /// nobody but this one. Where there can be none, says that the test is skipped.
    pub fn guarded(name: &'static str, password: &'static str) -> Option<Self> {
        let known = format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{name}\" \
             password=\"{password}\" user_{name}=\"{password}\";"
        );
        let settings = [
            ("listener.security.protocol.map", "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT"),
            ("sasl.enabled.mechanisms", "PLAIN"),
            ("sasl.mechanism.inter.broker.protocol", "PLAIN"),
            ("listener.name.plaintext.plain.sasl.jaas.config", &known),
        ];
        let names = Some((name, password));
        Self::start_for(Purpose::Test, &settings, names).inspect_err(Skip::tell).ok()
    }

    fn start_for(
        purpose: Purpose,
        settings: &[(&str, &str)],
        names: Option<(&'static str, &'static str)>,
    ) -> Result<Self, Skip> {
        let jars = jars::directory()?;
        for attempt in 1.. {
            let directory = tempfile::tempdir().expect("a temporary directory can be made");
            let home = Home {
                directory: directory.path().to_owned(),
                jars: jars.to_owned(),
                port: port::free(),
                controller: port::free(),
                purpose,
            };
            home.furnish(settings, &cluster_id());
            let mut broker = Self { node: None, home, names, _directory: directory };
            match broker.begin() {
                Ok(()) => return Ok(broker),
                Err(printed) if attempt < STARTS_MAX && printed.contains("already in use") => {}
                Err(printed) => panic!("the broker did not start:\n{printed}"),
            }
        }
        unreachable!("attempts are counted")
    }

    /// A broker of the running test's own, to restart as it likes; where there can be none, says that the test is skipped.
    pub fn for_test() -> Option<Self> {
        Self::start().inspect_err(Skip::tell).ok()
    }

    /// The broker that tests share, each with topics of its own; started by the first that asks. Where
    /// there can be none, says that the test is skipped.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Broker, Skip>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref().inspect_err(|skip| skip.tell()).ok()
    }

    /// `127.0.0.1:PORT`, the same over restarts.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.home.port)
    }

    /// Settings of a client of this broker: its address, and that it looks often whether a broker that
    /// was restarted is back.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap()).set("reconnect.backoff.max.ms", "1000");
        if let Some((name, password)) = self.names {
            config.set("security.protocol", "sasl_plaintext").set("sasl.mechanism", "PLAIN");
            config.set("sasl.username", name).set("sasl.password", password);
        }
        config
    }

    /// Stops it in good order; clients find nobody until [`Broker::start_again`].
    pub fn stop(&mut self) {
        self.node.take().expect("it runs").stop();
    }

    /// Kills it as by `kill -9`.
    pub fn kill(&mut self) {
        drop(self.node.take().expect("it runs"));
    }

    /// Starts it on the same port with the same data.
    pub fn start_again(&mut self) {
        assert!(self.node.is_none(), "it still runs");
        if let Err(printed) = self.begin() {
            panic!("the broker did not start again:\n{printed}");
        }
    }

    /// Stops it in good order and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Creates a topic; returns when clients see all its partitions.
    pub fn create_topic(&self, name: &str, partitions: u16) {
        Topics::of(self).create(name, partitions, &[]);
    }

    /// As [`Broker::create_topic`], with settings (`retention.ms`, …).
    pub fn create_topic_with(&self, name: &str, partitions: u16, settings: &[(&str, &str)]) {
        Topics::of(self).create(name, partitions, settings);
    }

    /// What a setting of a topic is (`retention.ms`, …).
    pub fn topic_setting(&self, topic: &str, name: &str) -> Option<String> {
        Topics::of(self).setting(topic, name)
    }

    /// Gives a topic more partitions.
    pub fn add_partitions(&self, topic: &str, partitions: u16) {
        Topics::of(self).grow(topic, partitions);
    }

    /// Deletes a topic; returns when clients no longer see it.
    pub fn delete_topic(&self, name: &str) {
        Topics::of(self).delete(name);
    }

    /// Deletes the messages of a partition below an offset, as retention would.
    pub fn delete_records(&self, topic: &str, partition: u16, before: i64) {
        Topics::of(self).delete_records(topic, partition, before);
    }

    /// What the broker printed, over all its runs.
    pub fn printed(&self) -> String {
        self.home.printed()
    }

    /// Starts the process and waits until it answers; else what it printed.
    fn begin(&mut self) -> Result<(), String> {
        let mut node = Node::spawn(&self.home);
        let asking: BaseConsumer = self.client().create().expect("a client can be made");
        let deadline = Instant::now() + START_WAIT;
        loop {
            let told = asking.fetch_metadata(None, ASK_WAIT);
            if told.is_ok_and(|metadata| !metadata.brokers().is_empty()) {
                self.node = Some(node);
                return Ok(());
            }
            if node.has_ended() || Instant::now() > deadline {
                return Err(self.home.printed());
            }
            thread::sleep(POLL);
        }
    }
}

/// 16 random bytes as Kafka writes them: base64 for URLs, not beginning with a dash. The last of the
/// 22 letters carries only two bits.
fn cluster_id() -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let draw = RandomState::new();
    let letter = |place: u64| {
        let drawn = draw.hash_one(place) % LETTERS.len() as u64;
        char::from(LETTERS[usize::try_from(drawn).expect("below 62")])
    };
    (0..21).map(letter).chain(['A']).collect()
}

#[test]
fn each_cluster_has_an_id_of_its_own() {
    let (one, other) = (cluster_id(), cluster_id());
    assert_ne!(one, other);
    assert_eq!(one.len(), 22);
}
