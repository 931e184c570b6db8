//! Any change at all, also such as no rule would ever make: what is put in must come out.

pub(super) mod layers;
pub(super) mod upkeep;

use std::sync::Arc;

use onhand_domain::catalog::{
    Activity, Bin, Item, ItemAttributes, Location, LocationAttributes, Standing,
    Strategy as Picking, Tracking,
};
use onhand_domain::change::{
    BinChange, BoundKey, Cause, Change, LineShare, Movement, MovementKind, PolicyBefore,
    PositionChange, Raised, Terms,
};
use onhand_domain::command::{Condition, Detail, Source, SourcePosition, Trace};
use onhand_domain::consumed::ConsumedEvent;
use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Reference, TenantId, Text};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::position::{Alarms, Bucket, Figures};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::rejection::{Limit, Rejection, Shortage, StockThere};
use onhand_domain::reservation::{Holding, Line, Reservation, Shipment, Status};
use onhand_domain::time::{Day, Timestamp};
use onhand_domain::transfer::{Transfer, TransferStatus};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = Arc<str>> {
    "\\PC{0,30}".prop_map(Arc::from)
}

fn reference() -> impl Strategy<Value = Reference> {
    text().prop_map(|text| Reference::trusted(&text))
}

fn words() -> impl Strategy<Value = Text> {
    text().prop_map(|text| Text::trusted(&text))
}

fn item_id() -> impl Strategy<Value = ItemId> {
    text().prop_map(|text| ItemId::trusted(&text))
}

fn location_id() -> impl Strategy<Value = LocationId> {
    text().prop_map(|text| LocationId::trusted(&text))
}

pub(super) fn bin_id() -> impl Strategy<Value = BinId> {
    text().prop_map(|text| BinId::trusted(&text))
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), -200..200_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
}

fn quantity() -> impl Strategy<Value = Quantity> {
    number().prop_map(Quantity::from_millionths)
}

fn money() -> impl Strategy<Value = Money> {
    number().prop_map(Money::from_millionths)
}

fn time() -> impl Strategy<Value = Timestamp> {
    number().prop_map(Timestamp::from_millis)
}

fn tracking() -> impl Strategy<Value = Tracking> {
    select(vec![Tracking::Tracked, Tracking::Untracked])
}

fn standing() -> impl Strategy<Value = Standing> {
    select(vec![Standing::Current, Standing::Archived])
}

fn status() -> impl Strategy<Value = Status> {
    use Status::{Active, Cancelled, Confirmed, Expired, Fulfilled};
    select(vec![Active, Confirmed, Fulfilled, Cancelled, Expired])
}

fn transfer_status() -> impl Strategy<Value = TransferStatus> {
    use TransferStatus::{Cancelled, InTransit, Received};
    select(vec![InTransit, Received, Cancelled])
}

pub(super) fn figures() -> impl Strategy<Value = Figures> {
    let all = (quantity(), quantity(), quantity(), quantity(), quantity(), quantity());
    all.prop_map(|(available, reserved, committed, damaged, quality_hold, in_transit)| Figures {
        available,
        reserved,
        committed,
        damaged,
        quality_hold,
        in_transit,
    })
}

