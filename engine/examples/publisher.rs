//! The engine inside another program: sell something, tell something, be told of both, and look back.
//!
//! `cargo run -p onhand-engine --example publisher`

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use onhand_domain::command::{Action, Command, Place, StockEntry};
use onhand_domain::ids::{ItemId, LocationId, TenantId, Text};
use onhand_domain::quantity::Quantity;
use onhand_domain::upkeep::ApplicationEvent;
use onhand_engine::publisher::ReplayOptions;
use onhand_engine::{Engine, EngineConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let engine = Engine::start(&EngineConfig::new(directory.path()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(use_it(&engine))?;
    engine.shutdown()?;
    Ok(())
}

async fn use_it(engine: &Engine) -> Result<(), Box<dyn std::error::Error>> {
    let parse = |error| format!("{error}");
    let tenant = TenantId::parse("default").map_err(parse)?;
    let publisher = engine.publisher();

    // Handlers are told what is durable, in the order of the log.
    let (told, inbox) = sync_channel(16);
    publisher.register_handler("*", move |event| {
        let line =
            format!("{} {} {}", event.type_name(), event.aggregate_name(), event.aggregate_id);
        told.send(line).map_err(|error| onhand_engine::publisher::HandlerError(error.to_string()))
    });

    // Every change of stock tells itself.
    let place = Place {
        item: ItemId::parse("shirt").map_err(parse)?,
        location: LocationId::parse("WH-1").map_err(parse)?,
    };
    let receipt = StockEntry { place, quantity: Quantity::units(10), detail: None };
    let action = Action::Receive(receipt);
    let command = Command { tenant: tenant.clone(), key: None, source: None, trace: None, action };
    engine.port().call(command).await;

    // And so does the application, in its own words.
    let text = |text| Text::parse(text).map_err(parse);
    let event = ApplicationEvent {
        event_type: text("PriceChanged")?,
        aggregate_type: text("Price")?,
        aggregate_id: text("shirt")?,
        aggregate_version: 1,
        occurred_at: None,
        payload: Arc::from(r#"{"price":12.5}"#),
    };
    let id = publisher.publish(&tenant, event).await?;
    println!("published {id}");

    loop {
        let line = inbox.recv_timeout(Duration::from_secs(10))?;
        println!("told: {line}");
        if line.starts_with("PriceChanged") {
            break;
        }
    }
    let options =
        ReplayOptions { types: vec!["PriceChanged".to_owned()], ..ReplayOptions::default() };
    println!("to replay: {}", publisher.replay(options).dry_run().await?);
    println!("{:?}", publisher.status());
    Ok(())
}
