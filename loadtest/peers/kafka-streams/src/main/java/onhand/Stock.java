package onhand;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Takes a sale from the stock of its position, which lies in RocksDB, and tells what it became. */
final class Stock extends ContextualProcessor<String, byte[], String, byte[]> {
    /** Name of the store: units available, by item and location. */
    static final String STORE = "stock";

    private final ObjectMapper json = new ObjectMapper();
    private final long unitsAtStart;
    private KeyValueStore<String, Long> available;

    Stock(long unitsAtStart) {
        this.unitsAtStart = unitsAtStart;
    }

    @Override
    public void init(org.apache.kafka.streams.processor.api.ProcessorContext<String, byte[]> context) {
        super.init(context);
        available = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> sale) {
        try {
            JsonNode event = json.readTree(sale.value());
            JsonNode sold = event.get("payload");
            String item = sold.get("itemId").textValue();
            String location = sold.get("locationId").textValue();
            long quantity = sold.get("quantity").longValue();
            String position = item + "/" + location;
            Long kept = available.get(position);
            long before = kept == null ? unitsAtStart : kept;
            long after = before - quantity;
            available.put(position, after);
            context().forward(sale.withKey(position).withValue(changed(event, item, location, before, after)));
        } catch (java.io.IOException malformed) {
            throw new IllegalArgumentException(malformed);
        }
    }

    private byte[] changed(JsonNode event, String item, String location, long before, long after)
            throws java.io.IOException {
        ObjectNode told = json.createObjectNode();
        told.put("eventId", event.get("eventId").textValue() + "-stock");
        told.put("eventType", "StockLevelChanged");
        told.put("tenantId", event.get("tenantId").textValue());
        told.put("timestamp", event.get("timestamp").textValue());
        ObjectNode payload = told.putObject("payload");
        payload.put("itemId", item);
        payload.put("locationId", location);
        payload.put("previousAvailable", before);
        payload.put("available", after);
        payload.put("changeAmount", after - before);
        payload.put("changeReason", "SALE");
        payload.put("saleId", event.get("payload").get("saleId").textValue());
        return json.writeValueAsBytes(told);
    }
}
