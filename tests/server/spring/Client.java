import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.cloud.context.refresh.ContextRefresher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * An application that takes its configuration from a Spring Cloud Config server, as its documentation tells people to.
 * It answers the lines of its standard input with lines of JSON:
 *
 *   bean            the application's own configuration, as Spring keeps it
 *   bound           the same, bound anew into an object that cannot change
 *   property NAME   the class and the text of one property
 *   origin NAME     where it is said to come from
 *   refresh         fetch again; the names that changed
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableConfigurationProperties(Client.Shop.class)
public class Client {

    @ConfigurationProperties("shop")
    public static class Shop {
        private String greeting;
        private int poolMax;
        private List<String> origins = new ArrayList<>();

        public String getGreeting() { return greeting; }
        public void setGreeting(String greeting) { this.greeting = greeting; }
        public int getPoolMax() { return poolMax; }
        public void setPoolMax(int poolMax) { this.poolMax = poolMax; }
        public List<String> getOrigins() { return origins; }
        public void setOrigins(List<String> origins) { this.origins = origins; }
    }

    public record Counter(String name, List<Integer> seats) { }

    public record Fixed(
        String greeting, int poolMax, long visits, double rate, boolean open, Duration timeout, List<String> origins,
        List<String> nobody, List<Counter> counters, Map<String, Integer> limits, Map<String, Counter> areas,
        Map<String, String> labels, String nothing, Integer noNumber, Counter noCounter, List<String> noList,
        String password
    ) { }

    public static void main(String[] arguments) throws Exception {
        // Spring's banner and log would stand between the answers.
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        SpringApplication application = new SpringApplication(Client.class);
        try (ConfigurableApplicationContext context = application.run(arguments)) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            answers.println("\"started\"");
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                answers.println(json(answer(context, line)));
            }
        }
    }

    private static Object answer(ConfigurableApplicationContext context, String line) {
        String[] words = line.split(" ", 2);
        try {
            return switch (words[0]) {
                case "bean" -> bean(context.getBean(Shop.class));
                case "bound" -> Binder.get(context.getEnvironment()).bind("shop", Fixed.class).get();
                case "property" -> property(context, words[1]);
                case "origin" -> origin(context, words[1]);
                case "refresh" -> new TreeSet<>(context.getBean(ContextRefresher.class).refresh());
                default -> throw new IllegalArgumentException(line);
            };
        } catch (RuntimeException error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return Map.of("error", String.valueOf(cause));
        }
    }

    private static Object bean(Shop shop) {
        return Map.of("greeting", shop.getGreeting(), "poolMax", shop.getPoolMax(), "origins", shop.getOrigins());
    }

    private static Object property(ConfigurableApplicationContext context, String name) {
        Object found = context.getEnvironment().getProperty(name, Object.class);
        return found == null ? null : List.of(found.getClass().getSimpleName(), String.valueOf(found));
    }

    private static Object origin(ConfigurableApplicationContext context, String name) {
        return context.getEnvironment().getPropertySources().stream()
            .filter(source -> source.containsProperty(name))
            .map(source -> String.valueOf(OriginLookup.getOrigin(source, name)))
            .findFirst().orElse(null);
    }

    private static String json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (value instanceof Collection<?> items) {
            return items.stream().map(Client::json).collect(Collectors.joining(",", "[", "]"));
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream().map(each -> text(each.getKey()) + ":" + json(each.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof Record) {
            return List.of(value.getClass().getRecordComponents()).stream().map(part -> {
                try {
                    part.getAccessor().setAccessible(true);
                    return text(part.getName()) + ":" + json(part.getAccessor().invoke(value));
                } catch (ReflectiveOperationException error) {
                    throw new IllegalStateException(error);
                }
            }).collect(Collectors.joining(",", "{", "}"));
        }
        return text(value);
    }

    private static String text(Object value) {
        StringBuilder out = new StringBuilder("\"");
        for (char each : String.valueOf(value).toCharArray()) {
            out.append(each < ' ' || each > '~' || each == '"' || each == '\\' ? String.format("\\u%04x", (int) each) : each);
        }
        return out.append('"').toString();
    }
}