pub(super) fn policy() -> impl Strategy<Value = Policy> {
    let limit =
        prop_oneof![quantity().prop_map(BackorderLimit::Limited), Just(BackorderLimit::Unlimited)];
    let all = (of(quantity()), of(quantity()), of(quantity()), of(limit), of(quantity()));
    all.prop_map(|(min_stock, max_stock, safety_stock, backorder_limit, low_stock_threshold)| {
        Policy { min_stock, max_stock, safety_stock, backorder_limit, low_stock_threshold }
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    (policy().boxed(), of(policy().boxed()), of(bin_id()), time(), tracking()).prop_map(
        |(own, effective, bin, created_at, tracking)| Terms {
            own,
            effective: effective.unwrap_or(own),
            bin,
            created_at,
            tracking,
        },
    )
}

fn position_change() -> impl Strategy<Value = PositionChange> {
    let flags = (any::<[bool; 6]>(), of(quantity()), of(quantity()), of(terms().boxed()));
    let average = of(layers::average());
    let rest = (any::<u32>(), of(any::<(u32, u32)>()), any::<u32>(), any::<u64>(), figures());
    (rest, flags, average).prop_map(|(rest, (flags, sellable, threshold, terms), average)| {
        let (position, opened, version, previous, figures) = rest;
        let [low, out, low_raised, out_raised, replenished, discrepancy] = flags;
        PositionChange {
            position,
            opened,
            version,
            previous,
            figures,
            average,
            sellable,
            alarms: Alarms { low, out },
            raised: Raised { low: low_raised, out: out_raised, replenished, discrepancy },
            threshold,
            terms: terms.map(Arc::new),
        }
    })
}

fn movement() -> impl Strategy<Value = Movement> {
    let bucket = || of(select(Bucket::ALL.to_vec()));
    let kind = select(MovementKind::ALL.to_vec());
    (any::<u32>(), kind, bucket(), bucket(), quantity()).prop_map(
        |(position, kind, from, to, quantity)| Movement::plain(position, kind, from, to, quantity),
    )
}

fn line() -> impl Strategy<Value = Line> {
    let holding = select(vec![Holding::Stock, Holding::Nothing]);
    let lot = of(text().prop_map(|text| Arc::new(LotNumber::trusted(&text))));
    let figures = (quantity(), quantity(), money(), quantity());
    (any::<u32>(), of(any::<u32>()), holding, lot, figures).prop_map(
        |(item, position, holding, lot, figures)| Line {
            item,
            position,
            holding,
            lot,
            quantity: figures.0,
            fulfilled: figures.1,
            fulfilled_value: figures.2,
            released: figures.3,
        },
    )
}

pub(super) fn reservation() -> impl Strategy<Value = Reservation> {
    let shipment = (reference(), any::<u64>()).prop_map(|(id, sequence)| Shipment { id, sequence });
    let names = (of(reference()), of(reference()), of(reference()));
    let times = (of(time()), of(time()), time(), time());
    let numbers = (any::<u64>(), any::<u32>(), status(), any::<u32>(), any::<u64>());
    (numbers, names, times, vec(line().boxed(), 0..4), vec(shipment, 0..3)).prop_map(
        |(numbers, names, times, lines, shipments)| Reservation {
            number: numbers.0,
            tenant: numbers.1,
            order: names.0,
            customer: names.1,
            local: names.2,
            required_at: times.0,
            status: numbers.2,
            expires_at: times.1,
            created_at: times.2,
            updated_at: times.3,
            version: numbers.3,
            sequence: numbers.4,
            lines,
            shipments,
        },
    )
}

pub(super) fn transfer() -> impl Strategy<Value = Transfer> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    let rest = (time(), time(), any::<u32>(), any::<u64>());
    let quantities = (quantity(), quantity());
    (numbers, quantities, vec(layers::layer(), 0..3), transfer_status(), rest).prop_map(
        |(numbers, (quantity, received), freight, status, rest)| Transfer {
            number: numbers.0,
            tenant: numbers.1,
            item: numbers.2,
            from: numbers.3,
            to: numbers.4,
            quantity,
            received,
            freight,
            status,
            created_at: rest.0,
            updated_at: rest.1,
            version: rest.2,
            sequence: rest.3,
        },
    )
}

fn line_share() -> impl Strategy<Value = LineShare> {
    (any::<u32>(), of(any::<u32>()), quantity(), money())
        .prop_map(|(item, position, quantity, value)| LineShare { item, position, quantity, value })
}

fn attributes() -> impl Strategy<Value = ItemAttributes> {
    let picking = select(vec![Picking::Fifo, Picking::Fefo, Picking::Lifo]);
    let names = (of(reference()), of(words()), of(reference()), of(reference()));
    (names, tracking(), policy(), of(money()), picking).prop_map(
        |((sku, name, product, unit_of_measure), tracking, policy, unit_cost, strategy)| {
            ItemAttributes {
                sku,
                name,
                product,
                unit_of_measure,
                tracking,
                policy,
                unit_cost,
                strategy,
            }
        },
    )
}

pub(super) fn item() -> impl Strategy<Value = Item> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>());
    (numbers, item_id(), of(attributes().boxed()), standing(), time(), time()).prop_map(
        |((number, tenant, version), id, attributes, standing, created_at, updated_at)| Item {
            number,
            tenant,
            id,
            attributes: attributes.map(Arc::new),
            standing,
            version,
            created_at,
            updated_at,
        },
    )
}

