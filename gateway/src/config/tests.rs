use std::fs;

use super::settings::SETTINGS;
use super::*;

fn variables(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(
    file: &str,
    given: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("onhand.toml");
    fs::write(&path, file).unwrap();
    let settings = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
    let error_path = path.display().to_string();
    Config::load(&Flags { file: Some(path), settings }, variables(given)).map_err(|mut error| {
        error.source = error.source.replace(&error_path, "FILE");
        error
    })
}

#[test]
fn defaults_are_whole_and_lie_in_their_ranges() {
    let config = Config::load(&Flags::default(), []).unwrap();
    assert_eq!(config.listen, "127.0.0.1:7070".parse().unwrap());
    assert_eq!(config.data, PathBuf::from("./data"));
    assert_eq!(config.http().header_timeout, Duration::from_secs(5));
    assert!(config.http().threads >= 1);
    assert_eq!(config.storage().segment_bytes, 1 << 30);
    assert_eq!(config.storage().disk_reserve_bytes, None);
}

#[test]
fn every_range_names_a_setting() {
    let config = Config::load(&Flags::default(), []).unwrap();
    for key in config.ranges().keys() {
        assert!(SETTINGS.iter().any(|setting| setting.key == *key), "{key}");
    }
}

#[test]
fn later_sources_win() {
    let file = "partitions = 8\npermits = 4096\n[http]\nthreads = 3\n";
    let none = load(file, &[], &[]).unwrap();
    assert_eq!((none.partitions, none.permits, none.http.threads), (8, 4096, 3));
    let given = [("ONHAND_PARTITIONS", "16"), ("ONHAND_HTTP_THREADS", "5")];
    let variable = load(file, &given, &[]).unwrap();
    assert_eq!((variable.partitions, variable.permits, variable.http.threads), (16, 4096, 5));
    let flag = load(file, &given, &[("partitions", "32")]).unwrap();
    assert_eq!((flag.partitions, flag.permits, flag.http.threads), (32, 4096, 5));
}

#[test]
fn values_keep_their_units_in_every_source() {
    let config = load(
        "segment_bytes = 2097152\ncommit_spacing = '2ms'\ndisk_reserve_bytes = '1GiB'\n",
        &[("ONHAND_CACHE_BYTES", "64MiB"), ("ONHAND_HTTP_IDLE_TIMEOUT", "2m")],
        &[("data", "007")],
    )
    .unwrap();
    assert_eq!(config.segment_bytes, Size(2 << 20));
    assert_eq!(config.cache_bytes, Size(64 << 20));
    assert_eq!(config.commit_spacing, Span(Duration::from_millis(2)));
    assert_eq!(config.http().idle_timeout, Duration::from_secs(120));
    assert_eq!(config.storage().disk_reserve_bytes, Some(1 << 30));
    assert_eq!(config.data, PathBuf::from("007"));
}

#[test]
fn the_log_level_has_three_variables() {
    let level = |given: &[(&str, &str)]| load("", given, &[]).unwrap().log_level;
    assert_eq!(level(&[]), "info");
    assert_eq!(level(&[("RUST_LOG", "warn")]), "warn");
    assert_eq!(level(&[("ONHAND_LOG", "debug"), ("RUST_LOG", "warn")]), "debug");
    assert_eq!(level(&[("ONHAND_LOG_LEVEL", "error"), ("ONHAND_LOG", "debug")]), "error");
}

#[test]
fn a_file_can_be_named_by_a_variable() {
    let error = Config::load(&Flags::default(), variables(&[("ONHAND_CONFIG", "absent.toml")]));
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("setting `config` = `absent.toml` (ONHAND_CONFIG): "), "{text}");
}

#[test]
fn names_that_kubernetes_gives_are_not_settings() {
    let given =
        [("ONHAND_PORT", "tcp://10.0.0.1:80"), ("ONHAND_SERVICE_HOST", "10.0.0.1"), ("HOME", "/")];
    assert!(load("", &given, &[]).is_ok());
}

#[test]
fn a_wrong_setting_names_itself() {
    let check =
        |file: &str, given: &[(&str, &str)], flags: &[(&'static str, &str)], expected: &str| {
            let text = load(file, given, flags).map(drop).unwrap_err().to_string();
            assert!(text.starts_with(expected), "{text}\nexpected: {expected}");
        };
    check(
        "partitons = 8",
        &[],
        &[],
        "setting `partitons` = `8` (TOML file FILE): there is no such setting",
    );
    check(
        "threads = 8",
        &[],
        &[],
        "setting `threads` = `8` (TOML file FILE): there is no such setting; did you mean \
         `http.threads`?",
    );
    check(
        "[http]\nthread = 8",
        &[],
        &[],
        "setting `http.thread` = `8` (TOML file FILE): there is no such setting",
    );
    check(
        "[http]\nthreads = 'many'",
        &[],
        &[],
        "setting `http.threads` = `many` (TOML file FILE): found string \"many\", expected usize",
    );
    check("http = 3", &[], &[], "setting `http` = `3` (TOML file FILE): there is no such setting");
    check("partitions = [", &[], &[], "TOML file FILE: ");
    check(
        "",
        &[("ONHAND_HTTP_THREADS", "-1")],
        &[],
        "setting `http.threads` = `-1` (variable ONHAND_HTTP_THREADS): ",
    );
    check(
        "",
        &[("ONHAND_HTTP_TREADS", "1")],
        &[],
        "setting `http_treads` = `1` (variable ONHAND_HTTP_TREADS): there is no such setting",
    );
    check(
        "",
        &[("ONHAND_COMMIT_SPACING", "5")],
        &[],
        "setting `commit_spacing` = `5` (variable ONHAND_COMMIT_SPACING): found unsigned int",
    );
    check("", &[], &[("partitions", "0")], "setting `partitions` = `0` (flag --partitions): must");
    check(
        "",
        &[],
        &[("listen", "everywhere")],
        "setting `listen` = `everywhere` (flag --listen): invalid socket address",
    );
    check("segment_bytes = '1 gigabyte'", &[], &[], "setting `segment_bytes` = `1 gigabyte`");
    check("disk_reserve_bytes = 'lots'", &[], &[], "setting `disk_reserve_bytes` = `lots`");
    check("log_format = 'xml'", &[], &[], "setting `log_format` = `xml`");
    check("log_level = 'info,x=loud'", &[], &[], "setting `log_level` = `info,x=loud`");
    check("strict_catalog = 'perhaps'", &[], &[], "setting `strict_catalog` = `perhaps`");
}
