//! `curve`: latency against load.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Load;
use crate::curve;
use crate::failure::Failure;
use crate::server::Installation;

/// `curve`
#[derive(Debug, Args)]
pub struct Curve {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Reservations per second that are 100 %; without it a closed loop finds them first.
    #[arg(long, value_parser = clap::value_parser!(u64).range(10..))]
    pub capacity: Option<u64>,
    /// Write the chart to this file.
    #[arg(long)]
    pub svg: Option<PathBuf>,
    /// Write the table to this file, too.
    #[arg(long)]
    pub table: Option<PathBuf>,
    /// About how many acknowledged reservations each audit reads again.
    #[arg(long, default_value_t = 10_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// What all runs have.
    #[command(flatten)]
    pub load: Load,
}

impl Curve {
    /// The measurement.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn settings(&self) -> Result<curve::Curve, Failure> {
        let overwritten = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(curve::Curve {
            onhand: self.onhand.clone(),
            run: self.load.settings(overwritten)?,
            capacity: self.capacity,
            sample: self.sample,
            svg: self.svg.clone(),
            table: self.table.clone(),
        })
    }
}
