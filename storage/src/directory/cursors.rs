//! How far each outbox sink has come.

use std::sync::Arc;

use super::meta::Meta;
use crate::error::LogError;
use crate::segment::Purpose;

/// Named cursors in `meta.redb`. Their bytes belong to the sinks.
#[derive(Clone)]
pub struct Cursors {
    meta: Arc<Meta>,
    purpose: Purpose,
}

impl Cursors {
    pub(super) fn new(meta: Arc<Meta>, purpose: Purpose) -> Self {
        Self { meta, purpose }
    }

    /// The cursor of that name.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.meta.cursor(name)
    }

    /// All cursors, in ascending order of their names.
    pub fn list(&self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        self.meta.cursors()
    }

    /// Sets a cursor; durable when this returns.
    pub fn put(&self, name: &str, value: &[u8]) -> Result<(), LogError> {
        self.writable()?;
        self.meta.put_cursor(name, Some(value))
    }

    /// Removes a cursor; durable when this returns.
    pub fn remove(&self, name: &str) -> Result<(), LogError> {
        self.writable()?;
        self.meta.put_cursor(name, None)
    }

    fn writable(&self) -> Result<(), LogError> {
        match self.purpose {
            Purpose::Serve => Ok(()),
            Purpose::Verify => Err(LogError::OpenedToVerify),
        }
    }
}
