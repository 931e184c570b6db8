//! The accept loop: one single-threaded runtime per core, each with its own listener on the same
//! port, so that a request is read, decided upon and answered by one thread.
//!
//! `axum::serve` is not used, because it knows no header timeout, no connection limit and no drain.

mod connection;
mod crowd;
mod listener;
mod pulse;
mod refusal;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use onhand_storage::lower_priority;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::HttpConfig;
use crate::exit::{Exit, Stop};
use crate::http::stage::Stage;
use crowd::{Crowd, Late};
use pulse::Limits;

/// What a thread does with a request.
pub(crate) trait Handler: Send + Sync + 'static {
    /// What the handler remembers of a request until its answer is noted.
    type Mark: Send;

    /// Answers a request.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = (Response<Body>, Self::Mark)> + Send;

    /// What runs beside the requests on each thread, until the thread ends.
    fn companion(&self) -> impl Future<Output = ()> + Send + 'static {
        std::future::ready(())
    }

    /// An answer is ready; `took` runs from the first byte of its request.
    fn note(&self, mark: Self::Mark, status: StatusCode, took: Duration);
}

/// What all threads of the door have counted about connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
    late: [AtomicU64; Late::ALL.len()],
    cut: AtomicU64,
}

impl Connections {
    /// Open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Taken in so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Answered 503 because there were too many.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Closed because they were too slow, with the word for what was late.
    pub(crate) fn late(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let word = |late: &Late| (late.word(), self.late[late.place()].load(Ordering::Relaxed));
        Late::ALL.iter().map(word)
    }

    #[cfg(test)]
    /// Closed in the middle of a request, because the drain took too long.
    pub(crate) fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }
}

/// Sockets that are bound, but do not listen yet.
pub(crate) struct Server {
    config: Arc<HttpConfig>,
    sockets: Vec<socket2::Socket>,
    address: SocketAddr,
}

impl Server {
    /// Takes the address, one socket per thread.
    ///
    /// # Errors
    /// Somebody listens there already, or the system refuses the address.
    pub(crate) fn bind(config: HttpConfig) -> Result<Self, Stop> {
        let (sockets, address) = listener::bind_all(config.listen, config.threads)?;
        Ok(Self { config: Arc::new(config), sockets, address })
    }

    /// Where it listens, with the port that was found for port 0.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the threads; `handler` makes what each of them answers with.
    ///
    /// # Errors
    /// The system refuses a listener or a thread. The threads started before it end with `stage`.
    pub(crate) fn start<H: Handler>(
        self,
        stage: &Arc<Stage>,
        connections: &Arc<Connections>,
        mut handler: impl FnMut() -> H,
    ) -> Result<Running, Stop> {
        let mut threads = Vec::new();
        for (number, socket) in self.sockets.into_iter().enumerate() {
            let listener = listener::listen(socket, self.address)?;
            let acceptor = Acceptor {
                config: Arc::clone(&self.config),
                handler: Arc::new(handler()),
                crowd: Arc::new(Crowd::new(Limits::new(&self.config))),
                connections: Arc::clone(connections),
                stage: Arc::clone(stage),
            };
            let thread = std::thread::Builder::new()
                .name(format!("http-{number}"))
                .spawn(move || acceptor.run(listener))
                .map_err(|error| Stop::new(Exit::Internal, format!("no HTTP thread: {error}")))?;
            threads.push(thread);
        }
        Ok(Running { threads })
    }
}

/// Threads that answer requests until the stage says stop, and then drain.
pub(crate) struct Running {
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Waits until every thread has finished its drain.
    pub(crate) fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("an HTTP thread panicked");
            }
        }
    }
}

/// One thread of the door.
struct Acceptor<H> {
    config: Arc<HttpConfig>,
    handler: Arc<H>,
    crowd: Arc<Crowd>,
    connections: Arc<Connections>,
    stage: Arc<Stage>,
}

/// Pause after the system could not accept: it lacks descriptors or memory, and retrying at once
/// would only burn the core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Wide reads of one HTTP thread that run at once; further ones wait for their turn.
const BLOCKING_THREADS_MAX: usize = 4;

impl<H: Handler> Acceptor<H> {
    fn run(self, listener: std::net::TcpListener) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            // Only those threads are started by the runtime: who asks much gives way to who buys.
            .on_thread_start(lower_priority)
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.serve(listener)),
            Err(error) => tracing::error!(%error, "an HTTP thread has no runtime"),
        }
    }

    async fn serve(self, listener: std::net::TcpListener) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "an HTTP thread has no listener"),
        };
        tokio::spawn(self.handler.companion());
        let mut sweep = tokio::time::interval(self.crowd.limits().sweep_every());
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = std::pin::pin!(self.stage.stopped());
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream),
                    Err(error) => self.survive(&error).await,
                },
                _ = sweep.tick() => self.crowd.sweep(),
            }
        }
        self.take_what_waits(&listener);
        drop(listener);
        self.drain().await;
    }

    /// What the kernel has accepted for us would be reset with the listener.
    fn take_what_waits(&self, listener: &TcpListener) {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while let std::task::Poll::Ready(Ok((stream, _))) = listener.poll_accept(&mut context) {
            self.admit(stream);
        }
    }

    fn admit(&self, stream: TcpStream) {
        let connections = Arc::clone(&self.connections);
        let before = connections.open.fetch_add(1, Ordering::Relaxed);
        let place = Place(connections);
        if before >= self.config.connections_max {
            place.0.refused.fetch_add(1, Ordering::Relaxed);
            drop(place);
            return self.crowd.refuse(stream);
        }
        place.0.accepted.fetch_add(1, Ordering::Relaxed);
        // Without it, small answers wait for the acknowledgement of earlier ones.
        if let Err(error) = stream.set_nodelay(true) {
            return tracing::debug!(%error, "a connection was gone before it began");
        }
        let seat = self.crowd.enter();
        let handler = Arc::clone(&self.handler);
        tokio::spawn(async move {
            let leave = |late: Late| {
                place.0.late[late.place()].fetch_add(1, Ordering::Relaxed);
            };
            connection::drive(stream, seat, handler, leave).await;
        });
    }

    async fn survive(&self, error: &std::io::Error) {
        use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return;
        }
        tracing::warn!(%error, open = self.connections.open(), "cannot accept connections");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    /// Lets requests in flight finish; what has none is closed at once.
    async fn drain(&self) {
        let deadline = Instant::now() + self.config.drain_timeout;
        self.crowd.drain();
        if tokio::time::timeout_at(deadline, self.crowd.emptied()).await.is_err() {
            let cut = self.crowd.len();
            self.connections.cut.fetch_add(cut, Ordering::Relaxed);
            tracing::warn!(connections = cut, "closed in the middle of a request");
        }
    }
}

/// A counted connection.
struct Place(Arc<Connections>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
