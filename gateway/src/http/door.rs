//! What every handler of one runtime thread shares.

use std::sync::Arc;

use onhand_engine::{Engine, Port};

use crate::brokers::kafka::Bridge;
use crate::http::meters::Meters;
use crate::http::stage::Stage;
use crate::metrics::Exposition;
use crate::tools::Tools;

/// The state of one thread of the HTTP door: `State<Arc<Door>>` in every handler.
///
/// There is one per thread, so that the port, whose answers come back with one wake for the whole
/// thread, is never shared between threads.
pub(crate) struct Door {
    /// The engine, for what is read.
    pub(crate) engine: Engine,
    /// The way into the writer, for what is written.
    pub(crate) port: Port,
    /// Whether the process still takes new work.
    pub(crate) stage: Arc<Stage>,
    /// What all threads of the door have counted.
    pub(crate) meters: Arc<Meters>,
    /// What publishes; `None` when no broker is configured.
    pub(crate) bridge: Option<Arc<Bridge>>,
    /// What the tools of the command line ask.
    pub(crate) tools: Arc<Tools>,
    /// How all of it is told to Prometheus.
    pub(crate) exposition: Arc<Exposition>,
}
