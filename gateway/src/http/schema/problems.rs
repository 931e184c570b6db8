//! Problems that calls may answer.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// Problems that any read may answer.
pub(crate) enum ReadProblems {}

/// Problems that reads of history may answer.
pub(crate) enum HistoryProblems {}

/// Problems that any write may answer.
pub(crate) enum WriteProblems {}

const READ_PROBLEMS: [(&str, &str); 4] = [
    ("400", "The request cannot be read: `INVALID_REQUEST` with the place"),
    ("404", "There is no such thing: `UNKNOWN_…`"),
    ("422", "The request makes no sense: `INVALID_…`, `LIMIT_EXCEEDED`"),
    ("500", "Our own fault: `INTERNAL`"),
];

const HISTORY_PROBLEMS: [(&str, &str); 2] = [
    ("410", "Before the kept history: `HISTORY_GONE` with `earliest`"),
    ("429", "Too much is being read: `OVERLOADED`; retry after `Retry-After` seconds"),
];

const WRITE_PROBLEMS: [(&str, &str); 5] = [
    ("409", "The stock, or the state of things, does not allow it; nothing was done"),
    ("413", "The body is too large: `LIMIT_EXCEEDED`"),
    ("415", "The body is not JSON: `UNSUPPORTED_MEDIA_TYPE`"),
    ("429", "Too much work at once: `OVERLOADED`; retry after `Retry-After` seconds"),
    ("503", "`OUTCOME_UNKNOWN`: retry with the same key; `STORAGE_FULL`: nothing was done"),
];

fn responses(problems: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |description: &str| {
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let builder = ResponseBuilder::new().description(description);
        RefOr::T(builder.content("application/problem+json", content).build())
    };
    let named = problems.iter().map(|(status, words)| ((*status).to_owned(), response(words)));
    named.collect()
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&READ_PROBLEMS)
    }
}

impl IntoResponses for HistoryProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = responses(&READ_PROBLEMS);
        all.extend(responses(&HISTORY_PROBLEMS));
        all
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = responses(&READ_PROBLEMS);
        all.extend(responses(&WRITE_PROBLEMS));
        all
    }
}
