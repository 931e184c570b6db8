//! The table of all settings: the one place where a setting has its name, its default and its words.

/// One setting. Its variable is `ONHAND_` and the key in capitals, `.` written as `_`.
pub(crate) struct Setting {
    /// Its name in the configuration file; `http.threads` is `threads` in the table `[http]`.
    pub(crate) key: &'static str,
    /// Its default, as text.
    pub(crate) default: &'static str,
    /// What it does, and its unit.
    pub(crate) help: &'static str,
}

impl Setting {
    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// What all variables of ours begin with.
pub(crate) const VARIABLE_PREFIX: &str = "ONHAND_";

const fn setting(key: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { key, default, help }
}

/// Every setting there is.
pub(crate) const SETTINGS: &[Setting] = &[
    setting("data", "./data", "Data directory. Made when absent."),
    setting(
        "listen",
        "127.0.0.1:7070",
        "Address and port of the HTTP door; port 0 takes a free one.",
    ),
    setting(
        "partitions",
        "64",
        "Slices of the positions; fixed when the data directory is made. 1 to 4096.",
    ),
    setting(
        "accept_lost_tail",
        "false",
        "Start although acknowledged records are missing from the log (a restored backup).",
    ),
    setting("strict_catalog", "false", "Refuse items and locations that were not created before."),
    setting(
        "log_level",
        "info",
        "error, warn, info, debug, trace, or directives such as `info,onhand_engine=debug`. \
         ONHAND_LOG and RUST_LOG set it too.",
    ),
    setting("log_format", "text", "text or json; one line per message on standard error."),
    setting("permits", "65536", "Commands that may be under way inside the engine at once."),
    setting("idempotency_window", "4000000", "Idempotency keys that are remembered."),
    setting("event_window", "2000000", "Ids of consumed events that are remembered."),
    setting(
        "dead_letters_max",
        "10000",
        "Dead letters that are kept; when all of them are open, the intake waits.",
    ),
    setting(
        "commit_spacing",
        "1ms",
        "Least time between two commits under load; `0s` commits without a pause.",
    ),
    setting("commit_at_once_max", "64", "With fewer records waiting, a commit starts at once."),
    setting("ended_kept", "60s", "How long what has ended stays in memory."),
    setting("recall_age_max", "5s", "Age at which an object read from the log is read again."),
    setting(
        "checkpoint_records",
        "500000",
        "Records after which the next round of checkpoints begins.",
    ),
    setting(
        "replay_records_max",
        "4000000",
        "Records to replay above which checkpoints are written without a throttle.",
    ),
    setting("segment_bytes", "1GiB", "Size at which a segment of the log is sealed."),
    setting("cache_bytes", "32MiB", "Page cache of each database file."),
    setting(
        "disk_reserve_bytes",
        "auto",
        "Below so much free space writes are refused with STORAGE_FULL. `auto`: 2 GiB, at most 5 % \
         of the file system.",
    ),
    setting(
        "checkpoint_bytes_per_second",
        "16MiB",
        "How fast checkpoints and indexes are written beside the log.",
    ),
    setting(
        "retention",
        "forever",
        "How long history is kept, such as `90d`. Segments of the log that are older go, when every \
         checkpoint contains them and every sink has published them.",
    ),
    setting(
        "tools_bytes_per_second",
        "16MiB",
        "How fast a backup is written and a proof read beside selling; 0 is as fast as it goes.",
    ),
    setting("http.threads", "0", "Threads of the HTTP door; 0 is one per core."),
    setting(
        "http.connections_max",
        "10000",
        "Open connections; a further one is answered 503 OVERLOADED and closed.",
    ),
    setting(
        "http.header_timeout",
        "5s",
        "From the first byte of a request to the end of its headers; then the connection closes.",
    ),
    setting(
        "http.idle_timeout",
        "75s",
        "How long a connection may stay open between two requests.",
    ),
    setting(
        "http.request_timeout",
        "60s",
        "From the end of the headers to the answer, reading the body included; then the \
         connection closes and the outcome is unknown.",
    ),
    setting(
        "http.drain_timeout",
        "10s",
        "How long requests in flight may take when the process stops.",
    ),
    setting(
        "http.streams_max",
        "1000",
        "Open event streams; a further one is answered 429 OVERLOADED.",
    ),
    setting(
        "kafka.brokers",
        "",
        "Some brokers as `host:port`, separated by commas; naming them switches the bridge to Kafka \
         on. The flag is --kafka.",
    ),
    setting("kafka.client_id", "inventory-service", "Under which name we appear there."),
    setting(
        "kafka.routes",
        "inventory-events=standard",
        "What goes where: `TOPIC=DIALECT` or `TOPIC=DIALECT:NAME|NAME`, separated by commas; a name \
         is that of an event type or of an aggregate. Several dialects at once are allowed.",
    ),
    setting(
        "kafka.publish_from",
        "beginning",
        "Where a topic begins that nothing was published to, be it the first of all or a new one: \
         beginning (of the log; nothing is left out) or now.",
    ),
    setting("kafka.dead_letter_topic", "inventory-events-dlq", "The topic of dead letters."),
    setting("kafka.create_topics", "false", "Make outgoing topics that are missing."),
    setting("kafka.topic_partitions", "6", "Partitions of a topic that is made."),
    setting(
        "kafka.topic_replication",
        "0",
        "Copies of a topic that is made; 0 leaves it to the broker.",
    ),
    setting("kafka.linger", "5ms", "How long events are gathered for one request."),
    setting(
        "kafka.compression",
        "none",
        "How requests are compressed: none, lz4 or snappy. Consumers notice nothing of it.",
    ),
    setting(
        "kafka.batch",
        "50",
        "Events that are handed to the client before deliveries are looked at; no event waits for a \
         batch to be full.",
    ),
    setting(
        "kafka.retries",
        "3",
        "Retries of an event that the broker refuses, before it becomes a dead letter. Attempts \
         while the broker is away do not count.",
    ),
    setting(
        "kafka.retry_delay",
        "1s",
        "Pause before the first retry; each further one is twice as long.",
    ),
    setting("kafka.breaker_pause", "2s", "Pause between two looks at a broker that is away."),
    setting(
        "kafka.delivery_timeout",
        "30s",
        "How long the client tries by itself before a delivery counts as failed.",
    ),
    setting("kafka.in_flight_max", "20000", "Messages on their way to each topic at once."),
    setting("kafka.in_flight_bytes_max", "32MiB", "Bytes on their way to each topic at once."),
    setting(
        "kafka.message_bytes_max",
        "1000000",
        "A larger message is never sent; it becomes a dead letter. Not above what the broker takes.",
    ),
    setting(
        "kafka.lag_alarm",
        "100000",
        "Unpublished records, of the topic furthest behind, above which health warns and an ERROR line \
         calls a human.",
    ),
    setting(
        "kafka.sources",
        "integration-events,order-events,catalog-events",
        "Topics that are read: `TOPIC`, or `TOPIC=TENANT` for events that name no tenant, separated by \
         commas; empty reads none.",
    ),
    setting(
        "kafka.sources_begin",
        "earliest",
        "Where the first start of all begins to read: earliest or latest. Later starts go on where \
         the log says.",
    ),
    setting(
        "kafka.sources_look",
        "30s",
        "How often a topic that is read is looked at: new partitions, and ends below what was read.",
    ),
    setting(
        "kafka.group_id",
        "inventory-service",
        "The group under whose name our progress can be watched; nothing rests on it.",
    ),
    setting(
        "kafka.security.protocol",
        "plaintext",
        "plaintext, sasl_plaintext, ssl or sasl_ssl; the last two need a binary that was built with \
         `--features tls`.",
    ),
    setting(
        "kafka.security.mechanism",
        "PLAIN",
        "With sasl_…: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; the last two need `--features tls`.",
    ),
    setting("kafka.security.username", "", "With sasl_…: who we are."),
    setting(
        "kafka.security.password",
        "",
        "With sasl_…: what proves it. Better a variable than a file; it is never shown.",
    ),
    setting(
        "kafka.security.ca_location",
        "",
        "With ssl and sasl_ssl: the file of certificates that the broker's is checked against; empty \
         takes those of the system.",
    ),
    setting(
        "kafka.security.certificate_location",
        "",
        "With ssl and sasl_ssl: our own certificate, where the broker wants one.",
    ),
    setting("kafka.security.key_location", "", "Its private key."),
    setting("kafka.security.key_password", "", "What opens the key; it is never shown."),
];

/// The setting of that name.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The table as text for `--help`.
pub(crate) fn overview() -> String {
    let mut text =
        String::from("Settings (flag, else variable, else configuration file, else default):\n");
    for setting in SETTINGS {
        let Setting { key, default, help } = setting;
        let variable = setting.variable();
        text.push_str(&format!("\n  {key} = {default}\n      {help} [{variable}]\n"));
    }
    text
}
