//! The broker's process.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::launch::watch;

/// How long a broker may take to stop in good order.
const STOP_WAIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// Where a node lives, and where it listens.
pub(super) struct Home {
    /// Settings, data and log.
    pub(super) directory: PathBuf,
    /// The jars.
    pub(super) jars: PathBuf,
    /// Port for clients.
    pub(super) port: u16,
    /// Port of the node's own controller.
    pub(super) controller: u16,
    /// What it is for.
    pub(super) purpose: Purpose,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A test, which is over before the second compiler pays off: the simple one, and the simple
    /// collector, halve what a start costs.
    Test,
    /// Load, for minutes.
    Load,
}

impl Purpose {
    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Test => &["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"],
            Self::Load => &["-XX:+UseG1GC"],
        }
    }
}

impl Home {
    /// Writes the settings and formats the data directory.
    pub(super) fn furnish(&self, settings: &[(&str, &str)], cluster_id: &str) {
        let write = |name: &str, text: String| {
            fs::write(self.directory.join(name), text).expect("the directory can be written");
        };
        write("server.properties", self.properties(settings));
        write("log4j2.properties", LOGGING.to_owned());
        let mut format = self.java("kafka.tools.StorageTool");
        format.args(["format", "--standalone", "-t", cluster_id, "-c", "server.properties"]);
        let run = format.stdin(Stdio::null()).output().expect("java starts");
        let printed = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "the broker's directory cannot be formatted: {printed}");
    }

    /// What the broker printed, over all its runs.
    pub(super) fn printed(&self) -> String {
        fs::read_to_string(self.output()).unwrap_or_default()
    }

    fn output(&self) -> PathBuf {
        self.directory.join("broker.log")
    }

    /// A class of the broker, with its directory as the current one.
    fn java(&self, class: &str) -> Command {
        let mut command = Command::new("java");
        command.current_dir(&self.directory);
        command.arg("-Xmx1g").args(self.purpose.options());
        command.arg("-Dlog4j2.configurationFile=log4j2.properties");
        command.arg("-cp").arg(self.jars.join("*")).arg(class);
        command
    }

    fn properties(&self, settings: &[(&str, &str)]) -> String {
        let Self { port, controller, directory, .. } = self;
        let data = directory.join("data");
        let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
        let mut text = format!(
            "controller.quorum.bootstrap.servers=127.0.0.1:{controller}\nlisteners={listeners}\n\
             advertised.listeners={listeners}\nlog.dirs={}\n{SETTINGS}",
            data.display()
        );
        for (name, value) in settings {
            text.push_str(&format!("{name}={value}\n"));
        }
        text
    }
}

/// Of one node that is broker and controller at once. Internal topics have one replica and one
/// partition: fifty would be created one file at a time.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
file.delete.delay.ms=0
";

const LOGGING: &str = "\
rootLogger.level=info
rootLogger.appenderRefs=stdout
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{ISO8601} %p %m (%c)%n
";

/// A running broker. Dropping it kills it.
pub(super) struct Node {
    child: Child,
    watchdog: Child,
}

impl Node {
    /// Starts the broker of this home.
    pub(super) fn spawn(home: &Home) -> Self {
        let output = append(&home.output());
        let child = home
            .java("kafka.Kafka")
            .arg("server.properties")
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a file can be shared"))
            .stdout(output)
            .spawn()
            .expect("java starts");
        let watchdog = watch(child.id(), &home.directory);
        Self { child, watchdog }
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("an own child can be asked").is_some()
    }

    /// SIGTERM, and waits for its end.
    pub(super) fn stop(mut self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).expect("an own child can be asked to stop");
        let deadline = Instant::now() + STOP_WAIT;
        while !self.has_ended() {
            assert!(Instant::now() < deadline, "the broker does not stop");
            thread::sleep(POLL);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.child.kill().expect("an own child can be killed");
            self.child.wait().expect("a killed child ends");
        }
        // The watchdog goes last: from here on the number of the child may belong to someone else.
        let ended = self.watchdog.kill().and_then(|()| self.watchdog.wait());
        ended.expect("the watchdog can be ended");
    }
}

fn append(path: &Path) -> File {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.expect("the broker's log can be written")
}
