// Asks the host in its argument by a socket, as Apache HttpClient does in the OSS SDKs for Java.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;

class Direct {
    public static void main(String[] arguments) throws Exception {
        var url = URI.create(arguments[0]);
        try (var socket = new Socket(url.getHost(), url.getPort())) {
            var request = new StringBuilder("GET / HTTP/1.0\r\n");
            System.getenv().forEach((name, value) ->
                request.append("x-given: ").append(name).append("=").append(value).append("\r\n"));
            socket.getOutputStream().write(request.append("\r\n").toString().getBytes());
            var answer = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            System.out.println(answer.readLine().split(" ")[1]);
        }
    }
}
