//! Work that a running server does when a tool asks for it: begun, watched, ended.

use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;

use super::ask::{Question, obtain};
use crate::exit::{Exit, Stop};

/// How often the server is asked how it stands.
const LOOK: Duration = Duration::from_millis(100);

/// Begins it and waits for its end; returns what came out.
///
/// # Errors
/// No server answers, it says no, or the work failed.
pub(super) fn run(data: &Path, path: &str, body: &Value, bar: &ProgressBar) -> Result<Value, Stop> {
    let begun = obtain(data, &Question::json("POST", path, &body.to_string()))?;
    loop {
        let said = obtain(data, &Question::json("GET", path, ""))?;
        if said["id"] != begun["id"] {
            return Err(Stop::new(Exit::Refused, "the server has begun another one since"));
        }
        match said["status"].as_str() {
            Some("running") => {
                bar.set_length(said["total"].as_u64().unwrap_or_default());
                bar.set_position(said["done"].as_u64().unwrap_or_default());
                std::thread::sleep(LOOK);
            }
            Some("done") => {
                bar.finish_and_clear();
                return Ok(said);
            }
            _ => {
                bar.finish_and_clear();
                let error = said["error"].as_str().unwrap_or("it did not say why");
                return Err(Stop::new(exit_of(&said), error));
            }
        }
    }
}

/// The exit code that the server names.
fn exit_of(said: &Value) -> Exit {
    let code = said["exitCode"].as_u64().and_then(|code| u8::try_from(code).ok());
    code.and_then(Exit::of_code).unwrap_or(Exit::Refused)
}
