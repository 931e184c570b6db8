//! How we make ourselves known to the broker, and what nobody else may read.

use std::fmt;

use serde::Deserialize;

use crate::brokers::kafka::Connection;

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Protocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl Protocol {
    const fn word(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    const fn is_encrypted(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    const fn has_names(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// What proves who we are. All but the first need the same library as encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Mechanism {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl Mechanism {
    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The table `[kafka.security]`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SecuritySettings {
    protocol: Protocol,
    mechanism: Mechanism,
    username: String,
    password: Secret,
    ca_location: String,
    certificate_location: String,
    key_location: String,
    key_password: Secret,
}

/// Whether the client was built with what encryption needs.
const HAS_TLS: bool = cfg!(feature = "tls");

impl SecuritySettings {
    /// What is wrong, with the setting that says it.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let needs_tls = |what: &str| {
            format!("{what} needs a binary that was built with `--features tls`; this one was not")
        };
        if self.protocol.is_encrypted() && !HAS_TLS {
            return Some(("kafka.security.protocol", needs_tls("encryption")));
        }
        if !self.protocol.has_names() {
            let is_lost = !self.username.is_empty() || self.password != Secret::default();
            let reason = "a name is only told with sasl_plaintext or sasl_ssl".to_owned();
            return is_lost.then_some(("kafka.security.protocol", reason));
        }
        if self.mechanism != Mechanism::Plain && !HAS_TLS {
            return Some(("kafka.security.mechanism", needs_tls(self.mechanism.word())));
        }
        let missing = || "must not be empty with sasl_plaintext and sasl_ssl".to_owned();
        self.username.is_empty().then(|| ("kafka.security.username", missing()))
    }

    /// As the client takes it.
    pub(super) fn connection(&self) -> Connection {
        let mut connection = Connection::default();
        let mut set = |name: &'static str, value: &str| {
            if !value.is_empty() {
                connection.set(name, value);
            }
        };
        set("security.protocol", self.protocol.word());
        if self.protocol.has_names() {
            set("sasl.mechanism", self.mechanism.word());
            set("sasl.username", &self.username);
            set("sasl.password", &self.password.0);
        }
        if self.protocol.is_encrypted() {
            set("ssl.ca.location", &self.ca_location);
            set("ssl.certificate.location", &self.certificate_location);
            set("ssl.key.location", &self.key_location);
            set("ssl.key.password", &self.key_password.0);
        }
        connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(protocol: Protocol, mechanism: Mechanism, username: &str) -> SecuritySettings {
        SecuritySettings {
            protocol,
            mechanism,
            username: username.to_owned(),
            password: Secret("hunter2".to_owned()),
            ca_location: "ca.pem".to_owned(),
            certificate_location: String::new(),
            key_location: String::new(),
            key_password: Secret::default(),
        }
    }

    #[test]
    fn what_contradicts_itself_names_its_setting() {
        let check = |protocol, mechanism, username: &str, expected: Option<&str>| {
            let found = settings(protocol, mechanism, username).fault();
            assert_eq!(found.map(|(key, _)| key), expected, "{protocol:?} {mechanism:?}");
        };
        let (plain, scram) = (Mechanism::Plain, Mechanism::ScramSha256);
        let needs_tls = |key| (!HAS_TLS).then_some(key);
        check(Protocol::Plaintext, plain, "", Some("kafka.security.protocol"));
        check(Protocol::SaslPlaintext, plain, "onhand", None);
        check(Protocol::SaslPlaintext, plain, "", Some("kafka.security.username"));
        check(Protocol::SaslPlaintext, scram, "onhand", needs_tls("kafka.security.mechanism"));
        check(Protocol::SaslSsl, plain, "onhand", needs_tls("kafka.security.protocol"));
    }

    #[test]
    fn nothing_shows_a_password() {
        let settings = settings(Protocol::SaslPlaintext, Mechanism::Plain, "onhand");
        let shown = format!("{settings:?} {:?}", settings.connection());
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }
}
