//! Why an event is a dead letter.

use std::fmt;

use crate::http::problem::{self, Problem};

/// What is wrong, in one word of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// No JSON object.
    Unreadable,
    /// A member is missing, of another kind, or contradicts another.
    InvalidEvent,
    /// A version of the event that we do not know.
    UnknownVersion,
    /// What is refused at every door in the same words: ids, quantities, times.
    Value(problem::Code),
}

impl Code {
    /// The word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "UNREADABLE",
            Self::InvalidEvent => "INVALID_EVENT",
            Self::UnknownVersion => "UNKNOWN_VERSION",
            Self::Value(code) => code.word(),
        }
    }
}

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// For programs.
    pub(crate) code: Code,
    /// For people.
    pub(crate) error: String,
    /// The member that is wrong.
    pub(crate) field: Option<&'static str>,
}

impl Fault {
    pub(super) fn unreadable(why: impl fmt::Display) -> Self {
        Self { code: Code::Unreadable, error: why.to_string(), field: None }
    }

    pub(super) fn missing(field: &'static str) -> Self {
        Self::invalid(field, "is missing")
    }

    pub(super) fn invalid(field: &'static str, why: impl fmt::Display) -> Self {
        Self::value(Code::InvalidEvent, field, why)
    }

    pub(super) fn id(field: &'static str, why: impl fmt::Display) -> Self {
        Self::value(Code::Value(problem::Code::InvalidId), field, why)
    }

    pub(super) fn time(field: &'static str, why: impl fmt::Display) -> Self {
        Self::value(Code::Value(problem::Code::InvalidTime), field, why)
    }

    pub(super) fn version(why: impl fmt::Display) -> Self {
        Self::value(Code::UnknownVersion, "version", why)
    }

    /// A figure that the door refuses.
    pub(super) fn figure(field: &'static str, problem: &Problem) -> Self {
        let error = problem.detail().to_owned();
        Self { code: Code::Value(problem.code()), error, field: Some(field) }
    }

    /// What a dead letter tells besides, as JSON.
    pub(crate) fn details(&self) -> Option<String> {
        self.field.map(|field| format!("{{\"field\":\"{field}\"}}"))
    }

    fn value(code: Code, field: &'static str, why: impl fmt::Display) -> Self {
        Self { code, error: format!("`{field}` {why}"), field: Some(field) }
    }
}
