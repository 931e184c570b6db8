//! `onhand import`: each row once, whoever is killed and whenever, and nothing bad is lost.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use onhand_tests::{Exit, Process, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{data_of, end, export, path, run, run_long, text};

/// Rows of the large file; the whole million by `IMPORT_ROWS` (CONTRIBUTING.md).
fn large() -> usize {
    std::env::var("IMPORT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(40_000)
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

fn write(place: &TempDir, name: &str, content: &str) -> PathBuf {
    let file = place.path().join(name);
    fs::write(&file, content).expect("it can be written");
    file
}

fn import(server: &Server, file: &Path, more: &[&str]) -> Exit {
    let data = data_of(server);
    run(&[&["import", path(file), "--data", &data], more].concat())
}

/// The file of rejected rows of a file.
fn rejected(file: &Path) -> PathBuf {
    let ending = file.extension().expect("has one").to_str().expect("UTF-8");
    file.with_extension(format!("rejected.{ending}"))
}

#[test]
fn rows_bring_stock_items_places_bins_and_policies() {
    let (server, place) = (Server::start(), place());
    let content = "\
Item ID,location_id,quantity,bucket,lotNumber,expiryDate,unitCost,sku,name,productId,strategy,\
locationName,binId,minStock,itemSafetyStock,tenantId
tea,north,10.5,,L-1,2099-01-31,2.25,TEA-1,Assam,teas,FEFO,North,A-1,3,1,
tea,north,2,damaged,,,,,,,,,,,,
tea,south,0,,,,,,,,,,,,,
cup,north,4,,,,,,,,,,,,,other
";
    let file = write(&place, "stock.csv", content);
    let exit = import(&server, &file, &[]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    assert!(exit.output.contains("4 rows, 4 imported, 0 rejected"), "{}", exit.output);
    let shop = server.shop("default");
    let north = shop.position("tea", "north");
    north.shows("available 10.5, damaged 2, onHand 12.5, minStock 3, safetyStock 1, binId A-1");
    shop.position("tea", "south").shows("onHand 0, safetyStock 1");
    let item = server.client().get("/v1/items/tea").expect(200);
    item.shows("sku TEA-1, name Assam, productId teas, strategy FEFO, safetyStock 1");
    server.client().get("/v1/locations/north").expect(200).shows("name North");
    server.shop("other").position("cup", "north").shows("available 4");
    assert!(!rejected(&file).exists());
}

/// The examples of docs/IMPORT.md do what it says.
#[test]
fn the_examples_can_be_imported() {
    let (server, place) = (Server::start(), place());
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples"));
    for name in ["stock.csv", "entries.ndjson"] {
        let file = write(&place, name, &text(&examples.join(name)));
        let exit = import(&server, &file, &[]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
    }
    let shop = server.shop("default");
    shop.position("tea", "north").shows("available 65, damaged 2, minStock 10, binId A-03");
    shop.position("tea", "south").shows("available 3, minStock 5");
    shop.position("cup", "south").shows("available 7");
    shop.position("spoon", "south").shows("available 30");
}

#[test]
fn what_a_row_leaves_open_stays() {
    let (server, place) = (Server::start(), place());
    let shop = server.shop("default");
    shop.item("tea", &json!({ "sku": "OLD", "name": "Assam", "minStock": 5 }));
    shop.receive("tea", "north", 1);
    shop.policy("tea", "north", &json!({ "maxStock": 9 }));
    let file = write(
        &place,
        "x.ndjson",
        "{\"itemId\":\"tea\",\"locationId\":\"north\",\"sku\":\"NEW\",\"lowStockThreshold\":2}\n",
    );
    assert_eq!(import(&server, &file, &[]).code, Some(0));
    let item = server.client().get("/v1/items/tea").expect(200);
    item.shows("sku NEW, name Assam, minStock 5");
    shop.position("tea", "north").shows("onHand 1, maxStock 9, lowStockThreshold 2");
}

#[test]
fn a_file_is_imported_once_unless_it_is_named_anew() {
    let (server, place) = (Server::start(), place());
    let content = "itemId,locationId,quantity\ntea,north,10\ncup,north,1\n";
    let file = write(&place, "stock.csv", content);
    let available = || server.shop("default").position("tea", "north").figure("available");
    for (name, more, figure) in [
        ("stock.csv", &[][..], 10),
        ("stock.csv", &[], 10),
        // The same content under another name is the same.
        ("copy.csv", &[], 10),
        ("stock.csv", &["--as", "tuesday"], 20),
        ("stock.csv", &["--as", "tuesday"], 20),
        ("stock.csv", &["--as", "wednesday"], 30),
    ] {
        let file = if name == "stock.csv" { file.clone() } else { write(&place, name, content) };
        let exit = import(&server, &file, more);
        assert_eq!(exit.code, Some(0), "{name} {more:?}: {}", exit.output);
        assert_eq!(available(), figure.into(), "{name} {more:?}");
    }
    let again = import(&server, &file, &[]);
    assert!(again.output.contains("2 of them by an earlier run"), "{}", again.output);
    assert!(again.output.contains("nothing was new"), "{}", again.output);
}

#[test]
fn bad_rows_are_named_mended_and_imported_again() {
    let (server, place) = (Server::start(), place());
    let shop = server.shop("default");
    shop.item("air", &json!({ "trackInventory": false }));
    let content = "\
itemId,locationId,quantity,name
tea,north,10,
tea,north,ten,
air,north,5,
,north,1,
tea,north,1
tea,north,2,\"two
lines\"
";
    let file = write(&place, "stock.csv", content);
    let exit = import(&server, &file, &[]);
    assert_eq!(exit.code, Some(15), "{}", exit.output);
    assert!(exit.output.contains("6 rows, 2 imported, 4 rejected"), "{}", exit.output);
    shop.position("tea", "north").shows("available 12");
    let rejects = fs::read_to_string(rejected(&file)).expect("there are rejected rows");
    let lines: Vec<&str> = rejects.lines().collect();
    assert_eq!(lines[0], "rejectedLine,rejected,itemId,locationId,quantity,name");
    for (line, number, reason, row) in [
        (1, "3,", "INVALID_QUANTITY", ",tea,north,ten,"),
        (2, "4,", "NOT_TRACKED", ",air,north,5,"),
        (3, "5,", "itemId", ",,north,1,"),
        (4, "6,", "3 cells", ",tea,north,1"),
    ] {
        let told = lines[line];
        assert!(told.starts_with(number) && told.contains(reason) && told.ends_with(row), "{told}");
    }
    // The same file again says the same, from the log.
    let again = import(&server, &file, &[]);
    assert_eq!(again.code, Some(15), "{}", again.output);
    assert_eq!(fs::read_to_string(rejected(&file)).expect("is there"), rejects);
    shop.position("tea", "north").shows("available 12");

    let mended = rejects
        .replace(",ten,", ",3,")
        .replace(",air,", ",bread,")
        .replace(",,north,1,", ",salt,north,1,")
        .replace("tea,north,1\n", "tea,north,1,\n");
    fs::write(rejected(&file), mended).expect("it can be mended");
    let exit = import(&server, &rejected(&file), &[]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    shop.position("tea", "north").shows("available 16");
    shop.position("bread", "north").shows("available 5");
    shop.position("salt", "north").shows("available 1");
    // Refusals of an import are no dead letters.
    assert!(server.client().get("/v1/admin/failed-events").expect(200).list("items").is_empty());
}

#[test]
fn ndjson_takes_the_entries_of_a_batch() {
    let (server, place) = (Server::start(), place());
    let content = "\
{\"op\":\"receipt\",\"itemId\":\"tea\",\"locationId\":\"north\",\"quantity\":10}
{\"op\":\"sale\",\"itemId\":\"tea\",\"locationId\":\"north\",\"quantity\":\"0.1\"}

{\"op\":\"count\",\"itemId\":\"cup\",\"locationId\":\"north\",\"counted\":7,\"tenantId\":\"other\"}
{\"op\":\"move\",\"itemId\":\"tea\",\"locationId\":\"north\",\"quantity\":99,\"from\":\"available\",\"to\":\"damaged\",\"reason\":\"x\"}
no json at all
";
    let file = write(&place, "entries.ndjson", content);
    let exit = import(&server, &file, &[]);
    assert_eq!(exit.code, Some(15), "{}", exit.output);
    server.shop("default").position("tea", "north").shows("available 9.9, damaged 0");
    server.shop("other").position("cup", "north").shows("available 7");
    let rejects = fs::read_to_string(rejected(&file)).expect("there are rejected rows");
    let rows: Vec<Value> =
        rejects.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&rows[0]["rejectedLine"], &rows[0]["op"]), (&json!(5), &json!("move")));
    assert!(rows[0]["rejected"].as_str().expect("a reason").contains("INSUFFICIENT_STOCK"));
    assert_eq!((&rows[1]["rejectedLine"], &rows[1]["text"]), (&json!(6), &json!("no json at all")));
}

#[test]
fn wrong_files_and_flags_touch_nothing() {
    let (server, place) = (Server::start(), place());
    let unknown = write(&place, "a.csv", "itemId,locationId,quantty\ntea,north,1\n");
    let good = write(&place, "b.csv", "Artikel,quantity,Farbe\ntea,2,red\n");
    let odd = write(&place, "c.txt", "itemId,locationId,quantity\ntea,south,1\n");
    let none = place.path().join("none.csv");
    for (file, more, code, said) in [
        (&unknown, &[][..], 16, "`quantty` is unknown"),
        (&none, &[], 16, "none.csv"),
        (&odd, &[], 16, "--format"),
        (&good, &["--map", "Artikel"], 10, "COLUMN=FIELD"),
        (&good, &["--map", "Artikl=itemId"], 16, "no column `Artikl`"),
        (&good, &["--tenant", "a/b"], 10, "--tenant"),
    ] {
        let exit = import(&server, file, more);
        assert_eq!(exit.code, Some(code), "{file:?} {more:?}: {}", exit.output);
        assert!(exit.output.contains(said), "{file:?} {more:?}: {}", exit.output);
    }
    let choice = ["--map", "Artikel=itemId", "--skip", "Farbe", "--location", "north"];
    let dry = import(&server, &good, &[&choice[..], &["--dry-run"]].concat());
    assert!(dry.output.contains("1 rows, 1 can be imported"), "{}", dry.output);
    let decided =
        |server: &Server| server.client().get("/v1/admin/status").expect(200).number("log/decided");
    assert_eq!(decided(&server), 0, "nothing was done so far");
    let exit = import(&server, &good, &choice);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    let exit = import(&server, &odd, &["--format", "csv", "--tenant", "shop"]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    server.shop("default").position("tea", "north").shows("available 2");
    server.shop("shop").position("tea", "south").shows("available 1");
}

/// Half of the rows bring all that a row may say; every thousandth is refused by the engine, every
/// 1,500th by the door.
fn large_file(place: &TempDir, rows: usize) -> (PathBuf, usize) {
    let mut text = String::from(
        "itemId,locationId,quantity,bucket,sku,name,locationPriority,binId,minStock,backorderLimit\n",
    );
    text.push_str("air,north,0,,,,,,,\n");
    let mut bad = 0;
    for number in 0..rows {
        let (item, location) = (number / 3, ["north", "south", "west"][number % 3]);
        let line = match number {
            _ if number % 1_000 == 999 => format!("air,{location},1,,,,,,,"),
            _ if number % 1_500 == 700 => format!("item-{item},{location},much,,,,,,,"),
            _ if number % 7 == 3 => format!("item-{item},{location},0.000001,qualityHold,,,,,,"),
            _ if number % 2 == 0 => format!(
                "item-{item},{location},{}.25,,SKU-{item},\"name, of {item}\",{},B-{},{},unlimited",
                number % 90 + 1,
                number % 3,
                number % 20,
                number % 11,
            ),
            _ => format!("item-{item},{location},{},,,,,,,", number % 90 + 1),
        };
        bad += usize::from(line.starts_with("air,") || line.contains(",much,"));
        writeln!(text, "{line}").expect("a string takes all");
    }
    (write(place, "large.csv", &text), bad)
}

/// `onhand import` in the background.
fn begin_import(place: &TempDir, name: &str, file: &Path, data: &str) -> Process {
    let output = place.path().join(name);
    let arguments = ["import", path(file), "--data", data, "--wait", "60"];
    Process::spawn(&arguments, &[], &output, &place.path().join("nothing"))
}

fn durable(server: &Server) -> u64 {
    server.client().get("/v1/admin/status").expect(200).number("log/durable")
}

/// Waits until the log holds so many records, or the tool has ended.
fn wait_for_records(server: &Server, goal: u64, tool: &mut Process) {
    while durable(server) < goal && tool.ended().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The whole way: killed in the middle, as tool and as server; then exported, imported elsewhere, equal.
#[test]
fn a_killed_import_goes_on_without_doubling() {
    let (mut server, place) = (Server::start(), place());
    let rows = large();
    let (file, bad) = large_file(&place, rows);
    server.shop("default").item("air", &json!({ "trackInventory": false }));
    let data = data_of(&server);
    let step = u64::try_from(rows / 4).expect("small");

    let begin = durable(&server);
    let mut tool = begin_import(&place, "first", &file, &data);
    wait_for_records(&server, begin + step, &mut tool);
    tool.kill();
    let mut tool = begin_import(&place, "second", &file, &data);
    wait_for_records(&server, begin + 2 * step, &mut tool);
    server.kill();
    server.restart();
    let exit = end(tool);
    assert_eq!(exit.code, Some(15), "{}", exit.output);
    let expected = format!("{} rows, {} imported, {bad} rejected", rows + 1, rows + 1 - bad);
    assert!(exit.output.contains(&expected), "{expected}: {}", exit.output);

    // Every bad row is named once, whichever run it came to grief in.
    let rejects = fs::read_to_string(rejected(&file)).expect("there are rejected rows");
    assert_eq!(rejects.lines().count(), bad + 1);
    let verified = run_long(&["verify", "--data", &data, "--rebuild"]);
    assert_eq!(verified.code, Some(0), "{}", verified.output);

    // Elsewhere: into a directory that no server has, killed there as well.
    let (here, there) = (place.path().join("here.csv"), place.path().join("there.csv"));
    export(&data, &here, &["--format", "csv"]);
    let other = place.path().join("other");
    let mut tool = begin_import(&place, "third", &here, path(&other));
    let log = other.join("log/000001.redb");
    let is_large = || fs::metadata(&log).is_ok_and(|log| log.len() > 4 * step);
    while !is_large() && tool.ended().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    tool.kill();
    let exit = end(begin_import(&place, "fourth", &here, path(&other)));
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    export(path(&other), &there, &["--format", "csv"]);
    let (here, there) = (text(&here), text(&there));
    // A new location opens empty positions of the items that are listed when its turn comes: which
    // these are, is decided anew elsewhere.
    let sorted = |text: &str| {
        let stocked = |line: &&str| line.split(',').nth(4) != Some("0");
        let mut lines: Vec<String> = text.lines().filter(stocked).map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let (ours, theirs) = (sorted(&here), sorted(&there));
    assert_eq!(ours.len(), theirs.len());
    let differing = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differing, None);

    // And it is what the file says.
    let units = |text: &str| -> f64 {
        let rows = text.lines().skip(1);
        rows.map(|row| row.split(',').nth(4).expect("quantity").parse::<f64>().expect("a figure"))
            .sum()
    };
    let said: f64 = text(&file)
        .lines()
        .skip(1)
        .filter(|row| !row.starts_with("air,"))
        .filter_map(|row| row.split(',').nth(2).expect("quantity").parse::<f64>().ok())
        .sum();
    assert!((units(&here) - said).abs() < 0.01, "{} is not {said}", units(&here));
}
