// A service with one known fault, as main.go's: java Java.java FAULT PORT.

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

public class Java {
    private static final Object ONE = new Object();
    private static final Semaphore EIGHT = new Semaphore(8);
    private static volatile long sum;

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // else each answer waits 40 ms for an acknowledgement
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 128);
        server.setExecutor(Executors.newFixedThreadPool(100));
        server.createContext("/", exchange -> {
            try (exchange) {
                if (!exchange.getRequestURI().getPath().equals("/ready")) {
                    work(args[0]);
                }
                exchange.sendResponseHeaders(200, 2);
                exchange.getResponseBody().write("ok".getBytes());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    private static void work(String fault) throws InterruptedException {
        switch (fault) {
            case "cpu" -> compute();
            case "lock" -> {
                synchronized (ONE) {
                    Thread.sleep(2);
                }
            }
            case "pool" -> {
                EIGHT.acquire();
                try {
                    Thread.sleep(20);
                } finally {
                    EIGHT.release();
                }
            }
            default -> throw new IllegalArgumentException("there is no fault " + fault);
        }
    }

    private static void compute() {
        long x = 1;
        for (int i = 0; i < 600_000; i++) {
            x ^= x << 13;
            x ^= x >>> 7;
            x ^= x << 17;
        }
        sum += x;
    }
}
