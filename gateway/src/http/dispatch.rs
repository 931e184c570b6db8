//! From a request of the server to a row of the table, and back.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_LENGTH, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};

use crate::http::ROUTES;
use crate::http::answer;
use crate::http::door::Door;
use crate::http::problem::{Code, Problem};
use crate::http::route::{Answering, Found, Router};
use crate::http::server::Handler;
use crate::http::tally::Tally;

static ROUTER: LazyLock<Router> = LazyLock::new(|| Router::new(ROUTES));

/// What one thread of the server answers with.
pub(crate) struct Dispatch {
    door: Arc<Door>,
    tally: Arc<Tally>,
}

impl Dispatch {
    /// For one thread.
    pub(crate) fn new(door: Arc<Door>, tally: Arc<Tally>) -> Self {
        Self { door, tally }
    }
}

impl Handler for Dispatch {
    type Mark = usize;

    async fn answer(&self, request: hyper::Request<Incoming>) -> (Response, usize) {
        let request = request.map(Body::new);
        match ROUTER.find(request.method(), request.uri().path()) {
            Found::Row(row) => {
                let is_head = request.method() == Method::HEAD;
                let answering = (ROUTES[row].answer)(Arc::clone(&self.door), request);
                let response = guard(answering, row).await;
                (if is_head { without_body(response) } else { response }, row)
            }
            Found::OtherMethods(allow) => (other_methods(request, &allow), ROUTES.len()),
            Found::Nothing => (nothing(request), ROUTES.len()),
        }
    }

    fn companion(&self) -> impl Future<Output = ()> + Send + 'static {
        self.door.port.driver()
    }

    fn note(&self, row: usize, status: StatusCode, took: Duration) {
        self.tally.count(row, status, took);
    }
}

/// A fault of ours in one request must not take the other requests of its connection along.
async fn guard(mut answering: Answering, row: usize) -> Response {
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| Pin::as_mut(&mut answering).poll(context));
        catch_unwind(poll).unwrap_or_else(|_| {
            let route = &ROUTES[row];
            tracing::error!(method = %route.method, route = route.path, "a handler panicked");
            let problem = Problem::internal("the request could not be answered");
            Poll::Ready(answer::Answer::from(problem).respond(None))
        })
    })
    .await
}

fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

fn nothing(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let detail = format!("there is nothing at `{}`", parts.uri.path());
    answer::conclude(Err(Problem::unknown(Code::NotFound, detail)), &parts)
}

fn other_methods(request: Request, allow: &str) -> Response {
    let (parts, _) = request.into_parts();
    let mut response = if parts.method == Method::OPTIONS {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        let detail = format!("`{}` knows {allow}", parts.uri.path());
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, detail);
        answer::conclude(Err(problem), &parts)
    };
    let allow = HeaderValue::from_str(allow).expect("names of methods are visible ASCII");
    response.headers_mut().insert(ALLOW, allow);
    response
}
