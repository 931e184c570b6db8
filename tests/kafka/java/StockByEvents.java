import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer written elsewhere: knows the contract of one dialect, reads a topic to its end and keeps the
 * stock that its events tell. Prints a line per position ("stock ITEM:LOCATION QUANTITY") and per name of a
 * type ("type NAME COUNT"), and "fault …" for everything that breaks the contract.
 */
public class StockByEvents {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> FAULTS = new ArrayList<>();

    public static void main(String[] words) throws Exception {
        String bootstrap = words[0], topic = words[1], dialect = words[2];
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("key.deserializer", StringDeserializer.class.getName());
        settings.put("value.deserializer", StringDeserializer.class.getName());
        Map<String, BigDecimal> stock = new TreeMap<>();
        Map<String, Integer> types = new TreeMap<>();
        Set<String> seen = new HashSet<>();
        Map<String, Long> last = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(topic).forEach(it -> partitions.add(new TopicPartition(topic, it.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(it -> consumer.position(it) < ends.get(it))) {
                for (ConsumerRecord<String, String> found : consumer.poll(Duration.ofMillis(200))) {
                    int own = BuiltInPartitioner.partitionForKey(
                        found.key().getBytes(StandardCharsets.UTF_8), partitions.size());
                    check(found, own == found.partition(), "Java puts its key into partition " + own);
                    if (!seen.add(header(found, "eventId"))) {
                        continue;
                    }
                    JsonNode body = JSON.readTree(found.value());
                    long sequence = Long.parseLong(header(found, "sequence"));
                    Long before = last.put(found.key(), sequence);
                    check(found, before == null || before <= sequence, "comes after record " + before);
                    String name = read(dialect, found, body, stock);
                    check(found, name.equals(header(found, "eventType")), "is called " + name);
                    types.merge(name, 1, Integer::sum);
                }
            }
        }
        stock.forEach((position, quantity) ->
            System.out.println("stock " + position + " " + quantity.stripTrailingZeros().toPlainString()));
        types.forEach((name, count) -> System.out.println("type " + name + " " + count));
        FAULTS.forEach(fault -> System.out.println("fault " + fault));
    }

    private static String read(
        String dialect, ConsumerRecord<String, String> found, JsonNode body, Map<String, BigDecimal> stock) {
        switch (dialect) {
            case "standard":
            case "domain":
                return enveloped(found, body, dialect.equals("domain"), stock);
            case "composerp":
                return composerp(found, body, stock);
            case "dotted":
                return dotted(found, body, stock);
            case "cloudevents":
                return cloudevent(found, body, stock);
            default:
                throw new IllegalArgumentException(dialect);
        }
    }

    private static void head(ConsumerRecord<String, String> found, JsonNode body) {
        same(found, "eventId", body.path("eventId"));
        same(found, "tenantId", body.path("tenantId"));
        String key = body.path("tenantId").asText() + ":" + body.path("aggregateId").asText();
        check(found, key.equals(found.key()), "its key is not " + key);
        instant(found, body.path("timestamp"));
        check(found, body.path("aggregateType").isTextual(), "has no aggregateType");
        check(found, body.path("metadata").path("source").asText().equals("onhand"), "is not ours");
        check(found, body.path("metadata").path("correlationId").isTextual(), "has no correlationId");
    }

    private static String enveloped(
        ConsumerRecord<String, String> found, JsonNode body, boolean isDomain, Map<String, BigDecimal> stock) {
        head(found, body);
        for (String number : List.of("epoch", "sequence", "index")) {
            check(found, body.path(number).isIntegralNumber(), "has no " + number);
            same(found, number, body.path(number));
        }
        check(found, body.path("aggregateVersion").asLong() > 0, "has no aggregateVersion");
        JsonNode version = body.path("version");
        check(found, isDomain ? version.isInt() && version.asInt() == 1 : version.asText().equals("1.0"),
            "is of version " + version);
        JsonNode payload = body.path("payload");
        String name = body.path("eventType").asText();
        if (name.equals(isDomain ? "StockLevelChangedEvent" : "StockLevelChanged")) {
            changed(found, payload, stock);
            if (isDomain) {
                check(found, payload.path("inventoryItemId").equals(payload.path("itemId"))
                    && payload.path("warehouseId").equals(payload.path("locationId")), "lacks the seeds' names");
            }
        }
        return name;
    }

    private static void changed(
        ConsumerRecord<String, String> found, JsonNode payload, Map<String, BigDecimal> stock) {
        String position = payload.path("itemId").asText() + ":" + payload.path("locationId").asText();
        BigDecimal before = stock.getOrDefault(position, BigDecimal.ZERO);
        check(found, payload.path("previousQuantity").decimalValue().compareTo(before) == 0,
            "does not follow " + before);
        stock.put(position, before.add(payload.path("changeAmount").decimalValue()));
        check(found, payload.path("newQuantity").decimalValue().compareTo(stock.get(position)) == 0,
            "does not add up");
        check(found, payload.path("changeReason").isTextual() && payload.path("transactionId").isTextual(),
            "does not say why");
    }

    private static String composerp(
        ConsumerRecord<String, String> found, JsonNode body, Map<String, BigDecimal> stock) {
        head(found, body);
        check(found, !body.has("sequence") && !body.has("epoch"), "has sequence fields");
        String aggregate = body.path("aggregateType").asText();
        check(found, aggregate.matches("[A-Z]+(_[A-Z]+)*"), "is about " + aggregate);
        JsonNode payload = body.path("payload");
        String name = body.path("eventType").asText();
        if (name.equals("INVENTORY_UPDATED")) {
            stock.put(payload.path("itemId").asText() + ":" + payload.path("locationId").asText(),
                payload.path("onHand").decimalValue());
            check(found, payload.path("available").isNumber() && payload.path("transactionId").isTextual()
                && payload.path("transactionType").isTextual(), "lacks a member");
        }
        return name;
    }

    private static String dotted(
        ConsumerRecord<String, String> found, JsonNode body, Map<String, BigDecimal> stock) {
        same(found, "eventId", body.path("event_id"));
        same(found, "tenantId", body.path("organization_id"));
        instant(found, body.path("timestamp"));
        check(found, body.path("version").asText().equals("1.0"), "is of another version");
        check(found, body.path("source").asText().equals("onhand"), "is not ours");
        JsonNode data = body.path("data");
        data.fieldNames().forEachRemaining(name ->
            check(found, name.matches("[a-z]+(_[a-z]+)*"), "has a member " + name));
        String name = body.path("event").asText();
        if (name.startsWith("inventory.movement.")) {
            String position = data.path("variant_id").asText() + ":" + data.path("warehouse_id").asText();
            BigDecimal moved = data.path("quantity").decimalValue();
            check(found, moved.signum() > 0, "moves " + moved);
            check(found, data.path("movement_id").isTextual() && data.path("reason").isTextual(), "lacks a member");
            stock.merge(position, name.endsWith(".in") ? moved : moved.negate(), BigDecimal::add);
        }
        return name;
    }

    private static String cloudevent(
        ConsumerRecord<String, String> found, JsonNode body, Map<String, BigDecimal> stock) {
        check(found, body.path("specversion").asText().equals("1.0"), "is of another version");
        for (String attribute : List.of("id", "source", "type", "subject", "time", "datacontenttype")) {
            check(found, body.path(attribute).isTextual(), "has no " + attribute);
        }
        check(found, header(found, "content-type").equals("application/cloudevents+json"), "is not structured");
        same(found, "eventId", body.path("id"));
        same(found, "tenantId", body.path("tenantid"));
        instant(found, body.path("time"));
        body.fieldNames().forEachRemaining(name ->
            check(found, name.matches("[a-z0-9]+"), "has an attribute " + name));
        String name = body.path("type").asText();
        if (name.equals("io.onhand.StockLevelChanged")) {
            changed(found, body.path("data"), stock);
        }
        return name;
    }

    private static void instant(ConsumerRecord<String, String> found, JsonNode time) {
        check(found, time.asText().endsWith("Z"), "its time is not in UTC");
        Instant.parse(time.asText());
    }

    /** A header says the same as the body; an id is a UUID of the versions that LOG_FORMAT.md names. */
    private static void same(ConsumerRecord<String, String> found, String name, JsonNode member) {
        check(found, member.asText().equals(header(found, name)), "its header " + name + " says otherwise");
        if (name.equals("eventId")) {
            int version = UUID.fromString(member.asText()).version();
            check(found, version == 7 || version == 8, "its id is of version " + version);
        }
    }

    private static String header(ConsumerRecord<String, String> found, String name) {
        return new String(found.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    private static void check(ConsumerRecord<String, String> found, boolean holds, String fault) {
        if (!holds) {
            FAULTS.add(found.key() + " at " + found.partition() + "/" + found.offset() + ": " + fault);
        }
    }
}
