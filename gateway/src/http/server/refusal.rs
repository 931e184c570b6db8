//! What a connection hears when there are too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::json::Json;
use crate::http::problem::{Code, Problem};

/// Connections of one thread that are being refused with words; beyond it they are just closed.
const REFUSALS_MAX: usize = 64;
/// How long the words may take to arrive.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);

/// Answers 503 `OVERLOADED` and closes.
pub(super) fn refuse(stream: TcpStream, under_way: &Arc<AtomicUsize>) {
    if under_way.fetch_add(1, Ordering::Relaxed) >= REFUSALS_MAX {
        under_way.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let under_way = Arc::clone(under_way);
    tokio::spawn(async move {
        // Whether the words arrive is the client's affair.
        let told = tokio::time::timeout(REFUSAL_TIME_MAX, tell(stream)).await;
        drop(told);
        under_way.fetch_sub(1, Ordering::Relaxed);
    });
}

async fn tell(mut stream: TcpStream) -> std::io::Result<()> {
    let detail = "too many open connections; try again later";
    let mut body = Json::default();
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, detail);
    body.object(|json| problem.write(json));
    let body = body.into_bytes();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).await?;
    stream.shutdown().await?;
    // Closing while its request is still unread would reset the connection and lose the answer.
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
