//! A client of one tenant over one kept-alive connection.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::wire::Wire;
use crate::{Answer, Request};

/// Sends one request after the other. A clone has a connection of its own.
pub struct Client {
    address: String,
    tenant: Option<String>,
    wire: Mutex<Option<Wire>>,
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self::new(&self.address, self.tenant.as_deref())
    }
}

impl Client {
    /// A client of the server at `address`; without a tenant it sends no `X-Tenant-Id`.
    pub fn new(address: &str, tenant: Option<&str>) -> Self {
        Self {
            address: address.to_owned(),
            tenant: tenant.map(str::to_owned),
            wire: Mutex::new(None),
        }
    }

    /// The tenant named in every request.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The address this client talks to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request once. An error means that its outcome is unknown.
    pub fn try_send(&self, request: &Request) -> io::Result<Answer> {
        let mut slot = self.wire();
        let kept = slot.take().filter(|wire| !wire.is_closed());
        let mut wire = match kept {
            Some(wire) => wire,
            None => Wire::connect(&self.address)?,
        };
        let head = wire.exchange(&request.render(&self.address, self.tenant.as_deref()))?;
        let body = wire.read_body()?;
        if !head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            *slot = Some(wire);
        }
        Ok(Answer::new(request, head, body))
    }

    /// Sends a request that must be answered.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Answer {
        match self.try_send(request) {
            Ok(answer) => answer,
            Err(error) => panic!("{} {}: no answer: {error}", request.method, request.path),
        }
    }

    /// `GET path`.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send(&Request::get(path))
    }

    /// `POST path` with a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&Request::post(path).json(body))
    }

    /// `PUT path` with a JSON body.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(&Request::put(path).json(body))
    }

    /// `DELETE path`.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send(&Request::new("DELETE", path))
    }

    fn wire(&self) -> MutexGuard<'_, Option<Wire>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
