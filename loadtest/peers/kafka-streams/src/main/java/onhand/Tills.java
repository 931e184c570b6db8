package onhand;

import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/**
 * What a team would build instead of a stock engine: a Kafka Streams application that takes each till
 * sale from the stock of its position, exactly once, and tells the change to a topic.
 *
 * <p>Arguments: bootstrap servers, topic of sales, topic of changes, state directory, units on each
 * shelf at the start, threads. Prints {@code running} when it reads; ends when its standard input does.
 */
public final class Tills {
    private Tills() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 6) {
            System.err.println("usage: Tills BOOTSTRAP SALES CHANGES DIRECTORY UNITS THREADS");
            System.exit(2);
        }
        String sales = arguments[1];
        long units = Long.parseLong(arguments[4]);
        KafkaStreams streams = new KafkaStreams(topology(sales, arguments[2], units), settings(arguments));
        CountDownLatch running = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                running.countDown();
            } else if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        streams.start();
        running.await();
        System.out.println("running");
        while (System.in.read() >= 0) {}
        streams.close();
    }

    static Topology topology(String sales, String changes, long units) {
        Topology topology = new Topology();
        topology.addSource("sales", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), sales);
        topology.addProcessor("stock", () -> new Stock(units), "sales");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(Stock.STORE), Serdes.String(), Serdes.Long()),
                "stock");
        topology.addSink(
                "changes", changes, Serdes.String().serializer(), Serdes.ByteArray().serializer(), "stock");
        return topology;
    }

    /** The defaults of Kafka Streams, but exactly once, and larger batches as heavy traffic asks for. */
    private static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1] + "-streams");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, arguments[5]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), "262144");
        return settings;
    }
}
