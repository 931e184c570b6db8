//! Where settings come from, so that each value can name its source.

use std::path::Path;

use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;

use super::settings::{SETTINGS, Setting, VARIABLE_PREFIX, find};
use super::{ConfigError, Flags};

/// Variables that name the configuration file, and other names of settings.
const FILE_VARIABLE: &str = "ONHAND_CONFIG";
/// Names of the log level by custom; ours goes before the one that all Rust programs know.
const LOG_VARIABLES: [&str; 2] = ["RUST_LOG", "ONHAND_LOG"];
/// Settings that are text even when they look like a number.
const TEXTS: [&str; 13] = [
    "data",
    "listen",
    "log_level",
    "kafka.brokers",
    "kafka.client_id",
    "kafka.routes",
    "kafka.dead_letter_topic",
    "kafka.security.username",
    "kafka.security.password",
    "kafka.security.ca_location",
    "kafka.security.certificate_location",
    "kafka.security.key_location",
    "kafka.security.key_password",
];
/// Settings of which no error may show the value.
const SECRETS: [&str; 2] = ["kafka.security.password", "kafka.security.key_password"];

/// One value from one place.
struct Given {
    key: &'static str,
    value: Value,
    source: String,
}

impl Given {
    fn text(key: &'static str, text: &str, source: String) -> Self {
        let value = if TEXTS.contains(&key) {
            Value::from(text)
        } else {
            // Infallible: what is no TOML value is a text.
            text.parse().unwrap_or_else(|_| Value::from(text))
        };
        Self { key, value, source }
    }
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let nested = figment::util::nest(self.key, self.value.clone());
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// All sources, the weakest first.
pub(super) struct Sources {
    figment: Figment,
}

impl Sources {
    /// Gathers them.
    ///
    /// # Errors
    /// A setting that nobody knows, or a file that cannot be read.
    pub(super) fn collect(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        for Setting { key, default, .. } in SETTINGS {
            figment = figment.merge(Given::text(key, default, "default".into()));
        }
        let variables = Variables::sort(variables)?;
        let file = flags.file.as_deref().map(|file| (file, "flag --config"));
        let file = file.or(variables.file.as_deref().map(|file| (Path::new(file), FILE_VARIABLE)));
        if let Some((file, source)) = file {
            figment = figment.merge(read_file(file, source)?);
        }
        for given in variables.given {
            figment = figment.merge(given);
        }
        for (key, text) in &flags.settings {
            let flag =
                if *key == "kafka.brokers" { "kafka".to_owned() } else { key.replace('_', "-") };
            let source = format!("flag --{flag}");
            figment = figment.merge(Given::text(key, text, source));
        }
        Ok(Self { figment })
    }

    /// Turns them into settings.
    ///
    /// # Errors
    /// The first value of a wrong type.
    pub(super) fn extract<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        self.figment.extract().map_err(|error| {
            let reason = match &error.kind {
                _ if SECRETS.contains(&error.path.join(".").as_str()) => {
                    "expected a text".to_owned()
                }
                Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
                    format!("found {actual}, expected {expected}")
                }
                kind => kind.to_string(),
            };
            self.refuse(&error.path.join("."), &reason)
        })
    }

    /// Refuses the value that a setting has.
    pub(super) fn refuse(&self, key: &str, reason: &str) -> ConfigError {
        let value = self.figment.find_value(key).ok().filter(|_| !SECRETS.contains(&key));
        let value = value.map(|value| shown(&value));
        let source = self.figment.find_metadata(key).map_or_else(String::new, source_of);
        ConfigError { key: key.to_owned(), value, source, reason: reason.to_owned() }
    }
}

fn source_of(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(place) => format!("{} {place}", metadata.name),
        None => metadata.name.clone().into_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|whole| whole.to_string())
            .or(number.to_u128().map(|whole| whole.to_string()))
            .or(number.to_f64().map(|fraction| fraction.to_string()))
            .unwrap_or_default(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

fn read_file(file: &Path, named_by: &str) -> Result<impl Provider, ConfigError> {
    let source = format!("TOML file {}", file.display());
    let unreadable = |key: &str, source: &str, reason: String| ConfigError {
        key: key.to_owned(),
        value: (!key.is_empty()).then(|| file.display().to_string()),
        source: source.to_owned(),
        reason,
    };
    std::fs::metadata(file).map_err(|error| unreadable("config", named_by, error.to_string()))?;
    let toml = Toml::file_exact(file);
    let profiles = toml.data().map_err(|error| unreadable("", &source, error.to_string()))?;
    for (key, value) in profiles.values().flat_map(flatten) {
        if find(&key).is_none() {
            return Err(unknown(key, shown(&value), source));
        }
    }
    Ok(toml)
}

/// Every value of a dictionary with its dotted name. A table under the name of a setting is left
/// whole: its type is wrong, and that is what the operator should read.
fn flatten(dict: &Dict) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (key, value) in dict {
        match value {
            Value::Dict(_, inner) if find(key).is_none() && !inner.is_empty() => {
                let nested = flatten(inner).into_iter();
                all.extend(nested.map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            value => all.push((key.clone(), value.clone())),
        }
    }
    all
}

fn unknown(key: String, value: String, source: String) -> ConfigError {
    let last = key.rsplit('.').next().unwrap_or_default();
    let near = SETTINGS.iter().find(|known| known.key.rsplit('.').next() == Some(last));
    let reason = match near {
        Some(near) => format!("there is no such setting; did you mean `{}`?", near.key),
        None => "there is no such setting; `onhand serve --help` lists all".to_owned(),
    };
    ConfigError { key, value: Some(value), source, reason }
}

/// Our variables of the environment.
struct Variables {
    file: Option<String>,
    given: Vec<Given>,
}

impl Variables {
    fn sort(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut sorted: Vec<_> = variables.into_iter().collect();
        // `ONHAND_LOG` and `ONHAND_LOG_LEVEL` go after `RUST_LOG`, so that ours win.
        sorted.sort_by_key(|(name, _)| (name.starts_with(VARIABLE_PREFIX), name.clone()));
        let mut found = Self { file: None, given: Vec::new() };
        for (name, value) in sorted {
            let source = format!("variable {name}");
            let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
            if let Some(setting) = setting {
                found.given.push(Given::text(setting.key, &value, source));
            } else if LOG_VARIABLES.contains(&name.as_str()) {
                found.given.push(Given::text("log_level", &value, source));
            } else if name == FILE_VARIABLE {
                found.file = Some(value);
            } else if name.starts_with(VARIABLE_PREFIX) && !is_service_link(&name) {
                let key = name[VARIABLE_PREFIX.len()..].to_lowercase();
                return Err(unknown(key, value, source));
            }
        }
        Ok(found)
    }
}

/// Kubernetes puts these into every container when a service is called `onhand`.
fn is_service_link(name: &str) -> bool {
    let name = &name[VARIABLE_PREFIX.len()..];
    name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_")
}
