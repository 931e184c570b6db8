//! How we make ourselves known to the broker, in the client's own words.

use std::fmt;

use rdkafka::config::ClientConfig;

/// Properties of every client of ours. What they say is never shown, because passwords are among them.
#[derive(Clone, Default)]
pub(crate) struct Connection(Vec<(&'static str, String)>);

impl Connection {
    /// Sets a property of librdkafka.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.0.push((name, value.to_owned()));
    }

    /// Passes them on.
    pub(super) fn apply(&self, client: &mut ClientConfig) {
        for (name, value) in &self.0 {
            client.set(*name, value);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
