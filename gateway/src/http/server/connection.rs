//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Handler;
use super::crowd::{Late, Order, Seat, Seated};
use super::pulse::Phase;

/// Largest head of a request, and how much of a body is read at once.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Serves a connection to its end. `leave` hears what was late, before the connection closes.
pub(super) async fn drive<H: Handler>(
    stream: TcpStream,
    seated: Seated,
    handler: Arc<H>,
    leave: impl Fn(Late),
) {
    let seat = &seated.0;
    let service = service_fn(|request| {
        let (seat, handler) = (Arc::clone(seat), Arc::clone(&handler));
        seat.pulse.work();
        async move {
            let (response, mark) = handler.answer(request).await;
            let next = match response.body().size_hint().exact() {
                Some(_) => Phase::Resting,
                None => Phase::Streaming,
            };
            handler.note(mark, response.status(), seat.pulse.answer(next));
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Watched { stream, seat: Arc::clone(seat) });
    // No timer of hyper's: it would be made anew for every request, and ends idle connections with
    // the header timeout. The crowd looks at the pulse instead.
    let mut connection = pin!(
        http1::Builder::new()
            .half_close(true)
            .max_buf_size(BUFFER_BYTES_MAX)
            .serve_connection(io, service)
    );
    let mut is_draining = false;
    poll_fn(|context| {
        match seat.order(context.waker()) {
            Order::Stay => {}
            Order::Leave(late) => {
                leave(late);
                return Poll::Ready(());
            }
            Order::Drain if !is_draining => {
                is_draining = true;
                connection.as_mut().graceful_shutdown();
            }
            Order::Drain => {}
        }
        connection.as_mut().poll(context).map(|ended| {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
        })
    })
    .await;
}

/// A stream that tells the pulse when a request begins.
struct Watched {
    stream: TcpStream,
    seat: Arc<Seat>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() && buffer.filled().len() > before {
            self.seat.pulse.bytes_came();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
