//! What a proof found, as it is told: over HTTP and on the command line.

use onhand_engine::verify::{Compared, Report};
use serde::Deserialize;

use crate::http::json::Json;

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proof {
    segments: u32,
    frames: u64,
    records: u64,
    first: u64,
    last: u64,
    last_hash: String,
    positions: u32,
    open_reservations: u32,
    to_replay: u64,
    compared: String,
    /// What contradicts what.
    pub(crate) findings: Vec<String>,
}

const fn word(compared: Compared) -> &'static str {
    match compared {
        Compared::Nothing => "nothing",
        Compared::Memory => "memory",
        Compared::Checkpoints => "checkpoints",
    }
}

impl Proof {
    /// Of the engine's report.
    pub(crate) fn of(report: &Report) -> Self {
        let chain = &report.chain;
        Self {
            segments: chain.segments,
            frames: chain.frames,
            records: chain.records,
            first: chain.first,
            last: chain.last,
            last_hash: chain.last_hash.to_string(),
            positions: report.positions,
            open_reservations: report.open_reservations,
            to_replay: report.to_replay,
            compared: word(report.compared).to_owned(),
            findings: report.findings.clone(),
        }
    }

    /// Writes its members.
    pub(crate) fn write(&self, json: &mut Json) {
        json.number("segments", self.segments);
        json.number("frames", self.frames);
        json.number("records", self.records);
        json.number("first", self.first);
        json.number("last", self.last);
        json.text("lastHash", &self.last_hash);
        json.number("positions", self.positions);
        json.number("openReservations", self.open_reservations);
        json.number("toReplay", self.to_replay);
        json.text("compared", &self.compared);
        json.array_at("findings", |json| {
            self.findings.iter().for_each(|finding| json.element(finding));
        });
    }

    /// The same for people.
    pub(crate) fn text(&self) -> String {
        let Self { segments, frames, records, first, last, positions, .. } = self;
        let compared = match self.compared.as_str() {
            "memory" => "compared with the memory of the running server",
            "checkpoints" => "built from the first record and from the checkpoints",
            _ => "built from the first record",
        };
        let mut text = format!(
            "log: {segments} segments, {frames} frames, {records} records ({first} to {last}), last \
             hash {}\n\
             memory: {positions} positions, {} open reservations, {compared}\n\
             a start would replay {} records\n",
            self.last_hash, self.open_reservations, self.to_replay,
        );
        for finding in &self.findings {
            text.push_str(&format!("CONTRADICTION: {finding}\n"));
        }
        if self.findings.is_empty() {
            text.push_str("everything agrees\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_told() {
        let proof = Proof {
            segments: 2,
            frames: 5,
            records: 90,
            first: 1,
            last: 90,
            last_hash: "ab".repeat(32),
            positions: 7,
            open_reservations: 3,
            to_replay: 4,
            compared: "memory".to_owned(),
            findings: vec!["position default/tea@north (0): \"x\"".to_owned()],
        };
        let mut json = Json::default();
        json.object(|json| proof.write(json));
        let read: Proof = serde_json::from_slice(&json.into_bytes()).unwrap();
        assert_eq!(read, proof);
        assert!(read.text().contains("CONTRADICTION: position default/tea@north (0): \"x\"\n"));
        let whole = Proof { findings: Vec::new(), ..proof };
        assert!(whole.text().ends_with("everything agrees\n"));
    }
}