pub(super) fn location() -> impl Strategy<Value = Location> {
    let activity = select(vec![Activity::Active, Activity::Inactive]);
    let attributes = (of(words()), of(reference()), activity, any::<i32>()).prop_map(
        |(name, kind, activity, priority)| LocationAttributes { name, kind, activity, priority },
    );
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>());
    (numbers, location_id(), attributes, standing(), time(), time()).prop_map(
        |((number, tenant, version), id, attributes, standing, created_at, updated_at)| Location {
            number,
            tenant,
            id,
            attributes,
            standing,
            version,
            created_at,
            updated_at,
        },
    )
}

pub(super) fn bin() -> impl Strategy<Value = Bin> {
    (bin_id(), of(words())).prop_map(|(id, name)| Bin { id, name })
}

pub(super) fn source() -> impl Strategy<Value = Source> {
    let event = (words(), words(), any::<[u8; 16]>(), any::<u64>());
    let event = event.prop_map(|(id, event_type, key, fingerprint)| ConsumedEvent {
        id,
        event_type,
        key,
        fingerprint,
    });
    (source_position(), of(event))
        .prop_map(|(position, event)| Source { event, ..Source::at(position) })
}

pub(super) fn source_position() -> impl Strategy<Value = SourcePosition> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u64>(), of(any::<u32>()));
    (words(), numbers).prop_map(|(stream, (partition, generation, offset, checksum))| {
        SourcePosition { stream, partition, generation, offset, checksum }
    })
}

fn trace() -> impl Strategy<Value = Trace> {
    (of(words()), of(words()), of(words())).prop_map(|(user, correlation, causation)| Trace {
        user,
        correlation,
        causation,
    })
}

fn detail() -> impl Strategy<Value = Detail> {
    let condition = select(vec![Condition::Good, Condition::Damaged, Condition::Defective]);
    let lot = of(text().prop_map(|text| LotNumber::trusted(&text)));
    let day = of(any::<i32>().prop_map(Day::from_days));
    let names = (of(words()), of(reference()), of(reference()), of(words()));
    let papers = (of(reference()), of(reference()), of(reference()));
    (names, papers, of(time()), lot, day, of(money()), of(money()), of(condition)).prop_map(
        |(names, papers, occurred_at, lot, expiry, unit_cost, amount, condition)| Detail {
            reason: names.0,
            reference: names.1,
            reference_type: names.2,
            note: names.3,
            occurred_at,
            document: papers.0,
            order: papers.1,
            rma: papers.2,
            lot,
            expiry,
            unit_cost,
            amount,
            condition,
        },
    )
}

fn shortage() -> impl Strategy<Value = Shortage> {
    (item_id(), of(location_id()), quantity(), quantity()).prop_map(
        |(item, location, requested, sellable)| Shortage { item, location, requested, sellable },
    )
}

fn stock_there() -> impl Strategy<Value = StockThere> {
    (item_id(), location_id(), of(words()), figures()).prop_map(
        |(item, location, location_name, figures)| StockThere {
            item,
            location,
            location_name,
            figures,
        },
    )
}

