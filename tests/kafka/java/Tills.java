import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Tills and a warehouse system written elsewhere: for each dialect, an item of its own is received (100),
 * sold (7, told twice), sent from A to B (10), and arrives in part (4).
 */
public class Tills {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> DIALECTS =
        List.of("standard", "domain", "composerp", "dotted", "cloudevents");

    public static void main(String[] words) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", words[0]);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", StringSerializer.class.getName());
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            for (String dialect : DIALECTS) {
                for (String text : day(dialect)) {
                    producer.send(new ProducerRecord<>(words[1], "java-" + dialect, text)).get();
                }
            }
        }
    }

    private static List<String> day(String dialect) throws Exception {
        boolean isDotted = dialect.equals("dotted");
        String item = "java-" + dialect, transfer = "T-" + dialect;
        ObjectNode receipt = JSON.createObjectNode();
        receipt.put(isDotted ? "receipt_id" : "receiptId", "R-1");
        at(receipt, isDotted, item).put("quantity", 100).put(isDotted ? "unit_cost" : "unitCost", "1.25");
        ObjectNode sale = JSON.createObjectNode();
        sale.put(isDotted ? "sale_id" : "saleId", "S-1");
        at(sale, isDotted, item).put("quantity", 7).put("amount", 8.75);
        ObjectNode begun = JSON.createObjectNode();
        begun.put(isDotted ? "transfer_id" : "transferId", transfer);
        begun.put(isDotted ? "variant_id" : "itemId", item).put("quantity", 10);
        begun.put(isDotted ? "from_warehouse_id" : "fromLocationId", "A");
        begun.put(isDotted ? "to_warehouse_id" : "toLocationId", "B");
        ObjectNode arrived = JSON.createObjectNode();
        arrived.put(isDotted ? "transfer_id" : "transferId", transfer).put("quantity", 4);
        String sold = spell(dialect, "SaleCompleted", "SALE_COMPLETED", "sale.completed", sale);
        return List.of(
            spell(dialect, "ReceiptCompleted", "RECEIPT_COMPLETED", "receipt.completed", receipt),
            sold,
            sold,
            spell(dialect, "TransferInitiated", "TRANSFER_INITIATED", "transfer.initiated", begun),
            spell(dialect, "TransferCompleted", "TRANSFER_COMPLETED", "transfer.completed", arrived));
    }

    private static ObjectNode at(ObjectNode payload, boolean isDotted, String item) {
        payload.put(isDotted ? "variant_id" : "itemId", item);
        return payload.put(isDotted ? "warehouse_id" : "locationId", "A");
    }

    private static String spell(
        String dialect, String name, String upper, String dotted, ObjectNode payload) throws Exception {
        ObjectNode event = JSON.createObjectNode();
        String id = dialect + "-" + name, now = Instant.now().toString();
        switch (dialect) {
            case "dotted":
                event.put("event", dotted).put("version", "1.0").put("timestamp", now);
                event.put("organization_id", "till").put("event_id", id).put("source", "java");
                event.set("data", payload);
                break;
            case "cloudevents":
                event.put("specversion", "1.0").put("id", id).put("source", "java").put("time", now);
                event.put("type", "com.example." + name).put("tenantid", "till");
                event.set("data", payload);
                break;
            default:
                event.put("eventId", id).put("tenantId", "till").put("timestamp", now);
                event.put("eventType", dialect.equals("composerp") ? upper
                    : dialect.equals("domain") ? name + "Event" : name);
                if (dialect.equals("domain")) {
                    event.put("version", 1);
                } else {
                    event.put("version", "1.0");
                }
                event.set("payload", payload);
                event.putObject("metadata").put("source", "java");
        }
        return JSON.writeValueAsString(event);
    }
}
