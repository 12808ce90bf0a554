// The emulator in a container, with testcontainers for Java and JUnit 5.
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.HttpURLConnection;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

class OssTest {
    @Test
    void demoIsServed() throws Exception {
        try (GenericContainer<?> oss = new GenericContainer<>("oss-emulator:latest")) {
            oss.withExposedPorts(9000).waitingFor(Wait.forHttp("/_emulator/health").forPort(9000));
            oss.start();
            String endpoint = "http://" + oss.getHost() + ":" + oss.getMappedPort(9000);
            URI uri = URI.create(endpoint + "/examplebucket/hello.txt");
            HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
            assertEquals(200, connection.getResponseCode());
        }
    }
}