pub(super) fn rejection() -> impl Strategy<Value = Rejection> {
    use Limit::{Bins, EventBytes, Events, Layers, Lines, Movements, Shipments, Sources};
    let limit = (
        select(vec![Lines, Movements, Shipments, Bins, Sources, Events, EventBytes, Layers]),
        any::<u32>(),
    );
    let place = || (item_id(), location_id());
    let plain = select(vec![
        Rejection::UnknownReservation,
        Rejection::UnknownTransfer,
        Rejection::KeyReused,
        Rejection::QuantityOverflow,
    ]);
    let names = prop_oneof![
        plain,
        item_id().prop_map(Rejection::UnknownItem),
        location_id().prop_map(Rejection::UnknownLocation),
        place().prop_map(|(item, location)| Rejection::UnknownPosition { item, location }),
        (location_id(), bin_id())
            .prop_map(|(location, bin)| Rejection::UnknownBin { location, bin }),
        text().prop_map(|text| Rejection::UnknownLot(LotNumber::trusted(&text))),
        item_id().prop_map(Rejection::ItemArchived),
        location_id().prop_map(Rejection::LocationInactive),
        item_id().prop_map(Rejection::NotTracked),
        item_id().prop_map(Rejection::AmbiguousLine),
    ];
    prop_oneof![
        names.boxed(),
        vec(shortage(), 0..3).prop_map(Rejection::InsufficientStock),
        (place(), figures(), any::<u32>()).prop_map(|((item, location), figures, version)| {
            Rejection::Stale { item, location, figures, version }
        }),
        vec(stock_there(), 0..3).prop_map(|places| Rejection::StockNotZero { places }),
        time().prop_map(|at| Rejection::ReservationExpired { at }),
        status().prop_map(Rejection::InvalidState),
        transfer_status().prop_map(Rejection::InvalidTransferState),
        (item_id(), quantity(), quantity()).prop_map(|(item, requested, fulfilled)| {
            Rejection::BelowFulfilled { item, requested, fulfilled }
        }),
        (of(item_id()), quantity(), quantity()).prop_map(|(item, requested, open)| {
            Rejection::ExceedsOpen { item, requested, open }
        }),
        letter_status().prop_map(Rejection::LetterSettled),
        time().prop_map(|latest| Rejection::TimeAhead { latest }),
        limit.prop_map(|(what, limit)| Rejection::LimitExceeded { what, limit }),
    ]
}

fn letter_status() -> impl Strategy<Value = LetterStatus> {
    use LetterStatus::{Discarded, Open, Retried};
    select(vec![Open, Retried, Discarded])
}

fn cause() -> impl Strategy<Value = Cause> {
    select(Cause::ALL.to_vec())
}

fn bin_change() -> impl Strategy<Value = BinChange> {
    (any::<u32>(), bin(), any::<bool>()).prop_map(|(location, bin, created)| BinChange {
        location,
        bin,
        created,
    })
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let key = of((any::<[u8; 16]>(), any::<u64>()));
    let key = key.prop_map(|key| key.map(|(key, fingerprint)| BoundKey { key, fingerprint }));
    let before = (policy(), policy()).prop_map(|(own, effective)| PolicyBefore { own, effective });
    let tenant = of(text().prop_map(|text| TenantId::trusted(&text)));
    let head = (cause(), time(), any::<u32>(), tenant, key);
    let told = (of(source().boxed()), of(trace().boxed()), of(detail().boxed()));
    let catalog =
        (vec(item().boxed(), 0..3), vec(location().boxed(), 0..3), of(bin_change().boxed()));
    let movements = vec(layers::worth().boxed(), 0..4);
    let picks = vec(layers::pick().boxed(), 0..4);
    let stock = (vec(position_change().boxed(), 0..4), movements, picks);
    let shares = (vec(line_share(), 0..3), vec(line_share(), 0..3));
    let promises =
        (of(reservation().boxed()), shares, of(transfer().boxed()), quantity(), any::<[bool; 2]>());
    let rest = (
        of(before),
        any::<u32>(),
        of(rejection().boxed()),
        of(cause()),
        of(upkeep::kept().boxed()),
    );
    // Boxed: the trees of so many parts are too large for the stack of a test.
    let told = told.boxed();
    (head.boxed(), told, catalog.boxed(), stock.boxed(), promises.boxed(), rest.boxed()).prop_map(
        |(head, told, catalog, stock, promises, rest)| Change {
            cause: head.0,
            at: head.1,
            tenant: head.2,
            tenant_opened: head.3,
            key: head.4,
            source: told.0.map(Arc::new),
            trace: told.1.map(Arc::new),
            detail: told.2.map(Arc::new),
            items: catalog.0,
            locations: catalog.1,
            bin: catalog.2.map(Box::new),
            positions: stock.0,
            movements: stock.1,
            picks: stock.2,
            reservation: promises.0.map(Arc::new),
            shipped: promises.1.0,
            released: promises.1.1,
            transfer: promises.2.map(Box::new),
            transferred: promises.3,
            exceeds_shipped: promises.4[0],
            lot_dropped: promises.4[1],
            policy_before: rest.0.map(Box::new),
            positions_archived: rest.1,
            refusal: rest.2.map(Box::new),
            refused: rest.3,
            kept: rest.4.map(Box::new),
        },
    )
}
